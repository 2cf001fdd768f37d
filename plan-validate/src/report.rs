//! What people, or the next program, are told about the problems.

mod github;
mod sarif;

use schemas::{Console, Failure, Problem, Severity, render};

use crate::cli::Format;
use crate::examination::Examination;

/// Most problems that are drawn; JSON has all of them.
const DRAWN: usize = 200;

/// Reports what was found. Quiet: errors only.
pub(crate) fn tell(console: &Console, format: Format, examination: &Examination) {
    tell_some(console, format, examination, &examination.problems);
}

/// Reports some of what was found.
pub(crate) fn tell_some(
    console: &Console,
    format: Format,
    examination: &Examination,
    problems: &[Problem],
) {
    let said = |problem: &&Problem| !console.is_quiet() || problem.severity == Severity::Error;
    let problems: Vec<Problem> = problems.iter().filter(said).cloned().collect();
    match format {
        Format::Json => {
            for problem in &problems {
                console.block(&line(problem));
            }
        }
        Format::Text => draw(console, &problems, examination),
        // Also when there is nothing to tell: the step after this one uploads it.
        Format::Sarif => console.block(&sarif::text(&problems, Some(&examination.source))),
        Format::Github => {
            let told = &problems[..problems.len().min(DRAWN)];
            if !told.is_empty() {
                console.block(&github::text(told));
            }
            more(console, problems.len() - told.len() + examination.dropped);
        }
    }
}

/// A failure to read the input as one more problem, when problems are wanted in a form for programs.
pub(crate) fn tell_failure(console: &Console, format: Format, failure: Failure) -> Failure {
    if format == Format::Text {
        return failure;
    }
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    let mut problem = Problem::error(
        "unreadable",
        failure.message.clone() + &causes.collect::<String>(),
    );
    problem.help = failure.help;
    match format {
        Format::Text | Format::Json => console.block(&line(&problem)),
        Format::Sarif => console.block(&sarif::text(&[problem], None)),
        Format::Github => console.block(&github::text(&[problem])),
    }
    Failure::told(failure.exit)
}

/// Says what the input was taken for, when nobody had said.
pub(crate) fn tell_decision(console: &Console, format: Format, decided: &Problem) {
    match format {
        Format::Text => console.info(&decided.message),
        Format::Json if !console.is_quiet() => console.block(&line(decided)),
        Format::Json | Format::Sarif | Format::Github => {}
    }
}

fn draw(console: &Console, problems: &[Problem], examination: &Examination) {
    if problems.is_empty() {
        return;
    }
    let drawn = &problems[..problems.len().min(DRAWN)];
    console.block(&render(drawn, &examination.source, console.has_color()));
    more(console, problems.len() - drawn.len() + examination.dropped);
}

fn more(console: &Console, more: usize) {
    if more > 0 {
        console.error(&format!(
            "{more} more problems are not shown; --problems json has up to 10000 of a severity"
        ));
    }
}

fn line(problem: &Problem) -> String {
    serde_json::to_string(problem).unwrap_or_default()
}
