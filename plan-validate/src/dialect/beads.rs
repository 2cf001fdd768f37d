//! `issues.jsonl` of beads: an issue per line, with its links to others.
//!
//! Only four types of links say anything about order. `blocks` is a dependency. `parent-child` makes an issue a part of
//! another, see [`parts`] for what that means; an epic, a milestone or a molecule has no work of its own. `waits-for` is
//! a dependency on the issue that the children come from, and so on the children. `conditional-blocks` is one on the
//! failure of an issue: `runIf: failed` where it is the only one, else a join with it that the issue waits for.
//!
//! A gate (a person's yes, a build, a time) is a join with a `manual` gate: a person says when it is passed.
//!
//! As for beads, a blocker that is closed is out of the way however it was closed, and one that was deleted, too; unlike
//! for beads, one that the file does not have is an error, and not out of the way.

mod condition;
mod issue;
mod line;
mod link;
mod status;

#[cfg(test)]
mod tests;

use std::ops::Range;

use schemas::{Problem, Severity};

use self::issue::Issue;
use self::link::Links;
use super::parts::{self, State, Work, make_join};
use super::{Dialect, Draft, Glimpse, Layout, Material, Node};

pub(super) const BEADS: Dialect = Dialect {
    name: "beads",
    what: "an issues.jsonl of beads",
    layouts: &[
        Layout {
            mark: ".beads/issues.jsonl",
            files: &[".beads/issues.jsonl"],
        },
        Layout {
            mark: ".beads/beads.jsonl",
            files: &[".beads/beads.jsonl"],
        },
        Layout {
            mark: "issues.jsonl",
            files: &["issues.jsonl"],
        },
        Layout {
            mark: "beads.jsonl",
            files: &["beads.jsonl"],
        },
    ],
    recognises,
    takes_features: false,
    read,
};

/// The first line is an issue, or says by `_type` what else it is.
fn recognises(glimpse: &Glimpse) -> bool {
    let Some(line) = glimpse.lines().find(|line| !line.trim().is_empty()) else {
        return false;
    };
    let keys = Glimpse::new("", line).json_keys();
    let has = |key: &str| keys.iter().any(|(name, _)| *name == key);
    let is_issue = has("id") && has("title") && has("status");
    let is_of_beads = ["issue_type", "priority", "deps", "created_at"]
        .iter()
        .any(|key| has(key));
    line.starts_with('{') && !has("planId") && (has("_type") || is_issue && is_of_beads)
}

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let Some(file) = material.files.first() else {
        return draft;
    };
    let whole = file.span.clone();
    let lines = line::read(material.text(file), whole.start, &mut draft);
    let issues = issue::sorted(&lines, &mut draft);
    if draft.found.has_errors() {
        return draft;
    }
    let said = status::said(&issues.work);
    let mut states = status::states(&said);
    let mut links = Links::of(&issues, &states, &mut draft);
    status::settle(&issues.work, &said, &links, &mut states, &mut draft);
    let joins = condition::resolve(&issues.work, &mut links, &mut states, &mut draft);
    let mut works: Vec<Work> = Vec::with_capacity(issues.work.len() + joins.len());
    let all = issues.work.iter().zip(states).enumerate();
    works.extend(all.map(|(at, (issue, state))| {
        let kept = std::mem::take(&mut links.kept[at]);
        let mut task = issue.task(state, kept, &mut draft);
        if links.run_if_failed[at] {
            task.set("runIf", Node::new("failed", issue.at.clone()));
        }
        if links.has_borrowed[at] && issue.is_sum() && state == State::Open {
            make_join(&mut task, &issue.at);
        }
        Work {
            task,
            id: issue.id.clone(),
            at: issue.at.clone(),
            whole: links.whole[at],
            waits_for: std::mem::take(&mut links.waits[at]),
            state,
            is_sum: issue.is_sum(),
        }
    }));
    tell_empty_sums(&works, &mut draft);
    works.extend(joins);
    let Some(tasks) = parts::tasks(works, &mut draft) else {
        return draft;
    };
    let top = whole.start..whole.start;
    if tasks.is_empty() {
        draft.warn("no-tasks", "there are no issues to work on", top.clone());
    }
    if let Some(what) = issues.skipped.told() {
        let message = format!("not of the plan: {what}");
        let problem = Problem {
            severity: Severity::Info,
            ..Problem::error("skipped", message)
        };
        draft.tell(problem, top);
    }
    let mut plan = Node::map(whole.clone());
    plan.set("planId", plan_id(&issues.work, &whole));
    plan.set("tasks", Node::list(tasks, whole));
    draft.finish(plan)
}

/// An epic that nothing is a part of is work for an agent, and most often too much of it.
fn tell_empty_sums(works: &[Work], draft: &mut Draft) {
    let mut has_parts = vec![false; works.len()];
    for whole in works.iter().filter_map(|work| work.whole) {
        has_parts[whole] = true;
    }
    for (work, has_parts) in works.iter().zip(has_parts) {
        let is_join = work.task.get("command").is_some();
        if work.is_sum && !has_parts && work.state == State::Open && !is_join {
            draft.warn_with(
                "no-parts",
                format!("`{}` has no parts: it is one task, for one agent", work.id),
                work.at.clone(),
                "link its issues to it by `parent-child`, or make it a task",
            );
        }
    }
}

/// By the prefix that all ids have: the same wherever the file lies.
fn plan_id(issues: &[Issue], whole: &Range<usize>) -> Node {
    match issues
        .first()
        .and_then(|issue| Some((issue, issue.id.rsplit_once('-')?.0)))
    {
        Some((issue, prefix)) => Node::new(format!("beads-{prefix}"), issue.at.clone()),
        None => Node::new("beads", whole.start..whole.start),
    }
}
