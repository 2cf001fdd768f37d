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
    /// Whether only the tasks in `order` are of this schedule: the others stay as they are, and nothing waits for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Which phases and reviews run; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Pipeline>,
    /// Whether the branch that is in production stays as it is: what ships work stops before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_main: bool,
    /// What runs one after the other in a plan that declares parallel groups; absent in others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
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

/// Which phases and reviews run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pipeline {
    /// The work alone: no design, no review.
    Quick,
    /// The work and its review, without a design before.
    Standard,
    /// Everything.
    Full,
}

/// A phase, or the phases of a parallel group. It waits for the whole entry before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Ids of its phases, in the order of the plan.
    pub phases: Vec<String>,
    /// Whether they are a group, side by side, each in worktrees of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parallel: bool,
    /// Whether the run pauses behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pause_after: bool,
}

/// Tasks that must not run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The project's name, or what the tasks share: a repository, a phase's worktree, `files src/auth/*.ts`,
    /// `resource staging`, `port 5432`.
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
    /// With slots without end and no lanes: the longest chain.
    pub critical_path_minutes: f64,
    /// With `max_concurrent` slots and the lanes, by list scheduling.
    pub makespan_minutes: f64,
    /// Slots that the makespan is for.
    pub max_concurrent: u32,
    /// `serial_minutes / makespan_minutes`.
    pub speedup: f64,
    /// No schedule is shorter: the longest chain, the work shared evenly among the slots, or the fullest lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound_minutes: Option<f64>,
    /// How much longer than that the makespan is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_percent: Option<f64>,
    /// Name of the lane with most minutes; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heaviest_lane: Option<String>,
    /// Its minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heaviest_lane_minutes: Option<f64>,
    /// Fewest slots that no greater number beats; absent for plans too large to try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub useful_slots: Option<u32>,
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
    /// What it is expected to take; 0 when it does not run if all goes well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// What it waits for, where that is not what the plan says: tasks that are left out have been passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
    /// Minutes of the longest path from its start to the end of the plan.
    #[serde(default)]
    pub rank: f64,
    /// Minutes after the start, by list scheduling.
    #[serde(default)]
    pub earliest_start_minutes: f64,
    /// Minutes that it may be late without delaying the end.
    #[serde(default)]
    pub slack_minutes: f64,
    /// It gates nothing: no work waits for it, and it is on no critical path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check: bool,
    /// It does not run when all goes well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_after_failure: bool,
    /// How an agent works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<TaskMode>,
    /// Why, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_reason: Option<String>,
    /// How strong a model it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tier: Option<ModelTier>,
    /// 0 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<u8>,
    /// Tasks that never run beside it, for what they share beside a project; the first 50. `lanes` has all.
    #[serde(default)]
    pub conflicts_with: Vec<String>,
    /// Whether the run pauses after its phase.
    #[serde(default)]
    pub pause_after: bool,
}

/// How strong a model a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelTier {
    /// For what is simple: the fastest and cheapest.
    Small,
    /// For most work.
    Medium,
    /// For what is hard.
    Large,
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
