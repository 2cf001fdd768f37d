//! Work that is broken down: what a whole and its parts mean for the order of a plan.
//!
//! A whole comes after its parts, so that what waits for it waits for all of them; its parts come after what it waits
//! for. Where all of its work is in its parts it becomes a join, a task whose command is `true`: no agent is started for
//! it, unless the dispatcher is told to have all tasks done by one.
//!
//! Rejected: phases, which order nothing in a plan without parallel groups; and parts instead of the whole wherever it
//! is waited for, which costs parts × dependents and loses the name that people know.
//!
//! Only what is not implied is written: parts that wait for a part beside them inherit nothing, and a whole waits for
//! those parts only that no part beside them waits for.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use schemas::PriorOutcome;
use serde_json::{Value, json};

use super::{Draft, Node};

/// Most levels of parts: as far as beads looks, too.
const DEEPEST: usize = 50;

/// Most dependencies of a plan.
const MOST: usize = 2_000_000;

/// Most characters of a whole's title that its parts are told.
const LONGEST_TITLE: usize = 200;

/// The schedule must not take a join for work, and the schema wants more than nothing.
const JOIN_MINUTES: f64 = 0.1;

/// A piece of work whose order is not settled yet.
pub(super) struct Work {
    /// The task, without `dependsOn` and `outcome`.
    pub(super) task: Node,
    pub(super) id: String,
    /// Where the id stands.
    pub(super) at: Range<usize>,
    /// The whole that it is a part of.
    pub(super) whole: Option<usize>,
    /// Ids that it waits for, each with its place.
    pub(super) waits_for: Vec<Node>,
    pub(super) state: State,
    /// When it has parts, they are all of its work.
    pub(super) is_sum: bool,
}

/// Where work stands before the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// To be done.
    Open,
    /// To be done at another time: what waits for it cannot start.
    Held,
    Done,
    /// Never to be done: a whole does not wait for it.
    GivenUp,
}

impl State {
    pub(super) fn is_unfinished(self) -> bool {
        matches!(self, State::Open | State::Held)
    }

    fn outcome(self) -> Option<PriorOutcome> {
        match self {
            State::Open => None,
            State::Done => Some(PriorOutcome::Succeeded),
            State::Held | State::GivenUp => Some(PriorOutcome::Cancelled),
        }
    }
}

/// The tasks, in the order of the works. None, and an error, when there are too many dependencies.
pub(super) fn tasks(mut works: Vec<Work>, draft: &mut Draft) -> Option<Vec<Node>> {
    if let Some(work) = works
        .iter()
        .enumerate()
        .find_map(|(at, work)| (wholes(&works, at).count() == DEEPEST).then_some(work))
    {
        draft.error(
            "parts-too-deep",
            format!(
                "`{}` is a part of itself, or below more than {DEEPEST} levels",
                work.id
            ),
            work.at.clone(),
            "look at what it is a part of, and what that is a part of",
        );
        return None;
    }
    hold_parts(&mut works);
    let tree = Tree::of(&works);
    let mut left = MOST;
    let mut all = Vec::with_capacity(works.len());
    for (at, work) in works.iter().enumerate() {
        let depends_on = tree.dependencies(at, left);
        let Some(rest) = left.checked_sub(depends_on.len()) else {
            draft.error(
                "too-large",
                format!(
                    "more than {MOST} dependencies, with those that parts have of their wholes"
                ),
                work.at.clone(),
                "let parts depend on each other, or take the work apart into several plans",
            );
            return None;
        };
        left = rest;
        all.push(Settled {
            depends_on,
            is_join: work.is_sum && work.state == State::Open && tree.has_parts[at],
            part_of: work.whole.map(|whole| part_of(&works[whole])),
        });
    }
    let tasks = works.into_iter().zip(all);
    Some(tasks.map(|(work, settled)| task(work, settled)).collect())
}

/// What a work gets from those around it.
struct Settled {
    depends_on: Vec<Node>,
    /// There is nothing to be done but to wait for its parts.
    is_join: bool,
    /// A sentence for the agent, and the id of the whole.
    part_of: Option<(String, Node)>,
}

fn part_of(whole: &Work) -> (String, Node) {
    let title = whole.task.get("title").and_then(Node::as_str);
    let mut sentence = format!("Part of {}", whole.id);
    if let Some(title) = title {
        let title: String = title.chars().take(LONGEST_TITLE).collect();
        sentence.push_str(&format!(", “{title}”"));
    }
    sentence.push('.');
    (sentence, Node::new(whole.id.as_str(), whole.at.clone()))
}

fn task(work: Work, settled: Settled) -> Node {
    let Work {
        mut task,
        at,
        state,
        ..
    } = work;
    task.set_list("dependsOn", settled.depends_on, at.clone());
    if let Some(outcome) = state.outcome() {
        task.set("outcome", Node::new(json!(outcome), at.clone()));
    }
    if settled.is_join {
        make_join(&mut task, &at);
    }
    if let Some((sentence, whole)) = settled.part_of {
        if let Some(description) = task.get("description")
            && let Some(text) = description.as_str()
        {
            let text = format!("{}\n\n{sentence}", text.trim_end());
            let at = description.at.clone();
            task.set("description", Node::new(text, at));
        }
        if task.get("metadata").is_none() {
            task.set("metadata", Node::map(at));
        }
        if let Some(metadata) = task.get_mut("metadata") {
            metadata.set("partOf", whole);
        }
    }
    task
}

/// Makes it a task that only waits for others.
pub(super) fn make_join(task: &mut Node, at: &Range<usize>) {
    let mut set = |key: &str, value: Value| task.set(key, Node::new(value, at.clone()));
    set("command", json!(["true"]));
    // Also where all tasks are given to one agent: there is nothing to do for it.
    set("agent", json!("command"));
    set("estimatedMinutes", json!(JOIN_MINUTES));
    set("readOnly", json!(true));
    set("isolation", json!("none"));
}

