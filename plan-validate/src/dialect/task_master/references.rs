//! What a dependency names. Ids of tasks are absolute (`5`), of subtasks full (`5.2`) or, within their task, bare (`2`).
//!
//! A bare id in a subtask may name the subtask beside it or the task of that number: task-master takes it for the
//! former below 100. That is most often what was meant, and sometimes not, so it is said.

use std::collections::HashSet;
use std::ops::Range;

use super::super::{Draft, Material, Node};
use super::task::{Item, written};

/// Bare ids from here on name tasks.
const FIRST_OF_TASKS: u64 = 100;

pub(super) struct References<'i> {
    ids: &'i HashSet<&'i str>,
    material: &'i Material,
}

/// What a bare id in a subtask is taken for.
struct Bare {
    id: String,
    /// The other work that it could name.
    other: Option<String>,
}

impl<'i> References<'i> {
    pub(super) fn new(ids: &'i HashSet<&'i str>, material: &'i Material) -> References<'i> {
        References { ids, material }
    }

    /// The full ids of what a task depends on.
    pub(super) fn of(&self, item: &Item, draft: &mut Draft) -> Vec<Node> {
        let Some(list) = item.node.some("dependencies") else {
            return Vec::new();
        };
        if !list.is_list() {
            draft.warn(
                "odd-dependencies",
                format!(
                    "`dependencies` of `{}` is {}, not a list",
                    item.id,
                    list.kind()
                ),
                list.at.clone(),
            );
        }
        let mut all = Vec::new();
        for (id, at) in self.named(list) {
            match id {
                Some(id) => all.push(Node::new(self.full(&id, item), at)),
                None => draft.error(
                    "odd-dependency",
                    format!("a dependency of `{}` is no id", item.id),
                    at,
                    "a dependency is the id of a task (5) or of a subtask (\"5.2\")",
                ),
            }
        }
        all
    }

    /// Ids as they are written, each with its place; without an id what is none. Nothing (`null`, an empty text) is
    /// passed over, as task-master does.
    fn named(&self, list: &Node) -> Vec<(Option<String>, Range<usize>)> {
        let mut all = Vec::new();
        for item in list.each().iter().filter(|item| !item.is_null()) {
            match written(item, self.material) {
                Some(text) if list.is_list() => all.push((Some(text), item.at.clone())),
                Some(text) => {
                    let ids = text.split(',').map(str::trim).map(str::to_owned);
                    all.extend(ids.map(|id| (Some(id), item.at.clone())));
                }
                None => {
                    let id = item.some("id").and_then(|id| written(id, self.material));
                    all.push((id, item.at.clone()));
                }
            }
        }
        all.retain(|(id, _)| id.as_deref() != Some(""));
        all
    }

    fn full(&self, id: &str, item: &Item) -> String {
        match &item.task {
            Some(task) if !id.contains('.') => self.bare(id, task).id,
            _ => id.to_owned(),
        }
    }

    fn bare(&self, id: &str, task: &str) -> Bare {
        let beside = format!("{task}.{id}");
        let is_small = id
            .parse::<u64>()
            .is_ok_and(|number| number < FIRST_OF_TASKS);
        match (self.ids.contains(beside.as_str()), self.ids.contains(id)) {
            (true, true) if is_small => Bare {
                id: beside,
                other: Some(id.to_owned()),
            },
            (true, true) => Bare {
                id: id.to_owned(),
                other: Some(beside),
            },
            (false, true) => Bare {
                id: id.to_owned(),
                other: Some(beside),
            },
            _ => Bare {
                id: beside,
                other: None,
            },
        }
    }

    /// Says which bare ids of a subtask could be read in two ways.
    pub(super) fn tell_ambiguous(&self, item: &Item, draft: &mut Draft) {
        let (Some(task), Some(list)) = (&item.task, item.node.some("dependencies")) else {
            return;
        };
        let named = self.named(list).into_iter();
        let bare = named.filter_map(|(id, at)| Some((id.filter(|id| !id.contains('.'))?, at)));
        let mut doubts = bare.filter_map(|(id, at)| {
            let bare = self.bare(&id, task);
            Some((id, bare.id, bare.other?, at))
        });
        let Some((id, taken, other, at)) = doubts.next() else {
            return;
        };
        let more = doubts.count();
        let others = match more {
            0 => String::new(),
            1 => " (and one more in this list)".to_owned(),
            more => format!(" (and {more} more in this list)"),
        };
        let does_exist = self.ids.contains(other.as_str());
        let message = match does_exist {
            true => format!(
                "`{}` depends on {id}: taken for `{taken}`, though there is `{other}`, too{others}",
                item.id
            ),
            false => format!(
                "`{}` depends on {id}: taken for the task `{taken}`, since there is no subtask `{other}`{others}",
                item.id
            ),
        };
        draft.warn_with(
            "ambiguous-dependency",
            message,
            at,
            format!("write \"{taken}\" if it is meant"),
        );
    }
}
