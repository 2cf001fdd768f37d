//! `scripts/examples`: a project whose Makefile calls single programs, what cron runs at night, a workflow of a CI.

use e2e::Sandbox;

use crate::scripts::script;

/// A copy of the example, to run it in.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    let copied = sandbox.sh(&format!("cp -R {}/. .", script("examples/shop")));
    copied.expect(0);
    sandbox
}

#[test]
fn each_target_of_the_makefile_calls_one_program_and_is_made_once() {
    let sandbox = shop();
    let first = sandbox.sh("make validate").expect(0);
    assert!(first.stdout.contains("plan-validate plan.yaml"));
    let second = sandbox.sh("make validate").expect(0);
    assert!(
        !second.stdout.contains("plan-validate"),
        "{}",
        second.stdout
    );

    let gate = sandbox.sh("make -j2 gate").expect(0);
    gate.says("2 succeeded").says("verdict: passed (2 passed)");
    assert_eq!(sandbox.json("build/verdict.json")["verdict"], "passed");
    assert_eq!(
        sandbox.read("page/page.html"),
        "<li>apple 120\n<li>pear 90\n"
    );
}

#[test]
fn make_tells_what_a_program_ended_with_and_keeps_no_empty_answer() {
    let sandbox = shop();
    sandbox
        .sh("sed -i 's/dependsOn: .t1./dependsOn: [t9]/' plan.yaml")
        .expect(0);
    let broken = sandbox.sh("make run").expect(2);
    broken
        .says("task `t2` depends on `t9`")
        .says("build/plan.json] Error 1");
    assert!(!sandbox.path().join("build/plan.json").exists());
}

#[test]
fn cron_is_told_only_what_somebody_should_read() {
    let sandbox = shop();
    let night = "env -i HOME=$PWD PATH=$PATH E2E_MARK=$E2E_MARK ./nightly $PWD";
    let plan = sandbox.read("plan.yaml");
    let asks = "command: 'echo \"[QUESTION:$TERMINAL_ID] In which order?\"'\n    was: sed";
    sandbox.write("plan.yaml", &plan.replace("command: sed", asks));
    let first = sandbox.sh(night).expect(5);
    let told = "question  t2  state-edit answer t2 TEXT  In which order?\n";
    assert_eq!((first.stdout.as_str(), first.stderr.as_str()), (told, ""));

    sandbox.sh("state-edit answer t2 any").expect(0);
    sandbox.write("plan.yaml", &plan);
    let second = sandbox.sh(night).expect(0);
    assert_eq!((second.stdout.as_str(), second.stderr.as_str()), ("", ""));
}

#[test]
fn the_steps_of_the_ci_s_workflow_do_what_they_say() {
    let sandbox = shop();
    let workflow = sandbox.read("ci.yml");
    let steps = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: "));
    let mut count = 0;
    for step in steps {
        sandbox.sh(step).expect(0);
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(sandbox.read("gates.xml").contains("every article is shown"));
    // On a machine that begins anew each time, the run goes with its folder.
    assert!(sandbox.path().join(".orchestrate/journal.ndjson").exists());
}
