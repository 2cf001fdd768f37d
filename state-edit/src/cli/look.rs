//! The command line of what looks and changes nothing.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use schemas::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// The state document
    Json,
    /// For people
    Table,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LookFormat {
    /// For programs
    Json,
    /// For people
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// JSON Pointer into the state, such as /tasks/t3/status
    pub(crate) pointer: Option<String>,

    /// The state as it was after record SEQ
    #[arg(long, value_name = "SEQ")]
    pub(crate) at: Option<u64>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json", conflicts_with_all = ["pointer"])]
    pub(crate) format: ShowFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only records about this task; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) task: Vec<String>,

    /// Only records of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,

    /// Only what this person did; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Vec<String>,

    /// Only records after number SEQ
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub(crate) since: u64,

    /// Only records up to number SEQ
    #[arg(long, value_name = "SEQ")]
    pub(crate) until: Option<u64>,

    /// Only records from this time on: RFC 3339, or a duration back from now, such as 10m
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) after: Option<SystemTime>,

    /// Only records from before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) before: Option<SystemTime>,

    /// Only the last N of them
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<usize>,

    /// Go on until the run is finished, --until is reached, or the reader goes
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inbox {
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    pub(crate) format: LookFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Next {
    /// An event of the state machine: where would it lead?
    pub(crate) event: Option<String>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) format: LookFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// After this record
    pub(crate) from: u64,

    /// After this one; otherwise as it is now
    pub(crate) to: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// How to print them
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    pub(crate) format: ShowFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MachineFormat {
    /// `{initial, final[], transitions[{from, event, to}]}`
    Json,
    /// A state diagram
    Mermaid,
    /// For Graphviz
    Dot,
}

/// Check and draw a table of transitions: that of a run, or one's own
///
/// States that nothing leads to, states that nothing leads out of, and events that lead to two places end it with code 1.
#[derive(Debug, Args)]
pub(crate) struct Machine {
    /// One's own: `{"initial": STATE, "final": [STATE], "transitions": [{"from", "event", "to"}]}`; `-`: stdin
    #[arg(long = "machine", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    pub(crate) format: MachineFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// A person approved it; 1 when they rejected it
    Approved,
    /// A person answered its question
    Answered,
    /// It has its outcome; 1 when it did not succeed
    Settled,
}

/// Wait until something is approved, answered or settled
///
/// Prints the record that ended the wait. What has been so for long ends it at once.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// A task, or a checkpoint; without one the run, until it is finished
    #[arg(value_name = "TASK|CHECKPOINT")]
    pub(crate) what: Option<String>,

    /// What is waited for [default: an answer or an approval where it waits for one, otherwise its outcome]
    #[arg(long = "for", value_name = "WHAT", value_enum)]
    pub(crate) until: Option<Until>,

    /// No longer than this; code 5 when it is over
    #[arg(long, value_name = "DURATION", value_parser = time::duration_parser())]
    pub(crate) timeout: Option<Duration>,
}

/// A time, or how long it is ago.
fn moment(text: &str) -> Result<SystemTime, String> {
    if let Some(time) = time::parse(text) {
        return Ok(time);
    }
    let ago: Duration = time::parse_duration(text)
        .map_err(|_| format!("`{text}` is no RFC 3339 time and no duration such as 10m"))?;
    SystemTime::now()
        .checked_sub(ago)
        .ok_or_else(|| format!("{text} ago there was no time"))
}
