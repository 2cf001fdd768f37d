//! What a bare string is: an assertion, a command, or a statement for a person.
//!
//! A statement is never run. A string that may be either is not run and not passed: it is reported as manual, with
//! what to write to have it run. A command whose program is merely missing stays a command.

use crate::assertion::Assertion;
use crate::tools::{BUILTINS, LATE_PROSE, PROSE, SCRIPTS, TARGETS, TOOLS, WORDS};

/// What a bare string is.
#[derive(Debug, PartialEq)]
pub(crate) enum Statement {
    /// A number to compare.
    Assertion(Assertion),
    /// For `sh -c`; with the program that must be there, when it is not the shell's own word.
    Command { program: Option<String> },
    /// For a person, with the reason why it was not taken for a command when one might think so.
    Manual { doubt: Option<String> },
}

/// Tells what `text` is. `is_program` says whether a word names a program where the gate would run.
pub(crate) fn read(text: &str, is_program: impl Fn(&str) -> bool) -> Statement {
    if let Some(assertion) = Assertion::parse_bare(text) {
        return Statement::Assertion(assertion);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    // `CI=1 npm test`, `! grep -q TODO src`: what counts is the word behind.
    let lead = words
        .iter()
        .take_while(|word| **word == "!" || is_setting(word))
        .count();
    let Some((first, tail)) = words[lead..].split_first() else {
        return Statement::Manual { doubt: None };
    };
    let shell = tail.iter().any(|word| is_shell(word));
    match class(first, tail, shell, &is_program) {
        Class::Shell => Statement::Command { program: None },
        Class::Program => Statement::Command {
            program: Some((*first).to_owned()),
        },
        Class::Doubt(doubt) => Statement::Manual {
            doubt: Some(format!(
                "not run, because {doubt}; write {{\"command\": …}} to have it run, {{\"manual\": …}} if a person must look"
            )),
        },
        Class::Prose => Statement::Manual { doubt: None },
    }
}

enum Class {
    /// The shell itself knows the first word.
    Shell,
    /// A program must be there.
    Program,
    /// It might be a command.
    Doubt(String),
    /// It is none.
    Prose,
}

fn class(first: &str, tail: &[&str], shell: bool, is_program: &impl Fn(&str) -> bool) -> Class {
    let or_doubt = |yes: bool, class: Class| {
        if yes {
            class
        } else {
            Class::Doubt(format!(
                "`{first}` is a command but the rest reads like a sentence"
            ))
        }
    };
    let closed = |end: &str| tail.last().is_some_and(|word| word.ends_with(end));
    match first {
        "[" | "[[" => return or_doubt(closed("]"), Class::Shell),
        "true" | "false" | ":" => return or_doubt(tail.is_empty() || shell, Class::Shell),
        "exit" | "sleep" if matches!(tail, [number] if number.parse::<f64>().is_ok()) => {
            return Class::Shell;
        }
        _ if first.starts_with(['(', '{']) && shell => return Class::Shell,
        _ if BUILTINS.contains(&first) => return or_doubt(shell, Class::Shell),
        _ if first.contains('/') => return path(first, tail, shell, is_program),
        _ => {}
    }
    if WORDS.contains(&first) {
        return or_doubt(shell || has_target(first, tail), Class::Program);
    }
    if TOOLS.contains(&first) {
        return or_doubt(shell || !is_prose(tail), Class::Program);
    }
    if shell {
        return Class::Program;
    }
    match (is_program(first), tail) {
        (true, []) => Class::Program,
        (true, _) => Class::Doubt(format!(
            "`{first}` is a program but the rest reads like a sentence"
        )),
        (false, []) => Class::Doubt(format!("there is no program `{first}`")),
        (false, _) => Class::Prose,
    }
}

/// `./check`, `scripts/check.sh`, but neither `/health answers` nor `UI/UX reviewed`.
fn path(first: &str, tail: &[&str], shell: bool, is_program: &impl Fn(&str) -> bool) -> Class {
    let explicit = ["./", "../", "~/"]
        .iter()
        .any(|start| first.starts_with(start));
    let script = SCRIPTS.iter().any(|end| first.ends_with(end));
    if is_program(first) || ((explicit || script || shell) && !is_prose(tail)) {
        // `~` is the shell's to expand.
        return if first.starts_with("~/") {
            Class::Shell
        } else {
            Class::Program
        };
    }
    Class::Doubt(format!("there is no program `{first}`"))
}

/// `NAME=value` before a command.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What only commands have: flags, operators, expansions. Not `<` and `>`, which statements compare with.
fn is_shell(word: &str) -> bool {
    let flag = word.strip_prefix("--").or(word.strip_prefix('-'));
    flag.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
        || matches!(word, "&&" | "||" | "|" | "2>&1" | "--")
        || word.starts_with('$')
}

/// A build tool is given targets, an interpreter a file.
fn has_target(first: &str, tail: &[&str]) -> bool {
    let target =
        |word: &str| TARGETS.contains(&word.split(['-', '_', ':', '.']).next().unwrap_or(word));
    let file = |word: &str| {
        word.starts_with("./")
            || word.starts_with("../")
            || (word.contains(['/', '.', '=', ':']) && !word.ends_with(['.', ':']))
    };
    match tail {
        [] => TOOLS.contains(&first),
        _ if is_prose(tail) => false,
        [second, _, ..] if *second == "run" || file(second) => true,
        all => all.iter().all(|word| target(word) || file(word)),
    }
}

/// `npm test passes`, `docker image scanned`; not `npm run clean`.
fn is_prose(tail: &[&str]) -> bool {
    const NO_PARTICIPLES: [&str; 6] = ["embed", "feed", "seed", "speed", "typed", "shed"];
    tail.iter().enumerate().any(|(at, word)| {
        let script = at > 0 && matches!(tail[at - 1], "run" | "run-script" | "exec");
        let participle = word.len() > 4 && word.ends_with("ed") && !NO_PARTICIPLES.contains(word);
        !script
            && (PROSE.contains(word)
                || (at > 0 && LATE_PROSE.contains(word))
                || (participle && word.chars().all(|c| c.is_ascii_alphabetic())))
    })
}

#[cfg(test)]
mod tests;
