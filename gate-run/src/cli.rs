//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use schemas::Speech;

use crate::condition;
use crate::queue::Order;
use crate::report::Report;

/// Run the gates that work must pass, and answer with one verdict
///
/// Reads gates (JSON or YAML) from stdin, from FILE, or takes one command after `--`; runs the commands, compares the
/// metrics, reports what a person must confirm, and writes one verdict document to stdout. What the checks print goes to
/// stderr and to the log, never to stdout.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The gates: a gate document, a list of gates, or a plan; `-` or nothing: stdin. With --gates-from, a stage that is a
    /// git hook, or stdin on a terminal: gates.yaml, gates.yml or gates.json of --cwd
    #[arg(value_name = "FILE", conflicts_with = "gates")]
    pub(crate) file: Option<PathBuf>,

    /// The same as FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) gates: Option<PathBuf>,

    /// Run the gates of this stage only; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Vec<String>,

    /// Run up to N checks at once
    #[arg(short, long, value_name = "N", default_value = "1")]
    pub(crate) jobs: NonZeroUsize,

    /// How far to go after a required check did not pass
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) order: Order,

    /// The same as --order fail-fast
    #[arg(long, conflicts_with = "order")]
    pub(crate) fail_fast: bool,

    /// Take every gate as required, and what was skipped or left processes behind as failed
    #[arg(long)]
    pub(crate) strict: bool,

    /// Let a check pass that ran a test runner over no tests at all
    #[arg(long)]
    pub(crate) allow_no_tests: bool,

    /// Run the checks in this folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) cwd: PathBuf,

    /// Agent profiles (JSON or YAML) for reviews, added to those of the document and the built-in ones
    #[arg(long, value_name = "FILE", conflicts_with = "command")]
    pub(crate) agents: Option<PathBuf>,

    /// What conditions of gates ask for; without VALUE: true. May be given several times
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = condition::fact)]
    pub(crate) var: Vec<(String, String)>,

    /// When a check fails whose gate has a `fix`: run that once, and then everything again from the start
    #[arg(long, conflicts_with_all = ["list", "command"])]
    pub(crate) fix: bool,

    /// A JSON object of numbers by name, for assertions that do not say where their number comes from
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// The commit that the work began at, for what looks at changes: a commit id, better than a branch that moves
    #[arg(long, value_name = "REV", env = "GATE_BASE")]
    pub(crate) base: Option<String>,

    /// Read gates and baselines from this commit, and take a change to what the work is judged by as a finding
    #[arg(long, value_name = "REV", conflicts_with = "command")]
    pub(crate) gates_from: Option<String>,

    /// Take a check as passed whose `inputs`, command, environment and tool are as they were when it passed [default
    /// folder: gate-run in the user's caches]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub(crate) cache: Option<Option<PathBuf>>,

    /// Refuse to run anything when a command is unknown or may do lasting harm
    #[arg(long)]
    pub(crate) safe: bool,

    /// Store what is measured in the baselines, in place of comparing it with them
    #[arg(long)]
    pub(crate) record_baseline: bool,

    /// Longest time that one check may take, unless its gate says; such as 90s, 10m or 1h
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = schemas::time::duration_parser())]
    pub(crate) timeout: Duration,

    /// Time that a check has to end after SIGTERM, before SIGKILL
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = schemas::time::duration_parser())]
    pub(crate) grace: Duration,

    /// How often a command is tried again whose surroundings failed (network, memory, killed from outside)
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) retries: u32,

    /// Time before the first of these tries; it doubles with each
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = schemas::time::duration_parser())]
    pub(crate) backoff: Duration,

    /// Keep all that each check prints in a file of this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,

    /// Write the verdict to this file too; it says `not-run` until the last check has ended
    #[arg(long, value_name = "FILE")]
    pub(crate) verdict: Option<PathBuf>,

    /// Write the verdict for other tools, too: junit=FILE, sarif=FILE, github or markdown (to stderr, or to =FILE)
    #[arg(long, value_name = "FORMAT", value_parser = Report::parse)]
    pub(crate) report: Vec<Report>,

    /// Show what would run, one line per gate (stage, kind, required or optional, name, what is done), and run nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// Propose gates for the project in --cwd by its manifests, as a gate document on stdout, and run nothing
    #[arg(long, conflicts_with_all = ["file", "gates", "stage", "command", "list"])]
    pub(crate) detect: bool,

    #[command(flatten)]
    pub(crate) speech: Speech,

    /// One command, run as it stands
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["file", "gates", "stage"])]
    pub(crate) command: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  gate-run gates.yaml --stage before_deploy
  gate-run --quiet -- cargo test
  jq '{gates: {all: [\"npm test\", \"coverage >= 80%\"]}}' -n | gate-run --metrics coverage.json
  gate-run plan.json --list
  gate-run --base \"$(git merge-base main HEAD)\" --jobs 4 gates.yaml
  gate-run --gates-from origin/main --stage before_merge
  gate-run --stage pre-push                      in .git/hooks/pre-push, with gates.yaml
  gate-run --detect > gates.json
  gate-run archetype.yaml --stage after_feature --var typescript --fix

Exit codes:
  0      passed
  1      failed
  2      called wrongly
  3      the gates are missing, empty, unreadable or wrong: nothing was run
  4      a required check could not be run, or gate-run itself failed (then there is no verdict)
  5      a person must confirm the rest
  128+n  interrupted by signal n";
