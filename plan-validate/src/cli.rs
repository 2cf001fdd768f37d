//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use schemas::Speech;

use crate::catalogue::Rule;
use crate::dialect::{self, Dialect};
use crate::levels::Levels;

const EXAMPLES: &str = "\
Examples:
  plan-validate plan.json                       is it sound? writes it on, unchanged
  plan-validate plan.yaml | plan-schedule       YAML becomes JSON on the way
  plan-validate specs/001-clock | plan-schedule so does the folder of another tool's plan
  plan-validate .taskmaster/tasks/tasks.json --tag search | plan-schedule
  plan-validate --strict --problems json < plan.json > /dev/null
  plan-validate --deny thin-description --allow V081 plan.json
  plan-validate --fix plan.yaml | less          what could be fixed; --fix --write does it
  plan-validate --explain V043                  what a rule is about, with examples
  my-scheduler < plan.json | plan-validate --as schedule | agent-dispatch

Exit codes:
  0  valid
  1  a rule is broken (with --strict also: there are warnings)
  2  called wrongly
  3  missing, empty, not JSON or YAML, or not of the schema
  4  the surroundings failed";

/// Check a plan and write it on as canonical JSON
///
/// Reports everything that is wrong at once, each problem with its place and advice, on stderr.
/// The plan goes to stdout only when it has no error: JSON as it came, byte by byte; all else as JSON.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The plan, or the folder of one; `-` or nothing: stdin
    pub(crate) file: Option<PathBuf>,

    /// What is read; `auto` looks at the content and says what it decided
    #[arg(long, value_name = "FORM", value_enum, default_value = "auto")]
    pub(crate) from: From,

    /// Repeat the per-feature phases of an archetype for these, and settle its conditions (features.yaml)
    #[arg(long, value_name = "FILE")]
    pub(crate) features: Option<PathBuf>,

    /// Read the tasks of this tag of a task-master file [default: the current one, else master]
    #[arg(long, value_name = "NAME")]
    pub(crate) tag: Option<String>,

    /// Check another document of the contract, or lines of them (NDJSON)
    #[arg(long = "as", value_name = "KIND", value_enum, default_value = "plan")]
    pub(crate) kind: Kind,

    /// How to report problems on stderr
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) problems: Format,

    /// Treat warnings as errors: `--deny warnings`
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) levels: Levels,

    /// Show as a diff what can be fixed without judgement
    ///
    /// Takes out dependencies that are redundant or stand twice, and derives `executionOrder` where there is none or a
    /// wrong one. All other bytes stay. What is left is reported, and tells the exit code.
    #[arg(long, conflicts_with = "kind")]
    pub(crate) fix: bool,

    /// Write what --fix would show to FILE
    #[arg(long, requires = "fix", requires = "file")]
    pub(crate) write: bool,

    /// Explain a rule by its code or number, or list all rules
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "", value_parser = asked)]
    pub(crate) explain: Option<Asked>,

    #[command(flatten)]
    pub(crate) speech: Speech,
}

/// What is to be explained.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    All,
    One(&'static Rule),
}

fn asked(name: &str) -> Result<Asked, String> {
    match name {
        "" => Ok(Asked::All),
        name => Rule::find(name)
            .map(Asked::One)
            .ok_or_else(|| Rule::unknown(name)),
    }
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// A dialect that it looks like, else JSON when it begins with `{` or `[`, else YAML
    Auto,
    /// JSON
    Json,
    /// YAML 1.2
    Yaml,
    /// plan.md of open-agent-toolkit, with implementation.md and state.md beside it
    Oat,
    /// A .orchestra folder, or one of its milestones
    Orchestra,
    /// An archetype of OMGKIT, with --features
    Archetype,
    /// tasks.md of spec-kit
    SpecKit,
    /// The folder of an epic of ccpm
    Ccpm,
    /// A task list of Claude Code, as ops-orchestrate makes it: JSON, TaskCreate calls, or its folder
    Tasks,
    /// A tasks.json of task-master
    TaskMaster,
    /// An issues.jsonl of beads
    Beads,
}

impl From {
    /// The dialect that is named.
    pub(crate) fn dialect(self) -> Option<&'static Dialect> {
        let value = self.to_possible_value()?;
        let named = |dialect: &&&Dialect| dialect.name == value.get_name();
        dialect::ALL.iter().find(named).copied()
    }
}

/// The documents of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A plan, with all its rules
    Plan,
    /// A schedule, with the rules of the plan in it
    Schedule,
    /// The lines of a run
    Record,
    /// What gate-run answers
    Verdict,
    /// The state of a run
    State,
    /// What --problems json writes
    Problem,
    /// Gates by stage
    Gates,
    /// Agent profiles by name
    Agents,
}

impl Kind {
    /// The name of its schema.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Plan => "plan",
            Kind::Schedule => "schedule",
            Kind::Record => "record",
            Kind::Verdict => "verdict",
            Kind::State => "state",
            Kind::Problem => "problem",
            Kind::Gates => "gates",
            Kind::Agents => "agents",
        }
    }
}

/// How problems are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With the source line and a caret
    Text,
    /// One JSON document per line
    Json,
    /// One document of SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Annotations of GitHub's workflow commands
    Github,
}
