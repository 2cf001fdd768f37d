//! From the command line to the steps of an edit to a file.

use schemas::{Console, Exit, Failure, document};
use serde_json::Value;

use crate::cli::{Assignment, Command, Merge, Set};
use crate::file::{self, Change, Format, Path, Step};

/// Runs an edit of a file.
pub(crate) fn run(console: &Console, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Set(it) => assign(console, &it, Step::Set, Change::Set),
        Command::Append(it) => assign(console, &it, Step::Append, Change::Append),
        Command::Delete(it) => {
            let format = file::format_of(&it.file, it.terms.format)?;
            let if_present = it.if_present;
            let step = |place: &String| match file::address(format, place) {
                Some(address) => Ok(Step::Markdown(Change::Delete {
                    address: address?,
                    if_present,
                })),
                None => Ok(Step::Delete {
                    path: Path::parse(place),
                    if_present,
                }),
            };
            let steps: Result<Vec<Step>, Failure> = it.paths.iter().map(step).collect();
            file::edit(&it.file, &steps?, &it.terms)
        }
        Command::Merge(it) => file::edit(&it.file, &[Step::Merge(patch(&it)?)], &it.terms),
        Command::Patch(it) => file::edit(&it.file, &[Step::Patch(patch(&it)?)], &it.terms),
        _ => unreachable!("these edit no file"),
    }
}

fn assign(
    console: &Console,
    args: &Set,
    of_value: impl Fn(Path, Value) -> Step,
    of_text: impl Fn(file::Address, String) -> Change,
) -> Result<Exit, Failure> {
    let format: Format = file::format_of(&args.file, args.terms.format)?;
    let step = |it: &Assignment| match file::address(format, &it.path) {
        Some(address) => {
            let mut address = address?;
            address.makes = args.terms.create;
            Ok(Step::Markdown(of_text(address, words(console, &it.value)?)))
        }
        None => Ok(of_value(
            Path::parse(&it.path),
            value(console, it, args.string)?,
        )),
    };
    let steps: Result<Vec<Step>, Failure> = args.values.iter().map(step).collect();
    file::edit(&args.file, &steps?, &args.terms)
}

fn patch(args: &Merge) -> Result<Value, Failure> {
    document::read(args.patch.as_deref())?.parse("a JSON patch")
}

/// A text as it is, or stdin for `-`.
fn words(console: &Console, text: &str) -> Result<String, Failure> {
    if text == "-" {
        return crate::words(console, text.to_owned());
    }
    Ok(text.to_owned())
}

/// JSON, or a string. A number that would not come out as it was typed is refused: 1.10 is a version, not 1.1.
fn value(console: &Console, it: &Assignment, string: bool) -> Result<Value, Failure> {
    if string || it.value == "-" {
        return Ok(words(console, &it.value)?.into());
    }
    match serde_json::from_str(&it.value) {
        Ok(Value::Number(number)) if number.to_string() != it.value.trim() => Err(Failure::usage(
            format!("{} would be written as the number {number}", it.value),
        )
        .help("--string makes it a string")),
        Ok(value) => Ok(value),
        // What begins like JSON and is none is a slip, not a string.
        Err(error) if it.value.trim_start().starts_with(['[', '{', '"']) => {
            Err(Failure::usage(format!("{} is no JSON: {error}", it.value))
                .help("--string makes it a string"))
        }
        Err(_) => Ok(it.value.as_str().into()),
    }
}
