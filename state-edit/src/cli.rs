//! The command line.

mod checkpoint;
mod decision;
mod file;
mod lock;
mod look;
mod render;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use schemas::Speech;

use crate::expect::Expectation;

pub(crate) use checkpoint::{Checkpoint, CheckpointAction, CheckpointCreate, CheckpointRenew};
pub(crate) use decision::{Decision, DecisionAction, DecisionAsk, DecisionTake, DecisionWait};
pub(crate) use file::{Assignment, Delete, FileTerms, Get, Merge, Set};
pub(crate) use lock::{Lock, LockAction, LockName, LockTake};
pub(crate) use look::{
    Diff, Inbox, Log, LookFormat, Machine, MachineFormat, Next, Show, ShowFormat, Stats, Until,
    Wait,
};
pub(crate) use render::{Import, ImportFormat, Live, Render, RenderFormat};

/// Look at a run and change it, safely, while others write to it
///
/// Every edit is judged and appended to the run's journal as one step under its lock, synced, and printed as
/// the records that it wrote. state.json, the journal's sum, is brought up to date afterwards.
#[derive(Debug, Parser)]
#[command(version, subcommand_required = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The run directory
    #[arg(
        long,
        value_name = "DIR",
        env = "ORCHESTRATE_DIR",
        default_value = ".orchestrate",
        hide_env_values = true,
        global = true
    )]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) speech: Speech,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  state-edit show --format table            where the run stands, for people
  state-edit show /tasks/t3/outcome         one value of it, as JSON
  state-edit inbox --format text            what waits for you
  state-edit log --follow --type question   what agents ask, as they ask it
  state-edit answer t3 'use the v2 API'     answer the open question of t3
  state-edit approve                        let the run go on past its checkpoint
  state-edit retry t3 --expect /tasks/t3/outcome=failed
  my-dispatcher | state-edit record         keep the journal of another dispatcher
  state-edit lock deploy -- make deploy     one at a time, and no longer than an hour
  state-edit set state.yaml phase=testing   one value of a file; its comments and all else stay

Exit codes:
  0  done, shown, or nothing wrong
  1  refused: illegal now, not as expected, no such task or value; or verify found an error
  2  called wrongly
  3  no run there, a damaged journal, or input that is no record
  4  the disk is full, may not be written to, or failed
  5  wait: not in time
A command under a lock ends with its own code.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the state, or the value at a JSON Pointer
    Show(Show),
    /// Print the journal's records, one per line
    Log(Log),
    /// Print what waits for a person, most urgent first, one per line
    Inbox(Inbox),
    /// Print what would happen now, or by an event
    Next(Next),
    /// Print what is not the same at two places of the journal, one value per line
    Diff(Diff),
    /// Print durations, retries and cost: of the run, per agent and per project
    Stats(Stats),
    /// Check and draw a table of transitions: that of a run, or one's own
    Machine(Machine),
    /// Wait until something is approved, answered or settled
    Wait(Wait),
    /// Apply an event to the run
    ///
    /// Events of the state machine: start, manual_checkpoint, phase_complete, decision_required, quality_fail, error,
    /// all_complete, approve, approve_final_phase, reject, resume, skip, revision_complete, re_review, reopen.
    /// Control events: cancel, hold, release, retry, and skip with a task.
    Apply(Apply),
    /// Make a checkpoint: hold the run until a person has approved what they are shown
    Checkpoint(Checkpoint),
    /// Note a decision, ask for one, make it, or wait for it
    Decision(Decision),
    /// Let the run go on past a checkpoint, or a task past its manual gate
    Approve(Approve),
    /// Ask for changes at a checkpoint, or fail a task's manual gate
    Reject(Reject),
    /// Answer the open question of a task
    Answer(Say),
    /// Tell a task something that its agent gets with its next prompt
    Steer(Say),
    /// Cancel a task, or the run
    Cancel(Cancel),
    /// Have a settled task that did not succeed done again, and all that was skipped because of it
    Retry(Retry),
    /// Start nothing new until release
    Hold(Plain),
    /// End a hold: of the run, or of a route whose quota, login or bill was seen to
    Release(Release),
    /// Leave a task that is not settled undone; what depends on it goes on
    Skip(Skip),
    /// Take the last hold or release back; what has been acted on since is not undone
    Undo(Plain),
    /// Append records that another dispatcher made
    ///
    /// Reads one JSON record per line and appends each as it comes; what is there at once is appended at once.
    /// `seq`, `time` and `run` are given by the journal. Everything else is kept, also what this version does
    /// not know. A line that is no record ends it with code 3: the lines before it are appended, it and the
    /// lines after it are not. --expect is checked before the first line.
    Record(Record),
    /// Run a command under a named lock, or take, prolong, give back, list or seize one
    Lock(Lock),
    /// Check the journal line by line, and state.json and the run's files against it
    Verify(Verify),
    /// Mend a damaged journal, keeping a copy
    ///
    /// A damaged record becomes a note, so that those behind it keep their numbers; lines that were appended without a
    /// checksum get one; what can be no record is removed. state.json is made anew. What was done is printed.
    Repair(Repair),
    /// Put what has happened into an archive, and begin the journal anew with what it adds up to
    ///
    /// The archive (journal.FIRST-LAST.ndjson) stays in the run directory and is never changed or deleted. Every command reads
    /// on through it as if it were the journal; where it was taken away the state is still known, and what is older is not. A
    /// run goes on from there. No dispatcher may be at work.
    Compact,
    /// Print the run as one document: state, records and verdicts
    Export,
    /// Draw the run: as the files that people keep of runs, as a report, or as a page
    Render(Render),
    /// Show the run in the terminal as it goes, until it is finished
    Watch(Live),
    /// Read a Markdown state file back
    Import(Import),
    /// Print values of a JSON, YAML, TOML or Markdown file
    Get(Get),
    /// Give places of a file other values; everything else in it stays, byte for byte
    ///
    /// The file is locked, read, written beside itself, synced and renamed. Several places change together or not at all.
    /// A PATH is a JSON Pointer (/progress/phase) or keys with dots between them (progress.phase). What is missing on the
    /// way there is made.
    Set(Set),
    /// Take keys or entries out of a file
    Delete(Delete),
    /// Add entries to lists of a file; a list that is missing is made
    Append(Set),
    /// Change a file by a JSON Merge Patch (RFC 7396): values to set, null to delete
    Merge(Merge),
    /// Change a file by a JSON Patch (RFC 6902): add, remove, replace, move, copy, test
    Patch(Merge),
}

