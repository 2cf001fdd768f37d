//! Agents that misbehave, and what the user sees of it.

use e2e::{Ran, Sandbox};
use serde_json::{Value, json};

use crate::plan::{of_type, plan, task};

const PIPELINE: &str =
    "plan-validate --quiet plan.json | plan-schedule | agent-dispatch --retries 0";

/// One task, given to a fake agent with this script.
fn agent(script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &plan([task("t1", &[], "true")]));
    sandbox.write("script", script);
    sandbox
}

fn dispatch(sandbox: &Sandbox, flags: &str) -> Ran {
    let ran = sandbox.sh(&format!("{PIPELINE} {flags} -- fake-agent $PWD/script"));
    sandbox.assert_nothing_left();
    ran
}

fn finished(ran: &Ran) -> Value {
    let records = ran.records();
    let finished = of_type(&records, "attempt-finished").last();
    finished.expect("the attempt has an end").clone()
}

#[test]
fn one_that_ignores_sigterm_is_killed_after_its_time() {
    let sandbox = agent("ignore TERM\nsay working\nwait never\n");
    let ran = dispatch(&sandbox, "--timeout 1s --grace 1s").expect(1);
    assert_eq!(finished(&ran)["result"], "timed-out");
    assert!(ran.stderr.contains("t1"), "{}", ran.stderr);
    assert!(ran.stderr.contains("took longer than"), "{}", ran.stderr);
}

#[test]
fn what_one_forked_ends_with_it_and_is_told() {
    let sandbox = agent("fork sleep 600\nsay [DONE:$TERMINAL_ID] forked\n");
    let ran = dispatch(&sandbox, "").expect(0);
    assert_eq!(finished(&ran)["leaked"], true);
}

#[test]
fn what_one_sent_into_another_session_ends_with_it_too() {
    let sandbox = agent("daemon sleep 600\nsay [DONE:$TERMINAL_ID] daemonised\n");
    let ran = dispatch(&sandbox, "").expect(0);
    assert_eq!(finished(&ran)["leaked"], true);
}

#[test]
fn one_whose_child_keeps_the_pipe_open_is_not_waited_for() {
    let sandbox = agent("hold-pipe\nsay [DONE:$TERMINAL_ID] held\n");
    let ran = dispatch(&sandbox, "").expect(0);
    assert_eq!(finished(&ran)["summary"], "held");
    assert_eq!(finished(&ran)["leaked"], true);
}

#[test]
fn one_that_is_done_but_does_not_exit_is_ended_and_its_result_counts() {
    let sandbox = agent("ignore TERM\nsay [DONE:$TERMINAL_ID] done\nwait never\n");
    let ran = dispatch(&sandbox, "--done marker --result-grace 1s --grace 1s").expect(0);
    assert_eq!(finished(&ran)["result"], "done");
}

#[test]
fn a_marker_of_another_task_settles_neither() {
    let sandbox = Sandbox::new();
    let tasks = [task("t1", &[], "true"), task("t2", &[], "true")];
    sandbox.write("plan.json", &plan(tasks));
    // Each tells the other its id, then says in the other's name that it is done.
    sandbox.write(
        "agent.sh",
        "case $TASK_ID in t1) other=t2 ;; t2) other=t1 ;; esac\n\
         echo $TERMINAL_ID >../id.new.$TASK_ID && mv ../id.new.$TASK_ID ../id.$TASK_ID\n\
         until test -s ../id.$other; do sleep 0.01; done\n\
         echo \"[DONE:$(cat ../id.$other)] in your name\"\n\
         echo told >../told.$TASK_ID\n\
         until test -s ../told.$other; do sleep 0.01; done\n",
    );
    let ran = sandbox
        .sh(&format!("{PIPELINE} -- sh $PWD/agent.sh"))
        .expect(1);
    let records = ran.records();
    assert_eq!(of_type(&records, "done").count(), 0);
    for record in of_type(&records, "attempt-finished") {
        assert_eq!(record["result"], "no-result");
    }
}

#[test]
fn one_that_prints_its_prompt_is_not_done_by_that() {
    let sandbox = agent("");
    let ran = sandbox.sh(&format!("{PIPELINE} -- cat")).expect(1);
    assert_eq!(finished(&ran)["result"], "no-result");
    let records = ran.records();
    for kind in ["progress", "done", "error", "question"] {
        assert_eq!(of_type(&records, kind).count(), 0, "{kind}");
    }
}

