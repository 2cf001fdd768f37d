//! The dispatcher's decisions: no clock, no I/O, no threads, no randomness.
//!
//! The shell hands over what happened and when ([`Event`]) and does what is asked ([`Action`]). Everything that must
//! survive a crash is a [`Action::Record`]; the shell writes all records of an answer before it does the rest.
//!
//! ```text
//!            dependencies settled, stage open, delay over
//!  Pending ─────────────────────────────────────────────▶ queue ──slot and lanes free──▶ Live{attempt}
//!   │  ▲ ▲                                                                                │ gone
//!   │  │ └── retry, orphan, answer, fix ◀───────────────────────────────┬─────────────────┤
//!   │  │                                                                │                 │ done
//!   │  └──────────── answered ◀── Waiting(answer) ◀──question───────────┤                 ▼
//!   │ dependency                                                        └──failed────── Gating ──manual──▶ Waiting(approval)
//!   ▼                                                                                     │ passed             │ approved
//! Settled(skipped)                                                                        ▼                    ▼
//!                                                            has worktrees ◀──────── accepted ◀────────────────┘
//!                                            fix ◀──conflict── Integrating ──merged──▶ Settled(succeeded) ◀── has none
//! ```
//!
//! Always true (the simulator asserts each after every step):
//!   (1) At most `jobs` tasks are busy (live, gating or integrating).
//!   (2) No two busy tasks share a lane.
//!   (3) A task starts only when its dependencies are settled as its `run_if` asks, and its stage is open.
//!   (4) A task is settled exactly once between two resets, and an attempt number is used once, also across crashes.
//!   (5) After an interrupt or a cancel nothing is started; an interrupted task is not settled.
//!   (6) `Finish` comes exactly once, as the last action, and nothing is busy then.
//!   (7) A task succeeds only with a result of its agent by its done rule, and a passed verdict where it has gates.
//!   (8) Retries, launch retries and fixes stay within their limits; neither a question nor an orphan spends one.
//!   (9) Every attempt that started is finished exactly once.
//!  (10) No attempt starts on a held route, and none beyond a budget.
//!  (11) A quota spends no retry, nor does a message to an attempt; a session is taken up only by the agent that had it.
//!  (12) Every answer is heard once: by the attempt that asked, while it runs, or else by the next one's prompt.
//!  (13) A task with worktrees succeeds only when its work is in the target, and only work that has passed is merged.
//!       Into each target one batch is merged at a time; its worktrees are removed only when it has succeeded.
//!
//! And of time: a live attempt is asked to end no later than its deadline; it, and gates that were asked to end, are
//! killed no later than `grace` after that;
//! a second interrupt kills at once; a delayed task does not start before its time.

mod attempt;
mod budget;
pub(crate) mod changed;
mod control;
mod deadline;
mod dispatcher;
mod events;
mod failure;
mod judge;
mod merge;
mod outcome;
mod queue;
pub(crate) mod resume;
mod retry;
mod route;
mod session;
#[cfg(test)]
mod sim;
mod spec;
mod task;
#[cfg(test)]
mod tests;

use schemas::stream::ErrorClass;
use schemas::{Body, FailureClass, FindingCounts, RunOutcome, Usage, VerdictWord};

pub(crate) use dispatcher::Dispatcher;
pub(crate) use resume::Initial;
pub(crate) use retry::terminal_id;
pub(crate) use spec::{Candidate, Graph, Isolated, Limits, Pace, Spec, Steer};

/// Position of a task in the list that the dispatcher was made with.
pub(crate) type TaskIdx = usize;

/// Position of a route in [`Graph::routes`].
pub(crate) type RouteIdx = usize;

/// Milliseconds since the dispatcher started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) u64);

