//! A gate as the rules see it.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::Text;
use super::lenient::{Notes, Seen, Shape, Skip, next_key, next_value};
use super::part::Entries;

/// A gate, of which matters whether it says anything, and whether somebody looks at the work.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) is_empty: bool,
    pub(crate) is_review: bool,
}

/// Gates by stage.
pub(super) type Stages<'a> = Entries<'a, Option<Vec<Gate>>>;

impl<'de> Shape<'de> for Gate {
    fn from_text(text: Cow<'de, str>, notes: &Notes) -> Self {
        let is_empty = is_blank(&text);
        notes.doubt_unless(!is_empty);
        Gate {
            is_empty,
            is_review: is_review(&text),
        }
    }

    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        notes.doubt();
        let mut gate = Gate {
            is_empty: true,
            ..Gate::default()
        };
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            let Said { is_something, text } = next_value(&mut entries, notes)?;
            let is_kind = matches!(
                &*key,
                "command"
                    | "assert"
                    | "tests"
                    | "paths"
                    | "cleanTree"
                    | "artifact"
                    | "review"
                    | "manual"
            );
            gate.is_empty &= !(is_kind && is_something);
            gate.is_review |= is_something && matches!(&*key, "review" | "manual");
            gate.is_review |= text.is_some_and(|text| is_review(&text));
        }
        Ok(gate)
    }
}

/// Whether the words of a gate ask somebody to look at the work.
fn is_review(text: &str) -> bool {
    text.to_lowercase().contains("review")
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| b" \t\r\n".contains(&byte))
}

/// Whether a value says something: not null, not false, not blank, not empty.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) is_something: bool,
    text: Text<'a>,
}

impl<'de> Shape<'de> for Said<'de> {
    fn from_text(text: Cow<'de, str>, notes: &Notes) -> Self {
        let is_something = !is_blank(&text);
        notes.doubt_unless(is_something);
        Said {
            is_something,
            text: Some(text),
        }
    }

    fn from_truth(truth: bool, notes: &Notes) -> Self {
        notes.doubt();
        Said {
            is_something: truth,
            text: None,
        }
    }

    fn from_items<A: serde::de::SeqAccess<'de>>(items: A, notes: &Notes) -> Result<Self, A::Error> {
        notes.doubt();
        let is_something = !Vec::<Skip>::from_items(items, notes)?.is_empty();
        Ok(Said {
            is_something,
            text: None,
        })
    }

    fn from_entries<A: MapAccess<'de>>(entries: A, notes: &Notes) -> Result<Self, A::Error> {
        notes.doubt();
        Skip::from_entries(entries, notes)?;
        Ok(Said {
            is_something: true,
            text: None,
        })
    }
}
