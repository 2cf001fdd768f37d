//! What binds the tasks of a run, decided before it starts.

use std::sync::Arc;

use schemas::{DoneRule, Outcome, RunIf};

use super::{RouteIdx, TaskIdx};

/// What the core must know of a task.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) deps: Vec<TaskIdx>,
    pub(crate) run_if: RunIf,
    /// Indices of lanes; two tasks that share one are never busy together.
    pub(crate) lanes: Vec<usize>,
    /// It starts only when this stage is open.
    pub(crate) stage: usize,
    pub(crate) has_gates: bool,
    /// It works in worktrees of its own, and its work is merged.
    pub(crate) isolated: Option<Isolated>,
    /// Who may do it, the first choice first. Never empty.
    pub(crate) candidates: Arc<[Candidate]>,
    pub(crate) fix_limit: u32,
    /// US dollars of all its attempts.
    pub(crate) max_cost_usd: Option<f64>,
    /// Tokens of all its attempts.
    pub(crate) max_tokens: Option<u64>,
    /// Its failure ends the starting of anything new.
    pub(crate) stops_run: bool,
    /// How it ended before the run, by the plan: it is settled so, and never starts.
    pub(crate) prior: Option<Outcome>,
    /// Of what matters of it: a settled task with another digest is done again.
    pub(crate) digest: String,
}

/// What is to be known of a task that works in worktrees.
#[derive(Debug, Clone, Default)]
pub(crate) struct Isolated {
    /// Indices of the branches that its work reaches, in order; never empty.
    pub(crate) targets: Vec<usize>,
    /// Its declared parallel group: one whose worktrees cannot be made ready goes on one task after the other.
    pub(crate) group: Option<usize>,
    /// A list of [`Graph::turns`] and its place there: those before it in the list are merged first.
    pub(crate) turn: Option<(usize, usize)>,
    /// There are gates that its work must pass, beside its boundaries.
    pub(crate) is_checked: bool,
    /// Conflicts are resolved by an agent: its own, or that of `resolver`.
    pub(crate) resolves: bool,
    /// The candidate that resolves conflicts, and does nothing else; the last of them.
    pub(crate) resolver: Option<usize>,
}

/// Who may do a task, and how.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// The profile's name.
    pub(crate) name: String,
    /// An agent, not a command of the task's own: silence and repetition of it mean something.
    pub(crate) is_agent: bool,
    /// What it reaches its model by; held as a whole.
    pub(crate) route: Option<RouteIdx>,
    pub(crate) done: DoneRule,
    /// It can take up an earlier session.
    pub(crate) follows_up: bool,
    pub(crate) steer: Steer,
    pub(crate) pace: Pace,
    /// What a budget counts for a token, in US dollars, when the agent tells no cost.
    pub(crate) usd_per_token: f64,
}

/// How a message reaches a running attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steer {
    /// In a file that it may read; the next attempt's prompt has it in any case.
    File,
    /// It is ended, and its session goes on with the message.
    Restart,
    /// It hears at once.
    Live,
}

/// How long an agent may take for what, in milliseconds; absent is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// From its start to its first output.
    pub(crate) first_output: Option<u64>,
    /// Without a sign of life, until it is said.
    pub(crate) warn: Option<u64>,
    /// Without a sign of life, until it is stopped.
    pub(crate) stall: Option<u64>,
    /// The same while a tool call of it is open.
    pub(crate) tool: Option<u64>,
    /// Of one attempt.
    pub(crate) timeout: Option<u64>,
}

/// The tasks and what binds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) specs: Vec<Spec>,
    /// All tasks, the most urgent first.
    pub(crate) order: Vec<TaskIdx>,
    pub(crate) lanes: usize,
    /// Names of the ways to models: agent, provider, model.
    pub(crate) routes: Vec<String>,
    /// What must be approved before the stage after this one opens; one entry per stage but the last.
    pub(crate) boundaries: Vec<Option<String>>,
    /// How many branches work is merged into.
    pub(crate) targets: usize,
    /// Orders in which tasks are merged, where not in that of their completion.
    pub(crate) turns: Vec<Vec<TaskIdx>>,
}

impl Graph {
    /// Whether work went on past the end of this stage before the run began: nobody is asked about it once more.
    pub(crate) fn passed_before(&self, stage: usize) -> bool {
        let done = |spec: &Spec| spec.prior == Some(Outcome::Succeeded);
        let mut specs = self.specs.iter();
        let is_over = specs.all(|spec| spec.stage > stage || spec.prior.is_some());
        is_over
            && self
                .specs
                .iter()
                .any(|spec| spec.stage > stage && done(spec))
    }
}

/// Limits of the run. Times are milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) jobs: usize,
    pub(crate) retries: u32,
    pub(crate) launch_retries: u32,
    /// Further runs of gates, and of merges, that could not be run.
    pub(crate) gate_retries: u32,
    /// What nobody has checked is not merged.
    pub(crate) require_gates: bool,
    /// All that waits for a target is merged at once, and split only when that does not pass.
    pub(crate) bisect: bool,
    /// Further attempts after the model's server failed.
    pub(crate) external_retries: u32,
    /// A hold of a route for which no time is stated; doubles with each.
    pub(crate) quota_pause: u64,
    /// Holds of a route, without an attempt served in between, after which a person must look.
    pub(crate) quota_patience: u32,
    /// US dollars of the run.
    pub(crate) max_cost_usd: Option<f64>,
    /// Tokens of the run.
    pub(crate) max_tokens: Option<u64>,
    /// Between SIGTERM and SIGKILL.
    pub(crate) grace: u64,
    /// Between an agent's result and SIGTERM, when it does not exit.
    pub(crate) result_grace: u64,
    /// Silence of an agent with an open question, after which it is stopped and waits without a slot.
    pub(crate) question_grace: u64,
    /// Before the first retry; doubles with each.
    pub(crate) backoff: u64,
    pub(crate) backoff_max: u64,
    pub(crate) seed: u64,
    /// What the wall clock shows at [`Time`] 0, in milliseconds since 1970: for times in records.
    pub(crate) epoch_ms: u64,
}
