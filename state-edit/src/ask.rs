//! From the command line to the steps of an edit to a file.

use schemas::{Console, Exit, Failure, document};
use serde_json::Value;

use crate::cli::{Assignment, Command, Merge};
use crate::file::{self, Path, Step};

/// Runs an edit of a file.
pub(crate) fn run(console: &Console, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Set(it) => {
            let read = |it: Assignment, string| {
                Ok(Step::Set(
                    Path::parse(&it.path),
                    value(console, it, string)?,
                ))
            };
            let steps: Result<Vec<Step>, Failure> =
                it.values.into_iter().map(|a| read(a, it.string)).collect();
            file::edit(&it.file, &steps?, &it.terms)
        }
        Command::Append(it) => {
            let read = |it: Assignment, string| {
                Ok(Step::Append(
                    Path::parse(&it.path),
                    value(console, it, string)?,
                ))
            };
            let steps: Result<Vec<Step>, Failure> =
                it.values.into_iter().map(|a| read(a, it.string)).collect();
            file::edit(&it.file, &steps?, &it.terms)
        }
        Command::Delete(it) => {
            let step = |path: &String| Step::Delete {
                path: Path::parse(path),
                if_present: it.if_present,
            };
            let steps: Vec<Step> = it.paths.iter().map(step).collect();
            file::edit(&it.file, &steps, &it.terms)
        }
        Command::Merge(it) => file::edit(&it.file, &[Step::Merge(patch(&it)?)], &it.terms),
        Command::Patch(it) => file::edit(&it.file, &[Step::Patch(patch(&it)?)], &it.terms),
        _ => unreachable!("these edit no file"),
    }
}

fn patch(args: &Merge) -> Result<Value, Failure> {
    document::read(args.patch.as_deref())?.parse("a JSON patch")
}

/// JSON, or a string. A number that would not come out as it was typed is refused: 1.10 is a version, not 1.1.
fn value(console: &Console, it: Assignment, string: bool) -> Result<Value, Failure> {
    if it.value == "-" {
        return Ok(crate::words(console, it.value)?.into());
    }
    if string {
        return Ok(it.value.into());
    }
    match serde_json::from_str(&it.value) {
        Ok(Value::Number(number)) if number.to_string() != it.value.trim() => Err(Failure::usage(
            format!("{} would be written as the number {number}", it.value),
        )
        .help("--string makes it a string")),
        Ok(value) => Ok(value),
        Err(_) => Ok(it.value.into()),
    }
}
