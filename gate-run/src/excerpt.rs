//! Beginning and end of what a check has printed, as text for a verdict.

use schemas::Finding;
use schemas::terminal::plain;

use crate::output::{Printed, TAIL};

/// Lines of output that a finding quotes.
const QUOTED: usize = 10;

/// The first 4 KiB, up to the end of a line.
pub(crate) fn head(bytes: &[u8]) -> Option<String> {
    let text = plain(bytes);
    let whole = text
        .rsplit_once('\n')
        .map_or(text.as_str(), |(whole, _)| whole);
    let mut end = whole.len().min(TAIL);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    let whole = whole[..end].trim_end();
    (!whole.trim().is_empty()).then(|| whole.to_owned())
}

/// The last 4 KiB, from the start of a line when something is left out; `None` when nothing was printed.
pub(crate) fn tail(bytes: &[u8]) -> Option<String> {
    let text = plain(&bytes[bytes.len().saturating_sub(TAIL)..]);
    let mut from = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let cut = bytes.len() >= TAIL || from > 0;
    let mut text = &text[from..];
    if cut
        && let Some((_, rest)) = text.split_once('\n')
        && !rest.is_empty()
    {
        text = rest;
    }
    let text = text.trim_end();
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A finding for a check that has no better one: the reason, and the beginning of the end of its output.
pub(crate) fn finding(name: &str, reason: &str, printed: Option<&Printed>) -> Finding {
    let mut message = format!("{name}: {reason}");
    let quoted = printed.map(|printed| {
        let stderr = tail(&printed.stderr);
        stderr.or_else(|| tail(&printed.stdout)).unwrap_or_default()
    });
    for line in quoted.unwrap_or_default().lines().take(QUOTED) {
        message.push('\n');
        message.extend(line.chars().take(200));
    }
    Finding {
        severity: "important".to_owned(),
        message,
        ..Finding::default()
    }
}
