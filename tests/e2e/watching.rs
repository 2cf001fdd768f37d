//! `marker-watch` beside `agent-dispatch`: its prompts and its logs.

use e2e::Sandbox;

/// A run whose agents keep their prompts, and what they were told.
fn run() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", r#"{"planId": "p", "tasks": [{"id": "t1", "title": "One"}, {"id": "t2", "title": "Two", "dependsOn": ["t1"]}]}"#);
    sandbox.write(
        "script",
        "say [PROGRESS:$TERMINAL_ID] 50% - half\nsay [DONE:$TERMINAL_ID] finished $TASK_ID\n",
    );
    let line = "plan-validate plan.json | plan-schedule | agent-dispatch --quiet -- fake-agent $PWD/script >records";
    sandbox.sh(line).expect(0);
    let prompts = sandbox
        .sh("cat .orchestrate/prompts/*/*.md")
        .expect(0)
        .stdout;
    assert!(prompts.contains("[DONE:"), "{prompts}");
    (sandbox, prompts)
}

#[test]
fn the_prompt_of_a_dispatch_completes_nothing_in_any_dress() {
    let (sandbox, prompts) = run();
    sandbox.write("prompt", &prompts);
    for dress in [
        "cat prompt",
        "{ echo '```'; cat prompt; echo '```'; }",
        "{ echo \"cat <<'EOF' >prompt.md\"; cat prompt; echo EOF; }",
        "jq -Rs '{type: \"user\", text: .}' prompt",
        "jq -R . prompt",
        "fold -w 80 prompt",
        "fold -s -w 80 prompt",
        "fold -w 40 prompt",
        "sed 's/^/\\x1b[1m\\x1b[36m/; s/$/\\x1b[0m\\r/; s/:/\\x1b[0m:/g' prompt",
        "sed 's/^ *//' prompt",
        "sed 's/^ *//' prompt | fold -w 80",
        "tr '\\n' '\\r' <prompt",
    ] {
        for how in ["", "--dialect auto", "--width 80", "--width 40"] {
            let ran = sandbox.sh(&format!("{dress} | marker-watch {how}"));
            assert_eq!(
                (ran.stdout.as_str(), ran.code),
                ("", 1),
                "{dress} {how}: {}",
                ran.stderr
            );
        }
        let ran = sandbox.sh(&format!(
            "marker-watch --quiet --pty -- sh -c '{}'",
            dress.replace('\'', "'\\''")
        ));
        assert_eq!(
            (ran.stdout.as_str(), ran.code),
            ("", 1),
            "{dress} --pty: {}",
            ran.stderr
        );
    }
}

#[test]
fn the_logs_of_a_run_and_its_records_say_the_same() {
    let (sandbox, _) = run();
    let said = sandbox
        .sh("marker-watch .orchestrate/logs | jq -r 'select(.type == \"done\").text'")
        .expect(0);
    assert_eq!(said.stdout, "finished t1\nfinished t2\n");
    let done = sandbox
        .sh("jq -r 'select(.type == \"done\").text' records")
        .expect(0);
    assert_eq!(done.stdout, said.stdout);
    sandbox.sh("marker-watch --until all --spoof-check --follow --timeout 20s .orchestrate/logs >/dev/null").expect(0);
}
