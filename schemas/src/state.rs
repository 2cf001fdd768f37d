//! The state of a run: the fold of its journal.

mod fold;
mod route;
mod task;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Artifact, compare_ids};

pub use route::RouteState;
pub use task::{Outcome, TaskState, TaskStatus, Verification, WorkspaceState};

/// What the journal adds up to, for jq, for people, and for taking a run up again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// `"state"`.
    pub kind: String,
    /// 1.
    pub version: u32,
    /// The run; empty before it started.
    #[serde(default)]
    pub run: String,
    /// The plan.
    #[serde(default)]
    pub plan_id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where the run's state machine stands.
    pub status: RunStatus,
    /// The phase of the task that was started last.
    #[serde(default)]
    pub phase: Option<String>,
    /// Every task, by id. Boxed: a tree leaves a third of its room empty, and a task needs a kilobyte.
    #[serde(default, serialize_with = "in_order_of_ids")]
    pub tasks: BTreeMap<String, Box<TaskState>>,
    /// Every project, by name.
    #[serde(default, serialize_with = "in_order_of_ids")]
    pub projects: BTreeMap<String, ProjectState>,
    /// What the run waits for; `null` when for nothing.
    #[serde(default)]
    pub checkpoint: Option<CheckpointState>,
    /// Checkpoints that were approved.
    #[serde(default)]
    pub approved: Vec<String>,
    /// Questions of agents, in the order in which they were asked.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Named locks.
    #[serde(default)]
    pub locks: BTreeMap<String, Lock>,
    /// Routes to models that were held, by agent, provider and model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, RouteState>,
    /// What was decided.
    #[serde(default)]
    pub decisions: Vec<DecisionEntry>,
    /// How many tasks are where.
    #[serde(default)]
    pub progress: Progress,
    /// What it has cost.
    #[serde(default)]
    pub totals: Totals,
    /// A person holds the run: nothing new is started.
    #[serde(default)]
    pub held: bool,
    /// A person cancelled the run.
    #[serde(default)]
    pub cancelled: bool,
    /// The live dispatcher's process; `null` when none is known to live.
    #[serde(default)]
    pub pid: Option<u32>,
    /// Source of all that is random in the run.
    #[serde(default)]
    pub seed: u64,
    /// Carried by every process of the run in its environment.
    #[serde(default)]
    pub mark: String,
    /// Time of the first record.
    #[serde(default)]
    pub started_at: Option<String>,
    /// Time of the last record.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// The last record that is folded in.
    #[serde(default)]
    pub last_seq: u64,
    /// Where that record ends in the journal.
    #[serde(default)]
    pub journal_bytes: u64,
}

/// Where the run's state machine stands (O1); the transitions are in [`crate::machine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Nothing has begun.
    Ready,
    /// Tasks are being done.
    InProgress,
    /// A person must look.
    Checkpoint,
    /// A person wants changes.
    RevisionNeeded,
    /// It cannot go on by itself.
    Blocked,
    /// Every task succeeded.
    Completed,
}

impl RunStatus {
    /// As the wire names it.
    pub fn as_str(self) -> &'static str {
        match self {
            RunStatus::Ready => "ready",
            RunStatus::InProgress => "in_progress",
            RunStatus::Checkpoint => "checkpoint",
            RunStatus::RevisionNeeded => "revision_needed",
            RunStatus::Blocked => "blocked",
            RunStatus::Completed => "completed",
        }
    }

    /// Reads the wire's name.
    pub fn parse(text: &str) -> Option<RunStatus> {
        use RunStatus::{Blocked, Checkpoint, Completed, InProgress, Ready, RevisionNeeded};
        [
            Ready,
            InProgress,
            Checkpoint,
            RevisionNeeded,
            Blocked,
            Completed,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }
}

/// One project of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectState {
    /// Its tasks.
    pub tasks: u32,
    /// Of them settled.
    pub settled: u32,
    /// Of them succeeded.
    pub succeeded: u32,
}

/// What the run waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointState {
    /// The phase's id, or what else it was named after.
    pub id: String,
    /// `phase`, `quality_gate`, `decision` or `manual`.
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339.
    #[serde(default)]
    pub reached_at: String,
    /// What a person wants changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// `scope_change`, `quality_issue`, `design_issue`, `missing_item` or `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Tasks or checkpoints that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// Files that were put before the person, as they were then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// Of all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// RFC 3339: an approval must come before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The run was held for it, and goes on when it is approved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds: bool,
    /// What the person should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl CheckpointState {
    /// Whether something was put before a person, who is to approve it; and not only questions wait.
    pub fn is_shown(&self) -> bool {
        !self.digest.is_empty()
    }
}

/// A question of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Who asks.
    pub task: String,
    /// In which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What.
    pub text: String,
    /// RFC 3339.
    #[serde(default)]
    pub asked_at: String,
    /// `null` while it is open.
    #[serde(default)]
    pub answer: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<String>,
    /// The task went on without an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

impl Question {
    /// Whether somebody must still answer.
    pub fn is_open(&self) -> bool {
        self.answer.is_none() && !self.dropped
    }
}

/// A named lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// Who has it.
    pub owner: String,
    /// RFC 3339.
    pub since: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The process with whose end the lock ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When the process began, in the words of its machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_start: Option<String>,
    /// The machine of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The record by which it was taken: of two holders the later one has the higher number.
    #[serde(default)]
    pub seq: u64,
}

/// Something that was decided, or is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionEntry {
    /// What.
    pub text: String,
    /// 0 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The task that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub time: String,
    /// Its name; absent for one that was never open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Somebody is to decide.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// What was asked, once it is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What is taken when nobody decides in time, at level 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<String>,
    /// RFC 3339: then the suggestion is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// How many tasks are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// All tasks.
    pub total: u32,
    /// Not begun, or between two attempts.
    pub pending: u32,
    /// Worked on, checked or merged.
    pub active: u32,
    /// A person must act.
    pub waiting: u32,
    /// Succeeded.
    pub succeeded: u32,
    /// Failed or excluded.
    pub failed: u32,
    /// Skipped.
    pub skipped: u32,
    /// Cancelled.
    pub cancelled: u32,
    /// Settled tasks of all, 0 to 100.
    pub percent: u32,
}

/// What a run has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Known US dollars; `null` while none is known.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// What a budget counts for attempts whose cost is unknown, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_usd: Option<f64>,
    /// Known tokens, read and written; `null` while none is known.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Attempts that were started.
    #[serde(default)]
    pub attempts: u64,
}

impl Default for State {
    fn default() -> State {
        State {
            kind: "state".to_owned(),
            version: 1,
            run: String::new(),
            plan_id: String::new(),
            summary: None,
            status: RunStatus::Ready,
            phase: None,
            tasks: BTreeMap::new(),
            projects: BTreeMap::new(),
            checkpoint: None,
            approved: Vec::new(),
            questions: Vec::new(),
            locks: BTreeMap::new(),
            routes: BTreeMap::new(),
            decisions: Vec::new(),
            progress: Progress::default(),
            totals: Totals::default(),
            held: false,
            cancelled: false,
            pid: None,
            seed: 0,
            mark: String::new(),
            started_at: None,
            updated_at: None,
            last_seq: 0,
            journal_bytes: 0,
        }
    }
}

fn in_order_of_ids<S: Serializer, T: Serialize>(
    map: &BTreeMap<String, T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|a, b| compare_ids(a.0, b.0));
    serializer.collect_map(entries)
}
