//! An agent of the plan reviews another's work: its findings go into a fix attempt.

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, plan, task};

#[test]
fn what_a_reviewer_finds_is_mended_and_looked_at_again() {
    let sandbox = Sandbox::new();
    let mut work = task("t1", &[], "echo x >>$PWD/../done; echo made >>made");
    work["gates"] = json!([{"review": {"agent": "critic"}}]);
    let mut plan: Value = serde_json::from_str(&plan([work])).expect("a plan is JSON");
    plan["agents"] = json!({"critic": {"dialect": "text", "argv": ["sh", "-c", concat!(
        "cat >>../told; n=$(wc -l <made); printf '```json\\n{\"verdict\": \"%s\", \"findings\": []}\\n```\\n' ",
        "\"$(test \"$n\" -ge 2 && echo approved || echo changes requested)\""
    )]}});
    sandbox.write("plan.json", &plan.to_string());
    let run = "plan-validate --quiet plan.json | plan-schedule --quiet | agent-dispatch --quiet";
    let records = sandbox.sh(run).expect(0).records();
    let verdicts: Vec<&Value> = of_type(&records, "gate-finished")
        .map(|record| &record["verdict"])
        .collect();
    assert_eq!(verdicts, ["failed", "passed"]);
    assert_eq!(sandbox.read("done").lines().count(), 2);
    assert!(
        sandbox
            .read("told")
            .contains("Review work that somebody else has done")
    );
}
