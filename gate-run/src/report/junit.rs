//! JUnit's XML: a suite for each stage, a case for each check.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;
use schemas::{Check, CheckStatus, Verdict};

use super::{counts_against, place};

/// The whole report.
pub(super) fn text(verdict: &Verdict) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Nothing can fail that writes to memory.
    let _ = suites(&mut writer, verdict);
    let body = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n")
}

fn suites(writer: &mut Writer<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    let mut stages: Vec<&str> = Vec::new();
    for check in &verdict.checks {
        let stage = stage(check);
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    let all: Vec<&Check> = verdict.checks.iter().collect();
    let root = writer
        .create_element("testsuites")
        .with_attributes([("name", "gate-run")]);
    let root = root.with_attributes(
        totals(&all)
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    root.write_inner_content(|writer| {
        for stage_name in stages {
            let checks: Vec<&Check> = all
                .iter()
                .copied()
                .filter(|check| stage(check) == stage_name)
                .collect();
            let suite = writer
                .create_element("testsuite")
                .with_attributes([("name", stage_name)]);
            let suite = suite.with_attributes(
                totals(&checks)
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            );
            suite.write_inner_content(|writer| {
                checks
                    .iter()
                    .try_for_each(|check| case(writer, stage_name, check))
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn stage(check: &Check) -> &str {
    check.stage.as_deref().unwrap_or("default")
}

fn totals(checks: &[&Check]) -> [(&'static str, String); 5] {
    let count = |of: &dyn Fn(CheckStatus) -> bool| {
        checks
            .iter()
            .filter(|check| of(check.status))
            .count()
            .to_string()
    };
    let time: u64 = checks.iter().map(|check| check.duration_ms).sum();
    [
        ("tests", checks.len().to_string()),
        ("failures", count(&counts_against)),
        (
            "errors",
            count(&|status| status == CheckStatus::Infrastructure),
        ),
        (
            "skipped",
            count(&|status| matches!(status, CheckStatus::Skipped | CheckStatus::Manual)),
        ),
        ("time", seconds(time)),
    ]
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn case(writer: &mut Writer<Vec<u8>>, stage: &str, check: &Check) -> io::Result<()> {
    let time = seconds(check.duration_ms);
    let attributes = [("classname", stage), ("name", &check.name), ("time", &time)];
    let element = writer
        .create_element("testcase")
        .with_attributes(attributes);
    let reason = check.reason.as_deref().unwrap_or_default();
    let inner = match check.status {
        status if counts_against(status) => "failure",
        CheckStatus::Infrastructure => "error",
        CheckStatus::Skipped | CheckStatus::Manual => "skipped",
        _ => "",
    };
    let output = check.output_tail.as_deref();
    if inner.is_empty() && output.is_none() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        if !inner.is_empty() {
            let lines: Vec<String> = check
                .findings
                .iter()
                .map(|finding| {
                    let place = place(finding)
                        .map(|place| format!("{place}: "))
                        .unwrap_or_default();
                    format!("{place}{}", finding.message)
                })
                .collect();
            let element = writer
                .create_element(inner)
                .with_attributes([("message", reason)]);
            if lines.is_empty() {
                element.write_empty()?;
            } else {
                element.write_text_content(BytesText::new(&lines.join("\n")))?;
            }
        }
        if let Some(output) = output {
            writer
                .create_element("system-out")
                .write_text_content(BytesText::new(output))?;
        }
        Ok(())
    })?;
    Ok(())
}
