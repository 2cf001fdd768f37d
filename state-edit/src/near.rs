//! What somebody may have meant.

use schemas::State;

/// As many names are listed when none is near.
const LISTED: usize = 12;

/// The name that a mistyped one is nearest to; none when it is near to none, or to several.
pub(crate) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut least = (text.chars().count() / 3).max(1) + 1;
    let mut nearest = None;
    for name in names {
        let distance = strsim::osa_distance(text, name);
        if distance < least {
            (least, nearest) = (distance, Some(name));
        } else if distance == least {
            nearest = None;
        }
    }
    nearest
}

/// Advice for who named a task that there is not.
pub(crate) fn tasks(state: &State, id: &str) -> String {
    if let Some(near) = nearest(id, state.tasks.keys().map(String::as_str)) {
        return format!("did you mean {near}?");
    }
    let mut ids: Vec<&str> = state.tasks.keys().map(String::as_str).collect();
    ids.sort_by(|a, b| schemas::compare_ids(a, b));
    match ids.len() {
        0 => "the run has no tasks yet".to_owned(),
        1..=LISTED => format!("there are: {}", ids.join(", ")),
        more => format!("there are {more} tasks, {} … {}", ids[0], ids[more - 1]),
    }
}

/// Tasks with an open question, each once, in the order in which they asked.
pub(crate) fn asking(state: &State) -> Vec<&str> {
    let mut tasks: Vec<&str> = Vec::new();
    for question in state.open_questions() {
        if !tasks.contains(&question.task.as_str()) {
            tasks.push(&question.task);
        }
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_a_letter_in_three() {
        assert_eq!(nearest("t33", ["t3", "t4"]), Some("t3"));
        assert_eq!(nearest("t5", ["t3", "t4"]), None);
        assert_eq!(nearest("t5", ["t3", "t4", "t5"]), Some("t5"));
        assert_eq!(nearest("progess", schemas::RECORD_TYPES), Some("progress"));
        assert_eq!(nearest("zebra", schemas::RECORD_TYPES), None);
    }
}