/// Conditions and origin of an edit.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// Only when the state has this value there; JSON, or a bare word for a string; `null` for none
    ///
    /// Compared inside the journal's lock, so nothing can come between. May be repeated: all must hold.
    #[arg(long, value_name = "POINTER=JSON")]
    pub(crate) expect: Vec<Expectation>,

    /// Who edits [default: $USER or $LOGNAME]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The event
    pub(crate) event: String,

    /// The task, for cancel, retry and skip
    #[arg(long, value_name = "ID")]
    pub(crate) task: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The checkpoint, or the task with a manual gate; needed when more than one waits
    #[arg(value_name = "CHECKPOINT|TASK")]
    pub(crate) what: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,

    /// Only what was shown with this digest, as /checkpoint/digest of the state names it
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// What must change; `-` reads it from stdin
    pub(crate) reason: String,

    /// The checkpoint, or the task with a manual gate; needed when more than one waits
    #[arg(long = "checkpoint", value_name = "CHECKPOINT|TASK")]
    pub(crate) what: Option<String>,

    /// What kind of change it is
    #[arg(long, value_name = "CATEGORY", value_enum)]
    pub(crate) category: Option<Category>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

/// Why something was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Category {
    /// Something else is wanted
    ScopeChange,
    /// It is not good enough
    QualityIssue,
    /// It is built in the wrong way
    DesignIssue,
    /// Something is not there
    MissingItem,
    /// None of these
    Other,
}

impl Category {
    /// As the wire names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Category::ScopeChange => "scope_change",
            Category::QualityIssue => "quality_issue",
            Category::DesignIssue => "design_issue",
            Category::MissingItem => "missing_item",
            Category::Other => "other",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Say {
    /// The task
    pub(crate) task: String,

    /// The text; `-` reads it from stdin
    pub(crate) text: String,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// The task; without one the whole run
    pub(crate) task: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The task
    pub(crate) task: String,

    /// Also when it succeeded
    #[arg(long)]
    pub(crate) force: bool,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Skip {
    /// The task
    pub(crate) task: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// A held route, as /routes of the state names it; without one the run's hold ends
    #[arg(conflicts_with = "reason")]
    pub(crate) route: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The records, one per line; `-` or nothing: stdin
    pub(crate) file: Option<PathBuf>,

    /// Append types that this version does not know, too
    #[arg(long)]
    pub(crate) allow_unknown: bool,

    /// Only when the state has this value there; checked before the first line
    #[arg(long, value_name = "POINTER=JSON")]
    pub(crate) expect: Vec<Expectation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyFormat {
    /// For people, on stderr
    Text,
    /// One document on stdout
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) format: VerifyFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// Say what would be done, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
