//! What `auto` looks at to know a text: its name and how it begins.

/// Bytes of a text that are looked at.
const HEAD: usize = 64 << 10;

/// The beginning of a text.
pub(crate) struct Glimpse<'a> {
    /// The file's own name, without folders; `<stdin>` for standard input.
    pub(crate) name: &'a str,
    /// At most 64 KiB.
    pub(crate) head: &'a str,
}

impl<'a> Glimpse<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Glimpse<'a> {
        let mut end = text.len().min(HEAD);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Glimpse {
            name: name.rsplit(['/', '\\']).next().unwrap_or_default(),
            head: &text[..end],
        }
    }

    /// Whether it can only be JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.head.trim_start().starts_with(['{', '['])
    }

    /// The lines, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.head.lines()
    }

    /// The keys of the top level of a JSON object, with the first byte of each value, as far as the head goes.
    pub(crate) fn json_keys(&self) -> Vec<(&'a str, u8)> {
        let bytes = self.head.as_bytes();
        let (mut keys, mut depth, mut at) = (Vec::new(), 0_u32, 0);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b'"' => {
                    let start = at + 1;
                    at = string_end(bytes, start);
                    let after = self.head.get(at + 1..).unwrap_or_default().trim_start();
                    if depth == 1
                        && let Some(value) = after.strip_prefix(':')
                    {
                        let first = value.trim_start().bytes().next().unwrap_or_default();
                        keys.push((self.head.get(start..at).unwrap_or_default(), first));
                    }
                }
                _ => {}
            }
            at += 1;
        }
        keys
    }
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_top_level_are_seen_without_parsing() {
        let glimpse = Glimpse::new(
            "a/b.json",
            r#" {"a\"": [{"x": 1}], "b" : {"c": "{"}, "d": "]", "cut": {"e"#,
        );
        assert_eq!(glimpse.name, "b.json");
        let keys = [("a\\\"", b'['), ("b", b'{'), ("d", b'"'), ("cut", b'{')];
        assert_eq!(glimpse.json_keys(), keys);
    }

    #[test]
    fn a_head_ends_at_a_character() {
        let text = "ä".repeat(HEAD);
        assert_eq!(Glimpse::new("x", &text).head.len(), HEAD);
        let text = format!("x{text}");
        assert_eq!(Glimpse::new("x", &text).head.len(), HEAD - 1);
    }
}
