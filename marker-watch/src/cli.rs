//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use schemas::Speech;
use schemas::stream::Dialect;

use crate::help::{DETAILS, EXAMPLES};

/// Read what agents print, and write their markers as records
#[derive(Debug, Parser)]
#[command(version, long_about = DETAILS, after_long_help = EXAMPLES, after_help = "More: marker-watch --help", max_term_width = 110)]
pub(crate) struct Cli {
    /// What to read: files, folders, globs, `-` for stdin; NAME=FILE names what owns the id NAME
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<OsString>,

    /// Read on when files grow, are rotated, or appear later
    #[arg(short, long, help_heading = "Sources")]
    pub(crate) follow: bool,

    /// Look at followed files every TIME (250ms) instead of being told of changes
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "250ms",
        requires = "follow",
        value_parser = schemas::time::duration_parser(),
        help_heading = "Sources"
    )]
    pub(crate) poll: Option<Duration>,

    /// Remember in FILE how far files were read, and go on there
    #[arg(
        long,
        value_name = "FILE",
        requires = "follow",
        help_heading = "Sources"
    )]
    pub(crate) state: Option<PathBuf>,

    /// Read a pane of tmux, its history first; may be given several times
    #[arg(long, value_name = "TARGET", help_heading = "Sources")]
    pub(crate) tmux: Vec<String>,

    /// Give the command a terminal of its own
    #[arg(long, requires = "command", help_heading = "Sources")]
    pub(crate) pty: bool,

    /// Copy the input to stderr as it comes
    #[arg(long, help_heading = "Sources")]
    pub(crate) tee: bool,

    /// Count only markers of exactly this id; may be given several times
    #[arg(long, value_name = "ID", help_heading = "What counts")]
    pub(crate) id: Vec<String>,

    /// What the input is: plain text, the event stream of an agent's program (of which only the assistant's own words
    /// count), or `auto`
    #[arg(long, value_name = "DIALECT", default_value = "text", value_parser = dialect, help_heading = "What counts")]
    pub(crate) dialect: Choice,

    /// Lines that were broken at this column are whole again
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(2..), help_heading = "What counts")]
    pub(crate) width: Option<u16>,

    /// Lines that fit are messages too, or markers when NAME is progress, done, error or question
    #[arg(long, value_name = "NAME=REGEX", help_heading = "What counts")]
    pub(crate) pattern: Vec<String>,

    /// Patterns of other tools: aid, ralph, gastown, status
    #[arg(long, value_name = "FAMILY", help_heading = "What counts")]
    pub(crate) family: Vec<String>,

    /// Report markers of ids that the source does not own, instead of believing them
    #[arg(long, help_heading = "What counts")]
    pub(crate) spoof_check: bool,

    /// Tell also what agents are at: working, silent, waiting-for-input, stalled, exited
    #[arg(long, help_heading = "What counts")]
    pub(crate) all_states: bool,

    /// Quiet for this time is silent
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        requires = "all_states",
        value_parser = schemas::time::duration_parser(),
        help_heading = "What counts"
    )]
    pub(crate) silence: Duration,

    /// Quiet for this time is stalled, unless a question is open
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10m",
        requires = "all_states",
        value_parser = schemas::time::duration_parser(),
        help_heading = "What counts"
    )]
    pub(crate) stall: Duration,

    /// Stop at the first marker of this kind, or when all have ended
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        default_value = "end",
        help_heading = "When to stop"
    )]
    pub(crate) until: Until,

    /// Give up when what --until names has not come in this time, such as 90s, 10m or 1h
    #[arg(
        long,
        value_name = "TIME",
        value_parser = schemas::time::duration_parser(),
        help_heading = "When to stop"
    )]
    pub(crate) timeout: Option<Duration>,

    /// What is written
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "records",
        help_heading = "Output"
    )]
    pub(crate) format: Format,

    /// At the end, write only the last record of each id
    #[arg(long, help_heading = "Output")]
    pub(crate) latest: bool,

    /// The run that the records name
    #[arg(
        long,
        value_name = "RUN",
        env = "ORCHESTRATE_RUN",
        default_value = "",
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub(crate) run: String,

    /// Run a command at an event: a record type, a state, `waiting`, `attention` or `*`
    #[arg(long, num_args = 2, value_names = ["EVENT", "CMD"], help_heading = "Output")]
    pub(crate) on: Vec<String>,

    /// Tell of results, errors, questions and stalls: `desktop`, `bell`, or a command
    #[arg(long, value_name = "HOW", help_heading = "Output")]
    pub(crate) notify: Vec<String>,

    /// A command to run and read; what it prints goes to stderr
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// A dialect; none when it is to be found out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice(pub(crate) Option<Dialect>);

fn dialect(word: &str) -> Result<Choice, String> {
    if word == "auto" {
        return Ok(Choice(None));
    }
    let known = |error: String| error.replace("(one of ", "(one of auto, ");
    word.parse()
        .map(|dialect| Choice(Some(dialect)))
        .map_err(known)
}

/// When to stop reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// A result
    Done,
    /// An error
    Error,
    /// A question
    Question,
    /// Any of these three
    Any,
    /// A result or an error of every --id; without ids, of every source
    All,
    /// The end of the input
    End,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A JSON record per line
    Records,
    /// A line per event, for people
    Text,
    /// A table of tasks: live on a terminal, at the end on stdout
    Table,
    /// A bar per task, live on a terminal; lines where there is none
    Bars,
}
