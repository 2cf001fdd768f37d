//! Known prompts of known agents, at which a program waits for somebody (`prompts.json`).

use regex::Regex;
use serde::Deserialize;

/// Of what was printed last, so many bytes are looked at.
pub(crate) const TAIL: usize = 4 << 10;

/// All that are known.
#[derive(Debug)]
pub(crate) struct Prompts(Vec<(Known, Regex)>);

#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(rename_all = "kebab-case"))]
struct Known {
    name: String,
    pattern: String,
    /// Among how many of the last lines that are not empty.
    within: usize,
    #[cfg(test)]
    agent: String,
    #[cfg(test)]
    waits: Vec<String>,
    #[cfg(test)]
    goes_on: Vec<String>,
}

/// A prompt that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waits {
    /// Its name in the list.
    pub(crate) name: String,
    /// The line that it was known by.
    pub(crate) line: String,
}

impl Prompts {
    /// Read when they are first needed: they are compiled in a few milliseconds.
    pub(crate) fn known() -> Prompts {
        let known: Vec<Known> =
            serde_json::from_str(include_str!("../prompts.json")).unwrap_or_default();
        let compiled = known.into_iter().filter_map(|known| {
            let pattern = Regex::new(&known.pattern).ok()?;
            Some((known, pattern))
        });
        Prompts(compiled.collect())
    }

    /// The prompt that the last words of a terminal are.
    pub(crate) fn at_the_end_of(&self, tail: &[u8]) -> Option<Waits> {
        // Each is a line's end here: what is drawn over may be the prompt.
        let tail: Vec<u8> = tail
            .iter()
            .map(|&byte| if byte == b'\r' { b'\n' } else { byte })
            .collect();
        let text = schemas::terminal::plain(&tail);
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.collect();
        self.0.iter().find_map(|(known, pattern)| {
            let last = lines.iter().rev().take(known.within);
            let line = last.into_iter().find(|line| pattern.is_match(line))?;
            Some(Waits {
                name: known.name.clone(),
                line: line.trim().to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_prompt_is_known_by_its_examples_and_by_nothing_else() {
        let prompts = Prompts::known();
        let all: Vec<Known> =
            serde_json::from_str(include_str!("../prompts.json")).expect("the list is a list");
        assert_eq!(prompts.0.len(), all.len(), "every pattern is one");
        for known in all {
            let name = known.name;
            assert!(
                !known.waits.is_empty() && !known.goes_on.is_empty(),
                "{name}"
            );
            assert!(
                known.agent.is_empty() || name.starts_with(&known.agent),
                "{name}"
            );
            for screen in known.waits {
                let coloured = format!("\x1b[2J\x1b[1m{}\x1b[0m", screen.replace('\n', "\r\n"));
                for screen in [screen, coloured] {
                    let waits = prompts.at_the_end_of(screen.as_bytes());
                    let found = waits.as_ref().map(|waits| waits.name.as_str());
                    assert_eq!(found, Some(name.as_str()), "{screen:?}");
                }
            }
            for screen in known.goes_on {
                assert_eq!(
                    prompts.at_the_end_of(screen.as_bytes()),
                    None,
                    "{name}: {screen:?}"
                );
            }
        }
    }

    #[test]
    fn what_was_answered_long_ago_waits_no_more() {
        let mut screen = "Do you want to proceed?\n❯ 1. Yes\n".to_owned();
        assert!(Prompts::known().at_the_end_of(screen.as_bytes()).is_some());
        screen.push_str(&"working\n".repeat(12));
        assert_eq!(Prompts::known().at_the_end_of(screen.as_bytes()), None);
    }
}
