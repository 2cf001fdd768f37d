//! How worktrees are made ready.

use serde::{Deserialize, Serialize};

use crate::Command;

/// How a worktree is made ready for the task that works in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceSetup {
    /// Run one after the other in the worktree before its task begins; a failure keeps the task from starting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<Command>,
    /// Run after that: what must hold of the work that others have done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline: Vec<Command>,
    /// What a failing baseline means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_policy: Option<BaselinePolicy>,
    /// Files that git ignores and that are copied from the project's checkout, as patterns of `.gitignore`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copy: Vec<String>,
    /// Globs that are added to the list of files with secrets, which are never committed or merged; `!GLOB` takes out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// How many free ports it has to itself; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<u16>,
}

/// What a failing baseline means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselinePolicy {
    /// The task does not start.
    Strict,
    /// It is noted, and the task starts.
    AllowFailing,
}
