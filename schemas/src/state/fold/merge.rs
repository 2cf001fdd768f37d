//! What happens to a task's worktrees, and to its work on the way into the target.

use crate::state::WorkspaceState;
use crate::{Body, State, TaskState, TaskStatus, Verification};

impl State {
    pub(super) fn apply_merge(&mut self, body: &Body) {
        match body {
            Body::WorkspaceCreated {
                task,
                path,
                branch,
                target,
                base,
                repository,
            } => {
                *workspace(self.task(task), |known| known.path == *path) = WorkspaceState {
                    path: path.clone(),
                    branch: branch.clone(),
                    target: target.clone(),
                    base: base.clone(),
                    repository: repository.clone(),
                    ..WorkspaceState::default()
                };
            }
            Body::WorkspaceRemoved { task, path } => {
                workspace(self.task(task), |known| known.path == *path).removed = true;
            }
            Body::MergeStarted { task, .. } => self.task(task).status = TaskStatus::Integrating,
            Body::MergeFinished {
                task,
                branch,
                commit,
                how,
                ..
            } => {
                let task = self.task(task);
                task.conflicts.clear();
                let merged = workspace(task, |known| known.branch.as_ref() == Some(branch));
                (merged.merged, merged.how) = (Some(commit.clone()), how.clone());
            }
            Body::MergeConflict {
                task,
                files,
                reason,
                verdict_file,
                ..
            } => {
                let task = self.task(task);
                task.conflicts.clone_from(files);
                not_merged(task, reason.as_ref(), verdict_file.as_ref());
            }
            Body::MergeReverted {
                task,
                reason,
                verdict_file,
                ..
            } => {
                let task = self.task(task);
                task.verification = Verification::Failed;
                not_merged(task, reason.as_ref(), verdict_file.as_ref());
            }
            _ => {}
        }
    }
}

/// The worktree that is meant; a new one where none is.
fn workspace(task: &mut TaskState, is_it: impl Fn(&WorkspaceState) -> bool) -> &mut WorkspaceState {
    let at = task.workspaces.iter().position(is_it);
    let at = at.unwrap_or_else(|| {
        task.workspaces.push(WorkspaceState::default());
        task.workspaces.len() - 1
    });
    &mut task.workspaces[at]
}

fn not_merged(task: &mut TaskState, reason: Option<&String>, verdict_file: Option<&String>) {
    task.reason = reason.cloned();
    if verdict_file.is_some() {
        task.verdict_file = verdict_file.cloned();
    }
}
