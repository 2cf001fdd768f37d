//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use schemas::Speech;

/// Put the tasks of a plan in order: waves, lanes, priorities, and how long it will take
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The plan; `-` or nothing: stdin
    pub(crate) file: Option<PathBuf>,

    /// Tasks at once [default: limits.maxConcurrent of the plan, else 5]
    #[arg(
        short = 'j',
        long,
        visible_alias = "jobs",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) max_concurrent: Option<u32>,

    /// Let each wave wait for the whole one before it
    #[arg(long)]
    pub(crate) barriers: bool,

    /// What to write to stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    pub(crate) format: Format,

    /// Tell what may start now instead of writing the schedule
    #[arg(long)]
    pub(crate) ready: bool,

    /// State of the run, for --ready; a file that is not there yet means that nothing has begun
    #[arg(long, value_name = "FILE", requires = "ready")]
    pub(crate) state: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON document, for the next stage
    Json,
    /// Columns, for people
    Table,
}

const EXAMPLES: &str = "\
Examples:
  plan-validate plan.yaml | plan-schedule | agent-dispatch
  plan-schedule plan.json --format table
  plan-schedule plan.json | jq .estimate
  plan-schedule plan.json --ready --state .orchestrate/state.json | jq -r '.ready[]'

A task without estimatedMinutes takes what its complexity says: trivial 5, low or quick 10,
medium or standard 30, high or complex 60, anything else 15 minutes.

Exit codes:
  0  scheduled
  1  the plan cannot be scheduled, or the state is of another plan
  2  called wrongly
  3  missing, empty, or no plan
  4  the surroundings failed";
