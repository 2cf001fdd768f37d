//! The main job, as a newcomer meets it.

use std::path::Path;

use e2e::{Sandbox, bins};

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../scripts")
        .join(name)
        .display()
        .to_string()
}

#[test]
fn two_projects_get_built_a_gate_fails_once_and_a_question_is_answered() {
    let mut sandbox = Sandbox::new();
    sandbox.env("QUICKSTART_BIN", &bins().display().to_string());
    let ran = sandbox
        .sh(&format!("{} work", script("quickstart")))
        .expect(0);

    let state = sandbox.json("work/.orchestrate/state.json");
    assert_eq!(state["status"], "completed");
    assert_eq!(state["progress"]["succeeded"], 10);
    assert_eq!(state["tasks"]["t3"]["fixes"], 1);
    assert_eq!(state["questions"][0]["answer"], "by date");
    for (id, task) in state["tasks"].as_object().unwrap() {
        assert_eq!(task["verification"], "passed", "{id}");
    }

    for told in [
        "r2 asks: Sort the articles by date or by title?",
        "plan-validate 0, plan-schedule 0, agent-dispatch 5",
        "plan-validate 0, plan-schedule 0, agent-dispatch 0",
        "Render the report with textkit",
        "10 of 10 tasks settled: 10 succeeded",
        "/work/.orchestrate/state.json",
    ] {
        assert!(
            ran.stderr.contains(told),
            "{told:?} is not in\n{}",
            ran.stderr
        );
    }

    let report = sandbox.read("work/report/public/index.html");
    assert!(report.contains("<h2>Tides &amp; time</h2>"), "{report}");
    let slug = sandbox.sh("echo 'It works!' | work/textkit/bin/textkit slugify");
    assert_eq!(slug.stdout, "it-works\n");

    // Again in the same folder: everything is done, so nothing is done.
    let journal = sandbox.read("work/.orchestrate/journal.ndjson");
    let attempts = |text: &str| text.matches(r#""type":"attempt-started""#).count();
    sandbox
        .sh(&format!("{} work", script("quickstart")))
        .expect(0);
    let after = sandbox.read("work/.orchestrate/journal.ndjson");
    assert_eq!(attempts(&journal), attempts(&after));
}
