//! Ids of tasks, `T001` and `TASK-001`, and lists of them.

/// The id at the beginning of a text.
pub(super) fn first(text: &str) -> Option<&str> {
    let (prefix, digits) = split(text)?;
    let suffix = text[prefix + digits..]
        .bytes()
        .take_while(u8::is_ascii_lowercase)
        .count();
    let end = prefix + digits + if suffix == 1 { 1 } else { 0 };
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!text[end..].starts_with(goes_on)).then(|| &text[..end])
}

/// Lengths of the letters before the number, and of the number.
fn split(text: &str) -> Option<(usize, usize)> {
    let prefix = ["TASK-", "Task-", "task-", "T-", "T"]
        .iter()
        .find(|prefix| text.starts_with(**prefix))?;
    let digits = text[prefix.len()..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    (1..=6).contains(&digits).then_some((prefix.len(), digits))
}

/// `TXXX`, as the template has it.
pub(super) fn is_placeholder(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.strip_prefix("TASK-")
        .or(word.strip_prefix('T'))
        .is_some_and(|rest| {
            let rest = rest.trim_end_matches(':');
            rest.len() >= 2 && rest.chars().all(|c| matches!(c, 'X' | 'x' | 'N' | '#'))
        })
}

/// The ids at the beginning of a text, each with the bytes that name it, and how far they go: `T001, T002 and T004-T006`.
pub(super) fn list(text: &str) -> (Vec<(String, std::ops::Range<usize>)>, usize) {
    let mut found: Vec<(String, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    loop {
        let gap = separator(&text[at..], found.is_empty());
        let Some(id) = first(&text[at + gap..]) else {
            return (found, at);
        };
        let start = at + gap;
        at = start + id.len();
        found.push((id.to_owned(), start..at));
        // A range names what is between, too.
        let rest = text[at..].trim_start_matches(' ');
        let Some(rest) = ["~", "–", "—", "-", "..", "to "]
            .iter()
            .find_map(|sign| rest.strip_prefix(*sign))
        else {
            continue;
        };
        let rest = rest.trim_start_matches([' ', '.']);
        let (prefix, digits) = split(id).unwrap_or((0, 0));
        let behind = split(rest).map_or(0, |(prefix, _)| prefix);
        let end = rest[behind..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let number = |text: &str| text.parse::<u32>().ok();
        let from = number(&id[prefix..prefix + digits]);
        let to = number(&rest[behind..behind + end]);
        if let (Some(from), Some(to)) = (from, to)
            && from < to
            && to - from < 1000
        {
            at = text.len() - rest.len() + behind + end;
            for number in from + 1..=to {
                found.push((format!("{}{number:0digits$}", &id[..prefix]), start..at));
            }
        }
    }
}

/// Bytes of what may stand between two ids.
fn separator(text: &str, is_first: bool) -> usize {
    let mut rest = text.trim_start_matches([' ', '`', '*']);
    if !is_first {
        let before = rest;
        rest = rest.trim_start_matches([',', '、', '，', '+', '&', '/', '·', ';', ' ', '`', '*']);
        for word in ["and ", "und ", "et ", "y ", "및 ", "와 ", "과 "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if before.len() == rest.len() {
            // Two ids with nothing between them are no list.
            return text.len() - rest.len();
        }
        rest = rest.trim_start_matches([' ', '`', '*']);
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        for (text, expected) in [
            ("T001 Create", Some("T001")),
            ("T12b: x", Some("T12b")),
            ("TASK-007: x", Some("TASK-007")),
            ("T001→T002", Some("T001")),
            ("TBD", None),
            ("T1000000", None),
            ("Tests", None),
            ("T001_x", None),
            ("T01abc", None),
            ("", None),
        ] {
            assert_eq!(first(text), expected, "{text}");
        }
        assert!(is_placeholder("TXXX [P] x") && is_placeholder("TASK-XXX: x"));
        assert!(!is_placeholder("T001 x") && !is_placeholder("TX") && !is_placeholder("T"));
    }

    #[test]
    fn lists_and_ranges_of_ids() {
        for (text, expected, rest) in [
            ("T012, T013)", &["T012", "T013"][..], ")"),
            ("T002 deploying", &["T002"], " deploying"),
            ("T002 + `T003`", &["T002", "T003"], "`"),
            (
                "TASK-006~009",
                &["TASK-006", "TASK-007", "TASK-008", "TASK-009"],
                "",
            ),
            ("T005-T007 and T009", &["T005", "T006", "T007", "T009"], ""),
            ("T008、T004-T006 x", &["T008", "T004", "T005", "T006"], " x"),
            ("T9-T5", &["T9"], "-T5"),
            ("없음", &[], "없음"),
            ("Phase 2", &[], "Phase 2"),
        ] {
            let (found, end) = list(text);
            let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!((ids.as_slice(), &text[end..]), (expected, rest), "{text}");
        }
    }
}
