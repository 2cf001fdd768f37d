//! GitHub's workflow commands: annotations on the files of a pull request.

use schemas::report::Annotation;
use schemas::{Problem, Severity};

/// A line for each problem.
pub(super) fn text(problems: &[Problem]) -> String {
    problems.iter().map(line).collect()
}

fn line(problem: &Problem) -> String {
    let command = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let message = match &problem.help {
        Some(help) => format!("{}\n{help}", problem.message),
        None => problem.message.clone(),
    };
    let annotation = Annotation {
        command,
        file: problem.file.as_deref(),
        line: problem.line,
        column: problem.column,
        title: &problem.code,
        message: &message,
    };
    annotation.to_line()
}
