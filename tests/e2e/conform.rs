//! `scripts/conform` checks whether a program may stand in for a stage. Ours may, so the script cannot rot; a program
//! that keeps no contract may not.

use e2e::Sandbox;

fn conform(stage: &str, program: &str) -> e2e::Ran {
    let sandbox = Sandbox::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/conform");
    sandbox.sh(&format!("{script} {stage} {program}"))
}

#[test]
fn our_stages_conform() {
    for stage in ["plan-validate", "plan-schedule", "gate-run"] {
        conform(stage, stage).expect(0);
    }
}

#[test]
fn a_program_that_only_copies_is_no_scheduler() {
    conform("plan-schedule", "cat").expect(1);
}
