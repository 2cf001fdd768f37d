//! Whatever comes from outside: an answer or an error, never a panic, and never a pass out of nothing.

use std::path::Path;

use proptest::prelude::*;

use crate::assertion::Assertion;
use crate::evidence::review::read_any;
use crate::format::runner::Counter;
use crate::format::{self, Format, junit};
use crate::{external, matcher, safety};

/// Pieces that the readers know, and what may stand between them.
fn text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<testsuites>",
        "<testsuite failures=\"1\">",
        "<testcase name='a'>",
        "<failure>",
        "</failure>",
        "</testcase>",
        "</testsuite>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<coverage>",
        "<class filename='a'>",
        "<line number='1' hits='0'/>",
        "SF:a",
        "DA:1,1",
        "end_of_record",
        "1..3",
        "ok 1",
        "not ok 2 - x",
        "# SKIP",
        "test result: ok. 1 passed; 0 failed; 0 ignored;",
        "=== 1 failed in 0.1s ===",
        "FAILED a.py::b - c",
        "error[E1]: x",
        "  --> a.rs:1:2",
        "a.c:1:2: error: x",
        "thread 'x' panicked at a.rs:1:2:",
        " FAIL  a > b",
        " ❯ a:1:2",
        "### Critical",
        "- x",
        "Findings: 1 critical",
        "**Verdict:** pass",
        "---",
        "```",
        "{",
        "}",
        "[",
        "]",
        "\"a\": 1",
        ":",
        ",",
        "$(",
        "`",
        "'",
        "\"",
        "\\",
        ">",
        "&&",
        "|",
        "rm",
        "cargo test",
        "{\"Action\":\"fail\",\"Package\":\"a\"}",
        "&amp;",
        "&",
        "<",
        "\u{0}",
        "ü",
        "\r",
    ]);
    let piece = prop_oneof![
        4 => known.prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        2 => Just("\n".to_owned()),
        1 => Just(" ".to_owned()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_of_reports(text in text()) {
        let _ = junit::read(text.as_bytes());
        for format in [Format::Json, Format::Number, Format::Lcov, Format::Cobertura, Format::CoveragePy, Format::Istanbul,
            Format::Junit, Format::Sarif, Format::Criterion, Format::sniff(text.as_bytes())] {
            let _ = format::numbers(format, "lines.pct", text.as_bytes(), None);
        }
        let mut counter = Counter::default();
        text.lines().for_each(|line| counter.line(line));
        let _ = counter.report(None);
        for finding in matcher::findings(&text, Path::new("/w")) {
            prop_assert!(finding.line != Some(0) && finding.column != Some(0));
        }
        let _ = external::failure(&text);
    }

    #[test]
    fn readers_of_what_people_and_agents_write(text in text()) {
        let _ = Assertion::parse(&text);
        let _ = read_any(&text);
        let _ = safety::objection_to(&text);
    }
}

#[test]
fn what_does_harm_is_found_wherever_it_stands() {
    for before in [
        "",
        "true;",
        "a=1 ",
        "(",
        "{ ",
        "true && ",
        "false || ",
        "true | ",
        "echo $(",
        "echo `",
        "echo \"$(",
        "if true; then ",
        "! ",
        "\n",
    ] {
        let line = format!("{before}rm -rf x");
        assert!(safety::objection_to(&line).is_some(), "{line}");
    }
}