/// What is said to be blocked and waits for something unfinished is open: it waits for that anyway. The rest stays as
/// it is. All three lists are in the order of the works.
pub(super) fn unblock(
    ids: &[&str],
    waits: &[Vec<Node>],
    is_blocked: &[bool],
    states: &mut [State],
) {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (at, id) in ids.iter().enumerate() {
        by_id.entry(id).or_insert(at);
    }
    let before = states.to_vec();
    for (at, state) in states
        .iter_mut()
        .enumerate()
        .filter(|(at, _)| is_blocked[*at])
    {
        let is_waiting = |wait: &Node| {
            let other = wait.as_str().and_then(|id| by_id.get(id));
            other.is_some_and(|other| *other != at && before[*other].is_unfinished())
        };
        if waits[at].iter().any(is_waiting) {
            *state = State::Open;
        }
    }
}

/// Parts of what is held are held.
fn hold_parts(works: &mut [Work]) {
    let held: Vec<bool> = (0..works.len())
        .map(|at| wholes(works, at).any(|whole| works[whole].state == State::Held))
        .collect();
    for (work, held) in works.iter_mut().zip(held) {
        if held && work.state == State::Open {
            work.state = State::Held;
        }
    }
}

/// The wholes above a work, the nearest first. Ends on circles.
fn wholes(works: &[Work], at: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(works[at].whole, |whole| works[*whole].whole).take(DEEPEST)
}

struct Tree<'w> {
    works: &'w [Work],
    by_id: HashMap<&'w str, usize>,
    /// What the parts of each wait for instead of it.
    passed_on: Vec<Vec<&'w Node>>,
    /// The parts of each that are not finished, without those that a part beside them waits for.
    last: Vec<Vec<usize>>,
    /// Whether it has parts that are not finished.
    has_open_parts: Vec<bool>,
    /// Whether it has parts, of which not all were given up.
    has_parts: Vec<bool>,
    /// Whether it waits for an unfinished part beside it.
    is_after_another: Vec<bool>,
}

impl<'w> Tree<'w> {
    fn of(works: &'w [Work]) -> Tree<'w> {
        let mut tree = Tree {
            works,
            by_id: HashMap::with_capacity(works.len()),
            passed_on: vec![Vec::new(); works.len()],
            last: vec![Vec::new(); works.len()],
            has_open_parts: vec![false; works.len()],
            has_parts: vec![false; works.len()],
            is_after_another: vec![false; works.len()],
        };
        for (at, work) in works.iter().enumerate() {
            tree.by_id.entry(&work.id).or_insert(at);
        }
        let mut is_waited_for = vec![false; works.len()];
        for (at, work) in works.iter().enumerate() {
            let Some(whole) = work.whole else { continue };
            tree.has_parts[whole] |= work.state != State::GivenUp;
            if !work.state.is_unfinished() {
                continue;
            }
            tree.has_open_parts[whole] = true;
            for wait in &work.waits_for {
                let beside = tree.find(wait).filter(|other| {
                    let other = &works[*other];
                    other.whole == Some(whole) && other.state.is_unfinished()
                });
                if let Some(other) = beside.filter(|other| *other != at) {
                    tree.is_after_another[at] = true;
                    is_waited_for[other] = true;
                }
            }
        }
        for (at, work) in works.iter().enumerate() {
            if let Some(whole) = work.whole
                && work.state.is_unfinished()
                && !is_waited_for[at]
            {
                tree.last[whole].push(at);
            }
            if tree.has_open_parts[at] {
                let passed_on = work
                    .waits_for
                    .iter()
                    .filter(|wait| tree.is_passed_on(wait, at));
                let mut known = HashSet::new();
                tree.passed_on[at] = passed_on
                    .filter(|wait| known.insert(wait.as_str()))
                    .collect();
            }
        }
        tree
    }

    fn find(&self, id: &Node) -> Option<usize> {
        self.by_id.get(id.as_str()?).copied()
    }

    /// What a task depends on; more than `most` when there is more.
    fn dependencies(&self, at: usize, most: usize) -> Vec<Node> {
        let work = &self.works[at];
        let has_parts = self.has_open_parts[at];
        let is_own = |wait: &&Node| !has_parts || !self.is_passed_on(wait, at);
        let mut all: Vec<Node> = work.waits_for.iter().filter(is_own).cloned().collect();
        if !work.state.is_unfinished() {
            all.retain(|wait| self.find(wait).is_some());
            return all;
        }
        let mut known: HashSet<String> = all
            .iter()
            .filter_map(|n| n.as_str())
            .map(str::to_owned)
            .collect();
        let mut add = |wait: &Node| {
            if let Some(id) = wait.as_str()
                && known.insert(id.to_owned())
            {
                all.push(wait.clone());
            }
            all.len() <= most
        };
        if has_parts {
            for part in &self.last[at] {
                let part = &self.works[*part];
                add(&Node::new(part.id.as_str(), part.at.clone()));
            }
            return all;
        }
        let mut below = at;
        for whole in wholes(self.works, at) {
            if self.is_after_another[below] || !self.works[whole].state.is_unfinished() {
                break;
            }
            for wait in &self.passed_on[whole] {
                if !add(wait) {
                    return all;
                }
            }
            below = whole;
        }
        all
    }

    /// Whether the parts of a whole wait for this instead of it: it is known, not finished, and none of them.
    fn is_passed_on(&self, wait: &Node, whole: usize) -> bool {
        self.find(wait).is_some_and(|other| {
            self.works[other].state.is_unfinished()
                && other != whole
                && wholes(self.works, other).all(|above| above != whole)
        })
    }
}
