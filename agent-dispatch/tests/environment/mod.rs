//! What agents get of the environment, and what of it is seen again.

use schemas::{Body, FailureClass};
use serde_json::{Value, json};

use crate::sandbox::{Run, Sandbox, plan};

fn dispatch(sandbox: &Sandbox, profile: &Value, more: &[&str]) -> Run {
    let agents = json!({"agents": {"talker": profile}});
    sandbox.write("agents.json", &agents.to_string());
    let args = [
        "--agents",
        "agents.json",
        "--agent",
        "talker",
        "--retries",
        "0",
    ];
    let schedule = plan(json!([{"id": "t1", "title": "one"}]));
    sandbox.dispatch(&schedule, &[&args[..], more].concat())
}

#[test]
fn secrets_are_seen_neither_in_the_log_nor_in_records() {
    let sandbox = Sandbox::new();
    let script = "cat >/dev/null; echo \"log in with $STORE_TOKEN\"; echo \"[DONE:$TERMINAL_ID] used $STORE_TOKEN\"";
    let agent = sandbox.script("agent", script);
    let profile = json!({"argv": [agent], "env": {"STORE_TOKEN": "0123456789abcdef"}});
    let run = dispatch(&sandbox, &profile, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let log = sandbox.read(".orchestrate/logs/t1/1.log");
    assert!(log.contains("log in with ***"), "{log}");
    let journal = sandbox.read(".orchestrate/journal.ndjson");
    assert!(journal.contains("used ***"), "{journal}");
    for text in [log, journal, run.stdout, run.stderr] {
        assert!(!text.contains("0123456789abcdef"), "{text}");
    }
}

#[test]
fn what_gates_print_has_no_secrets_in_logs_records_verdicts_and_prompts() {
    let mut sandbox = Sandbox::new();
    let secret = "0123456789\"abcdef";
    sandbox.env("STORE_TOKEN", secret);
    let gate = sandbox.script(
        "gate",
        r#"cat > /dev/null; echo "log in with $STORE_TOKEN" >&2; set -- 0123456789'\"'abcdef
echo '{"kind":"verdict","version":1,"verdict":"failed","findings":{"important":1},"checks":[{"name":"lint","kind":"command",
"status":"failed","required":true,"findings":[{"severity":"important","message":"found '$1'"}],"outputTail":"'$1'"}]}'
exit 1"#,
    );
    let schedule =
        plan(json!([{"id": "t1", "title": "one", "command": "true", "gates": ["lint"]}]));
    let args = ["--gate-program", &gate, "--fix-limit", "1"];
    let run = sandbox.dispatch(&schedule, &args);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let log = sandbox.read(".orchestrate/logs/t1/1.gate.log");
    assert_eq!(log, "log in with ***\n");
    let prompt = sandbox.read(".orchestrate/prompts/t1/2.md");
    assert!(prompt.contains("found ***"), "{prompt}");
    let journal = sandbox.read(".orchestrate/journal.ndjson");
    assert!(journal.contains("lint: found ***"), "{journal}");
    let verdict = sandbox.read(".orchestrate/verdicts/t1/1.json");
    for text in [log, prompt, journal, verdict, run.stdout, run.stderr] {
        assert!(!text.contains("abcdef"), "{text}");
    }
}

#[test]
fn only_what_is_named_is_passed_when_something_is_named() {
    let sandbox = Sandbox::new();
    let script = "cat >/dev/null; env >seen; echo \"[DONE:$TERMINAL_ID] ok\"";
    let profile = json!({"argv": [sandbox.script("agent", script)], "env": {"OWN": "1"}});
    // Cargo sets it for its tests.
    let name = "CARGO_MANIFEST_DIR=";
    assert_eq!(dispatch(&sandbox, &profile, &[]).code, 0);
    assert!(sandbox.read("seen").contains(name));
    let again = Sandbox::new();
    let profile = json!({"argv": [again.script("agent", script)], "env": {"OWN": "1"}});
    assert_eq!(
        dispatch(&again, &profile, &["--pass-env", "SOMETHING,CARGO_PKG_*"]).code,
        0
    );
    let seen = again.read("seen");
    assert!(!seen.contains(name), "{seen}");
    for part in ["CARGO_PKG_NAME=", "OWN=1", "TERMINAL_ID=", "PATH=", "PWD="] {
        assert!(seen.contains(part), "{part} is missing in\n{seen}");
    }
}

#[test]
fn a_session_that_is_not_there_is_told_on_stderr_and_begun_anew() {
    let sandbox = Sandbox::new();
    let init = r#"echo '{"type":"system","subtype":"init","session_id":"s-1","model":"m"}'"#;
    let done = r#"echo "{\"type\":\"assistant\",\"session_id\":\"s-1\",\"message\":{\"id\":\"m1\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"[DONE:$TERMINAL_ID] ok\"}]}}""#;
    let well = r#"echo '{"type":"result","session_id":"s-1","subtype":"success","is_error":false,"result":"ok"}'"#;
    let overloaded = r#"echo '{"type":"result","session_id":"s-1","subtype":"success","is_error":true,"api_error_status":529,"result":"overloaded"}'"#;
    let script = format!(
        "cat >/dev/null; if test \"$1\" = --resume; then echo \"No conversation found with session ID: $2\" >&2; exit 1; fi\n\
         {init}; if test $ATTEMPT = 1; then {overloaded}; exit 1; fi\n{done}\n{well}"
    );
    let agent = sandbox.script("agent", &script);
    let profile =
        json!({"argv": [agent], "followUp": [agent, "--resume", "{session}"], "dialect": "claude"});
    let run = dispatch(&sandbox, &profile, &["--backoff", "1ms"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let classes = sandbox
        .records()
        .into_iter()
        .filter_map(|record| match record.body {
            Body::AttemptFinished { class, .. } => Some(class),
            _ => None,
        });
    let expected = [
        Some(FailureClass::External),
        Some(FailureClass::Session),
        None,
    ];
    assert_eq!(classes.collect::<Vec<_>>(), expected);
    assert_eq!(sandbox.state().tasks["t1"].retries, 0);
}

#[test]
fn every_task_has_a_folder_for_temporary_files_that_goes_with_it() {
    let sandbox = Sandbox::new();
    let script = "cat >/dev/null; echo $TMPDIR >>folders; test $ATTEMPT = 1 && touch $TMPDIR/kept && exit 1\n\
                  test -e $TMPDIR/kept && echo \"[DONE:$TERMINAL_ID] ok\"";
    let agent = sandbox.script("agent", script);
    let schedule = plan(json!([{"id": "t1", "title": "one"}]));
    let run = sandbox.dispatch(&schedule, &["--backoff", "1ms", "--", &agent]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let folders = sandbox.read("folders");
    let folders: Vec<&str> = folders.lines().collect();
    assert_eq!(
        folders[0], folders[1],
        "the second attempt finds what the first one left"
    );
    assert!(!std::path::Path::new(folders[0]).exists());
}

#[test]
fn any_command_can_do_all_tasks_and_is_taken_by_its_exit_code() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": "exit 3"}]));
    let run = sandbox.dispatch(&schedule, &["--agent", "command", "--", "touch", "made"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.exists("made"));
}
