//! Text from outside, made fit for a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text that cannot steer a terminal: control characters but the line's end become `\u{fffd}`.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The same, without ends of lines.
pub fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}

/// At most so many columns of a terminal; what is cut off is told by an ellipsis.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let width = c.width().unwrap_or(0);
        let fits = width <= left;
        left = if fits { left - width } else { 0 };
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// What a program printed, as text that cannot steer a terminal: escape sequences are removed, lines end alike,
/// other control characters become `\u{fffd}`.
pub fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&without_sequences(bytes)).replace("\r\n", "\n");
    printable(&text)
}

/// The bytes without escape sequences (CSI, OSC and the other control strings, in both of their spellings).
/// An unfinished one ends with the text. Everything else stays as it is.
pub fn without_sequences(bytes: &[u8]) -> Cow<'_, [u8]> {
    // Most of what programs print has none, and a check may print a hundred megabytes.
    let Some(first) = memchr::memchr2(0x1b, 0xc2, bytes) else {
        return Cow::Borrowed(bytes);
    };
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(&bytes[..first]);
    let mut rest = &bytes[first..];
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match (byte, tail.first()) {
            (0x1b, Some(b'[')) => after_csi(&tail[1..]),
            (0x1b, Some(b']' | b'P' | b'X' | b'^' | b'_')) => after_string(&tail[1..]),
            (0x1b, Some(b'(' | b')' | b'*' | b'+' | b'#' | b'%' | b' ')) => {
                after_character(tail.get(1..).unwrap_or_default())
            }
            (0x1b, _) => after_character(tail),
            // C1 controls as UTF-8: CSI and OSC in one character.
            (0xc2, Some(0x9b)) => after_csi(&tail[1..]),
            (0xc2, Some(0x9d | 0x90)) => after_string(&tail[1..]),
            (0xc2, Some(0x80..=0x9f)) => &tail[1..],
            _ => {
                kept.push(byte);
                tail
            }
        };
    }
    Cow::Owned(kept)
}

/// What follows one character, which may be of several bytes.
fn after_character(rest: &[u8]) -> &[u8] {
    let more = |byte: &u8| (0x80..0xc0).contains(byte);
    let end = rest.iter().skip(1).position(|byte| !more(byte));
    end.and_then(|at| rest.get(at + 1..)).unwrap_or_default()
}

/// What follows a control sequence: parameters, then one final byte.
fn after_csi(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte));
    end.and_then(|at| rest.get(at + 1..)).unwrap_or_default()
}

/// What follows a control string: up to BEL or ST.
fn after_string(rest: &[u8]) -> &[u8] {
    for (at, byte) in rest.iter().enumerate() {
        match (byte, rest.get(at + 1)) {
            (0x07, _) => return &rest[at + 1..],
            (0x1b, Some(b'\\')) | (0xc2, Some(0x9c)) => return &rest[at + 2..],
            _ => {}
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_and_titles_are_removed_and_the_rest_made_harmless() {
        for (printed, shown) in [
            ("\x1b[31mred\x1b[0m\n", "red\n"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]8;;http://x\x1b\\link", "link"),
            ("\u{9b}1mbold", "bold"),
            ("a\x08b\r\nc", "a\u{fffd}b\nc"),
            ("\x1b[", ""),
            ("\x1b", ""),
            ("\x1bé!", "!"),
            ("ok ü", "ok ü"),
        ] {
            assert_eq!(plain(printed.as_bytes()), shown, "{printed:?}");
        }
        assert_eq!(plain(b"\xff"), "\u{fffd}");
    }
}
