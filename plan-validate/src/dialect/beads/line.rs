//! The lines of the file: one JSON object in each.

use schemas::Problem;

use super::super::{Draft, Node};

/// The objects, each with its place. An error for every line that is none.
pub(super) fn read(text: &str, offset: usize, draft: &mut Draft) -> Vec<Node> {
    let mut lines = Vec::new();
    let mut start = offset;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let line = line.trim_end();
        if line.trim_start().is_empty() {
            continue;
        }
        if is_conflict(line) {
            draft.error(
                "conflict-marker",
                "a merge was left unfinished here",
                at..at + line.len(),
                "resolve the conflict: of an issue that is in both halves keep the newer line",
            );
            continue;
        }
        match Node::from_json(line, at) {
            Ok(node) if node.is_map() => lines.push(node),
            Ok(node) => draft.error(
                "not-an-issue",
                format!("this line is {}", node.kind()),
                node.at.clone(),
                "every line is an object: {\"id\": ..., \"title\": ..., ...}",
            ),
            Err(problems) => draft.found.extend(problems.into_iter().map(|problem| {
                Problem {
                    help: problem
                        .help
                        .or(Some("every line is one JSON object".to_owned())),
                    ..problem
                }
            })),
        }
    }
    lines
}

fn is_conflict(line: &str) -> bool {
    let marks = ["<<<<<<< ", "||||||| ", ">>>>>>> "];
    line == "=======" || marks.iter().any(|mark| line.starts_with(mark))
}
