//! `state.json`, held against the fold.

use std::path::Path;

use schemas::journal::{self, Journal};
use schemas::{Problem, Severity, State};
use serde_json::Value;

use super::walk::Walk;

/// As many places are named where the two differ.
const NAMED: usize = 5;

/// The saved state as it was found.
pub(super) enum Snapshot {
    Missing,
    Unreadable(String),
    There(Box<State>),
}

impl Snapshot {
    pub(super) fn read(dir: &Path) -> Snapshot {
        match std::fs::read(dir.join("state.json")) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(state) => Snapshot::There(Box::new(state)),
                Err(error) => Snapshot::Unreadable(error.to_string()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Snapshot::Missing,
            Err(error) => Snapshot::Unreadable(error.to_string()),
        }
    }

    /// The record that it ends with; 0 when it ends with none.
    pub(super) fn last_seq(&self) -> u64 {
        match self {
            Snapshot::There(state) => state.last_seq,
            _ => 0,
        }
    }

    /// What is wrong with it.
    pub(super) fn compare(&self, walk: &Walk, journal: &Journal, dir: &Path) -> Option<Problem> {
        let mut problem = match self {
            Snapshot::Missing if walk.state.last_seq == 0 => None,
            Snapshot::Missing => Some(info("snapshot-missing", "there is no state.json")),
            Snapshot::Unreadable(why) => Some(Problem::error(
                "snapshot-unreadable",
                format!("state.json is no state: {why}"),
            )),
            Snapshot::There(state) => judge(state, walk, journal, dir),
        }?;
        problem.file = Some(dir.join("state.json").display().to_string());
        Some(problem.help("the next edit makes it anew from the journal"))
    }
}

fn judge(state: &State, walk: &Walk, journal: &Journal, dir: &Path) -> Option<Problem> {
    let Some(then) = &walk.then else {
        let message = format!(
            "state.json ends with record {}, the journal with record {}",
            state.last_seq, walk.state.last_seq
        );
        return (state.last_seq > 0).then(|| Problem::error("snapshot-foreign", message));
    };
    if let Some(places) = places(state, then) {
        let message = format!("state.json is not what the journal adds up to: {places}");
        return Some(Problem::error("snapshot-differs", message));
    }
    // It is of a place in what is an archive by now.
    if journal.is_archived(state.last_seq) {
        let message = "state.json is of before the journal was compacted";
        return journal::saved(dir, journal)
            .is_none()
            .then(|| info("snapshot-behind", message));
    }
    if journal::saved(dir, journal).is_none() {
        let message = "state.json names a place in the journal where its last record does not end";
        return Some(Problem::error("snapshot-foreign", message));
    }
    (state.last_seq < walk.state.last_seq).then(|| {
        let message = format!(
            "state.json is behind: record {} of {}",
            state.last_seq, walk.state.last_seq
        );
        info("snapshot-behind", &message)
    })
}

/// Where two states differ, in words; none when they do not.
pub(super) fn places(a: &State, b: &State) -> Option<String> {
    let mut places = Vec::new();
    differ(&json(a), &json(b), "", &mut places);
    // Where a record ends is no part of the fold.
    places.retain(|place| place != "/journalBytes");
    let more = places.len().saturating_sub(NAMED);
    places.truncate(NAMED);
    let named = places.join(", ");
    match (places.len(), more) {
        (0, _) => None,
        (_, 0) => Some(named),
        _ => Some(format!("{named} and {more} more")),
    }
}

fn json(state: &State) -> Value {
    serde_json::to_value(state).unwrap_or_default()
}

/// The pointers at which two values differ.
fn differ(a: &Value, b: &Value, at: &str, places: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let only_there = y.keys().filter(|key| !x.contains_key(*key));
            for key in x.keys().chain(only_there) {
                let at = format!("{at}/{}", schemas::source::escape(key));
                let (x, y) = (x.get(key), y.get(key));
                differ(
                    x.unwrap_or(&Value::Null),
                    y.unwrap_or(&Value::Null),
                    &at,
                    places,
                );
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (index, (x, y)) in x.iter().zip(y).enumerate() {
                differ(x, y, &format!("{at}/{index}"), places);
            }
        }
        _ if a == b => {}
        _ => places.push(at.to_owned()),
    }
}

fn info(code: &str, message: &str) -> Problem {
    Problem {
        severity: Severity::Info,
        ..Problem::error(code, message)
    }
}
