//! The fields of a task that is a heading: `**Dependencies**: TASK-001`, in the languages that were seen.

use std::ops::Range;

use super::ids;
use crate::dialect::labels::behind;
use crate::dialect::markdown::{Block, Kind, Span, items};
use crate::dialect::{Draft, Node, labels};

#[derive(Default)]
pub(super) struct Fields {
    /// Ids that are waited for; `None` when the task does not say, or not clearly.
    pub(super) dependencies: Option<Vec<(String, Range<usize>)>>,
    pub(super) priority: Option<Span>,
    pub(super) minutes: Option<Node>,
    pub(super) acceptance: Vec<Span>,
}

const DEPENDENCIES: &[&str] = &[
    "Dependencies",
    "Dependency",
    "Depends on",
    "Depends",
    "Blocked by",
    "의존성",
    "依存関係",
    "依存",
    "依赖",
    "依赖关系",
    "Abhängigkeiten",
    "Dépendances",
    "Dependencias",
    "Dependências",
];
const PRIORITY: &[&str] = &[
    "Priority",
    "우선순위",
    "優先度",
    "优先级",
    "Priorität",
    "Priorité",
    "Prioridad",
    "Prioridade",
];
const ESTIMATE: &[&str] = &[
    "Estimate",
    "Estimated time",
    "Estimated effort",
    "Effort",
    "예상 시간",
    "見積もり",
    "预计时间",
];
const ACCEPTANCE: &[&str] = &[
    "Acceptance criteria",
    "Acceptance",
    "Done when",
    "완료 기준",
    "完了条件",
    "完了基準",
    "验收标准",
];
const NOTHING: &[&str] = &[
    "", "-", "–", "—", "none", "n/a", "nothing", "없음", "なし", "无", "無", "keine", "aucune",
    "ninguna", "nenhuma",
];

pub(super) fn read(body: &[Block], draft: &mut Draft) -> Fields {
    let mut fields = Fields::default();
    for (index, block) in body.iter().enumerate() {
        let lines: Vec<_> = match &block.kind {
            Kind::Paragraph(line) => vec![line],
            Kind::List(items) => items.iter().map(|item| &item.line).collect(),
            _ => continue,
        };
        for physical in lines.into_iter().flat_map(labels::lines) {
            let value = |names: &[&str]| names.iter().find_map(|name| behind(&physical, name));
            if let Some(text) = value(DEPENDENCIES) {
                fields.dependencies = dependencies(&text, draft);
            } else if let Some(text) = value(PRIORITY) {
                let word = text
                    .text
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .next()
                    .unwrap_or_default();
                if matches!(word, "P0" | "P1" | "P2" | "P3") {
                    let text = Span {
                        text: word.to_owned(),
                        ..text
                    };
                    fields.priority = Some(text);
                }
            } else if let Some(text) = value(ESTIMATE) {
                fields.minutes = minutes(&text.text).map(|minutes| Node::number(minutes, text.at));
            } else if value(ACCEPTANCE).is_some() {
                let next = body.get(index + 1).map_or(&[][..], std::slice::from_ref);
                let items = items(next).into_iter();
                fields.acceptance.extend(items.map(|item| Span {
                    text: item.line.raw.clone(),
                    at: item.line.at.clone(),
                }));
            }
        }
    }
    fields
}

fn dependencies(text: &Span, draft: &mut Draft) -> Option<Vec<(String, Range<usize>)>> {
    if NOTHING.contains(&text.text.trim().to_lowercase().as_str()) {
        return Some(Vec::new());
    }
    let (ids, end) = ids::list(&text.text);
    let rest = text.text[end..].trim_start();
    let is_clear = rest.is_empty() || rest.starts_with(['(', '（', '`', '.']);
    if ids.is_empty() || !is_clear {
        draft.warn_with(
            "unclear-dependencies",
            "what the task waits for is not clear: it waits for all before it",
            text.at.clone(),
            "name the tasks by their ids, with commas",
        );
        return None;
    }
    let at = |span: Range<usize>| text.at.start + span.start..text.at.start + span.end;
    Some(ids.into_iter().map(|(id, span)| (id, at(span))).collect())
}

/// `4h`, `30 min`, `1.5 days`, `4시간`.
fn minutes(text: &str) -> Option<f64> {
    let text = text.trim().trim_start_matches('~');
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim_start().to_lowercase();
    let of = |units: &[&str]| units.iter().any(|name| unit.starts_with(name));
    let factor = if of(&["h", "시간", "時間", "小时"]) {
        60.0
    } else if of(&["m", "분", "分"]) {
        1.0
    } else if of(&["d", "일", "日", "天"]) {
        480.0
    } else {
        return None;
    };
    let minutes = number * factor;
    (minutes > 0.0 && minutes < 1e6).then_some(minutes)
}

/// How many boxes are open, and how many closed.
pub(super) fn boxes(body: &[Block]) -> (usize, usize) {
    let items = items(body);
    let count = |done| items.iter().filter(|item| item.done == Some(done)).count();
    (count(false), count(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_have_a_unit() {
        for (text, expected) in [
            ("4h", Some(240.0)),
            ("1.5 hours", Some(90.0)),
            ("30 min", Some(30.0)),
            ("4시간", Some(240.0)),
            ("~2 days", Some(960.0)),
            ("4", None),
            ("soon", None),
            ("1.2.3h", None),
            ("0h", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }
}
