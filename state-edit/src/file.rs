//! Files that people keep: one edit at a time, whole or not at all, and nothing else touched.

mod block;
mod brackets;
mod change;
mod document;
mod format;
mod front;
mod hunks;
mod json;
mod markdown;
mod patch;
mod path;
mod same;
mod scalar;
mod splice;
mod step;
mod toml;
mod tree;
mod yaml;

use std::fs::File;
use std::io::Read;
use std::path::Path as FilePath;

use schemas::document::{MAX_DOCUMENT, write_text};
use schemas::replace::{Writers, create, replace};
use schemas::{Exit, Failure};
use serde_json::Value;

use crate::cli::{Assignment, FileTerms, Get};
use crate::expect;

pub(crate) use format::Format;
pub(crate) use markdown::{Address, Change};
pub(crate) use path::Path;
pub(crate) use step::Step;

use hunks::Trail;

/// Does the steps to a file, all or none.
pub(crate) fn edit(file: &FilePath, steps: &[Step], terms: &FileTerms) -> Result<Exit, Failure> {
    let format = format_of(file, terms.format)?;
    let name = file.display().to_string();
    let change = |text: &str, told: &mut dyn FnMut(&str, &str)| {
        let may = |old: &Value| {
            let unmet = terms
                .expect
                .iter()
                .filter_map(|it| unmet(it, format, text, old));
            let unmet: Vec<String> = unmet.collect();
            if unmet.is_empty() {
                return Ok(());
            }
            let failure = Failure::no(format!("not as expected: {}", unmet.join("; ")));
            Err(failure.help("nothing was written"))
        };
        document::edited(format, &name, text, &may, steps, told)
    };
    if terms.dry_run {
        let text = if is_new(file, terms) {
            String::new()
        } else {
            read(file)?
        };
        let mut trail = Trail::of(&text);
        change(without_mark(&text).1, &mut |_, after| trail.step(after))?;
        write_text(trail.diff(&name).as_bytes())?;
    } else if is_new(file, terms) {
        make(file, |text| change(text, &mut |_, _| {}))?;
    } else {
        rewrite(file, |text| change(text, &mut |_, _| {}))?;
    }
    Ok(Exit::Yes)
}

fn is_new(file: &FilePath, terms: &FileTerms) -> bool {
    terms.create && !file.exists()
}

/// Makes a file, and the folders above it.
fn make(
    file: &FilePath,
    change: impl FnOnce(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(FilePath::new("."));
    let trouble =
        |error| Failure::trouble(format!("cannot make {}", folder.display())).because(&error);
    // Judged first: what is refused leaves no folders behind.
    let fresh = change("")?;
    std::fs::create_dir_all(folder).map_err(trouble)?;
    let _lock = lock_folder(folder)?;
    create(file, fresh.as_bytes(), Writers::Locked)
}

/// What is not as it was expected.
fn unmet(expected: &Assignment, format: Format, text: &str, root: &Value) -> Option<String> {
    let wanted: Value = match address(format, &expected.path) {
        Some(_) => expected.value.as_str().into(),
        None => {
            serde_json::from_str(&expected.value).unwrap_or_else(|_| expected.value.as_str().into())
        }
    };
    // What is not there is `null`.
    let found = found(format, text, root, &expected.path).unwrap_or(Value::Null);
    let words = match &found {
        Value::Bool(flag) if wanted.is_string() => flag.to_string().into(),
        other => other.clone(),
    };
    let (wanted, place) = (&wanted, &expected.path);
    (!expect::same(&words, wanted)).then(|| {
        format!(
            "{place} is {}, expected {}",
            expect::cut(&found),
            expect::cut(wanted)
        )
    })
}

fn found(format: Format, text: &str, root: &Value, place: &str) -> Result<Value, Failure> {
    match address(format, place) {
        Some(address) => markdown::get(text, &address?),
        None => {
            let path = Path::parse(place);
            let value = step::at(root, &path.0).cloned();
            value.ok_or_else(|| Failure::no(format!("there is nothing at {path}")))
        }
    }
}

/// The address of something in the text of a Markdown file.
pub(crate) fn address(format: Format, place: &str) -> Option<Result<Address, Failure>> {
    (format == Format::Markdown)
        .then(|| Address::parse(place))
        .flatten()
}

/// Prints values of a file, one per line.
pub(crate) fn get(args: &Get) -> Result<Exit, Failure> {
    let format = format_of(&args.file, args.format)?;
    let name = args.file.display().to_string();
    let text = read(&args.file)?;
    let text = without_mark(&text).1;
    let root = document::value(format, &name, text)?;
    let whole = [String::new()];
    let paths = if args.paths.is_empty() {
        &whole[..]
    } else {
        &args.paths
    };
    let mut lines = String::new();
    for path in paths {
        match found(format, text, &root, path)? {
            Value::String(text) if args.raw => lines.push_str(&text),
            value => lines.push_str(&value.to_string()),
        }
        lines.push('\n');
    }
    write_text(lines.as_bytes())?;
    Ok(Exit::Yes)
}

/// The front matter of a Markdown text.
pub(crate) fn front_matter(name: &str, text: &str) -> Result<Value, Failure> {
    document::value(Format::Markdown, name, text)
}

/// Replaces what a file holds by what becomes of it, with no other edit between reading and writing. A file that
/// stays as it is, is not written.
pub(crate) fn rewrite(
    file: &FilePath,
    change: impl FnOnce(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let _lock = lock(file)?;
    let text = read(file)?;
    let (mark, body) = without_mark(&text);
    let fresh = change(body)?;
    let fresh = if mark.is_empty() {
        fresh
    } else {
        format!("{mark}{fresh}")
    };
    if fresh == text {
        Ok(())
    } else {
        replace(file, fresh.as_bytes(), Writers::Locked)
    }
}

/// Keeps other edits out. The lock is on the folder: the file itself is another one after every edit, and a lock file
/// beside it would have to be explained to everybody who looks there.
fn lock(file: &FilePath) -> Result<File, Failure> {
    let cannot = |error| Failure::input(format!("cannot read {}", file.display())).because(&error);
    let real = file.canonicalize().map_err(cannot)?;
    lock_folder(real.parent().unwrap_or(FilePath::new("/")))
}

fn lock_folder(folder: &FilePath) -> Result<File, Failure> {
    let trouble =
        |error| Failure::trouble(format!("cannot lock {}", folder.display())).because(&error);
    let lock = File::open(folder).map_err(trouble)?;
    lock.lock().map_err(trouble)?;
    Ok(lock)
}

fn read(file: &FilePath) -> Result<String, Failure> {
    let failed = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|error| Failure::input(failed()).because(&error))?;
    let size = opened.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes);
    let size = size.map_err(|error| Failure::input(failed()).because(&error))?;
    if size as u64 > MAX_DOCUMENT {
        return Err(Failure::input(format!("{}: larger than 512 MiB", failed())));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Failure::input(format!(
            "{}: not UTF-8 in line {line} (byte {at})",
            failed()
        ))
    })
}

/// A byte order mark, and the rest.
fn without_mark(text: &str) -> (&str, &str) {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_at(text.len() - rest.len())
}

pub(crate) fn format_of(file: &FilePath, named: Option<Format>) -> Result<Format, Failure> {
    named.or_else(|| Format::of(file)).ok_or_else(|| {
        Failure::usage(format!(
            "cannot tell the format of {} by its name",
            file.display()
        ))
        .help("--format json, yaml, toml or markdown")
    })
}

#[cfg(test)]
mod tests;
