//! `--fix` at the edge: the diff on stdout, or the file written.

use std::path::Path;

use schemas::replace::{Writers, replace};
use schemas::{Console, Exit, Failure, Severity, document};
use similar::TextDiff;

use crate::cli::{Cli, From};
use crate::dialect::Dialect;
use crate::examination::Examination;
use crate::fix::{Fixed, fix};
use crate::levels::Levels;
use crate::report;

/// Lines around a change.
const CONTEXT: usize = 3;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Shows or writes what can be fixed, and tells what cannot.
pub(crate) fn run(
    console: &Console,
    cli: &Cli,
    examination: &Examination,
    from: From,
    levels: &Levels,
) -> Result<Exit, Failure> {
    let fixed = fix(examination, from, levels)?;
    report::tell_some(console, cli.problems, examination, &fixed.left);
    match cli.file.as_deref() {
        _ if fixed.edits == 0 => {}
        Some(file) if cli.write => {
            write(file, &examination.source.text, &fixed.text)?;
            let times = if fixed.edits == 1 {
                "change"
            } else {
                "changes"
            };
            console.info(&format!(
                "{}: {} {times} written",
                file.display(),
                fixed.edits
            ));
        }
        file => drop(document::write_text(
            diff(file, &examination.source.text, &fixed).as_bytes(),
        )?),
    }
    Ok(exit(examination, &fixed))
}

/// Why a plan of another form is not fixed: its tool's text is not ours to rewrite.
pub(crate) fn of_dialect(dialect: &Dialect) -> Failure {
    let (what, name) = (dialect.what, dialect.name);
    Failure::usage(format!(
        "cannot fix {what}: --fix edits plans in JSON and YAML only"
    ))
    .help(format!(
        "fix what it becomes: plan-validate --from {name} FILE > plan.json"
    ))
}

fn exit(examination: &Examination, fixed: &Fixed) -> Exit {
    let is_error = |severity| severity == Severity::Error;
    if examination.is_malformed {
        Exit::Input
    } else if fixed.left.iter().any(|problem| is_error(problem.severity)) {
        Exit::No
    } else {
        Exit::Yes
    }
}

fn diff(file: Option<&Path>, before: &str, fixed: &Fixed) -> String {
    let name = file.filter(|file| *file != Path::new("-"));
    let name = name.map_or("plan".to_owned(), |file| file.display().to_string());
    let name =
        schemas::printable(name.trim_start_matches("./").trim_start_matches('/')).to_string();
    TextDiff::from_lines(before, fixed.text.as_str())
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// Fails when the file is not any more what was read.
fn write(file: &Path, before: &str, after: &str) -> Result<(), Failure> {
    if file == Path::new("-") {
        return Err(Failure::usage(
            "--write needs a file: stdin cannot be written",
        ));
    }
    let now = std::fs::read(file).map_err(|error| {
        Failure::trouble(format!("cannot read {}", file.display())).because(&error)
    })?;
    let mark = if now.starts_with(MARK) { MARK } else { b"" };
    if &now[mark.len()..] != before.as_bytes() {
        let failed = format!(
            "cannot write {}: it has changed since it was read",
            file.display()
        );
        return Err(Failure::trouble(failed));
    }
    replace(file, &[mark, after.as_bytes()].concat(), Writers::Any)
}
