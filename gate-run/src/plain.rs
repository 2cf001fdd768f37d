//! What a program printed, as text that cannot steer a terminal.

/// The text without escape sequences; other control characters become `\u{fffd}`.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    // Most lines are plain ASCII, and a check may print a hundred megabytes of them.
    if bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
    {
        return text.into_owned();
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('\x1b') {
        kept.push_str(&rest[..at]);
        rest = after_sequence(&rest[at + 1..]);
    }
    kept.push_str(rest);
    schemas::printable(&kept.replace("\r\n", "\n"))
}

/// What follows an escape sequence, given what follows its ESC. An unfinished one ends with the text.
fn after_sequence(rest: &str) -> &str {
    let mut chars = rest.char_indices();
    match chars.next() {
        Some((_, '[')) => chars
            .find(|(_, c)| !(' '..='?').contains(c))
            .map_or("", |(at, c)| &rest[at + c.len_utf8()..]),
        Some((_, ']' | 'P' | 'X' | '^' | '_')) => match rest.find(['\x07', '\x1b']) {
            Some(at) => rest[at + 1..].strip_prefix('\\').unwrap_or(&rest[at + 1..]),
            None => "",
        },
        Some((_, '(' | ')' | '#' | '%')) => chars
            .next()
            .map_or("", |(at, c)| &rest[at + c.len_utf8()..]),
        Some((_, c)) => &rest[c.len_utf8()..],
        None => "",
    }
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
            ("a\x08b\r\nc", "a\u{fffd}b\nc"),
            ("\x1b[", ""),
            ("\x1b", ""),
            ("\x1bé", ""),
            ("ok ü", "ok ü"),
        ] {
            assert_eq!(plain(printed.as_bytes()), shown, "{printed:?}");
        }
        assert_eq!(plain(b"\xff"), "\u{fffd}");
    }
}
