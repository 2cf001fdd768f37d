//! The dispatcher's decisions: no clock, no I/O, no threads, no randomness.
//!
//! The shell hands over what happened and when ([`Event`]) and does what is asked ([`Action`]). Everything that must
//! survive a crash is a [`Action::Record`]; the shell makes all records of an answer durable before it does the rest.
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
//!                                                                                   Settled(succeeded) ◀───────┘
//! ```
//!
//! Always true (the simulator asserts each after every step):
//!   (1) At most `jobs` tasks are busy (live or gating).
//!   (2) No two busy tasks share a lane.
//!   (3) A task starts only when its dependencies are settled as its `run_if` asks, and its stage is open.
//!   (4) A task is settled exactly once between two resets, and an attempt number is used once, also across crashes.
//!   (5) After an interrupt or a cancel nothing is started; an interrupted task is not settled.
//!   (6) `Finish` comes exactly once, as the last action, and nothing is busy then.
//!   (7) A task succeeds only with a result of its agent by its done rule, and a passed verdict where it has gates.
//!   (8) Retries, launch retries and fixes stay within their limits; neither a question nor an orphan spends one.
//!   (9) Every attempt that started is finished exactly once.
//!
//! And of time: a live attempt is asked to end no later than its deadline; it, and gates that were asked to end, are
//! killed no later than `grace` after that;
//! a second interrupt kills at once; a delayed task does not start before its time.

mod attempt;
mod control;
mod dispatcher;
mod events;
mod outcome;
mod queue;
pub(crate) mod resume;
mod retry;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;

use schemas::{Body, DoneRule, FindingCounts, RunIf, RunOutcome, VerdictWord};

pub(crate) use dispatcher::Dispatcher;
pub(crate) use resume::Initial;
pub(crate) use retry::terminal_id;

/// Position of a task in the list that the dispatcher was made with.
pub(crate) type TaskIdx = usize;

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
    pub(crate) done: DoneRule,
    /// Milliseconds of one attempt.
    pub(crate) timeout: Option<u64>,
    pub(crate) fix_limit: u32,
    /// Its failure ends the starting of anything new.
    pub(crate) stops_run: bool,
    /// Of what matters of it: a settled task with another digest is done again.
    pub(crate) digest: String,
}

/// The tasks and what binds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) specs: Vec<Spec>,
    /// All tasks, the most urgent first.
    pub(crate) order: Vec<TaskIdx>,
    pub(crate) lanes: usize,
    /// What must be approved before the stage after this one opens; one entry per stage but the last.
    pub(crate) boundaries: Vec<Option<String>>,
}

/// Limits of the run. Times are milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) jobs: usize,
    pub(crate) retries: u32,
    pub(crate) launch_retries: u32,
    /// Further runs of gates that could not be run.
    pub(crate) gate_retries: u32,
    /// Silence after which an attempt is stopped.
    pub(crate) stall: Option<u64>,
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
}

/// What an agent's process is, for the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) agent: String,
    pub(crate) pid: u32,
    pub(crate) workspace: String,
    pub(crate) prompt_file: String,
    pub(crate) log_file: String,
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
    pub(crate) cost_usd: Option<f64>,
    pub(crate) tokens: Option<schemas::Usage>,
    /// A tool call of it was refused: its word that it is done is no evidence.
    pub(crate) refused: bool,
    /// What the agent's program says of its own end, whatever its exit code.
    pub(crate) error: Option<String>,
}

/// What gate-run answered.
#[derive(Debug, Clone)]
pub(crate) struct GateAnswer {
    pub(crate) verdict: VerdictWord,
    pub(crate) reason: Option<String>,
    pub(crate) findings: FindingCounts,
    pub(crate) verdict_file: Option<String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The agent runs.
    Started { attempt: Attempt, launch: Launch },
    /// The agent could not be started; nothing of it runs.
    LaunchFailed { attempt: Attempt, reason: String },
    /// It printed something. The shell may fold many of these into one a second.
    Printed { attempt: Attempt },
    /// It printed a marker of its own.
    Marked { attempt: Attempt, said: Said },
    /// Its event stream has ended. Before `Gone`, and only from agents that have one.
    Reported { attempt: Attempt, report: Reported },
    /// Its process has exited; its output may still come.
    Exited {
        attempt: Attempt,
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// Its output has ended and nothing that it started is left.
    Gone { attempt: Attempt, leaked: bool },
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
    Answer { task: TaskIdx, text: String },
    Steer { task: TaskIdx, text: String },
    Approve { id: String },
    Reject { id: String, reason: String },
    CancelTask { task: TaskIdx },
    CancelRun,
    Hold,
    Release,
    Retry { task: TaskIdx },
}

/// What must be done about it.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most actions are records: a box each would cost more than the room"
)]
pub(crate) enum Action {
    /// Journal it. Durable before any other action of the same answer.
    Record(Body),
    /// Write the prompt and start the agent; answer with `Started` or `LaunchFailed`.
    Start { attempt: Attempt, terminal: String },
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
    /// Tell a running agent.
    Deliver { attempt: Attempt, text: String },
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
