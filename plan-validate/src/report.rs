//! What people, or the next program, are told about the problems.

use schemas::{Console, Failure, Problem, Severity, render};

use crate::cli::Format;
use crate::examination::Examination;

/// Most problems that are drawn; JSON has all of them.
const DRAWN: usize = 200;

/// Reports what was found. Quiet: errors only.
pub(crate) fn tell(console: &Console, format: Format, examination: &Examination) {
    let said = |problem: &&Problem| !console.is_quiet() || problem.severity == Severity::Error;
    let problems: Vec<Problem> = examination.problems.iter().filter(said).cloned().collect();
    match format {
        Format::Json => {
            for problem in &problems {
                console.block(&line(problem));
            }
        }
        Format::Text => draw(console, &problems, examination),
    }
}

/// A failure to read the input as one more problem, when problems are wanted as JSON.
pub(crate) fn tell_failure(console: &Console, failure: Failure) -> Failure {
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    let mut problem = Problem::error(
        "unreadable",
        failure.message.clone() + &causes.collect::<String>(),
    );
    problem.help = failure.help;
    console.block(&line(&problem));
    Failure::told(failure.exit)
}

/// Says what the input was taken for, when nobody had said.
pub(crate) fn tell_decision(console: &Console, format: Format, decided: &Problem) {
    match format {
        Format::Json if console.is_quiet() => {}
        Format::Json => console.block(&line(decided)),
        Format::Text => console.info(&decided.message),
    }
}

fn draw(console: &Console, problems: &[Problem], examination: &Examination) {
    if problems.is_empty() {
        return;
    }
    let drawn = &problems[..problems.len().min(DRAWN)];
    console.block(&render(drawn, &examination.source, console.has_color()));
    let more = problems.len() - drawn.len() + examination.dropped;
    if more > 0 {
        console.error(&format!(
            "{more} more problems are not shown; --problems json has up to 10000 of a severity"
        ));
    }
}

fn line(problem: &Problem) -> String {
    serde_json::to_string(problem).unwrap_or_default()
}
