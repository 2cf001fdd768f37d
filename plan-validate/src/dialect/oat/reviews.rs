//! The table of reviews and the declared totals.

use super::ids;
use super::outline::Outline;
use crate::dialect::markdown::{Block, Kind, Row, items, plain};
use crate::dialect::{Draft, Node};

/// The words of a status, as upstream has them.
const STATUSES: &[&str] = &[
    "pending",
    "received",
    "fixes_added",
    "fixes_completed",
    "passed",
    "n/a",
    "-",
    "",
];

/// The rows of the table of reviews, columns by the name in the header; of a scope and type the last row counts.
pub(super) fn read(blocks: &[Block], draft: &mut Draft) -> Option<Node> {
    let rows = blocks.iter().find_map(|block| match &block.kind {
        Kind::Table(rows) => Some(rows).filter(|rows| has_columns(rows, &["scope", "status"])),
        _ => None,
    })?;
    let (header, rows) = rows.split_first()?;
    let names: Vec<String> = header
        .iter()
        .map(|cell| plain(&cell.raw).to_lowercase())
        .collect();
    let at = header.first().map_or(0..0, |cell| cell.at.clone());
    let mut reviews = Vec::new();
    for row in rows {
        let mut review = Node::map(row.first().map_or(at.clone(), |cell| cell.at.clone()));
        for (name, cell) in names.iter().zip(row) {
            let text = plain(&cell.raw);
            if name == "status" && !STATUSES.contains(&text.to_lowercase().as_str()) {
                draft.warn_with(
                    "review-status",
                    format!("`{text}` is no status of a review"),
                    cell.at.clone(),
                    "pending, received, fixes_added, fixes_completed or passed",
                );
            }
            if !name.is_empty() && !matches!(text.as_str(), "" | "-") {
                review.set(name, Node::new(text, cell.at.clone()));
            }
        }
        reviews.push(review);
    }
    Some(Node::list(reviews, at))
}

pub(super) fn has_columns(rows: &[Row], names: &[&str]) -> bool {
    let header: Vec<String> = rows
        .first()
        .into_iter()
        .flatten()
        .map(|cell| plain(&cell.raw).to_lowercase())
        .collect();
    names
        .iter()
        .all(|name| header.iter().any(|cell| cell == name))
}

/// `**Total: 22 tasks**`, and `- Phase 1: 2 tasks - …` above it.
pub(super) fn check_totals(blocks: &[Block], outline: &Outline, draft: &mut Draft) {
    for block in blocks {
        if let Kind::Paragraph(line) = &block.kind
            && let Some(total) = total(&plain(&line.raw))
            && total != outline.tasks.len()
        {
            draft.warn_with(
                "wrong-total",
                format!(
                    "the plan says that it has {total} tasks, and has {}",
                    outline.tasks.len()
                ),
                line.at.clone(),
                "either a task is missing, or the total was not kept",
            );
        }
    }
    for item in items(blocks) {
        let text = plain(&item.line.raw);
        let Some(heading) = ids::heading_of_phase(&text) else {
            continue;
        };
        let phase = outline.phase_with(&heading.id);
        if let (Some(phase), Some(count)) = (phase, count(heading.title))
            && count != phase.tasks.len()
        {
            draft.warn(
                "wrong-total",
                format!(
                    "the phase {} has {} tasks, not {count}",
                    phase.id,
                    phase.tasks.len()
                ),
                item.line.at.clone(),
            );
        }
    }
}

fn total(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("Total")?.trim_start_matches([':', ' ']);
    count(rest)
}

/// The number in `22 tasks …`.
fn count(text: &str) -> Option<usize> {
    let (number, rest) = text.split_once(' ')?;
    rest.starts_with("task")
        .then(|| number.parse().ok())
        .flatten()
}
