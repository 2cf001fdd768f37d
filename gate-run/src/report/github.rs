//! GitHub's workflow commands: annotations on the files of a pull request.

use schemas::report::Annotation;
use schemas::{Finding, Verdict};

/// How many of each kind GitHub shows for a step.
const SHOWN: usize = 10;

/// A line for each annotation; where there are more than GitHub shows, the last one counts the rest.
pub(super) fn text(verdict: &Verdict) -> String {
    let mut text = String::new();
    for (command, severities) in [
        ("error", &["critical", "important"][..]),
        ("warning", &["medium"]),
        ("notice", &["minor"]),
    ] {
        let found: Vec<(&str, &Finding)> = verdict
            .checks
            .iter()
            .flat_map(|check| {
                check
                    .findings
                    .iter()
                    .map(|finding| (check.name.as_str(), finding))
            })
            .filter(|(_, finding)| severities.contains(&finding.severity.as_str()))
            .collect();
        let room = if found.len() > SHOWN {
            SHOWN - 1
        } else {
            SHOWN
        };
        for (check, finding) in found.iter().take(room) {
            text.push_str(&line(command, check, finding));
        }
        if found.len() > room {
            let rest = found.len() - room;
            text.push_str(&format!(
                "::{command} title=gate-run::and {rest} more, which GitHub would not show\n"
            ));
        }
    }
    text
}

fn line(command: &str, check: &str, finding: &Finding) -> String {
    let title = match &finding.rule {
        Some(rule) => format!("{check}: {rule}"),
        None => check.to_owned(),
    };
    let annotation = Annotation {
        command,
        file: finding.file.as_deref(),
        line: finding.line,
        column: finding.column,
        title: &title,
        message: &finding.message,
    };
    annotation.to_line()
}
