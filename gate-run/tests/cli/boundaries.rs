//! What the work has changed: `paths` and `clean-tree`, on real repositories.

use std::process::Command;

use crate::{Ran, Sandbox, text};

/// A repository with one commit; the sandbox is its work tree.
pub(crate) fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    git(&sandbox, &["init", "--quiet", "--initial-branch=main"]);
    std::fs::create_dir_all(sandbox.path().join("src")).expect("a folder");
    sandbox.write("src/a.rs", "fn a() {}\n");
    sandbox.write("README.md", "# x\n");
    commit(&sandbox, "first");
    sandbox
}

pub(crate) fn git(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@example.com",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(sandbox.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) fn commit(sandbox: &Sandbox, message: &str) -> String {
    git(sandbox, &["add", "-A"]);
    git(
        sandbox,
        &["commit", "--quiet", "--allow-empty", "-m", message],
    );
    git(sandbox, &["rev-parse", "HEAD"])
}

/// Rule and file of every finding.
fn breaches(ran: &Ran) -> Vec<String> {
    let check = ran.check(0);
    let findings = check["findings"].as_array().expect("a list").iter();
    findings
        .map(|finding| {
            format!("{} {}", text(finding, "rule"), text(finding, "file"))
                .trim()
                .to_owned()
        })
        .collect()
}

