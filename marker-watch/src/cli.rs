//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use schemas::Speech;
use schemas::stream::Dialect;

/// Read what an agent prints, and write its markers as records
///
/// Reads a terminal log from stdin or FILE and writes one JSON record per marker to stdout, each as soon as its line is
/// complete. Markers are lines such as `[DONE:ID] text`, of the kinds PROGRESS, DONE, ERROR and QUESTION. Only markers
/// at the start of a line count; a prompt that explains them completes nothing.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The log; `-` or nothing: stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Count only markers of exactly this id; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,

    /// What the input is: plain text, or the event stream of a family of agents, of which only the assistant's own
    /// words count
    #[arg(long, value_name = "DIALECT", default_value = "text", value_parser = dialect)]
    pub(crate) dialect: Dialect,

    /// Stop at the first marker of this kind
    #[arg(long, value_name = "KIND", value_enum, default_value = "end")]
    pub(crate) until: Until,

    /// Give up when what --until names has not come in this time, such as 90s, 10m or 1h
    #[arg(long, value_name = "TIME", value_parser = schemas::time::duration_parser())]
    pub(crate) timeout: Option<Duration>,

    /// The run that the records name
    #[arg(
        long,
        value_name = "RUN",
        env = "ORCHESTRATE_RUN",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) run: String,

    /// Copy the input to stderr as it comes
    #[arg(long)]
    pub(crate) tee: bool,

    /// At the end, write only the last record of each id
    #[arg(long)]
    pub(crate) latest: bool,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

fn dialect(word: &str) -> Result<Dialect, String> {
    word.parse()
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
    /// The end of the input
    End,
}

const EXAMPLES: &str = "\
Examples:
  my-agent < prompt.md | marker-watch --id \"$TERMINAL_ID\" --tee
  marker-watch --latest run.log | jq -r '[.task, .type, .text] | @tsv'
  claude -p --output-format stream-json --verbose < prompt.md | marker-watch --dialect claude
  tail -F run.log | marker-watch --until any --timeout 30m

Exit codes:
  0  done
  1  an error, or no result marker, or no time left
  2  called wrongly
  3  the input is empty or cannot be read
  4  the surroundings failed
  5  a question is open

What an id said last counts. Of several ids, an error outweighs one that has said nothing, which outweighs a
question, which outweighs done.";