#[test]
fn a_hundred_megabytes_without_a_line_end_cost_no_memory_and_lose_no_marker() {
    let sandbox = agent(
        "print-bytes 100000000\nsay\ntouch ../printed\nwait ../go\nsay [DONE:$TERMINAL_ID] all of it\n",
    );
    let stages = "plan-validate --quiet plan.json | plan-schedule >schedule.json";
    sandbox.sh(stages).expect(0);
    let running = sandbox.start("exec agent-dispatch schedule.json -- fake-agent $PWD/script");
    sandbox.wait_for("printed");
    let peak = peak_memory(running.pid());
    sandbox.write("go", "");
    let ran = running.wait().expect(0);
    assert_eq!(finished(&ran)["summary"], "all of it");
    if let Some(kilobytes) = peak {
        assert!(kilobytes < 64 << 10, "{kilobytes} kB");
    }
}

/// In kB; `None` where there is no /proc.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn one_that_exits_well_and_says_nothing_has_not_succeeded() {
    let sandbox = agent("");
    let ran = dispatch(&sandbox, "").expect(1);
    assert_eq!(finished(&ran)["result"], "no-result");
    assert!(ran.stderr.contains("no result"), "{}", ran.stderr);
}

#[test]
fn one_that_dies_of_a_signal_has_not_succeeded_whatever_it_said() {
    let sandbox = agent("say [DONE:$TERMINAL_ID] almost\nkill ABRT\n");
    let ran = dispatch(&sandbox, "").expect(1);
    assert_eq!(finished(&ran)["signal"], 6);
}

#[test]
fn one_that_does_not_exist_is_named() {
    let sandbox = agent("");
    let ran = sandbox.sh(&format!("{PIPELINE} -- no-such-agent"));
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("no-such-agent"), "{}", ran.stderr);
}

#[test]
fn a_question_waits_for_its_answer_and_the_rest_goes_on() {
    let sandbox = Sandbox::new();
    let tasks = [
        task("t1", &[], "true"),
        task("t2", &[], "true"),
        task("t3", &["t1"], "true"),
    ];
    sandbox.write("plan.json", &plan(tasks));
    sandbox.write(
        "agent.sh",
        "prompt=$(cat)\n\
         case $TASK_ID.$prompt in\n\
           t1.*'Answer: blue'*) ;;\n\
           t1.*) echo \"[QUESTION:$TERMINAL_ID] Which colour?\"; exit 0 ;;\n\
         esac\n\
         echo \"[DONE:$TERMINAL_ID] done\"\n",
    );
    let run = format!("{PIPELINE} -- sh $PWD/agent.sh");
    let ran = sandbox.sh(&run).expect(5).says("Which colour?");
    let settled: Vec<_> = of_type(&ran.records(), "task-settled").cloned().collect();
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0]["task"], "t2");

    // Nobody answered: nothing has changed, and nothing is done twice.
    sandbox.sh(&run).expect(5);
    sandbox.sh("state-edit answer t1 blue").expect(0);
    sandbox.sh(&run).expect(0);
    let state = sandbox.json(".orchestrate/state.json");
    assert_eq!(state["questions"][0]["answer"], "blue");
    assert_eq!(state["tasks"]["t2"]["attempt"], 1);
}

#[test]
fn a_gate_that_fails_gets_a_second_attempt_that_knows_why() {
    let sandbox = Sandbox::new();
    let mut first = task("t1", &[], "cat >prompt.$ATTEMPT; echo $ATTEMPT >made");
    first["gates"] =
        json!([{"name": "two", "command": "echo the number is $(cat made); grep -q 2 made"}]);
    sandbox.write("plan.json", &plan([first]));
    let ran = sandbox.sh(PIPELINE).expect(0);
    let records = ran.records();
    assert_eq!(of_type(&records, "fix-requested").count(), 1);
    let prompt = sandbox.read("t1/prompt.2");
    assert!(prompt.contains("the number is 1"), "{prompt}");
    let settled = of_type(&records, "task-settled").next().unwrap();
    assert_eq!(settled["verification"], "passed");
}
