//! Records: one line of a run, flat JSON.

mod body;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use body::Body;

/// One line of a run: the journal's and stdout's.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Counts from 1 without a gap within a journal. 0: not yet appended.
    pub seq: u64,
    /// RFC 3339 UTC with milliseconds. Empty: not yet appended.
    pub time: String,
    /// The run; empty where there is none (`marker-watch` alone).
    pub run: String,
    /// What happened.
    pub body: Body,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    time: String,
    #[serde(default)]
    run: String,
}

impl Record {
    /// Reads one line. Unknown types become [`Body::Unknown`]; unknown fields are ignored
    /// (the line itself is what travels on).
    pub fn parse(line: &str) -> Result<Record, serde_json::Error> {
        let envelope: Envelope = serde_json::from_str(line)?;
        let body: Body = serde_json::from_str(line)?;
        Ok(Record {
            seq: envelope.seq,
            time: envelope.time,
            run: envelope.run,
            body,
        })
    }

    /// The record as one JSON object: `seq`, `time`, `type`, `run`, then the rest.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("seq".to_owned(), self.seq.into());
        object.insert("time".to_owned(), self.time.clone().into());
        let Ok(Value::Object(body)) = serde_json::to_value(&self.body) else {
            unreachable!("a body is always an object: its enum is internally tagged")
        };
        let mut fields = body.into_iter();
        if let Some((key, value)) = fields.next() {
            object.insert(key, value);
        }
        if !self.run.is_empty() {
            object.insert("run".to_owned(), self.run.clone().into());
        }
        object.extend(fields);
        object
    }

    /// The record as one line, without the line's end.
    pub fn to_line(&self) -> String {
        Value::Object(self.to_json()).to_string()
    }
}

/// What state shows of a task that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskLabel {
    /// The task's id.
    pub id: String,
    /// One line.
    #[serde(default)]
    pub title: String,
    /// Its project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptResult {
    /// The agent's work is there; the gates come next.
    Done,
    /// It ended with another exit code than 0, or by a signal that was not ours.
    Failed,
    /// It said that it cannot go on.
    Error,
    /// It ended well and showed no result: never a success.
    NoResult,
    /// It waits for an answer.
    Question,
    /// It took too long.
    TimedOut,
    /// It was silent for too long.
    Stalled,
    /// It never ran.
    LaunchFailed,
    /// Its dispatcher died; it was ended by the next one.
    Orphaned,
    /// It was told to stop.
    Cancelled,
}

/// Tokens, by kind. Unknown kinds are absent, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// Every task succeeded (or was skipped because its condition did not arise).
    Succeeded,
    /// At least one task did not.
    Failed,
    /// A person cancelled it.
    Cancelled,
}
