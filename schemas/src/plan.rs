//! The plan: projects, tasks and what depends on what. The published form is valid as it stands.

mod phase;
mod workspace;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Command, Outcome, Profile};

pub use phase::Phase;
pub use workspace::{BaselinePolicy, WorkspaceSetup};

/// A plan as a stage reads it. A typed *view*: what a stage does not own travels on as raw JSON,
/// so unknown fields are never lost (DESIGN §3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Names the plan; another plan in the same run directory is refused.
    pub plan_id: String,
    /// What it is about, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Where tasks work.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// What is to be done.
    pub tasks: Vec<Task>,
    /// Rows of task ids. Labels unless `--barriers`; derived when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_order: Option<Vec<Vec<String>>>,
    /// Named groups of tasks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// Phases that may run side by side. Where there are groups, everything else runs in the order of the phases, one
    /// entry after the other ([`Phase::entries`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parallel_groups: Vec<Vec<String>>,
    /// Pause after these phases. `Some([])` means after every phase, `None` never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Vec<String>>,
    /// Gates by stage name. Raw: `gate-run` owns their form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gates: BTreeMap<String, Box<RawValue>>,
    /// Who decides what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<Autonomy>,
    /// Limits of the run; absent ones take the program's defaults.
    #[serde(default)]
    pub limits: Limits,
    /// What tasks take that do not say.
    #[serde(default)]
    pub defaults: Defaults,
    /// What each role may change, by the role's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Role>,
    /// How worktrees are made ready for tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceSetup>,
    /// Agent profiles by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, Profile>,
    /// Anything; handed on untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}

/// What tasks of a role may change, beside what they say themselves (S8).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Globs of the files that it may change, relative to the project; everything when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Globs of files that it must not touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbidden_paths: Vec<String>,
}

/// A folder that tasks work in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Unique in the plan.
    pub name: String,
    /// Relative to the root of the run; `name` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tech_stack: Option<String>,
    /// For the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The git repository, when it is not the path itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// Where work branches off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<String>,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Gates of every task of the project. Raw: `gate-run` owns their form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Box<RawValue>>,
    /// Globs of the files that belong to the project, relative to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ownership: Vec<String>,
    /// How its worktrees are made ready, instead of what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceSetup>,
}

impl Project {
    /// Where it is, relative to the root of the run.
    pub fn folder(&self) -> &str {
        self.path.as_deref().unwrap_or(&self.name)
    }
}

/// One piece of work for one agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Unique in the plan.
    pub id: String,
    /// The project it works in; absent in plans of one project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Further projects that it changes: it gets a worktree in the repository of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// One line.
    pub title: String,
    /// Enough for an agent to act alone.
    #[serde(default)]
    pub description: String,
    /// Ids of tasks that must have settled before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// `low`, `medium`, `high`, or the words of another dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<String>,
    /// Minutes, above zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_minutes: Option<f64>,
    /// The phase it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `P0` to `P3`, with an optional suffix: `P1-revenue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// Asked for; plan-schedule decides otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<TaskMode>,
    /// Name of an agent profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Handed to the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The role whose boundaries apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Handed to the agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Does the work without an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    /// Globs of the files that it owns, relative to the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Globs of files that it must not touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbidden_paths: Vec<String>,
    /// Names of what it needs for itself: a database, a device, a staging system. Tasks that share one never overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// TCP ports that it listens on. Tasks that share one never overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// What must hold at the end, for the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<String>,
    /// What must pass at the end. Raw: `gate-run` owns their form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Box<RawValue>>,
    /// 0 (acts alone) to 4 (a person does it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<u8>,
    /// Changes nothing.
    #[serde(default)]
    pub read_only: bool,
    /// What it touches: `auth`, `payments`, `pii`, `secrets`; `main`, the branch that is in production.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// Where it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Minutes of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
    /// Fix attempts after a failed gate, 0 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_limit: Option<u8>,
    /// US dollars of all its attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// Tokens of all its attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What its failure means for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Which outcome of its dependencies it waits for.
    #[serde(default)]
    pub run_if: RunIf,
    /// How it ended before the run, where the plan is of work that has begun: it is never dispatched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<PriorOutcome>,
    /// Its ids in other systems, by the system's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, Box<RawValue>>,
    /// Anything; handed on untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}

/// How a task ended before the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriorOutcome {
    /// Done: what waits for it may start.
    Succeeded,
    /// Given up: what waits for it is skipped.
    Cancelled,
}

impl From<PriorOutcome> for Outcome {
    fn from(prior: PriorOutcome) -> Outcome {
        match prior {
            PriorOutcome::Succeeded => Outcome::Succeeded,
            PriorOutcome::Cancelled => Outcome::Cancelled,
        }
    }
}

/// Who decides what, by path.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Autonomy {
    /// 0 to 4.
    #[serde(default)]
    pub default_level: u8,
    /// The highest matching level wins.
    #[serde(default)]
    pub overrides: Vec<AutonomyRule>,
}

/// One override of the autonomy level.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutonomyRule {
    /// A path glob.
    pub pattern: String,
    /// 0 to 4.
    pub level: u8,
}

/// Limits of a run. Absent is "the program's default", never zero.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Tasks at once; default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// Fix attempts after a failed gate, 0 to 5; default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_limit: Option<u8>,
    /// Further attempts after a failed one; default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_limit: Option<u32>,
    /// Further starts after one that never ran; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_retries: Option<u32>,
    /// Minutes of silence after which an attempt is stopped; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_minutes: Option<f64>,
    /// Minutes of one attempt; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
    /// US dollars of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// Tokens of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

/// What tasks take that do not say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// Name of an agent profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Handed to the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Where tasks work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
}

/// How an agent works on a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskMode {
    /// One agent of its own.
    Subagent,
    /// A member of a team that can be steered.
    Team,
}

/// Where a task works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A git worktree of its own; the task leaves its project's lane.
    Worktree,
    /// The project's folder.
    None,
}

/// What the failure of a task means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Its dependents are skipped, the rest goes on.
    Continue,
    /// Nothing new is started.
    Stop,
}

/// Which outcome of its dependencies a task waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunIf {
    /// All of them succeeded.
    #[default]
    Succeeded,
    /// At least one of them did not.
    Failed,
    /// They are settled, however.
    Always,
}

impl Plan {
    /// The project with this name.
    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.name == name)
    }

    /// How worktrees of a project are made ready: its own word before the plan's.
    pub fn workspace_of<'a>(&'a self, project: Option<&'a Project>) -> Option<&'a WorkspaceSetup> {
        let own = project.and_then(|project| project.workspace.as_ref());
        own.or(self.workspace.as_ref())
    }

    /// Phases in order: by `order`, then as they stand in the document.
    pub fn ordered_phases(&self) -> Vec<&Phase> {
        Phase::in_order(&self.phases)
    }

    /// Whether the run pauses after this phase.
    pub fn pauses_after(&self, phase: &Phase) -> bool {
        phase.pauses(self.checkpoints.as_deref())
    }
}
