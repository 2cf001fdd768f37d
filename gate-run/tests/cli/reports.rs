//! Findings out of what tools print, and the verdict for other tools.

use crate::{Sandbox, text};

#[test]
fn findings_name_file_line_and_rule() {
    let sandbox = Sandbox::new();
    sandbox.write("out", "src/a.c: In function 'main':\nsrc/a.c:3:5: error: 'x' undeclared [-Wx]\nsrc/a.c:3:5: error: 'x' undeclared [-Wx]\nsrc/b.c:9:1: warning: unused\n");
    let document = r#"[{"name": "build", "command": "cat out >&2; exit 1"}, {"name": "fine", "command": "cat out"},
        {"name": "unclear", "command": "echo no idea; exit 2"},
        {"name": "suite", "command": "echo 'FAILED t.py::a - boom'; echo '1 failed in 0.1s'; exit 1", "tests": {"format": "pytest"}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    let findings = ran.check(0)["findings"].clone();
    assert_eq!(findings.as_array().map(Vec::len), Some(2), "{findings}");
    assert_eq!(
        (
            text(&findings[0], "file"),
            &findings[0]["line"],
            &findings[0]["column"]
        ),
        ("src/a.c", &3.into(), &5.into())
    );
    assert_eq!(
        (text(&findings[0], "rule"), text(&findings[0], "severity")),
        ("-Wx", "important")
    );
    assert_eq!(text(&findings[1], "severity"), "minor");
    assert_eq!(ran.check(1)["findings"], serde_json::json!([]));
    assert!(text(&ran.check(2)["findings"][0], "message").contains("no idea"));
    assert_eq!(ran.check(3)["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(text(&ran.check(3)["findings"][0], "file"), "t.py");
}

#[test]
fn reports_are_written_beside_the_verdict() {
    let sandbox = Sandbox::new();
    let document =
        r#"[{"name": "build", "command": "echo 'a.c:3:5: error: bad' >&2; exit 1"}, "true"]"#;
    let reports = [
        "--report",
        "junit=j.xml",
        "--report",
        "sarif=s.json",
        "--report",
        "markdown=m.md",
        "--report",
        "github",
        "--quiet",
    ];
    let ran = sandbox.gates(document, &reports);
    assert_eq!(ran.outcome(), "1 failed: failed passed");
    assert_eq!(
        ran.stderr,
        "::error file=a.c,line=3,col=5,title=build::bad\n"
    );
    let read = |name: &str| std::fs::read_to_string(sandbox.path().join(name)).expect(name);
    assert!(read("j.xml").contains("<testcase classname=\"default\" name=\"build\""));
    assert!(read("s.json").contains("\"startLine\": 3"));
    assert!(read("m.md").contains("a.c:3:5: bad"));
    let step = sandbox
        .command(&["gates.json", "--quiet", "--report", "markdown"])
        .env("GITHUB_STEP_SUMMARY", "step.md")
        .output();
    assert_eq!(crate::Ran::of(step.expect("it runs")).stderr, "");
    assert_eq!(read("step.md").lines().next(), Some("## gate-run: failed"));
    assert_eq!(
        sandbox.gates(document, &["--report", "junit"]).code,
        Some(2)
    );
    assert_eq!(
        sandbox
            .gates(
                document,
                &["--quiet", "--report", "junit=no/such/folder.xml"]
            )
            .code,
        Some(4)
    );
}
