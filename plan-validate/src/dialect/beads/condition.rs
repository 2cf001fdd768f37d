//! Issues that are done only if another one fails.

use std::collections::HashMap;

use super::super::parts::{State, Work, make_join};
use super::super::{Draft, Node};
use super::issue::Issue;
use super::link::Links;
use super::status::has_failed;

/// Turns failures that are waited for into order, and answers with the joins that this takes: tasks that succeed when
/// an issue has failed, for those that wait for other things, too.
pub(super) fn resolve(
    issues: &[Issue],
    links: &mut Links,
    states: &mut [State],
    draft: &mut Draft,
) -> Vec<Work> {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (at, issue) in issues.iter().enumerate() {
        by_id.entry(&issue.id).or_insert(at);
    }
    let mut has_parts = vec![false; issues.len()];
    for whole in links.whole.iter().flatten() {
        has_parts[*whole] = true;
    }
    let mut joins = Vec::new();
    let mut of: HashMap<String, String> = HashMap::new();
    for at in 0..issues.len() {
        let mut open = std::mem::take(&mut links.failures[at]);
        open.retain(|failure| {
            let other = failure.as_str().and_then(|id| by_id.get(id));
            let Some(other) = other.filter(|other| !states[**other].is_unfinished()) else {
                return true;
            };
            if !has_failed(issues[*other].node) {
                states[at] = State::Held;
                let message = format!(
                    "`{}` is done only if `{}` fails, and that is closed: it is held back, and so is what waits for it",
                    issues[at].id, issues[*other].id
                );
                draft.warn_with("held-back", message, failure.at.clone(), "close it, too");
            }
            false
        });
        let is_alone = links.waits[at].is_empty() && links.whole[at].is_none() && !has_parts[at];
        if open.len() == 1 && is_alone {
            links.run_if_failed[at] = true;
            links.waits[at] = open;
            continue;
        }
        for failure in open {
            let Some(id) = failure.as_str() else { continue };
            let join = of.entry(id.to_owned()).or_insert_with(|| {
                let join = join(id, &failure, &by_id);
                let id = join.id.clone();
                joins.push(join);
                id
            });
            links.waits[at].push(Node::new(join.as_str(), failure.at.clone()));
        }
    }
    joins
}

/// A task that succeeds when an issue has failed, and is skipped when it has not.
fn join(id: &str, failure: &Node, taken: &HashMap<&str, usize>) -> Work {
    let at = failure.at.clone();
    let mut name = format!("{id}.failed");
    while taken.contains_key(name.as_str()) {
        name.push('_');
    }
    let mut task = Node::map(at.clone());
    task.set("id", Node::new(name.as_str(), at.clone()));
    task.set("title", Node::new(format!("{id} has failed"), at.clone()));
    task.set("runIf", Node::new("failed", at.clone()));
    make_join(&mut task, &at);
    Work {
        task,
        id: name,
        whole: None,
        waits_for: vec![failure.clone()],
        at,
        state: State::Open,
        is_sum: false,
    }
}