impl Time {
    /// That many milliseconds later.
    pub(crate) fn after(self, milliseconds: u64) -> Time {
        Time(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds since an earlier time.
    pub(crate) fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One run of a task's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    pub(crate) task: TaskIdx,
    /// Counts from 1, never used twice.
    pub(crate) number: u32,
}

/// What an agent's process is, for the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) agent: String,
    pub(crate) pid: u32,
    pub(crate) workspace: String,
    pub(crate) prompt_file: String,
    pub(crate) log_file: String,
    /// Where the agent keeps its sessions.
    pub(crate) config_home: Option<String>,
}

/// What an agent said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Progress { percent: Option<u8>, text: String },
    Done(String),
    Error(String),
    Question(String),
}

/// What an agent's event stream told about the attempt as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reported {
    pub(crate) session: Option<String>,
    /// Its last words.
    pub(crate) summary: Option<String>,
    pub(crate) concerns: Option<String>,
    pub(crate) model: Option<String>,
    /// Of this attempt alone.
    pub(crate) cost_usd: Option<f64>,
    /// Of this attempt alone.
    pub(crate) tokens: Option<Usage>,
    /// The result that it gave in words of its own at the very end, instead of a marker.
    pub(crate) word: Option<Said>,
    /// It said nothing, called no tool, and changed nothing.
    pub(crate) nothing: bool,
    /// Its stream ends without the last word that its kind of stream has.
    pub(crate) incomplete: bool,
    /// A tool call of it was refused: its word that it is done is no evidence.
    pub(crate) refused: bool,
    /// What the agent's program says of its own end, whatever its exit code.
    pub(crate) error: Option<Trouble>,
}

/// What went wrong, in the words of the agent's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) class: ErrorClass,
    pub(crate) message: String,
    /// Milliseconds from now until it may be over, where that was said.
    pub(crate) reset: Option<u64>,
}

/// What gate-run answered.
#[derive(Debug, Clone)]
pub(crate) struct GateAnswer {
    pub(crate) verdict: VerdictWord,
    pub(crate) reason: Option<String>,
    /// `test` or `build`, where the check that did not pass is known for one.
    pub(crate) class: Option<FailureClass>,
    pub(crate) findings: FindingCounts,
    pub(crate) verdict_file: Option<String>,
    /// Of what was found, when the work did not pass.
    pub(crate) fingerprint: Option<String>,
}

/// A worktree that a task has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) path: String,
    pub(crate) branch: String,
    pub(crate) target: String,
    /// The commit that it began from.
    pub(crate) base: String,
    pub(crate) repository: String,
}

/// A commit of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) subject: String,
    /// Made of what the agent had left uncommitted.
    pub(crate) leftovers: bool,
}

/// One branch in its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) branch: String,
    pub(crate) target: String,
    /// The target's tip.
    pub(crate) commit: String,
    /// `merge`, `cherry-pick`, `squash`, `rebase`, `already`, `empty`.
    pub(crate) how: &'static str,
    /// The tip of the branch.
    pub(crate) work: String,
}

