//! What an attempt must know of the worktree that it works in, and of what kept its work from being merged.

use std::fmt::Write;

use schemas::Outcome;

use super::Facts;

/// Where a task with worktrees works.
#[derive(Debug, Clone)]
pub(crate) struct Worktree {
    pub(crate) branch: String,
    /// The branch that its work is merged into.
    pub(crate) target: String,
    /// Folders of further repositories that it changes.
    pub(crate) others: Vec<String>,
}

pub(super) fn place(text: &mut String, facts: &Facts<'_>) {
    let Some(worktree) = facts.worktree else {
        return;
    };
    let Worktree {
        branch,
        target,
        others,
    } = worktree;
    let _ = write!(
        text,
        "\n## Your worktree\nYour folder is a git worktree of your own, on the branch {branch}. Commit what you do there, or leave it: what is
not committed when you end is committed for you. Your work is merged into {target} once it has passed its checks: do not merge,
rebase or push it yourself, do not switch branches, and leave other worktrees alone.\n"
    );
    for folder in others {
        let _ = writeln!(
            text,
            "The task changes another repository as well; its worktree is {folder}."
        );
    }
}

/// The work had passed, and could not be merged: both sides, and what is to be done.
pub(super) fn conflict(text: &mut String, facts: &Facts<'_>) {
    let known = facts.state.tasks.get(&facts.task.id);
    let Some((worktree, known)) = facts
        .worktree
        .zip(known.filter(|known| known.merge_fixes > 0))
    else {
        return;
    };
    let target = &worktree.target;
    if known.conflicts.is_empty() {
        let _ = write!(
            text,
            "\n## Merge\nYour work had passed, and what came of merging it into {target} did not. {target} has been merged into your branch: mend
your work so that both hold together.\n"
        );
        return;
    }
    let _ = write!(
        text,
        "\n## Conflict\nYour work had passed, but {target} has changed in the same places meanwhile. {target} is being merged into your branch:
git has left the conflicts in the files below. Resolve them so that what both sides wanted holds, remove every marker, run
the tests, and commit. If nobody can have both, end with the word UNRESOLVABLE and say why; if you have resolved them and the tests
do not pass, with VERIFICATION_FAILED; else with RESOLVED. Files:\n"
    );
    super::list(text, &known.conflicts);
    let _ = writeln!(
        text,
        "What you were to do: {}",
        intent(&facts.task.title, &facts.task.description)
    );
    for (id, other) in &facts.state.tasks {
        let touched = other
            .files
            .iter()
            .any(|file| known.conflicts.contains(file));
        if *id == facts.task.id || other.outcome != Some(Outcome::Succeeded) || !touched {
            continue;
        }
        let planned = facts.plan.tasks.iter().find(|task| task.id == *id);
        let description = planned.map_or("", |task| task.description.as_str());
        let _ = write!(
            text,
            "What {id} was to do: {}",
            intent(&other.title, description)
        );
        match &other.summary {
            Some(summary) => writeln!(text, " — it says: {summary}"),
            None => writeln!(text),
        }
        .unwrap_or_default();
    }
}

fn intent(title: &str, description: &str) -> String {
    match description.is_empty() {
        true => title.to_owned(),
        false => format!("{title}. {description}"),
    }
}
