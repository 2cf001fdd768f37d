//! What an agent asks leave for, and what it is answered.

use schemas::{Permissions, printable};
use serde_json::{Value, json};

/// Longest title that a person is shown, in characters.
const MAX_TITLE: usize = 500;

/// Longest question, in characters.
const MAX_QUESTION: usize = 2000;

/// Kinds of calls that change nothing.
const HARMLESS: [&str; 4] = ["read", "search", "think", "fetch"];

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    permissions: Permissions,
    /// The task changes nothing.
    read_only: bool,
}

impl Policy {
    /// What the profile says, or else the task's level: up to 1 it acts alone, at 4 a person does it.
    pub(crate) fn new(permissions: Option<Permissions>, level: u8, read_only: bool) -> Policy {
        let by_level = match level {
            0 | 1 => Permissions::Allow,
            2 | 3 => Permissions::Ask,
            _ => Permissions::Deny,
        };
        Policy {
            permissions: permissions.unwrap_or(by_level),
            read_only,
        }
    }

    /// None: a person is asked.
    pub(super) fn choice(self, asked: &Asked) -> Option<Choice> {
        let harmless = HARMLESS.contains(&asked.kind.as_str());
        match self.permissions {
            _ if self.read_only => Some(asked.by_kind(harmless)),
            Permissions::Allow => Some(asked.by_kind(true)),
            Permissions::Deny => Some(asked.by_kind(false)),
            Permissions::Ask => None,
        }
    }
}

/// One request for leave.
#[derive(Debug)]
pub(super) struct Asked {
    /// Of the request, as the agent counts.
    id: Value,
    kind: String,
    title: String,
    /// The title says all of what is asked for, and was not cut.
    is_whole: bool,
    options: Vec<Offer>,
}

#[derive(Debug)]
struct Offer {
    id: String,
    name: String,
    kind: String,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// One of the options, by its place.
    Option(usize),
    Cancelled,
}

impl Asked {
    pub(super) fn read(id: &Value, message: &Value) -> Option<Asked> {
        let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let params = message.get("params")?;
        let call = params.get("toolCall").unwrap_or(&Value::Null);
        let offer = |option: &Value| {
            Some(Offer {
                id: text(option, "optionId")?,
                name: text(option, "name").unwrap_or_default(),
                kind: text(option, "kind").unwrap_or_default(),
            })
        };
        let options = params.get("options")?.as_array()?;
        let named = text(call, "title").filter(|title| !title.trim().is_empty());
        let is_named = named.is_some();
        let title = named.unwrap_or_else(|| "use a tool".to_owned());
        Some(Asked {
            is_whole: is_named && title.chars().count() <= MAX_TITLE,
            id: id.clone(),
            kind: text(call, "kind").unwrap_or_default(),
            title: printable(&title).chars().take(MAX_TITLE).collect(),
            options: options.iter().filter_map(offer).collect(),
        })
    }

    /// In words for a person, the same for the same call.
    pub(super) fn question(&self) -> String {
        let offers: Vec<&str> = self
            .options
            .iter()
            .map(|offer| offer.name.as_str())
            .collect();
        let title = self.title.replace('\n', " ");
        let question = printable(&format!(
            "May it do this: {title}? (yes, no, or one of: {})",
            offers.join(", ")
        ));
        question.chars().take(MAX_QUESTION).collect()
    }

    /// Whether the question stands for this call and no other, so that one answer will do for both.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The option that a person means: by its name, its id, or a yes or no. None when it is none of these.
    pub(super) fn choice_of(&self, answer: &str) -> Option<Choice> {
        let answer = answer.trim();
        let same = |offer: &Offer| offer.name.eq_ignore_ascii_case(answer) || offer.id == answer;
        if let Some(place) = self.options.iter().position(same) {
            return Some(Choice::Option(place));
        }
        let mut words = answer.split(|c: char| !c.is_alphanumeric());
        let word = words.next().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "yes" | "y" | "ok" | "allow" | "allowed" | "approve" | "approved" => {
                Some(self.by_kind(true))
            }
            "no" | "n" | "deny" | "denied" | "reject" | "rejected" => Some(self.by_kind(false)),
            _ => None,
        }
    }

    /// The option for this once; the one for ever only when there is no other.
    pub(super) fn by_kind(&self, allow: bool) -> Choice {
        let kinds = if allow {
            ["allow_once", "allow_always"]
        } else {
            ["reject_once", "reject_always"]
        };
        let place = |kind: &&str| self.options.iter().position(|offer| offer.kind == **kind);
        let found = kinds.iter().find_map(place);
        found.map_or(Choice::Cancelled, Choice::Option)
    }

    pub(super) fn allows(&self, choice: &Choice) -> bool {
        match choice {
            Choice::Option(place) => self.options[*place].kind.starts_with("allow"),
            Choice::Cancelled => false,
        }
    }

    pub(super) fn answer(&self, choice: &Choice) -> Value {
        let outcome = match choice {
            Choice::Option(place) => {
                json!({"outcome": "selected", "optionId": self.options[*place].id})
            }
            Choice::Cancelled => json!({"outcome": "cancelled"}),
        };
        json!({"jsonrpc": "2.0", "id": self.id, "result": {"outcome": outcome}})
    }
}
