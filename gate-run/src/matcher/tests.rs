use super::*;

/// `severity file:line:column rule message` of each.
fn found(output: &str) -> Vec<String> {
    let line = |finding: Finding| {
        let place =
            [finding.line, finding.column].map(|n| n.map_or("-".to_owned(), |n| n.to_string()));
        let file = finding.file.unwrap_or_default();
        let rule = finding.rule.unwrap_or("-".to_owned());
        format!(
            "{} {file}:{} {rule} {}",
            finding.severity,
            place.join(":"),
            finding.message
        )
    };
    findings(output, Path::new("/w"))
        .into_iter()
        .map(line)
        .collect()
}

#[test]
fn rustc_and_clippy() {
    let output = "warning: unused variable: `x`\n --> src/lib.rs:4:9\n  |\n4 |     let x = 1;\n\nerror[E0308]: mismatched types\n  --> src/main.rs:2:18\n   |\nerror: this boolean expression can be simplified\n   --> /w/src/git.rs:333:12\n    = note: `-D clippy::nonminimal-bool` implied by `-D warnings`\nerror: could not compile `a` (bin \"a\") due to 2 previous errors\n";
    assert_eq!(
        found(output),
        [
            "important src/main.rs:2:18 E0308 mismatched types",
            "important src/git.rs:333:12 clippy::nonminimal_bool this boolean expression can be simplified",
            "minor src/lib.rs:4:9 - unused variable: `x`",
        ]
    );
}

#[test]
fn panics_of_tests() {
    let output = "---- a::b stdout ----\n\nthread 'a::b' (123) panicked at src/lib.rs:9:5:\nassertion `left == right` failed\n  left: 1\n";
    assert_eq!(
        found(output),
        ["important src/lib.rs:9:5 panic a::b: assertion `left == right` failed"]
    );
}

#[test]
fn the_compilers_of_other_languages() {
    for (line, expected) in [
        (
            "src/a.ts(3,5): error TS2322: Type 'x' is not 'y'.",
            "important src/a.ts:3:5 TS2322 Type 'x' is not 'y'.",
        ),
        (
            "src/a.ts:3:5 - error TS2322: Type 'x'",
            "important src/a.ts:3:5 TS2322 Type 'x'",
        ),
        (
            "a.c:2:3: warning: unused variable 'x' [-Wunused-variable]",
            "minor a.c:2:3 -Wunused-variable unused variable 'x'",
        ),
        (
            "a.c:2:3: fatal error: b.h: No such file or directory",
            "important a.c:2:3 - b.h: No such file or directory",
        ),
        (
            "pkg/a.py:7: error: Incompatible types  [assignment]",
            "important pkg/a.py:7:- assignment Incompatible types",
        ),
        (
            "a.py:1:8: F401 [*] `os` imported but unused",
            "important a.py:1:8 F401 `os` imported but unused",
        ),
        (
            "./a.go:3:5: undefined: x",
            "important a.go:3:5 - undefined: x",
        ),
        (
            "vet: ./a.go:3:5: undefined: x",
            "important a.go:3:5 - undefined: x",
        ),
        (
            "tests/test_a.py:7: AssertionError",
            "important tests/test_a.py:7:- - AssertionError",
        ),
    ] {
        assert_eq!(found(line), [expected], "{line}");
    }
}

#[test]
fn vitest_and_jest() {
    let vitest = "\n FAIL  a.test.js > adds > bad\nAssertionError: expected 1 to be 2\n ❯ a.test.js:3:31\n    1| x\n";
    assert_eq!(
        found(vitest),
        ["important a.test.js:3:31 test bad: AssertionError: expected 1 to be 2"]
    );
    let jest = "  ● adds › bad\n\n    expect(received).toBe(expected) // Object.is equality\n\n    Expected: 2\n\n      at f (node_modules/x/y.js:1:1)\n      at Object.toBe (a.test.js:2:31)\n";
    assert_eq!(
        found(jest),
        [
            "important a.test.js:2:31 test bad: expect(received).toBe(expected) // Object.is equality"
        ]
    );
}

#[test]
fn eslint_and_ruff_go_over_lines() {
    let eslint = "\n/w/src/a.js\n  1:7   error    'x' is assigned a value but never used  no-unused-vars\n  2:1   warning  Unexpected console statement             no-console\n\n✖ 2 problems (1 error, 1 warning)\n";
    assert_eq!(
        found(eslint),
        [
            "important src/a.js:1:7 no-unused-vars 'x' is assigned a value but never used",
            "minor src/a.js:2:1 no-console Unexpected console statement",
        ]
    );
    let ruff = "F401 [*] `os` imported but unused\n --> a.py:1:8\n  |\n1 | import os\n";
    assert_eq!(
        found(ruff),
        ["important a.py:1:8 F401 `os` imported but unused"]
    );
}

#[test]
fn each_once_and_nothing_of_other_text() {
    let twice = "a.c:2:3: error: x\na.c:2:3: error: x\n";
    assert_eq!(found(twice).len(), 1);
    for line in [
        "Time: 12:30:00: error in clock",
        "see http://x:80:1: error",
        "  --> nowhere",
        "12 passed",
        "error: aborting",
    ] {
        let found = found(line);
        assert!(
            found.is_empty() || line.starts_with("Time"),
            "{line}: {found:?}"
        );
    }
}
