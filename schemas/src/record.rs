//! Records: one line of a run, flat JSON.

mod body;
mod types;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use body::Body;
pub use types::RECORD_TYPES;

/// One line of a run: the journal's and stdout's.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Counts from 1 without a gap within a journal. 0: not yet appended.
    pub seq: u64,
    /// RFC 3339 UTC with milliseconds. Empty: not yet appended.
    pub time: String,
    /// The run; empty where there is none (`marker-watch` alone).
    pub run: String,
    /// Where `marker-watch` read it, when it reads several. A journal has none.
    pub source: Option<String>,
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
    source: Option<String>,
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
            source: envelope.source,
            body,
        })
    }

    /// The record as one line, without the line's end: `seq`, `time`, `type`, `run`, `source`, then the rest.
    pub fn to_line(&self) -> String {
        // Not by way of a `Value`: a `run-started` has a label for each task, and a map for each of a hundred thousand
        // labels is the most that a run ever needs at once.
        let json = |text: &str| Value::from(text).to_string();
        let Ok(body) = serde_json::to_string(&self.body) else {
            unreachable!("a body has no maps but those with keys that are strings")
        };
        let Some((kind, rest)) = body
            .strip_prefix(r#"{"type":""#)
            .and_then(|body| body.split_once('"'))
        else {
            unreachable!("a body begins with its type: its enum is internally tagged")
        };
        let mut line = String::with_capacity(body.len() + self.run.len() + 64);
        let (seq, time) = (self.seq, json(&self.time));
        line.push_str(&format!(r#"{{"seq":{seq},"time":{time},"type":"{kind}""#));
        if !self.run.is_empty() {
            line.push_str(r#","run":"#);
            line.push_str(&json(&self.run));
        }
        if let Some(source) = &self.source {
            line.push_str(r#","source":"#);
            line.push_str(&json(source));
        }
        line.push_str(rest);
        line
    }
}

/// A file as it was put before a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Relative to the folder that the run directory is in, or absolute.
    pub path: String,
    /// Of its bytes, 64 hexadecimal digits.
    pub sha256: String,
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

/// An agent that the run may start, and by which authority: decided before the first task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentLabel {
    /// Its profile.
    pub name: String,
    /// Where its program was found.
    #[serde(default)]
    pub program: String,
    /// The variable (`$NAME`) or file that shows that it may be used, `none needed`, or `assumed`. Never a value.
    #[serde(default)]
    pub authorization: String,
    /// The flags that say what it may do without asking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// What a budget in US dollars counts for it; absent where there is no such budget over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<CountedBy>,
    /// At which price its tokens are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_million_tokens: Option<f64>,
}

/// What a budget in US dollars counts for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CountedBy {
    /// The cost that it tells.
    Cost,
    /// The tokens that it tells, at a price: it tells no cost.
    Tokens,
    /// It tells neither: the budget does not bound it.
    Nothing,
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
    /// It was ended so that its session goes on with a message that it could not be given otherwise.
    Steered,
    /// What launched it ended well and its own end record is missing: nobody knows what it came to.
    Lost,
}

/// What kind of failure an attempt met: it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// It never ran.
    Launch,
    /// It ended with another exit code than 0, by a signal, or with its own word that it cannot go on.
    Crash,
    /// It ended well and showed no result.
    NoResult,
    /// A check that runs tests did not pass.
    Test,
    /// A check that builds did not pass.
    Build,
    /// The work had passed, and could not be merged.
    Merge,
    /// The model's server, or the way to it, failed.
    External,
    /// Too much for now: its route is held.
    Quota,
    /// Not signed in, or not allowed: a person is needed.
    Auth,
    /// Nothing left to pay with: a person is needed.
    Billing,
    /// It was silent for too long.
    Stalled,
    /// It took too long.
    Timeout,
    /// The conversation became too long for the model.
    Context,
    /// The session that it should go on with is not there.
    Session,
    /// What launched it says nothing of its end.
    Lost,
}

impl FailureClass {
    /// As the wire names it.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureClass::Launch => "launch",
            FailureClass::Crash => "crash",
            FailureClass::NoResult => "no-result",
            FailureClass::Test => "test",
            FailureClass::Build => "build",
            FailureClass::Merge => "merge",
            FailureClass::External => "external",
            FailureClass::Quota => "quota",
            FailureClass::Auth => "auth",
            FailureClass::Billing => "billing",
            FailureClass::Stalled => "stalled",
            FailureClass::Timeout => "timeout",
            FailureClass::Context => "context",
            FailureClass::Session => "session",
            FailureClass::Lost => "lost",
        }
    }
}

/// What an agent is at, as far as its output and its process tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivityState {
    /// It prints, or its terminal says that it is busy.
    Working,
    /// Its terminal says that it is not busy.
    Idle,
    /// Its terminal says that it is held up.
    Paused,
    /// Its terminal says that something went wrong.
    Failed,
    /// It has printed nothing for a while.
    Silent,
    /// It shows a prompt that is known to wait for somebody.
    WaitingForInput,
    /// It has printed nothing for so long that somebody should look.
    Stalled,
    /// It, or the command that it ran, has ended.
    Exited,
}

impl ActivityState {
    /// Every state there is.
    pub const ALL: [ActivityState; 8] = [
        ActivityState::Working,
        ActivityState::Idle,
        ActivityState::Paused,
        ActivityState::Failed,
        ActivityState::Silent,
        ActivityState::WaitingForInput,
        ActivityState::Stalled,
        ActivityState::Exited,
    ];

    /// As the wire names it.
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityState::Working => "working",
            ActivityState::Idle => "idle",
            ActivityState::Paused => "paused",
            ActivityState::Failed => "failed",
            ActivityState::Silent => "silent",
            ActivityState::WaitingForInput => "waiting-for-input",
            ActivityState::Stalled => "stalled",
            ActivityState::Exited => "exited",
        }
    }
}

/// What is done about an agent's silence, the gentlest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StallStep {
    /// It is said.
    Warned,
    /// The agent is told to go on or to say what it waits for.
    Nudged,
    /// The agent is stopped.
    #[default]
    Stopped,
}

/// Tokens, by kind. Unknown kinds are absent, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Read, what came from a cache included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Written, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Of what was read, from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
}

impl Usage {
    /// Read and written. What came from a cache is part of what was read.
    pub fn total(self) -> Option<u64> {
        match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        }
    }

    /// What came on top of what was known before: for programs that count a whole session. A count that is smaller than
    /// before began anew.
    #[must_use]
    pub fn since(self, earlier: Usage) -> Usage {
        let rest = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.checked_sub(before.unwrap_or(0)).unwrap_or(now))
        };
        Usage {
            input: rest(self.input, earlier.input),
            output: rest(self.output, earlier.output),
            cached: rest(self.cached, earlier.cached),
        }
    }

    /// Both together, kind by kind.
    #[must_use]
    pub fn plus(self, other: Usage) -> Usage {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        };
        Usage {
            input: sum(self.input, other.input),
            output: sum(self.output, other.output),
            cached: sum(self.cached, other.cached),
        }
    }
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