/// What became of work that was to be merged.
#[derive(Debug, Clone)]
pub(crate) enum MergeAnswer {
    /// In the target, of each repository.
    Merged(Vec<Merged>),
    /// It cannot be merged as it is.
    Conflict {
        branch: String,
        target: String,
        files: Vec<String>,
        reason: String,
        verdict_file: Option<String>,
    },
    /// What came of the merge did not pass, or could not be checked; the target is where it was.
    Unverified {
        branch: String,
        target: String,
        answer: GateAnswer,
    },
    /// git or the disk failed.
    Broke(String),
    /// It was asked to stop before anything was moved.
    Stopped,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Its worktrees are there. Before `Started`.
    WorkspaceReady {
        attempt: Attempt,
        made: Vec<Workspace>,
    },
    /// Its worktrees could not be made ready; `LaunchFailed` follows.
    SetupFailed { attempt: Attempt, reason: String },
    /// Commits that it left. Before `Gone`.
    Committed {
        attempt: Attempt,
        commits: Vec<Commit>,
    },
    /// One of a batch that was to be merged.
    Integrated {
        attempt: Attempt,
        answer: MergeAnswer,
    },
    /// Those worktrees of a settled task are there no more.
    WorkspaceRemoved { task: TaskIdx, paths: Vec<String> },
    /// The agent runs.
    Started { attempt: Attempt, launch: Launch },
    /// The agent could not be started; nothing of it runs.
    LaunchFailed { attempt: Attempt, reason: String },
    /// It printed something. The shell may fold many of these into one a second.
    Printed { attempt: Attempt },
    /// It shows signs of life, though it prints nothing.
    Alive { attempt: Attempt },
    /// A call of a tool of that name is open, or none is.
    AtTool {
        attempt: Attempt,
        tool: Option<String>,
    },
    /// Its session is known.
    Session { attempt: Attempt, session: String },
    /// It printed a marker of its own.
    Marked { attempt: Attempt, said: Said },
    /// Its event stream has ended. Before `Gone`, and only from agents that have one.
    Reported {
        attempt: Attempt,
        report: Box<Reported>,
    },
    /// Its process has exited; its output may still come.
    Exited {
        attempt: Attempt,
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// What launched it has ended, and its own end record is missing. Before `Gone`.
    Lost { attempt: Attempt, reason: String },
    /// Its output has ended and nothing that it started is left.
    Gone {
        attempt: Attempt,
        leaked: bool,
        /// What was written in its folder meanwhile.
        files: Vec<String>,
    },
    /// The gates of its work have answered, or were killed.
    GateFinished {
        attempt: Attempt,
        answer: GateAnswer,
    },
    /// A person appended a control record.
    Control(Control),
    /// A signal, or the reader of stdout is gone. The second one is impatient.
    Interrupted,
    /// Time has passed.
    Woken,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    Answer {
        task: TaskIdx,
        text: String,
    },
    Steer {
        task: TaskIdx,
        text: String,
    },
    Approve {
        id: String,
    },
    Reject {
        id: String,
        reason: String,
    },
    /// Its work is not needed.
    Skip {
        task: TaskIdx,
    },
    CancelTask {
        task: TaskIdx,
    },
    CancelRun,
    Hold,
    Release,
    Retry {
        task: TaskIdx,
    },
    /// A route is free again.
    ReleaseRoute {
        route: String,
    },
}

/// What must be done about it.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most actions are records: a box each would cost more than the room"
)]
pub(crate) enum Action {
    /// Journal it, before any other action of the same answer.
    Record(Body),
    /// Write the prompt and start the agent; answer with `Started` or `LaunchFailed`.
    Start {
        attempt: Attempt,
        terminal: String,
        /// Which of its candidates does it.
        choice: usize,
        /// The session that goes on.
        session: Option<String>,
    },
    /// SIGTERM to all of it.
    Terminate(Attempt),
    /// SIGKILL to all of it.
    Kill(Attempt),
    /// Run the task's gates on its work; answer with `GateFinished`.
    RunGate(Attempt),
    /// Ask its gates to end; `GateFinished` still comes.
    TerminateGate(Attempt),
    /// End its gates; `GateFinished` still comes.
    KillGate(Attempt),
    /// Merge the work of these, in this order, into the targets that they share; answer with `Integrated` for each.
    Integrate(Vec<Attempt>),
    /// Stop merging it as soon as nothing is half done; `Integrated` still comes.
    TerminateMerge(Attempt),
    /// Stop merging it at once; `Integrated` still comes.
    KillMerge(Attempt),
    /// The task's work is in the target: remove its worktrees, and answer with `WorkspaceRemoved`.
    RemoveWorkspace(TaskIdx),
    /// Tell a running agent.
    Deliver {
        attempt: Attempt,
        text: String,
        /// To what it has asked.
        is_answer: bool,
    },
    /// The dispatcher's work is done.
    Finish(End),
}

/// How the dispatcher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every task is settled.
    Finished(RunOutcome),
    /// A person must act.
    Waiting,
    /// It was interrupted; starting again goes on.
    Interrupted,
}
