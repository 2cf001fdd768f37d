//! What a task may change in its project's folder, beside the uncommitted work of others.

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, outcomes, plan, task};

const RUN: &str = "plan-validate --quiet plan.json | plan-schedule --quiet | agent-dispatch --quiet --fix-limit 1";

/// A repository with a commit, in which the user has something uncommitted.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .sh("git init -q && echo '.std*' >.git/info/exclude && mkdir -p src && echo one >src/a && echo one >notes && git add -A && \
             git -c user.name=t -c user.email=t@example.com commit -qm one && echo mine >>notes && echo draft >draft")
        .expect(0);
    sandbox
}

/// Tasks of one project, which is the repository itself.
fn of_one_project(tasks: impl IntoIterator<Item = Value>) -> Value {
    let tasks = tasks.into_iter().map(|mut task| {
        task["project"] = json!("here");
        task
    });
    let mut plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    plan["projects"] = json!([{"name": "here", "path": "."}]);
    plan
}

#[test]
fn a_task_answers_for_its_own_changes_and_for_no_others() {
    let sandbox = sandbox();
    // The first attempt strays, the fix takes it back; what came before it is nobody's fault.
    let strays = "echo two >>src/a; if [ $ATTEMPT = 1 ]; then echo x >astray; else rm astray; fi";
    let mut first = task("t1", &[], strays);
    first["paths"] = json!(["src/**"]);
    // It finds the uncommitted work of the first one, and commits all that there is.
    let commits =
        "echo >>docs; git add -A; git -c user.name=t -c user.email=t@example.com commit -qm all";
    let mut second = task("t2", &["t1"], commits);
    second["paths"] = json!(["docs"]);
    let mut third = task("t3", &["t2"], "echo three >>notes; exit 0");
    third["forbiddenPaths"] = json!(["notes"]);
    let mut plan = of_one_project([first, second, third]);
    plan["roles"] = json!({"writer": {"paths": ["src/**"]}});
    sandbox.write("plan.json", &plan.to_string());
    let records = sandbox.sh(RUN).expect(1).records();
    let verdicts: Vec<String> = of_type(&records, "gate-finished")
        .map(|record| format!("{} {}", record["task"], record["verdict"]).replace('"', ""))
        .collect();
    assert_eq!(
        verdicts,
        [
            "t1 failed",
            "t1 passed",
            "t2 passed",
            "t3 failed",
            "t3 failed"
        ]
    );
    let found = sandbox.json(".orchestrate/verdicts/t1/1.json");
    assert_eq!(found["checks"][0]["findings"][0]["file"], "astray");
    assert_eq!(
        found["checks"][0]["findings"].as_array().map(Vec::len),
        Some(1)
    );
    let state = sandbox.json(".orchestrate/state.json");
    assert_eq!(
        json!(outcomes(&state)),
        json!({"t1": "succeeded", "t2": "succeeded", "t3": "failed"})
    );
}

#[test]
fn an_agent_leaves_no_file_with_secrets_in_the_folder_of_its_project() {
    let sandbox = sandbox();
    sandbox.write("ignored/.env", "KEY=1");
    sandbox.write(".gitignore", "ignored/\n");
    // The user's own; and a command is the user's word, whatever it writes.
    sandbox.write("user.pem", "mine");
    let mut command = task("t1", &[], "echo KEY=1 >.env.local");
    command["dependsOn"] = json!(["t2"]);
    let mut work = task("t2", &[], "");
    work["agent"] = json!("writer");
    work.as_object_mut().expect("a task").remove("command");
    let mut plan = of_one_project([command, work]);
    let writes = "echo two >>src/a; echo KEY=2 >ignored/.env; \
        if [ $ATTEMPT = 1 ]; then mkdir deploy; echo KEY=1 >deploy/.env; else rm -r deploy; fi; echo \"[DONE:$TERMINAL_ID] done\"";
    plan["agents"] = json!({"writer": {"dialect": "text", "argv": ["sh", "-c", writes]}});
    sandbox.write("plan.json", &plan.to_string());
    let records = sandbox.sh(RUN).expect(0).records();
    let verdicts: Vec<String> = of_type(&records, "gate-finished")
        .map(|record| format!("{} {}", record["task"], record["verdict"]).replace('"', ""))
        .collect();
    assert_eq!(verdicts, ["t2 failed", "t2 passed"]);
    let found = sandbox.json(".orchestrate/verdicts/t2/1.json");
    assert_eq!(found["checks"][0]["findings"][0]["file"], "deploy/.env");
    assert_eq!(
        found["checks"][0]["findings"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn without_a_repository_nobody_can_tell() {
    let sandbox = Sandbox::new();
    let mut work = task("t1", &[], "echo x >anything");
    work["paths"] = json!(["src/**"]);
    sandbox.write("plan.json", &of_one_project([work]).to_string());
    sandbox.sh(RUN).expect(0);
}
