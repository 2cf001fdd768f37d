//! A command in a document: an argv array, or a string for `sh -c`.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What to run. An array is run as it is; a string is run by `sh -c`, as make does (DESIGN §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Program and arguments, never empty.
    Argv(Vec<String>),
    /// One line for the shell.
    Shell(String),
}

impl Command {
    /// The argv to execute.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Command::Argv(argv) => argv.clone(),
            Command::Shell(line) => vec!["sh".to_owned(), "-c".to_owned(), line.clone()],
        }
    }
}

/// As a person would read it; not for running.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Shell(line) => f.write_str(line),
            Command::Argv(argv) => {
                for (index, word) in argv.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    let plain = !word.is_empty()
                        && word
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&b));
                    if plain {
                        write!(f, "{space}{word}")?;
                    } else {
                        write!(f, "{space}'{}'", word.replace('\'', r"'\''"))?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Command::Argv(argv) => argv.serialize(serializer),
            Command::Shell(line) => line.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Command, D::Error> {
        deserializer.deserialize_any(CommandVisitor)
    }
}

/// By hand, because `untagged` would answer "did not match any variant".
struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = Command;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a command: a string for the shell or an array of arguments")
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Command, E> {
        if line.trim().is_empty() {
            return Err(E::custom("the command is empty"));
        }
        Ok(Command::Shell(line.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Command, A::Error> {
        let mut argv = Vec::new();
        while let Some(word) = seq.next_element::<String>()? {
            argv.push(word);
        }
        if argv.first().is_none_or(String::is_empty) {
            return Err(A::Error::custom("the command is empty"));
        }
        Ok(Command::Argv(argv))
    }
}
