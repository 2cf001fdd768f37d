//! What tasks are called: by their files, which are renamed when they become issues.

use std::collections::HashMap;

use super::task::Task;
use crate::dialect::Draft;
use crate::dialect::markdown::Span;

/// The id of a task by the name of its file: `001` of `001.md`; none for `epic.md` or `36-analysis.md`.
pub(super) fn of_task(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".md")?;
    let is_number =
        !stem.is_empty() && stem.len() <= 9 && stem.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(stem)
}

/// All of them.
pub(super) struct Names {
    exact: HashMap<String, String>,
    by_number: HashMap<u64, Vec<String>>,
    /// The files have the numbers of issues: none is written `001`.
    is_renamed: bool,
}

impl Names {
    pub(super) fn new(tasks: &[Task]) -> Names {
        let mut by_number: HashMap<u64, Vec<String>> = HashMap::new();
        for task in tasks {
            if let Ok(number) = task.id.parse() {
                by_number.entry(number).or_default().push(task.id.clone());
            }
        }
        Names {
            exact: tasks
                .iter()
                .map(|task| (task.id.clone(), task.id.clone()))
                .collect(),
            by_number,
            is_renamed: tasks.iter().all(|task| !task.id.starts_with('0')),
        }
    }

    /// The task with this number, with or without zeros before it.
    pub(super) fn find(&self, text: &str) -> Option<&str> {
        if let Some(id) = self.exact.get(text) {
            return Some(id);
        }
        // `001` is no misspelt `1` where files have been renamed.
        if self.is_renamed && text.starts_with('0') {
            return None;
        }
        match self.by_number.get(&text.parse().ok()?).map(Vec::as_slice) {
            Some([one]) => Some(one),
            _ => None,
        }
    }

    /// The task that is named: `36`, `#36`, `036.md`, `Task 36`, or the address of an issue. What is not found is told.
    pub(super) fn resolve(&self, named: &Span, task: &Task, draft: &mut Draft) -> Option<&str> {
        let text = named
            .text
            .trim()
            .trim_end_matches(".md")
            .trim_end_matches('/');
        let number = text.rsplit(['/', '#', ' ']).next().unwrap_or(text);
        if let Some(id) = self.find(number) {
            return Some(id);
        }
        let is_old = self.is_renamed && number.len() == 3 && number.starts_with('0');
        let message = match is_old {
            true => format!(
                "the task {} names {number}, a number from before its files were renamed",
                task.id
            ),
            false => format!(
                "the task {} names `{text}`, which is no task of the epic",
                task.id
            ),
        };
        let at = named.at.clone();
        if task.is_settled() {
            draft.warn_with("stale-id", message, at, "it is done, so that nothing waits");
        } else if is_old {
            let help = "write the number of the file: which task was meant is not said anywhere";
            draft.error("stale-id", message, at, help);
        } else {
            draft.error(
                "unknown-task-name",
                message,
                at,
                "a task is named by the number of its file",
            );
        }
        None
    }
}
