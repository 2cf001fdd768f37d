//! Ids of phases and tasks, in all the spellings that real plans have.

/// The id of a phase in its one form: `p01`, `p-rev1`. Read as `1`, `p1`, `p01`, `rev1`, `prev1`, `p-rev1`.
pub(super) fn phase(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let rest = lower.strip_prefix('p').unwrap_or(&lower);
    let (is_revision, digits) = match rest.strip_prefix('-').unwrap_or(rest).strip_prefix("rev") {
        Some(digits) => (true, digits),
        None => (false, rest),
    };
    let number = number(digits)?;
    Some(match is_revision {
        true => format!("p-rev{number}"),
        false => format!("p{number:02}"),
    })
}

fn number(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// A heading, read as that of a phase.
pub(super) struct PhaseHeading<'a> {
    pub(super) id: String,
    pub(super) title: &'a str,
    /// Upstream would read it, too.
    pub(super) is_canonical: bool,
}

/// `Phase 1: Title`, `Phase p01: Title`, `Phase p-rev1: Title`, `Revision Phase p-rev1: Title`, `Revision Phase 1 — Title`.
pub(super) fn heading_of_phase(text: &str) -> Option<PhaseHeading<'_>> {
    let text = text.trim();
    let (is_revision, rest) = match strip_word(text, "revision") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let rest = strip_word(rest, "phase")?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or(rest.len());
    let (token, title) = rest.split_at(end);
    let id = phase(token.trim_end_matches('-'))?;
    let id = match id.strip_prefix('p') {
        Some(number) if is_revision && !id.starts_with("p-rev") => {
            format!("p-rev{}", number.trim_start_matches('0'))
        }
        _ => id,
    };
    Some(PhaseHeading {
        id,
        title: after_separator(title),
        is_canonical: title.starts_with(": ") && token.bytes().all(|byte| byte.is_ascii_digit()),
    })
}

/// A text that begins with the id of a task.
#[derive(Debug, PartialEq)]
pub(super) struct TaskHeading<'a> {
    /// As it is written.
    pub(super) id: &'a str,
    /// The id of its phase, in its one form.
    pub(super) phase: String,
    pub(super) title: &'a str,
    /// `Task ID: Title`.
    pub(super) is_canonical: bool,
}

/// `Task p01-t01: Title`, also without `Task` or the colon.
pub(super) fn heading_of_task(text: &str) -> Option<TaskHeading<'_>> {
    let text = text.trim();
    let named = strip_word(text, "task");
    let rest = named.unwrap_or(text);
    let (id, phase) = task(rest)?;
    let after = &rest[id.len()..];
    Some(TaskHeading {
        id,
        phase,
        title: after_separator(after),
        is_canonical: named.is_some() && after.starts_with(':'),
    })
}

/// The id of a task at the beginning of a text, and that of its phase: `p01-t01`, `prev1-t01`, `p-rev1-t01`.
pub(super) fn task(text: &str) -> Option<(&str, String)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or(text.len());
    let token = text[..end].trim_end_matches('-');
    let at = token.rfind("-t").or_else(|| token.rfind("-T"))?;
    let digits = &token[at + 2..];
    // `p01-t02b` was put in between later.
    let digits = digits
        .strip_suffix(|c: char| c.is_ascii_lowercase())
        .unwrap_or(digits);
    number(digits)?;
    let prefix = &token[..at];
    if !prefix.starts_with(['p', 'P']) {
        return None;
    }
    Some((token, phase(prefix)?))
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.get(word.len()..)?;
    let is_word = text[..word.len()].eq_ignore_ascii_case(word) && rest.starts_with(' ');
    is_word.then(|| rest.trim_start())
}

/// The title behind `:`, `-`, `–` or `—`.
fn after_separator(text: &str) -> &str {
    text.trim_start_matches([':', '-', '–', '—', ' ', '.', ')'])
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_have_one_id_in_every_spelling() {
        for (text, expected) in [
            ("1", Some("p01")),
            ("p1", Some("p01")),
            ("P01", Some("p01")),
            ("08", Some("p08")),
            ("p10", Some("p10")),
            ("p-rev1", Some("p-rev1")),
            ("prev1", Some("p-rev1")),
            ("rev2", Some("p-rev2")),
            ("implementation", None),
            ("p", None),
            ("", None),
            ("p99999999999", None),
        ] {
            assert_eq!(phase(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn headings_of_phases() {
        for (text, expected) in [
            ("Phase 1: Set up", Some(("p01", "Set up", true))),
            ("Phase 08: x", Some(("p08", "x", true))),
            ("Phase p07: Fix: all", Some(("p07", "Fix: all", false))),
            ("Phase p-rev1: Review", Some(("p-rev1", "Review", false))),
            (
                "Revision Phase p-rev2: Polish",
                Some(("p-rev2", "Polish", false)),
            ),
            ("Revision Phase 1: Polish", Some(("p-rev1", "Polish", true))),
            ("phase 2 — Build", Some(("p02", "Build", false))),
            ("Phase 3", Some(("p03", "", false))),
            ("Phases", None),
            ("Phase one: x", None),
            ("Reviews", None),
        ] {
            let heading = heading_of_phase(text);
            let read = heading
                .as_ref()
                .map(|h| (h.id.as_str(), h.title, h.is_canonical));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn headings_of_tasks() {
        for (text, expected) in [
            (
                "Task p01-t01: Title",
                Some(("p01-t01", "p01", "Title", true)),
            ),
            ("Task p1-t1: Title", Some(("p1-t1", "p01", "Title", true))),
            (
                "Task prev1-t01: (review) A",
                Some(("prev1-t01", "p-rev1", "(review) A", true)),
            ),
            (
                "Task p-rev1-t12: A",
                Some(("p-rev1-t12", "p-rev1", "A", true)),
            ),
            ("p02-t03 — A", Some(("p02-t03", "p02", "A", false))),
            ("Task p02-t03b: A", Some(("p02-t03b", "p02", "A", true))),
            ("Task p02-t03", Some(("p02-t03", "p02", "", false))),
            ("Task 1: A", None),
            ("Task 1-t1: A", None),
            ("Step 1", None),
            ("ünder-t1", None),
        ] {
            let heading = heading_of_task(text);
            let read = heading
                .as_ref()
                .map(|h| (h.id, h.phase.as_str(), h.title, h.is_canonical));
            assert_eq!(read, expected, "{text}");
        }
    }
}
