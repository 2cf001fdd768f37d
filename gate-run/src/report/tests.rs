use super::*;
use crate::check;
use crate::planned::{Planned, Work};

fn check(name: &str, status: CheckStatus, findings: Vec<Finding>) -> schemas::Check {
    let work = Work::Check {
        run: None,
        evidence: Vec::new(),
    };
    schemas::Check {
        status,
        findings,
        duration_ms: 1500,
        reason: Some("because <of> & this".to_owned()),
        ..check::blank(&Planned::new("a, b", name.to_owned(), work))
    }
}

fn finding(message: &str) -> Finding {
    Finding {
        severity: "important".to_owned(),
        message: message.to_owned(),
        file: Some("src/ä b.rs".to_owned()),
        line: Some(3),
        column: Some(5),
        rule: Some("E1".to_owned()),
    }
}

fn verdict(findings: usize) -> Verdict {
    let findings = (0..findings)
        .map(|n| finding(&format!("wrong: {n}%\n<b>|")))
        .collect();
    let checks = vec![
        check("x <y>", CheckStatus::Failed, findings),
        check("tool", CheckStatus::Infrastructure, Vec::new()),
        check("person", CheckStatus::Manual, Vec::new()),
    ];
    crate::verdict::of(checks, &[])
}

#[test]
fn what_junit_says_our_own_reader_understands() {
    let text = junit::text(&verdict(2));
    let read = crate::format::junit::read(text.as_bytes()).expect("a report");
    let counts = read.report.counts;
    assert_eq!((counts.passed, counts.failed, counts.skipped), (0, 2, 1));
    assert_eq!(read.report.wrong, None);
    assert_eq!(read.report.failures[0].test, "a, b x <y>");
    assert_eq!(read.report.failures[0].message, "because <of> & this");
    assert!(text.contains("time=\"4.500\"") && text.contains("src/ä b.rs:3:5: wrong: 0%"));
}

#[test]
fn sarif_names_place_and_rule() {
    let text = sarif::text(&verdict(1));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let result = &value["runs"][0]["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&"E1".into(), &"error".into())
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/%C3%A4%20b.rs");
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 3, "startColumn": 5})
    );
    assert_eq!(value["runs"][0]["tool"]["driver"]["rules"][0]["id"], "E1");
}

#[test]
fn github_gets_ten_of_a_kind_and_nothing_that_it_would_obey() {
    let text = github::text(&verdict(1));
    assert_eq!(
        text,
        "::error file=src/ä b.rs,line=3,col=5,title=x <y>%3A E1::wrong: 0%25%0A<b>|\n"
    );
    assert_eq!(github::text(&verdict(10)).lines().count(), 10);
    let many = github::text(&verdict(25));
    assert_eq!(many.lines().count(), 10);
    assert!(
        many.ends_with("::and 16 more, which GitHub would not show\n"),
        "{many}"
    );
}

#[test]
fn markdown_holds_no_markup_from_outside() {
    let text = markdown::text(&verdict(1));
    assert!(
        text.contains("x &lt;y&gt;") && !text.contains("<b>") && !text.contains("<of>"),
        "{text}"
    );
    assert!(text.starts_with("## gate-run: failed\n"));
    assert_eq!(
        text.lines().filter(|line| line.starts_with("- ")).count(),
        1
    );
    assert!(markdown::text(&verdict(60)).ends_with("- and 10 more\n"));
}

#[test]
fn files_are_wanted_where_a_person_would_not_read() {
    assert!(Report::parse("junit").is_err() && Report::parse("sarif=").is_err());
    assert!(Report::parse("xunit=x").is_err());
    assert_eq!(
        Report::parse("junit=a=b").map(|report| report.file),
        Ok(Some("a=b".into()))
    );
    assert!(Report::parse("github").is_ok() && Report::parse("markdown=x.md").is_ok());
}
