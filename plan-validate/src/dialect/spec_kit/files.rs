//! The files that tasks name which run side by side.

use std::collections::HashMap;

use super::order;
use super::sections::Task;
use crate::dialect::{Draft, Node, paths};

/// A resource for every file that a task names, of those that run beside others. `[P]` promises different files: a
/// promise that is not kept is told, and the tasks are kept apart.
pub(super) fn of(tasks: &[Task], draft: &mut Draft) -> Vec<Vec<Node>> {
    let runs = order::runs(tasks);
    let mut named: HashMap<(usize, String), &str> = HashMap::new();
    let mut all = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        let is_alone = runs[at] == at && runs.get(at + 1) != Some(&at);
        let mut files = Vec::new();
        if !is_alone {
            for path in paths::in_line(&task.line, task.text.at.start, draft) {
                let id = task.id.text.as_str();
                let first = *named.entry((runs[at], path.text.clone())).or_insert(id);
                if first != id {
                    draft.warn_with(
                        "parallel-same-file",
                        format!(
                            "{first} and {id} may run side by side, and both name `{}`",
                            path.text
                        ),
                        path.at.clone(),
                        "they will run one after the other; `[P]` means different files",
                    );
                }
                let name = format!("file:{}", path.text);
                if !files.iter().any(|file: &Node| file.as_str() == Some(&name)) {
                    files.push(Node::new(name, path.at));
                }
            }
        }
        all.push(files);
    }
    all
}
