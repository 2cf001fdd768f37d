use super::*;

fn report(output: &str, wanted: Option<Runner>) -> Option<TestReport> {
    let mut counter = Counter::default();
    output.lines().for_each(|line| counter.line(line));
    counter.report(wanted)
}

fn counts(output: &str) -> Option<(u64, u64, u64)> {
    let report = report(output, None)?;
    Some((
        report.counts.passed,
        report.counts.failed,
        report.counts.skipped,
    ))
}

#[test]
fn runners_that_ran_nothing() {
    for output in [
        "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 3 ignored; 0 measured\n",
        "?   \texample.com/a\t[no test files]\n",
        "ok  \texample.com/a\t0.1s [no tests to run]\n",
        "\n----\nRan 0 tests in 0.000s\n\nOK\n",
        "TAP version 13\n1..0\n# tests 0\n# pass 0\n",
        "No tests found, exiting with code 0\n",
        "  0 passing (1ms)\n",
        "Tests:       0 total\n",
        "no tests ran in 0.01s\n",
        "============ no tests ran in 0.01s =============\n",
        "No tests were found!!!\n",
    ] {
        let report = report(output, None).unwrap_or_else(|| panic!("{output}"));
        assert_eq!(report.ran(), 0, "{output}");
    }
}

#[test]
fn runners_that_ran_something() {
    for (output, expected) in [
        (
            "test result: ok. 0 passed; 0 failed; 0 ignored;\ntest result: ok. 12 passed; 0 failed; 1 ignored;\n",
            (12, 0, 1),
        ),
        (
            "test a::b ... FAILED\ntest result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured\n",
            (2, 1, 0),
        ),
        ("?   \ta\t[no test files]\nok  \tb\t0.02s\n", (1, 0, 0)),
        (
            "ok  \tb\t(cached)\tcoverage: 81.0% of statements\n",
            (1, 0, 0),
        ),
        (
            "--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n",
            (1, 1, 0),
        ),
        (
            "Ran 10 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n",
            (4, 3, 3),
        ),
        ("Tests:       1 failed, 9 passed, 10 total\n", (9, 1, 0)),
        (
            "      Tests  1 failed | 4 passed | 1 skipped (6)\n",
            (4, 1, 1),
        ),
        (
            "Test Suites: 1 failed, 1 total\nTests:       0 total\n",
            (0, 1, 0),
        ),
        ("  20 passing (1ms)\n  2 failing\n", (20, 2, 0)),
        (
            "=== 1 failed, 2 passed, 1 xfailed, 1 error in 0.12s ===\n",
            (3, 2, 0),
        ),
        ("3 passed, 1 skipped in 0.02s\n", (3, 0, 1)),
        (
            "     Summary [   0.010s] 5 tests run: 4 passed (1 flaky), 1 failed, 2 skipped\n",
            (4, 1, 2),
        ),
        (
            "1..3\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP none\n",
            (1, 1, 1),
        ),
        (
            "TAP version 14\nnot ok 1 - a # TODO later\n1..1\n",
            (0, 0, 1),
        ),
        ("50% tests passed, 1 tests failed out of 2\n", (1, 1, 0)),
        ("6 examples, 2 failures, 1 pending\n", (3, 2, 1)),
        (
            "{\"Action\":\"run\",\"Package\":\"a\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"a\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"a\"}\n",
            (0, 1, 0),
        ),
        ("{\"Action\":\"fail\",\"Package\":\"a\"}\n", (0, 1, 0)),
    ] {
        assert_eq!(counts(output), Some(expected), "{output}");
    }
}

#[test]
fn what_is_no_report() {
    for output in [
        "Finished dev profile\n",
        "",
        "ok then\n",
        "test a ... FAILED\n",
        "1 error generated.\n",
        "ok 1 - a\n",
    ] {
        assert_eq!(counts(output), None, "{output}");
    }
}

#[test]
fn a_plan_that_is_not_kept_is_told() {
    for output in [
        "1..3\nok 1\n",
        "1..1\nok 1\nok 2\n",
        "1..2\nok 1\nBail out! no database\nok 2\n",
    ] {
        let report = report(output, Some(Runner::Tap)).expect(output);
        assert!(report.wrong.is_some(), "{output}");
    }
}

#[test]
fn failures_are_named() {
    let named = |output: &str| {
        let failures = report(output, None).expect(output).failures;
        failures
            .into_iter()
            .map(|f| (f.test, f.message, f.file))
            .collect::<Vec<_>>()
    };
    let own = |test: &str, message: &str, file: Option<&str>| {
        vec![(test.to_owned(), message.to_owned(), file.map(str::to_owned))]
    };
    assert_eq!(
        named("FAILED tests/test_a.py::test_x[1] - assert 1 == 2\n1 failed in 0.1s\n"),
        own(
            "tests/test_a.py::test_x[1]",
            "assert 1 == 2",
            Some("tests/test_a.py")
        )
    );
    assert_eq!(
        named("test a::b ... FAILED\ntest result: FAILED. 2 passed; 1 failed; 0 ignored;\n"),
        own("a::b", "", None)
    );
    assert_eq!(
        named(
            "        FAIL [   0.004s] (1/5) pkg::bin name::of\n Summary [ 0.1s] 1 test run: 0 passed, 1 failed\n"
        ),
        own("pkg::bin name::of", "", None)
    );
}
