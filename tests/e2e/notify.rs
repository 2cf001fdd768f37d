//! `scripts/notify`: messages from records.

use e2e::Sandbox;
use serde_json::json;

use crate::scripts::script;

const SENDERS: [&str; 3] = ["curl", "notify-send", "aiter"];

/// A sandbox in which whatever sends messages notes its arguments, one a line, and its stdin.
fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for name in SENDERS {
        sandbox.write(
            &format!("bin/{name}"),
            "#!/bin/sh\nprintf '%s|' \"$@\" >>../sent.${0##*/}\necho >>../sent.${0##*/}\ncase \" $* \" in *' @- '*) cat >>../sent.${0##*/} ;; esac\n",
        );
    }
    sandbox.write("work/keep", "");
    sandbox.sh("chmod +x bin/*").expect(0);
    let bins = e2e::bins().display();
    let path = std::env::var("PATH").unwrap_or_default();
    let own = sandbox.path().join("bin").display().to_string();
    sandbox.env("PATH", &format!("{own}:{bins}:{path}"));
    sandbox
}

fn records(texts: &[serde_json::Value]) -> String {
    let lines: Vec<String> = texts.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

fn two_tasks() -> serde_json::Value {
    json!({"type": "run-started", "planId": "p", "summary": "Shop", "tasks": [
        {"id": "t1", "title": "Prices", "phase": "a"}, {"id": "t2", "title": "Page", "phase": "a"}]})
}

fn settled(task: &str, outcome: &str) -> serde_json::Value {
    json!({"type": "task-settled", "task": task, "outcome": outcome, "verification": "none", "reason": "2 of 9 tests failed"})
}

#[test]
fn every_way_to_send_gets_text_and_priority_and_no_shell_sees_them() {
    let sandbox = prepared();
    let evil = "which? $(touch ../pwned) `touch ../pwned`; 'touch' ../pwned \"\u{1b}[2J";
    sandbox.write(
        "work/records",
        &records(&[
            two_tasks(),
            json!({"type": "question", "task": "t1", "text": evil}),
        ]),
    );
    let line = format!(
        "cd work && {} --to desktop --to ntfy=https://n.example/t --to slack=https://s.example/h --to aiter \
         -- sh -c 'echo \"$PRIORITY $RECORD_TYPE $MESSAGE\" >../told; cat >../stdin' <records",
        script("notify")
    );
    let ran = sandbox.sh(&line).expect(0);
    assert_eq!(ran.stderr, "");
    assert!(!sandbox.path().join("pwned").exists());
    let text = "t1 asks: which? $(touch ../pwned) `touch ../pwned`; 'touch' ../pwned \" [2J";
    assert_eq!(sandbox.read("told"), format!("high question {text}\n"));
    assert_eq!(sandbox.read("stdin"), format!("{text}\n"));
    let desktop = format!("--urgency|critical|orchestrate|{text}|\n");
    assert_eq!(sandbox.read("sent.notify-send"), desktop);
    let aiter = format!("notify|send|--message|{text}|--priority|high|\n");
    assert_eq!(sandbox.read("sent.aiter"), aiter);
    let curl = sandbox.read("sent.curl");
    assert!(
        curl.contains(&format!(
            "Priority: high|--data-raw|{text}|https://n.example/t|"
        )),
        "{curl}"
    );
    let slack = curl
        .lines()
        .last()
        .and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    assert_eq!(slack, Some(json!({"text": text})), "{curl}");
}

#[test]
fn normal_messages_are_gathered_and_high_ones_go_at_once() {
    let sandbox = prepared();
    sandbox.write(
        "records",
        &records(&[
            json!({"type": "run-started", "planId": "p", "summary": "Shop", "tasks": [
                {"id": "t1", "title": "Prices", "phase": "a"}, {"id": "t2", "title": "Page", "phase": "b"},
                {"id": "t3", "title": "Cart", "phase": "c"}]}),
            settled("t1", "succeeded"),
            settled("t2", "succeeded"),
            settled("t3", "excluded"),
            json!({"type": "run-finished", "outcome": "failed"}),
        ]),
    );
    let line = format!(
        "{} --every 3600 -- sh -c 'echo \"$PRIORITY: $MESSAGE\"' <records",
        script("notify")
    );
    let told = sandbox.sh(&line).expect(0).stderr;
    assert_eq!(
        told,
        "normal: Orchestration 'Shop': Phase a completed (1/3 tasks done)\n\
         high: Orchestration error in task 'Cart': 2 of 9 tests failed\n\
         high: Orchestration 'Shop' failed: 2/3 tasks done\n\
         normal: Orchestration 'Shop': Phase b completed (2/3 tasks done)\n\
         Orchestration 'Shop': Phase c ended (2/3 tasks done)\n"
    );
}

#[test]
fn what_happened_before_the_records_counts_when_the_state_is_given() {
    let sandbox = prepared();
    sandbox.write("all", &records(&[two_tasks(), settled("t1", "succeeded")]));
    sandbox.sh("sed 's/\"tasks\"/\"seed\":1,\"mark\":\"m\",\"pid\":1,\"jobs\":1,\"containment\":\"none\",&/' all | state-edit record").expect(0);
    sandbox.sh("state-edit show >state.json").expect(0);
    sandbox.write(
        "more",
        &records(&[
            json!({"type": "run-resumed", "tasks": two_tasks()["tasks"]}),
            settled("t2", "succeeded"),
        ]),
    );
    let line = format!("{} --dry-run --state state.json <more", script("notify"));
    let told = sandbox.sh(&line).expect(0).stdout;
    assert_eq!(
        told,
        "normal\tOrchestration 'Shop': Phase a completed (2/2 tasks done)\n"
    );
}

#[test]
fn a_message_that_cannot_be_sent_is_warned_of_and_what_is_missing_is_named() {
    let sandbox = prepared();
    let failed = json!({"type": "run-finished", "outcome": "failed"});
    sandbox.write("records", &records(&[two_tasks(), failed]));
    let notify = script("notify");
    sandbox
        .sh(&format!("{notify} -- false <records"))
        .expect(0)
        .says("notify: warning: not sent by false: Orchestration 'Shop' failed");
    sandbox.sh(&format!("{notify} <records")).expect(2);
    sandbox
        .sh(&format!("{notify} --to pigeon <records"))
        .expect(2)
        .says("no such place: pigeon");
    sandbox
        .sh(&format!("echo no record | {notify} --dry-run"))
        .expect(3);
    sandbox
        .sh(&format!("rm bin/aiter; {notify} --to aiter <records"))
        .expect(4)
        .says("aiter: not found");
}
