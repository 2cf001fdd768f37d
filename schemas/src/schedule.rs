//! The schedule: the plan with an order, lanes, and what it will take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::TaskMode;

/// What `plan-schedule` writes and `agent-dispatch` reads.
///
/// Only `plan` is required of a custom scheduler; everything else refines it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// `"schedule"`.
    pub kind: String,
    /// 1.
    pub version: u32,
    /// The plan, verbatim.
    pub plan: Box<RawValue>,
    /// Rows of task ids. Labels, never barriers unless `barriers`.
    #[serde(default)]
    pub waves: Vec<Vec<String>>,
    /// Whether a wave waits for the whole one before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub barriers: bool,
    /// Tasks that must not run side by side. Absent: one lane per project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<Vec<Lane>>,
    /// All task ids, the most urgent first.
    #[serde(default)]
    pub order: Vec<String>,
    /// The longest chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_path: Option<CriticalPath>,
    /// What it will take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// What is known of each task.
    #[serde(default)]
    pub tasks: BTreeMap<String, TaskSlot>,
    /// Worktrees that would be made.
    #[serde(default)]
    pub worktrees: Vec<Worktree>,
}

/// Tasks that must not run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The project's name, or what the tasks share.
    pub name: String,
    /// Task ids in the order in which they will run.
    pub tasks: Vec<String>,
}

/// The longest chain of dependent tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CriticalPath {
    /// Task ids, first to last.
    pub tasks: Vec<String>,
    /// Its length.
    pub minutes: f64,
}

/// What the plan will take, in minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// One task after the other.
    pub serial_minutes: f64,
    /// With slots and lanes without end.
    pub critical_path_minutes: f64,
    /// With `max_concurrent` slots and the lanes, by list scheduling.
    pub makespan_minutes: f64,
    /// Slots that the makespan is for.
    pub max_concurrent: u32,
    /// `serial_minutes / makespan_minutes`.
    pub speedup: f64,
}

/// Where one task stands in the schedule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSlot {
    /// Row of `waves`, from 0.
    #[serde(default)]
    pub wave: u32,
    /// Name of its first lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Minutes of the longest path from its start to the end of the plan.
    #[serde(default)]
    pub rank: f64,
    /// Minutes after the start, by list scheduling.
    #[serde(default)]
    pub earliest_start_minutes: f64,
    /// Minutes that it may be late without delaying the end.
    #[serde(default)]
    pub slack_minutes: f64,
    /// How an agent works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<TaskMode>,
    /// 0 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<u8>,
    /// Tasks that never run beside it.
    #[serde(default)]
    pub conflicts_with: Vec<String>,
    /// Whether the run pauses after its phase.
    #[serde(default)]
    pub pause_after: bool,
}

/// A worktree that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worktree {
    /// Task or phase that it is for.
    pub unit: String,
    /// Project whose repository it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The branch that it would be on.
    pub branch: String,
}
