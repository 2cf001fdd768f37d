//! YAML documents as JSON values, with the place of every node.
//!
//! YAML 1.2 with its core schema: `no` is a word, a date is a string, what is quoted stays a string.
//! Aliases are expanded within a budget, and `<<` merges as people expect. What JSON cannot say
//! (several documents, keys that are not scalars, `.nan`, foreign tags) is a problem, never a guess.

mod characters;
mod reader;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use self::reader::Reader;
use crate::Problem;
use crate::document::Input;
use crate::source::{self, Source};

/// Longest text that is read as YAML, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// Most nodes of a document, with those that aliases repeat.
pub const MAX_NODES: usize = 2_000_000;

/// Most bytes of text that aliases may repeat.
pub const MAX_REPEATED: usize = 64 << 20;

/// Deepest nesting.
pub const MAX_DEPTH: usize = 128;

/// Reads a document that is JSON or YAML: JSON when it begins as JSON does, else YAML; the end of the file's name decides
/// before that. Without a value there are problems.
pub fn or_json(input: Input) -> (Source, Option<Value>, Vec<Problem>) {
    let named = |ends: &[&str]| ends.iter().any(|end| input.name.ends_with(end));
    let begins = input.text.trim_start().starts_with(['{', '[']);
    if named(&[".yaml", ".yml"]) || !(begins || named(&[".json"])) {
        return match parse(input.name, input.text) {
            (source, Ok(value)) => (source, Some(value), Vec::new()),
            (source, Err(problems)) => (source, None, problems),
        };
    }
    let source = Source::json(input.name, input.text);
    match serde_json::from_str(&source.text) {
        Ok(value) => {
            let problems = source::duplicate_keys(&source.text);
            (source, Some(value), problems)
        }
        Err(error) => {
            let problem = source::syntax_problem(&source, &error);
            (source, None, vec![problem])
        }
    }
}

/// Reads one YAML document. The source comes back in either case: problems are drawn on it.
/// Problems have their places already.
pub fn parse(name: impl Into<String>, text: String) -> (Source, Result<Value, Vec<Problem>>) {
    if text.len() > MAX_TEXT {
        let message = format!("YAML of {} bytes: at most 16 MiB are read", text.len());
        let problem = Problem::error("too-large", message)
            .help("JSON has no such limit here; larger documents are better written as JSON");
        let source = Source::mapped(name, text, HashMap::new());
        let mut problems = vec![problem];
        source.place(&mut problems);
        return (source, Err(problems));
    }
    let mut reader = Reader::new(&text);
    let read = reader.read();
    let (mut problems, places, root) = (reader.problems, reader.places, reader.root);
    if let Err(problem) = read {
        problems.push(*problem);
    }
    let source = Source::mapped(name, text, places);
    match root {
        Some(root) if problems.is_empty() => (source, Ok(root)),
        _ => {
            source.place(&mut problems);
            (source, Err(problems))
        }
    }
}
