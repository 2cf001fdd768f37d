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
    for stage in [
        "plan-validate",
        "plan-schedule",
        "agent-dispatch",
        "gate-run",
    ] {
        conform(stage, stage).expect(0);
    }
}

#[test]
fn a_program_that_only_copies_is_no_scheduler() {
    conform("plan-schedule", "cat").expect(1);
}

#[test]
fn a_dispatcher_that_forgets_what_it_has_done_is_none() {
    let told = conform(
        "agent-dispatch",
        "sh -c 'agent-dispatch --dir $(mktemp -d)'",
    )
    .expect(1);
    let once = "the same run again: these succeeded: t1 t2 t3, wanted none";
    assert!(told.stdout.contains(once), "{}", told.stdout);
}