fn paths(sandbox: &Sandbox, paths: &str, args: &[&str]) -> Ran {
    std::fs::create_dir_all(sandbox.path().join(".git/gates")).expect("a folder");
    sandbox.write(
        ".git/gates/g.json",
        &format!(r#"[{{"name": "b", "paths": {paths}}}]"#),
    );
    sandbox.run(&[&[".git/gates/g.json", "--quiet"], args].concat())
}

const RULES: &str = r#"{"allowed": ["src/**"], "forbidden": ["*.lock"]}"#;

#[test]
fn every_kind_of_change_is_seen() {
    let sandbox = repository();
    let base = git(&sandbox, &["rev-parse", "HEAD"]);
    let base = ["--base", base.as_str()];
    let untouched = paths(&sandbox, RULES, &base);
    assert_eq!(untouched.outcome(), "0 passed: passed");
    sandbox.write("src/new.rs", "x\n");
    assert_eq!(paths(&sandbox, RULES, &base).outcome(), "0 passed: passed");
    // Committed, renamed, staged, changed, untracked.
    git(&sandbox, &["mv", "README.md", "src/README.md"]);
    sandbox.write("src/Cargo.lock", "x\n");
    commit(&sandbox, "second");
    sandbox.write("staged", "x\n");
    git(&sandbox, &["add", "staged"]);
    std::fs::remove_file(sandbox.path().join("staged")).expect("it is there");
    sandbox.write("deep.env", "");
    sandbox.write(".env.local", "KEY=1\n");
    let ran = paths(&sandbox, RULES, &base);
    assert_eq!(ran.outcome(), "1 failed: failed");
    assert_eq!(
        breaches(&ran),
        [
            "paths/secret .env.local",
            "paths/outside README.md",
            "paths/outside deep.env",
            "paths/forbidden src/Cargo.lock",
            "paths/outside staged",
        ]
    );
    assert_eq!(ran.check(0)["findings"][0]["severity"], "critical");
    assert_eq!(ran.verdict()["findings"]["critical"], 1);
    assert_eq!(ran.check(0)["kind"], "paths");
}

#[test]
fn the_base_comes_by_flag_by_environment_or_by_the_gate() {
    let sandbox = repository();
    let base = git(&sandbox, &["rev-parse", "HEAD"]);
    sandbox.write("other", "x\n");
    let without = paths(&sandbox, RULES, &[]);
    assert_eq!(without.outcome(), "4 infrastructure: infrastructure");
    assert!(text(&without.check(0), "reason").contains("GATE_BASE"));
    let by_environment = sandbox
        .command(&[".git/gates/g.json", "--quiet"])
        .env("GATE_BASE", &base)
        .output();
    let by_environment = Ran::of(by_environment.expect("it runs"));
    assert_eq!(breaches(&by_environment), ["paths/outside other"]);
    let by_gate = paths(&sandbox, r#"{"base": "main", "allowed": ["src/"]}"#, &[]);
    assert_eq!(breaches(&by_gate), ["paths/outside other"]);
    let unknown = paths(&sandbox, RULES, &["--base", "no-such-commit"]);
    assert_eq!(unknown.outcome(), "4 infrastructure: infrastructure");
    let nowhere = Sandbox::new();
    nowhere.write("g.json", r#"[{"paths": {"base": "main"}}]"#);
    let ran = nowhere.run(&["g.json"]);
    assert_eq!(ran.outcome(), "4 infrastructure: infrastructure");
    let reason = ran.check(0)["reason"].to_string();
    assert!(reason.contains("not a git repository"), "{reason}");
}

#[test]
fn the_base_may_have_moved_on() {
    let sandbox = repository();
    git(&sandbox, &["switch", "--quiet", "-c", "work"]);
    sandbox.write("src/a.rs", "fn a() { 1 }\n");
    commit(&sandbox, "work");
    git(&sandbox, &["switch", "--quiet", "main"]);
    sandbox.write("elsewhere", "x\n");
    commit(&sandbox, "others");
    git(&sandbox, &["switch", "--quiet", "work"]);
    let ran = paths(&sandbox, RULES, &["--base", "main"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    // What others did and came in by a merge is not the work's.
    git(&sandbox, &["merge", "--quiet", "--no-edit", "main"]);
    let ran = paths(&sandbox, RULES, &["--base", "main"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
}

#[test]
fn what_git_was_told_to_overlook_is_seen() {
    let sandbox = repository();
    let base = git(&sandbox, &["rev-parse", "HEAD"]);
    let base = ["--base", base.as_str()];
    git(&sandbox, &["config", "status.showUntrackedFiles", "no"]);
    git(&sandbox, &["config", "core.fsmonitor", "true"]);
    git(&sandbox, &["config", "diff.external", "true"]);
    git(
        &sandbox,
        &["update-index", "--assume-unchanged", "README.md"],
    );
    sandbox.write("README.md", "changed\n");
    sandbox.write("untracked", "x\n");
    let ran = paths(&sandbox, RULES, &base);
    assert_eq!(
        breaches(&ran),
        ["paths/outside untracked", "paths/hidden README.md"]
    );
    // A secret that came and went stays in the history.
    sandbox.write("server.key", "x\n");
    git(&sandbox, &["add", "server.key"]);
    git(&sandbox, &["commit", "--quiet", "-m", "oops"]);
    git(&sandbox, &["rm", "--quiet", "server.key"]);
    git(&sandbox, &["commit", "--quiet", "-m", "never happened"]);
    let ran = paths(&sandbox, "{}", &base);
    assert_eq!(
        breaches(&ran),
        ["paths/secret server.key", "paths/hidden README.md"]
    );
    // A base whose content was replaced, and a history that was begun anew.
    let head = git(&sandbox, &["rev-parse", "HEAD"]);
    git(&sandbox, &["replace", base[1], &head]);
    let ran = paths(&sandbox, RULES, &base);
    assert!(breaches(&ran).contains(&"paths/secret server.key".to_owned()));
    git(&sandbox, &["checkout", "--quiet", "--orphan", "fresh"]);
    commit(&sandbox, "as if from nothing");
    assert_eq!(breaches(&paths(&sandbox, RULES, &base)), ["paths/history"]);
    git(&sandbox, &["config", "core.worktree", "/"]);
    assert_eq!(
        paths(&sandbox, RULES, &base).outcome(),
        "4 infrastructure: infrastructure"
    );
}

#[test]
fn a_work_tree_beside_its_repository_and_a_folder_within_it() {
    let sandbox = repository();
    git(
        &sandbox,
        &["worktree", "add", "--quiet", "tree", "-b", "task"],
    );
    std::fs::create_dir_all(sandbox.path().join("tree/src/deep")).expect("folders");
    sandbox.write("tree/src/deep/a.rs", "x\n");
    sandbox.write("tree/other", "x\n");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.path().join("tree/src/link"))
        .expect("a link");
    for folder in ["tree", "tree/src/deep"] {
        let ran = paths(&sandbox, RULES, &["--base", "main", "--cwd", folder]);
        assert_eq!(breaches(&ran), ["paths/outside other"], "{folder}");
    }
}

#[test]
fn the_size_of_a_change_is_bounded() {
    let sandbox = repository();
    let base = git(&sandbox, &["rev-parse", "HEAD"]);
    let base = ["--base", base.as_str()];
    sandbox.write("src/a.rs", "1\n2\n3\n");
    sandbox.write("big", &"x".repeat(2000));
    let ran = paths(
        &sandbox,
        r#"{"maxFiles": 2, "maxLines": 5, "maxFileBytes": 2000}"#,
        &base,
    );
    assert_eq!(ran.outcome(), "0 passed: passed");
    let ran = paths(
        &sandbox,
        r#"{"maxFiles": 1, "maxLines": 4, "maxFileBytes": 1999}"#,
        &base,
    );
    assert_eq!(
        breaches(&ran),
        ["paths/size", "paths/size", "paths/size big"]
    );
    assert!(
        text(&ran.check(0)["findings"][1], "message").contains("5 lines changed, at most 4 may")
    );
}

#[test]
fn names_that_need_care() {
    let sandbox = repository();
    let base = git(&sandbox, &["rev-parse", "HEAD"]);
    for name in ["a b", "-rf", "q\"uote", "ümlaut", "new\nline", ":(top)x"] {
        sandbox.write(name, "x\n");
    }
    commit(&sandbox, "names");
    let ran = paths(&sandbox, RULES, &["--base", &base]);
    assert_eq!(ran.check(0)["findings"].as_array().map(Vec::len), Some(6));
}

#[test]
fn globs_that_are_none_are_shown_where_they_stand() {
    let sandbox = Sandbox::new();
    let ran = sandbox.gates(r#"[{"paths": {"allowed": ["ok", "{a"]}}]"#, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(
        ran.stderr.contains("unclosed alternate group"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_clean_tree_is_as_committed() {
    let sandbox = repository();
    let clean = || {
        std::fs::create_dir_all(sandbox.path().join(".git/gates")).expect("a folder");
        sandbox.write(".git/gates/g.json", r#"[{"cleanTree": true}]"#);
        sandbox.run(&[".git/gates/g.json", "--quiet"])
    };
    assert_eq!(clean().outcome(), "0 passed: passed");
    sandbox.write(".gitignore", "out/\n");
    commit(&sandbox, "ignore");
    std::fs::create_dir(sandbox.path().join("out")).expect("a folder");
    sandbox.write("out/x", "x");
    assert_eq!(clean().outcome(), "0 passed: passed");
    sandbox.write("README.md", "changed");
    sandbox.write("new", "x");
    let ran = clean();
    assert_eq!(ran.outcome(), "1 failed: failed");
    let check = ran.check(0);
    assert_eq!(check["reason"], "2 files not as committed");
    let told: Vec<&str> = check["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| text(finding, "message"))
        .collect();
    assert_eq!(told, ["changed, not committed", "untracked"]);
    git(&sandbox, &["checkout", "--quiet", "README.md"]);
    std::fs::remove_file(sandbox.path().join("new")).expect("it is there");
    git(&sandbox, &["update-index", "--skip-worktree", "README.md"]);
    sandbox.write("README.md", "changed");
    assert_eq!(clean().outcome(), "1 failed: failed");
}

#[test]
fn somebody_else_may_tell_what_has_changed() {
    let sandbox = Sandbox::new();
    sandbox.write("changed", "src/a b.rs\0notes\nof mine\0");
    let document = r#"[{"paths": {"list": "changed", "allowed": ["src/**"]}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    assert_eq!(ran.check(0)["findings"][0]["file"], "notes\nof mine");
    sandbox.write("changed", "src/a.rs\nsrc/b.rs\n");
    assert_eq!(
        sandbox.gates(document, &["--quiet"]).outcome(),
        "0 passed: passed"
    );
    let many = r#"[{"paths": {"list": "changed", "maxFiles": 1}}, {"paths": {"list": "nowhere"}}]"#;
    let ran = sandbox.gates(many, &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed infrastructure");
    let both = r#"[{"paths": {"list": "changed", "maxLines": 1}}]"#;
    assert_eq!(sandbox.gates(both, &["--quiet"]).code, Some(3));
}
