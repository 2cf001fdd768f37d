//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use schemas::{Pipeline, Speech};

use crate::minutes::Minutes;
use crate::select;

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

    /// Minutes of tasks without an estimate, by complexity: low=5,high=120; `other` is for all other words and none
    #[arg(long, value_name = "WORD=N", value_delimiter = ',', value_parser = minutes)]
    pub(crate) minutes: Vec<(String, Minutes)>,

    /// What to write to stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "json")]
    pub(crate) format: Format,

    /// How agents work: by themselves, in teams that can be steered, or what the task asks for
    #[arg(long, value_name = "MODE", value_enum)]
    pub(crate) mode: Option<Mode>,

    #[command(flatten)]
    pub(crate) choice: Choice,

    #[command(flatten)]
    pub(crate) question: Question,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// Which tasks are scheduled; all, when nothing is said.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Tasks")]
pub(crate) struct Choice {
    /// Those of these projects, by name or alias
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) project: Vec<String>,

    /// Those of these phases
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) phase: Vec<String>,

    /// Those of these priorities, P0 to P3
    #[arg(long, value_name = "P", value_delimiter = ',', value_parser = select::priority)]
    pub(crate) priority: Vec<u8>,

    /// Those of priority P0
    #[arg(long)]
    pub(crate) fires_only: bool,

    /// These
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// And all that they wait for; else what is not among them counts as done
    #[arg(long)]
    pub(crate) with_dependencies: bool,

    /// Those of the first N waves
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_waves: Option<u32>,

    /// Without design and review (quick), without design (standard), or all (full)
    #[arg(long, value_name = "NAME", value_parser = pipeline)]
    pub(crate) pipeline: Option<Pipeline>,

    /// Without those that touch the branch in production (`sensitive: [main]`), and what waits for them
    #[arg(long)]
    pub(crate) no_main: bool,
}

/// What is told instead of the schedule.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Questions")]
pub(crate) struct Question {
    /// What may start now, and why the rest may not
    #[arg(long, conflicts_with_all = ["simulate", "explain", "actual"])]
    pub(crate) ready: bool,

    /// State of the run, for --ready, --explain and --mode; a file that is not there yet means that nothing has begun
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Why the task stands where it does, in sentences
    #[arg(long, value_name = "TASK", conflicts_with_all = ["simulate", "actual"])]
    pub(crate) explain: Option<String>,

    /// How long it may take: N runs with times drawn at random, and with 1 to 16 slots
    #[arg(long, value_name = "N", conflicts_with = "actual", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) simulate: Option<u32>,

    /// Eight of ten tasks take between their minutes ÷ F and × F, for --simulate
    #[arg(long, value_name = "F", default_value = "2", requires = "simulate", value_parser = spread)]
    pub(crate) spread: f64,

    /// What the times are drawn from: the same number, the same times
    #[arg(long, value_name = "N", default_value = "1", requires = "simulate")]
    pub(crate) seed: u64,

    /// The journal, records or run directory of a run, to draw beside the estimate; with --format gantt-svg
    #[arg(long, value_name = "FILE")]
    pub(crate) actual: Option<PathBuf>,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON document, for the next stage
    Json,
    /// Columns, for people
    Table,
    /// Tasks below what they wait for
    Tree,
    /// A graph for Graphviz
    Dot,
    /// A graph for Markdown
    Mermaid,
    /// Lanes and slots over time, as a picture
    GanttSvg,
    /// What a run would do, in words; nothing is done
    Text,
}

/// How agents work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Each by itself
    Subagents,
    /// As members of teams
    Teams,
    /// Teams for what touches several repositories or something sensitive, subagents for the rest
    Hybrid,
}

fn minutes(text: &str) -> Result<(String, Minutes), String> {
    let wrong = || format!("{text} is not of the form WORD=MINUTES");
    let (word, minutes) = text.split_once('=').ok_or_else(wrong)?;
    let minutes = minutes.trim().parse().ok().and_then(Minutes::new);
    Ok((word.trim().to_owned(), minutes.ok_or_else(wrong)?))
}

fn pipeline(text: &str) -> Result<Pipeline, String> {
    match text {
        "quick" => Ok(Pipeline::Quick),
        "standard" => Ok(Pipeline::Standard),
        "full" => Ok(Pipeline::Full),
        _ => Err("a pipeline is one of quick, standard, full".to_owned()),
    }
}

fn spread(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| format!("{text} is no number"))?;
    if (1.0..=100.0).contains(&factor) {
        Ok(factor)
    } else {
        Err("a spread is a factor from 1 to 100".to_owned())
    }
}

const EXAMPLES: &str = "\
Examples:
  plan-validate plan.yaml | plan-schedule | agent-dispatch
  plan-schedule plan.json --format table
  plan-schedule plan.json --format gantt-svg >plan.svg
  plan-schedule plan.json | jq .estimate
  plan-schedule plan.json --only t4 --with-dependencies | agent-dispatch
  plan-schedule plan.json --explain t4
  plan-schedule plan.json --simulate 1000 --format table
  plan-schedule plan.json --ready --state .orchestrate/state.json | jq -r '.ready[]'

A task without estimatedMinutes takes what its complexity says: trivial 5, low or quick 10,
medium or standard 30, high or complex 60, anything else 15 minutes (--minutes changes that).

Exit codes:
  0  scheduled
  1  the plan cannot be scheduled, or the state is of another plan
  2  called wrongly
  3  missing, empty, or no plan
  4  the surroundings failed";
