//! One task in the state of a run.

use serde::{Deserialize, Serialize};

use crate::{AttemptResult, FailureClass, Usage};

/// One task. Status, verification and outcome are three facts, never folded into one (DESIGN §4).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskState {
    /// One line.
    #[serde(default)]
    pub title: String,
    /// Its project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Where it is.
    pub status: TaskStatus,
    /// What the gates said.
    #[serde(default)]
    pub verification: Verification,
    /// How it ended; `null` until it is settled.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The highest attempt number that was used; 0 before the first.
    #[serde(default)]
    pub attempt: u32,
    /// Failed attempts that were followed by another.
    #[serde(default)]
    pub retries: u32,
    /// Attempts that never ran and were followed by another.
    #[serde(default)]
    pub launch_retries: u32,
    /// Fix attempts after a gate that did not pass.
    #[serde(default)]
    pub fixes: u32,
    /// What the last attempt came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<AttemptResult>,
    /// What kind of failure the last attempt met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// How many attempts in a row have met the same failure; 0 while none was followed by another.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub same_failures: u32,
    /// Attempts that the model's server failed and that were followed by another.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub external_retries: u32,
    /// It goes another way than it did at first: the same had failed twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub different: bool,
    /// Digests of what its gates have found, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<String>,
    /// The agent of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The running attempt's marker id and process mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
    /// The running attempt's process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The agent's own name for the session of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The agent that can take the session up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_agent: Option<String>,
    /// Where the session works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_workspace: Option<String>,
    /// Tokens of all attempts in the session so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_tokens: Option<Usage>,
    /// US dollars of all attempts in the session so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_cost_usd: Option<f64>,
    /// The last attempt took an earlier session up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// Agent, provider and model of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How far the running attempt says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// The last thing that the agent said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the agent says it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What the agent has doubts about, though it says it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concerns: Option<String>,
    /// Files that its attempts have written, relative to its folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why it did not succeed, or why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The dependency because of which it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency: Option<String>,
    /// The last verdict of its gates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_file: Option<String>,
    /// What the last attempt printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
    /// Digest of what mattered of the task when it was attempted last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// What people told it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steering: Vec<String>,
    /// A person approved its manual gate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
    /// A person cancelled it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// A person does not want it done: what depends on it goes on all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
    /// RFC 3339: the next attempt does not start before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// RFC 3339: the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<String>,
    /// US dollars of all attempts; `null` when unknown.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// What a budget counts for attempts whose cost is unknown, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_usd: Option<f64>,
    /// Tokens read and written in all attempts; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// The phase it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Its worktrees, one for each repository that it works in; those that were removed, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceState>,
    /// Attempts that are to mend what kept its work from being merged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merge_fixes: u32,
    /// Files that were in conflict when its work was to be merged last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

/// One worktree of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceState {
    /// Where, an absolute path.
    pub path: String,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The branch that its work is to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The commit that it began from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The repository that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The target's tip that holds its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// How it came there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// It is there no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a task is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Something must happen before: dependencies, a slot, a lane, a delay.
    #[default]
    Pending,
    /// An attempt is about to start.
    Ready,
    /// An agent works on it.
    Running,
    /// A person must answer or approve.
    Waiting,
    /// Its gates are about to run or running.
    Gating,
    /// Its work is being merged.
    Integrating,
    /// It has its outcome.
    Settled,
}

/// What the gates said of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// Nothing was checked.
    #[default]
    None,
    /// Everything required passed.
    Passed,
    /// Something required did not.
    Failed,
    /// The check itself could not run.
    Infrastructure,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done, and its gates passed.
    Succeeded,
    /// Not done, or its gates did not pass.
    Failed,
    /// Its gates did not pass inside a parallel group: work kept, not merged.
    Excluded,
    /// A dependency did not succeed, or its condition did not arise.
    Skipped,
    /// A person cancelled it.
    Cancelled,
}
