//! Documents and records in and out: one JSON document, or NDJSON flushed line by line.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Record};

/// Largest document that is read, in bytes. A plan of a million tasks has 229 MB.
pub const MAX_DOCUMENT: u64 = 512 << 20;

/// Longest record line that is read from a stream, in bytes.
pub const MAX_RECORD: usize = 16 << 20;

/// The text of a document, and what to call it.
#[derive(Debug, Clone)]
pub struct Input {
    /// The file as it was named; `<stdin>` for standard input.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Whether a filter would wait for somebody to type: no file was named and stdin is a terminal.
pub fn would_wait(file: Option<&Path>) -> bool {
    file.is_none_or(|file| file == Path::new("-")) && io::stdin().is_terminal()
}

/// Reads a document from a file, or from stdin for `None` and `-`.
///
/// Fails with code 3 when it is missing, empty, not UTF-8 or larger than [`MAX_DOCUMENT`].
pub fn read(file: Option<&Path>) -> Result<Input, Failure> {
    let named = file.filter(|file| *file != Path::new("-"));
    let name = named.map_or_else(|| "<stdin>".to_owned(), |file| file.display().to_string());
    let mut bytes = match named {
        None => read_limited(&mut io::stdin().lock(), &name, 0)?,
        Some(path) => {
            let mut file = File::open(path)
                .map_err(|error| Failure::input(format!("cannot read {name}")).because(&error))?;
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            read_limited(&mut file, &name, size)?
        }
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(match named {
            None => Failure::input("cannot read stdin: the stage before this one wrote nothing"),
            Some(_) => Failure::input(format!("cannot read {name}: the file is empty")),
        });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Failure::input(format!(
            "cannot read {name}: not UTF-8 in line {line} (byte {at})"
        ))
    })?;
    Ok(Input { name, text })
}

fn read_limited(from: &mut impl Read, name: &str, size: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(size.min(MAX_DOCUMENT) as usize);
    from.take(MAX_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::input(format!("cannot read {name}")).because(&error))?;
    if bytes.len() as u64 > MAX_DOCUMENT {
        return Err(Failure::input(format!(
            "cannot read {name}: larger than 512 MiB"
        )));
    }
    Ok(bytes)
}

impl Input {
    /// The document as `T`. `what` names it in the message: "a schedule".
    pub fn parse<T: DeserializeOwned>(&self, what: &str) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| {
            Failure::input(format!("cannot read {}: not {what}", self.name)).because(&error)
        })
    }
}

/// Whether the reader still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// It does.
    There,
    /// It has gone: a filter ends quietly.
    Gone,
}

/// Writes one document to stdout. A reader that has gone is no failure.
pub fn write(document: &impl Serialize) -> Result<Reader, Failure> {
    let mut text = serde_json::to_vec(document)
        .map_err(|error| Failure::trouble("cannot write the document as JSON").because(&error))?;
    text.push(b'\n');
    write_text(&text)
}

/// Writes bytes to stdout. A reader that has gone is no failure.
pub fn write_text(text: &[u8]) -> Result<Reader, Failure> {
    let mut stdout = io::stdout().lock();
    reader_of(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Writes one record as a line to stdout, at once.
pub fn write_record(record: &Record) -> Result<Reader, Failure> {
    let mut line = record.to_line();
    line.push('\n');
    write_text(line.as_bytes())
}

fn reader_of(result: io::Result<()>) -> Result<Reader, Failure> {
    match result {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::trouble("cannot write to stdout").because(&error)),
    }
}

/// Reads lines with a limit; gives each with its number, without its end.
///
/// A line beyond `limit` bytes is an error of code 3 that names its number.
pub fn lines(
    mut from: impl BufRead,
    limit: usize,
    mut take: impl FnMut(usize, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut limited = (&mut from).take(limit as u64 + 2);
        let size = limited
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::input("cannot read the stream").because(&error))?;
        if size == 0 {
            break;
        }
        let end = line.strip_suffix(b"\n").unwrap_or(&line);
        let end = end.strip_suffix(b"\r").unwrap_or(end);
        if end.len() > limit {
            return Err(Failure::input(format!(
                "line {number} is longer than {limit} bytes"
            )));
        }
        take(number, end)?;
    }
    Ok(())
}
