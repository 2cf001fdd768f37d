//! The command line. No logic here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use schemas::Speech;
use schemas::time::parse_duration;

use crate::worktrees::{Isolation, Order, Strategy};

const EXAMPLES: &str = "\
Examples:
  plan-validate plan.json | plan-schedule | agent-dispatch
  plan-schedule plan.json | agent-dispatch --agent claude --jobs 3 > records.ndjson
  plan-schedule plan.json | agent-dispatch --done exit -- ./my-agent.sh
  agent-dispatch --on failed 'notify-send \"$MESSAGE\"' schedule.json
  agent-dispatch --dry-run schedule.json

Exit codes:
  0      every task succeeded
  1      some task did not; another dispatcher is at work; another plan's run is in the folder
  2      called wrongly
  3      the input is missing, empty or no schedule
  4      the surroundings failed: disk, a program that is not there
  5      a person must answer or approve
  128+n  stopped by signal n; start again to go on

A run lives in its run directory. Starting again with the same plan goes on where it ended.
Answer, approve and steer from another terminal with state-edit.";

/// Bring every task of a schedule to an outcome
///
/// Reads a schedule, starts one agent per task as soon as its dependencies, its lane and a slot allow, checks the work
/// with gates, and writes what happens as records.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The schedule; stdin when absent or `-`
    pub(crate) file: Option<PathBuf>,

    /// The run directory: journal, state, logs
    #[arg(
        long,
        value_name = "DIR",
        env = "ORCHESTRATE_DIR",
        default_value = ".orchestrate"
    )]
    pub(crate) dir: PathBuf,

    /// The folder that project paths are relative to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,

    /// Tasks at once [default: the schedule's, else 5]
    #[arg(short, long, visible_alias = "max-concurrent", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) jobs: Option<u32>,

    /// The agent profile for all tasks, also for those that have a command of their own, unless their agent is `command`
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,

    /// Agent profiles (JSON or YAML), added to those of the plan and the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(crate) agents: Option<PathBuf>,

    /// Start agents also when nothing shows that they are authorized
    #[arg(long)]
    pub(crate) assume_authorized: bool,

    /// Print the agent profiles that are known, and end
    #[arg(long)]
    pub(crate) list_agents: bool,

    /// What counts as done, instead of what the profile says
    #[arg(long, value_name = "RULE")]
    pub(crate) done: Option<Done>,

    /// Where tasks work: in git worktrees of their own, or in their project's folder [default: as the plan says, else none]
    ///
    /// With `worktree`, each task works on a branch of its own (`orchestrate/work/PLAN/TASK`) that begins at the target's tip;
    /// what it leaves uncommitted is committed there, and what has passed its gates is merged into the target. A task that
    /// says `"isolation": "none"` keeps to its folder.
    #[arg(long, value_name = "WHERE")]
    pub(crate) isolate: Option<Isolation>,

    /// The branch that work is merged into, made if it is not there; `current` is the one that is checked out
    /// [default: orchestrate/PLAN]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) target: Option<String>,

    /// The folder for worktrees [default: git's `orchestrate.worktrees`, else .worktrees or worktrees in the repository if
    /// there, else beside it]
    #[arg(long, value_name = "DIR", env = "ORCHESTRATE_WORKTREES")]
    pub(crate) worktrees: Option<PathBuf>,

    /// How work is merged
    #[arg(long, value_name = "HOW", default_value = "merge")]
    pub(crate) merge_strategy: Strategy,

    /// In which order work is merged
    #[arg(long, value_name = "ORDER", default_value = "completion")]
    pub(crate) merge_order: Order,

    /// Verify all that waits to be merged at once, and split it only when that does not pass
    #[arg(long)]
    pub(crate) bisect: bool,

    /// Merge nothing that no gate has passed: a task without gates is excluded
    #[arg(long)]
    pub(crate) require_gates: bool,

    /// The profile that resolves conflicts of merges; `none` for nobody [default: the task's own agent]
    #[arg(long, value_name = "NAME")]
    pub(crate) conflict_agent: Option<String>,

    /// List the worktrees that earlier runs have left, ask, and remove those whose work is in commits
    ///
    /// Looks in the repository of --root and in those of the run in --dir. Branches stay unless their work is in the target.
    /// What is not committed keeps a worktree from being removed.
    #[arg(long, conflicts_with_all = ["dry_run", "list_agents"])]
    pub(crate) clean: bool,

    /// Remove without asking
    #[arg(long, requires = "clean")]
    pub(crate) yes: bool,

    /// Remove worktrees also with what is not committed in them
    #[arg(long, requires = "clean")]
    pub(crate) discard: bool,

    /// The program that runs gates
    #[arg(long, value_name = "PROGRAM", default_value = "gate-run")]
    pub(crate) gate_program: PathBuf,

    /// Further attempts after a failed one [default: the plan's, else 2]
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,

    /// Fix attempts after a gate that did not pass [default: the task's, the plan's, else 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub(crate) fix_limit: Option<u8>,

    /// Time of one attempt [default: the task's, the plan's, else none]; 0 for no limit
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Silence after which an attempt is stopped [default: the plan's, else 10m]; 0 for never
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) stall: Option<Duration>,

    /// Between asking an agent to end and ending it
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    pub(crate) grace: Duration,

    /// Between an agent's result and asking it to end, when it does not exit
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub(crate) result_grace: Duration,

    /// Silence of an agent with an open question, after which it gives its slot away and waits
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    pub(crate) question_grace: Duration,

    /// Before the first retry; doubles with each, up to a minute
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "1s")]
    pub(crate) backoff: Duration,

    /// Most that the run may cost, in US dollars [default: the plan's]
    #[arg(long, value_name = "USD", value_parser = money)]
    pub(crate) max_cost_usd: Option<f64>,

    /// Most tokens that the run may use [default: the plan's]
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,

    /// Hold of a route whose quota is used up and that names no time; doubles with each, up to an hour
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    pub(crate) quota_pause: Duration,

    /// Pass only these variables of the environment, beside PATH, HOME and the like; `NAME*` for all that begin so
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) pass_env: Vec<String>,

    /// Run attempts behind this: `ssh HOST`, `srun -Q -n1`, `bwrap ... --`; `{workspace}` is filled in
    ///
    /// A shim is started there (this program, which must be there too) and given the attempt on its stdin. An attempt
    /// counts only by the shim's own end record: without one it is lost, whatever the launcher's exit code.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) launcher: Option<String>,

    /// This program as the launcher's other side names it [default: its path here]
    #[arg(long, value_name = "PROGRAM", requires = "launcher")]
    pub(crate) shim: Option<PathBuf>,

    /// Serve GNU make's jobserver: all that runs takes its tokens from one pool
    ///
    /// Each attempt takes one; make, cargo and ninja inside attempts take theirs from what is left. `pipe` is understood by
    /// all versions of make, `fifo` from 4.4 on, also where an agent closes what it inherits. Without it and without --jobs,
    /// tokens are taken from the pool of a `make -j` that started this program.
    #[arg(long, value_name = "KIND", default_value = "off")]
    pub(crate) jobserver: Jobserver,

    /// Tokens of the jobserver [default: the number of processors, or of --jobs if there are more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) jobserver_tokens: Option<u32>,

    /// How agents are kept from leaving processes behind
    #[arg(long, value_name = "MEANS", default_value = "auto")]
    pub(crate) contain: Contain,

    /// Source of all that is random in the run: jitter and terminal ids [default: drawn once per run]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Say what would happen and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How the run is shown on stderr
    #[arg(long, value_name = "VIEW", default_value = "auto")]
    pub(crate) view: View,

    /// Run CMD by `sh -c` whenever EVENT is journaled; may be given several times
    ///
    /// EVENT is a record type (`task-settled`, `question`, `run-finished`, ...), `*` for all, or one of: `failed` (a task
    /// failed, was excluded or cancelled), `succeeded`, `phase-finished`, `waiting` (a person must act). CMD has the
    /// record on stdin and RECORD_TYPE, TASK_ID, RUN_DIR, PRIORITY (normal, high) and MESSAGE in its environment. It has
    /// 30 s, runs beside the tasks, and its failures are only warned of.
    #[arg(long, num_args = 2, value_names = ["EVENT", "CMD"], action = clap::ArgAction::Append)]
    pub(crate) on: Vec<String>,

    #[command(flatten)]
    pub(crate) speech: Speech,

    /// The agent for all tasks: program and arguments, prompt on stdin; with --agent, the program of a profile that asks for one
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// What counts as done.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Done {
    /// Exit 0
    Exit,
    /// A DONE marker
    Marker,
    /// A DONE marker and exit 0
    Both,
}

/// How tokens are handed to what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Jobserver {
    /// Not at all
    Off,
    /// By an inherited pipe
    Pipe,
    /// By a named pipe
    Fifo,
}

/// How agents are contained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contain {
    /// The strongest of these that the machine has
    Auto,
    /// A control group (version 2) for each agent
    Cgroup,
    /// A pid namespace for each agent, by bwrap
    Namespace,
    /// Process group, environment mark and subreaper
    Group,
}

/// How the run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// Bars on a terminal, else plain lines
    Auto,
    /// One line per running task, on a terminal
    Bars,
    /// One line per event
    Plain,
    /// Nothing but errors and the summary
    None,
}

fn money(text: &str) -> Result<f64, String> {
    let amount: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (amount.is_finite() && amount > 0.0)
        .then_some(amount)
        .ok_or_else(|| "not above zero".to_owned())
}
