//! Cobertura's XML, which coverage.py, gcovr and others write too.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::Numbers;
use super::coverage::{ChangedLines, Coverage, counts};
use super::xml::{self, attribute};

pub(super) fn numbers(
    report: impl BufRead,
    changed: Option<&ChangedLines>,
) -> Result<Numbers, String> {
    let mut reader = xml::reader(report);
    let (mut buffer, mut reading) = (Vec::new(), Reading::default());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => reading.start(&tag, changed),
            Ok(Event::Empty(tag)) => {
                reading.start(&tag, changed);
                reading.end(tag.local_name().as_ref());
            }
            Ok(Event::End(tag)) => reading.end(tag.local_name().as_ref()),
            Ok(Event::Eof) if reading.depth > 0 => return Err("it ends too early".to_owned()),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => return Err(format!("it is not XML: {error}")),
        }
    }
    if !reading.found {
        return Err("there is no <coverage> in it".to_owned());
    }
    let listed = reading.listed.lines.total > 0 || changed.is_some();
    let all = if listed { reading.listed } else { reading.said };
    Ok(all.numbers())
}

#[derive(Default)]
struct Reading {
    found: bool,
    depth: u32,
    /// What the lines of all classes come to.
    listed: Coverage,
    /// What the root says.
    said: Coverage,
    changed: Option<Vec<u32>>,
    /// Lines of methods stand in their class again.
    in_method: bool,
    method_hit: bool,
}

impl Reading {
    fn start(&mut self, tag: &BytesStart<'_>, changed: Option<&ChangedLines>) {
        self.depth += 1;
        let number = |name| attribute(tag, name).and_then(|value| value.parse::<u64>().ok());
        match tag.local_name().as_ref() {
            "coverage" => {
                self.found = true;
                for (to, covered, total) in [
                    (&mut self.said.lines, "lines-covered", "lines-valid"),
                    (
                        &mut self.said.branches,
                        "branches-covered",
                        "branches-valid",
                    ),
                ] {
                    to.add(number(covered).unwrap_or(0), number(total).unwrap_or(0));
                }
            }
            "class" => {
                let file = attribute(tag, "filename").unwrap_or_default();
                self.changed = changed.map(|changed| changed.of(&file).to_vec());
            }
            "method" => (self.in_method, self.method_hit) = (true, false),
            "line" => {
                let hits = number("hits").unwrap_or(0);
                let line = number("number").and_then(|line| u32::try_from(line).ok());
                if self.in_method {
                    self.method_hit |= hits > 0;
                } else if counts(self.changed.as_deref(), line.unwrap_or(0)) {
                    self.listed.lines.count(hits > 0);
                    if let Some((covered, total)) =
                        attribute(tag, "condition-coverage").and_then(conditions)
                    {
                        self.listed.branches.add(covered, total);
                    }
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if name == "method" {
            self.in_method = false;
            if self.changed.is_none() {
                self.listed.functions.count(self.method_hit);
            }
        }
    }
}

/// `50% (1/2)`
fn conditions(text: String) -> Option<(u64, u64)> {
    let (_, ratio) = text.split_once('(')?;
    let (covered, total) = ratio.trim_end_matches(')').split_once('/')?;
    Some((covered.parse().ok()?, total.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_classes_count_once() {
        let report = r#"<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "x">
            <coverage line-rate="0.9" lines-covered="9" lines-valid="10"><packages><package><classes>
            <class filename="a.py"><methods><method name="f"><lines><line number="1" hits="1"/></lines></method></methods>
            <lines><line number="1" hits="1"/><line number="2" hits="0" branch="true" condition-coverage="50% (1/2)"/></lines>
            </class></classes></package></packages></coverage>"#;
        let numbers = numbers(report.as_bytes(), None).expect("a report");
        assert_eq!(numbers["lines.pct"].value, 50.0);
        assert_eq!(numbers["branches.pct"].value, 50.0);
        assert_eq!(numbers["functions.pct"].value, 100.0);
    }

    #[test]
    fn torn_reports_are_none() {
        for report in ["<coverage><packages>", "<html></html>", "plain", ""] {
            assert!(numbers(report.as_bytes(), None).is_err(), "{report}");
        }
    }
}
