//! `scripts/aiter`: the published plan, its state file, its notifications.

use std::path::PathBuf;
use std::time::Duration;

use e2e::{Sandbox, until};

use crate::plan::of_type;
use crate::scripts::script;

const STATE: &str = ".aiter/memory/orchestration.md";

/// The published plan, an agent that waits with t3 until it is let go, and an `aiter` that notes its messages.
fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples");
    let plan = std::fs::read_to_string(examples.join("plan/valid/published.json"));
    sandbox.write(
        "plan.json",
        &plan.expect("the published plan is an example"),
    );
    sandbox.write(
        "agent",
        "#!/bin/sh\n\
         cd \"$HOME\"\n\
         echo $TASK_ID >>log\n\
         if [ $TASK_ID = t3 ]; then\n\
           echo \"[PROGRESS:$TERMINAL_ID] 65% - Implementing JWT refresh token logic\"\n\
           until test -e go; do sleep 0.02; done\n\
         fi\n\
         echo \"[DONE:$TERMINAL_ID] finished $TASK_ID\"\n",
    );
    sandbox.write(
        "bin/aiter",
        "#!/bin/sh\nprintf '%s|' \"$@\" >>\"$HOME/sent\"\necho >>\"$HOME/sent\"\n",
    );
    sandbox.sh("chmod +x agent bin/aiter").expect(0);
    let path = std::env::var("PATH").unwrap_or_default();
    let own = sandbox.path().join("bin").display().to_string();
    sandbox.env("PATH", &format!("{own}:{}:{path}", e2e::bins().display()));
    sandbox
}

#[test]
fn the_state_file_is_current_while_it_runs_and_messages_are_sent() {
    let sandbox = prepared();
    let line = format!(
        "exec {} --yes --every 0 plan.json -- $PWD/agent",
        script("aiter")
    );
    let running = sandbox.start(&line);
    let there = until(Duration::from_secs(60), || {
        let text = sandbox.read(STATE);
        text.contains("- **t3** [IN_PROGRESS 65%]: Implement authentication API")
    });
    let meanwhile = sandbox.read(STATE);
    assert!(there, "{meanwhile}");
    for told in [
        "type: orchestration-state",
        "planId: orch-abc123",
        "status: in_progress",
        "### Phase 1 (completed)",
        "- **t1** [DONE]: Initialize React project",
        "### Phase 2 (in_progress)",
        "  - Last update: Implementing JWT refresh token logic",
        "- **t4** [PENDING]: Build auth UI",
        "  - Blocked by: t3",
    ] {
        assert!(meanwhile.contains(told), "{told:?} is not in\n{meanwhile}");
    }
    sandbox.write("go", "");
    running.wait().expect(0);
    let end = sandbox.read(STATE);
    assert!(end.contains("status: completed"), "{end}");
    assert_eq!(end.matches("[DONE]").count(), 4, "{end}");

    let sent = sandbox.read("sent");
    let first: Vec<&str> = sent.lines().collect();
    let name = "E-commerce platform with React frontend and Node.js backend";
    assert_eq!(
        first[0],
        format!(
            "notify|send|--message|Orchestration '{name}': Phase 1 completed (2/4 tasks done)|--priority|normal|"
        )
    );
    assert_eq!(
        first.last().copied(),
        Some(format!("notify|send|--message|Orchestration '{name}' completed successfully! All 4 tasks done.|--priority|normal|").as_str())
    );
}

#[test]
fn a_run_goes_on_from_its_state_file_alone() {
    let sandbox = prepared();
    sandbox.write("go", "");
    let aiter = script("aiter");
    sandbox
        .sh(&format!("{aiter} --yes -q plan.json -- $PWD/agent"))
        .expect(0);
    // As if t4 had not been done yet, and somebody else had cloned the folder.
    let kept = sandbox.read(STATE);
    let (before, _) = kept
        .split_once("- **t4**")
        .expect("the last task is told of");
    let text = format!("{before}- **t4** [PENDING]: Build auth UI\n")
        .replace("status: completed", "status: in_progress");
    sandbox.write(STATE, &text);
    sandbox.sh("rm -r .orchestrate; : >log").expect(0);
    sandbox
        .sh(&format!("{aiter} --yes plan.json -- $PWD/agent"))
        .expect(0)
        .says("going on from");
    assert_eq!(sandbox.read("log"), "t4\n");
    let records = sandbox.sh("state-edit log").expect(0).records();
    assert_eq!(of_type(&records, "attempt-started").count(), 1);
}

#[test]
fn nothing_starts_without_consent_and_a_dry_run_writes_nothing() {
    let sandbox = prepared();
    let aiter = script("aiter");
    sandbox
        .sh(&format!("{aiter} plan.json -- $PWD/agent"))
        .expect(5)
        .says("scripts/aiter --yes plan.json starts them");
    sandbox
        .sh(&format!("{aiter} --dry-run plan.json -- $PWD/agent"))
        .expect(0);
    assert_eq!(sandbox.read("log"), "");
    assert!(!sandbox.path().join(".aiter").exists());
    assert!(!sandbox.path().join(".orchestrate").exists());
    for (arguments, code) in [("", 2), ("-", 2), ("none.json", 3)] {
        sandbox.sh(&format!("{aiter} {arguments}")).expect(code);
    }
}
