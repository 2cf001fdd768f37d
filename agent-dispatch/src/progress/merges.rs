//! The table of what was merged: branches, where their work is now, and worktrees that were kept.

use schemas::{State, TaskState, WorkspaceState, compare_ids, printable};

use super::summary::{cell, table};

/// One row for each worktree of a task; empty for a run without any.
pub(super) fn merges(state: &State) -> String {
    let mut tasks: Vec<_> = state.tasks.iter().collect();
    tasks.sort_by(|a, b| compare_ids(a.0, b.0));
    let titles = ["TASK", "BRANCH", "INTO", "MERGED", "CONFLICTS"].map(str::to_owned);
    let mut rows = vec![titles];
    for (id, task) in &tasks {
        rows.extend(task.workspaces.iter().map(|known| row(id, task, known)));
    }
    if rows.len() == 1 {
        return String::new();
    }
    let mut text = format!("\n{}", table(&rows));
    for (id, task) in tasks {
        for known in task.workspaces.iter().filter(|known| !known.removed) {
            text.push_str(&format!(
                "  {} keeps {}\n",
                printable(id),
                printable(&known.path)
            ));
        }
    }
    text
}

fn row(id: &str, task: &TaskState, known: &WorkspaceState) -> [String; 5] {
    let merged = match (&known.merged, known.how.as_deref()) {
        (Some(_), Some("empty")) => "nothing to merge".to_owned(),
        (Some(commit), _) => commit.get(..10).unwrap_or(commit).to_owned(),
        (None, _) => "-".to_owned(),
    };
    let conflicts = match task.conflicts.as_slice() {
        [] => "-".to_owned(),
        files => cell(&files.join(", ")),
    };
    [
        cell(id),
        cell(known.branch.as_deref().unwrap_or("-")),
        cell(known.target.as_deref().unwrap_or("-")),
        merged,
        conflicts,
    ]
}
