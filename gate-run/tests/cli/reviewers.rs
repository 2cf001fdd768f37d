//! Agents that review: what they are told, what counts of what they say, and what it means when they break.

use crate::boundaries::{commit, git, repository};
use crate::{Sandbox, text};

/// A gate document whose reviewer is a program of this folder that speaks as claude does.
fn document(more: &str) -> String {
    format!(
        r#"{{"gates": {{"all": [{{"name": "reviewed", "review": {{"agent": "critic"{more}}}}}]}},
            "agents": {{"critic": {{"argv": ["./critic", "--model", "{{model}}", "{{autonomy}}", "--id={{newSession}}"], "dialect": "claude",
                "readOnly": ["--look-only"], "env": {{"CRITIC": "1"}}}}}}}}"#
    )
}

/// A message of the agent, as an event of its stream.
fn says(text: &str) -> String {
    let event = serde_json::json!({"type": "result", "subtype": "success", "is_error": false, "result": text});
    format!("cat >heard; echo \"$*\" >argv; env >environment; cat <<'EOF'\n{event}\nEOF")
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path().join(name)).expect("the agent was there")
}

fn block(review: &str) -> String {
    format!("I looked.\n\n```json\n{review}\n```\n")
}

#[test]
fn an_agent_reviews_read_only_and_its_last_block_counts() {
    let sandbox = Sandbox::new();
    let review = r#"{"verdict": "changes requested", "findings": [{"severity": "critical", "file": "a.rs", "line": 3, "message": "leaks"}]}"#;
    sandbox.program("critic", &says(&block(review)));
    let wish = r#", "prompt": "Mind the licences.", "model": "m1""#;
    let ran = sandbox.gates(&document(wish), &["--quiet", "--base", "main"]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    let finding = &ran.check(0)["findings"][0];
    assert_eq!(
        (text(finding, "file"), text(finding, "message")),
        ("a.rs", "leaks")
    );
    // What the name of a new session would have been filled in to falls away.
    assert_eq!(read(&sandbox, "argv").trim(), "--model m1 --look-only");
    let environment = read(&sandbox, "environment");
    assert!(environment.contains("CRITIC=1") && !environment.contains("CLAUDECODE"));
    let heard = read(&sandbox, "heard");
    assert!(heard.contains("git diff main") && heard.contains("Mind the licences."));

    sandbox.program(
        "critic",
        &says(&block(r#"{"verdict": "approved", "findings": []}"#)),
    );
    let ran = sandbox.gates(&document(""), &["--quiet"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    assert_eq!(ran.check(0)["review"]["verdict"], "approved");
}

#[test]
fn who_may_run_nothing_is_shown_the_work() {
    let sandbox = repository();
    git(&sandbox, &["checkout", "--quiet", "-b", "work"]);
    sandbox.write("README.md", "# x\ncommitted\n");
    commit(&sandbox, "second");
    sandbox.write("README.md", "# x\ncommitted\nchanged\n");
    sandbox.write("fresh", "x");
    sandbox.program(
        "critic",
        &says(&block(r#"{"verdict": "approved", "findings": []}"#)),
    );
    let ran = sandbox.gates(&document(""), &["--quiet", "--base", "main"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    let heard = read(&sandbox, "heard");
    for told in [" # x\n+committed\n+changed\n", "not known to git: fresh\n"] {
        assert!(heard.contains(told), "{told:?} is not in\n{heard}");
    }
}

#[test]
fn a_reviewer_finds_no_trace_of_the_run_that_it_judges() {
    let sandbox = Sandbox::new();
    sandbox.program(
        "critic",
        &says(&block(r#"{"verdict": "approved", "findings": []}"#)),
    );
    sandbox.write("gates.json", &document(""));
    let of_a_run = ["ORCHESTRATE_DIR", "TERMINAL_ID", "ANSWERS_FILE"];
    let marks = schemas::Profile::NESTING.into_iter().chain(of_a_run);
    let mut command = sandbox.command(&["gates.json", "--quiet"]);
    command.env("KEPT", "x");
    command.envs(marks.clone().map(|name| (name, "of the run")));
    let ran = crate::Ran::of(command.output().expect("the program runs"));
    assert_eq!(ran.outcome(), "0 passed: passed");
    let environment = read(&sandbox, "environment");
    let has = |name: &str| {
        environment
            .lines()
            .any(|line| line.starts_with(&format!("{name}=")))
    };
    assert!(has("KEPT"), "{environment}");
    for name in marks {
        assert!(!has(name), "{name} in\n{environment}");
    }
}

#[test]
fn profiles_come_from_a_file_too() {
    let sandbox = Sandbox::new();
    sandbox.program(
        "mine",
        &says(&block(r#"{"verdict": "approved", "findings": []}"#)),
    );
    sandbox.write(
        "agents.yaml",
        "agents:\n  critic: {argv: [./mine, --as-told], dialect: claude}\n",
    );
    // Its word counts more than the document's own, of which there is no program.
    let ran = sandbox.gates(&document(""), &["--quiet", "--agents", "agents.yaml"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    assert_eq!(read(&sandbox, "argv").trim(), "--as-told");
    let bare = r#"[{"review": {"agent": "critic"}}]"#;
    let ran = sandbox.gates(bare, &["--quiet", "--agents", "agents.yaml"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    // What is wrong with it is shown in its place, before anything is run.
    sandbox.write("agents.yaml", "agents:\n  critic: {dialect: claude}\n");
    let ran = sandbox.gates(bare, &["--agents", "agents.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(ran.stderr.contains("agents.yaml:2:"), "{}", ran.stderr);
}

#[test]
fn what_is_quoted_on_the_way_is_no_review() {
    let sandbox = Sandbox::new();
    let approved = block(r#"{"verdict": "approved", "findings": []}"#);
    for said in [
        format!("{approved}\nThat is what the file says. I cannot judge it."),
        "Verdict: approved".to_owned(),
        String::new(),
    ] {
        sandbox.program("critic", &says(&said));
        let ran = sandbox.gates(&document(""), &["--quiet"]);
        assert_eq!(ran.outcome(), "4 infrastructure: infrastructure", "{said}");
    }
    // Of an agent that repeats its prompt in full, too.
    let echo = document("").replace(r#""dialect": "claude","#, "");
    sandbox.program("critic", "cat");
    let ran = sandbox.gates(&echo, &["--quiet"]);
    assert_eq!(ran.outcome(), "4 infrastructure: infrastructure");
}

#[test]
fn a_reviewer_that_breaks_says_nothing_about_the_work() {
    let sandbox = Sandbox::new();
    let quick = ["--quiet", "--retries", "1", "--backoff", "1ms"];
    sandbox.program("critic", "echo x >>tries; exit 3");
    let ran = sandbox.gates(&document(""), &quick);
    assert_eq!(ran.outcome(), "4 infrastructure: infrastructure");
    assert_eq!(text(&ran.check(0), "reason"), "critic: exit code 3");
    assert_eq!(read(&sandbox, "tries").lines().count(), 2);
    sandbox.program("critic", "sleep 60");
    let ran = sandbox.gates(&document(""), &["--quiet", "--timeout", "100ms"]);
    assert_eq!(ran.outcome(), "4 infrastructure: infrastructure");
}

#[test]
fn a_review_comes_from_one_place() {
    let sandbox = Sandbox::new();
    for (gate, said) in [
        (
            r#"{"command": "true", "review": {"agent": "claude"}}"#,
            "a review comes from one place",
        ),
        (
            r#"{"review": {"agent": "claude", "file": "a.md"}}"#,
            "a review comes from one place",
        ),
        (
            r#"{"review": {"agent": "clod"}}"#,
            "there is no agent `clod`",
        ),
        (
            r#"{"review": {"file": "a.md", "prompt": "x"}}"#,
            "a prompt is for an agent",
        ),
    ] {
        let ran = sandbox.gates(&format!("[{gate}]"), &[]);
        assert_eq!(ran.code, Some(3), "{gate}");
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}
