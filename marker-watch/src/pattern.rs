//! Lines beside the four markers that mean something: by patterns of one's own, and by those of other tools.

use regex::Regex;
use schemas::Failure;
use schemas::marker::MarkerKind;
use serde::Deserialize;

/// Lines that mean something.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    name: String,
    regex: Regex,
}

/// What a line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// A marker of this kind; a message for other names.
    pub(crate) kind: Option<MarkerKind>,
    /// The pattern's name.
    pub(crate) name: String,
    /// Whose it is, where the pattern has a group `id`.
    pub(crate) id: Option<String>,
    /// How far, where it has a group `percent`: 0 to 100.
    pub(crate) percent: Option<u8>,
    /// Its group `text`, or the line.
    pub(crate) text: String,
}

/// A pattern of another tool (`families.json`).
#[derive(Debug, Deserialize)]
struct Entry {
    family: String,
    name: String,
    pattern: String,
    #[cfg(test)]
    example: String,
}

impl Patterns {
    /// From `NAME=REGEX` of the command line, and the families that were named.
    pub(crate) fn new(own: &[String], families: &[String]) -> Result<Patterns, Failure> {
        let mut patterns = Vec::new();
        for text in own {
            let Some((name, regex)) = text.split_once('=').filter(|(name, _)| is_name(name)) else {
                let help = "such as --pattern 'milestone=^\\[MILESTONE\\] (?P<text>.+)'";
                return Err(
                    Failure::usage(format!("--pattern takes NAME=REGEX, not {text}")).help(help),
                );
            };
            let regex = Regex::new(regex).map_err(|error| {
                let why = error.to_string();
                let why = why
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ");
                Failure::usage(format!("--pattern {name} is no regular expression: {why}"))
            })?;
            patterns.push(Pattern {
                name: name.to_owned(),
                regex,
            });
        }
        let known = entries();
        for family in families {
            let of_family: Vec<&Entry> = known
                .iter()
                .filter(|entry| entry.family == *family)
                .collect();
            if of_family.is_empty() {
                let mut names: Vec<&str> =
                    known.iter().map(|entry| entry.family.as_str()).collect();
                names.dedup();
                let help = format!("it is one of {}", names.join(", "));
                return Err(Failure::usage(format!("--family knows no {family}")).help(help));
            }
            for entry in of_family {
                let regex = Regex::new(&entry.pattern);
                patterns.extend(regex.ok().map(|regex| Pattern {
                    name: entry.name.clone(),
                    regex,
                }));
            }
        }
        Ok(Patterns(patterns))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the line means, by each pattern that fits it.
    pub(crate) fn meanings<'a>(&'a self, line: &'a str) -> impl Iterator<Item = Meaning> + 'a {
        self.0.iter().filter_map(move |pattern| {
            let groups = pattern.regex.captures(line)?;
            let group = |name: &str| {
                groups
                    .name(name)
                    .map(|group| group.as_str().trim().to_owned())
            };
            let percent = group("percent").and_then(|text| text.parse::<u64>().ok());
            Some(Meaning {
                kind: kind(&pattern.name),
                name: pattern.name.clone(),
                id: group("id").filter(|id| !id.is_empty()),
                percent: percent.map(|percent| percent.min(100) as u8),
                text: group("text").unwrap_or_else(|| line.trim().to_owned()),
            })
        })
    }
}

fn entries() -> Vec<Entry> {
    serde_json::from_str(include_str!("../families.json")).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(plain)
}

fn kind(name: &str) -> Option<MarkerKind> {
    let kinds = [
        MarkerKind::Progress,
        MarkerKind::Done,
        MarkerKind::Error,
        MarkerKind::Question,
    ];
    kinds.into_iter().find(|kind| kind.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_knows_its_examples() {
        for entry in entries() {
            let patterns =
                Patterns::new(&[], std::slice::from_ref(&entry.family)).expect("a family");
            let meanings: Vec<Meaning> = patterns.meanings(&entry.example).collect();
            assert_eq!(meanings.len(), 1, "{}", entry.example);
            assert_eq!(meanings[0].name, entry.name);
            assert_eq!(
                patterns
                    .meanings(&format!("he said {}", entry.example))
                    .count(),
                0,
                "{}",
                entry.example
            );
        }
        assert!(Patterns::new(&[], &["nobody".to_owned()]).is_err());
    }

    #[test]
    fn groups_say_who_how_far_and_what() {
        let own = [
            r"progress=^step (?P<percent>\d+)/100 of (?P<id>\S+): (?P<text>.*)$".to_owned(),
            "ticket=ABC-[0-9]+".to_owned(),
        ];
        let patterns = Patterns::new(&own, &[]).expect("patterns");
        let meaning = patterns
            .meanings("step 450/100 of t7: half")
            .next()
            .expect("it fits");
        assert_eq!(
            (meaning.kind, meaning.percent),
            (Some(MarkerKind::Progress), Some(100))
        );
        assert_eq!(
            (meaning.id.as_deref(), meaning.text.as_str()),
            (Some("t7"), "half")
        );
        let ticket = patterns.meanings("  sees ABC-12 ").next().expect("it fits");
        assert_eq!(
            (ticket.kind, ticket.name.as_str(), ticket.text.as_str()),
            (None, "ticket", "sees ABC-12")
        );
        for wrong in ["no-equals", "=x", "a b=x", "x=("] {
            assert!(Patterns::new(&[wrong.to_owned()], &[]).is_err(), "{wrong}");
        }
    }
}
