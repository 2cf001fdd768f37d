//! Secrets of the environment, kept out of logs and records: agents print what they are given.

use std::collections::BTreeMap;

use memchr::memmem;

/// Ends of names whose values are secrets.
const NAMES: [&str; 7] = [
    "_KEY",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
    "_PASSWD",
    "_CREDENTIALS",
    "_APIKEY",
];

/// Shorter values are no secrets, and would be found everywhere.
const SHORTEST: usize = 8;

/// What stands for a secret.
const STARS: &[u8] = b"***";

/// Replaces secrets in a stream that comes in pieces of any size. Holds back only what may be the beginning of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Mask {
    /// The longest first: one may be the beginning of another.
    secrets: Vec<Vec<u8>>,
    held: Vec<u8>,
}

impl Mask {
    /// The secrets of this process and of an agent's own environment.
    pub(super) fn new(own: &BTreeMap<String, String>) -> Mask {
        let inherited = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.into_encoded_bytes()))
        });
        let own = own
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into_bytes()));
        Mask::of(inherited.chain(own))
    }

    fn of(variables: impl Iterator<Item = (String, Vec<u8>)>) -> Mask {
        let secret = |(name, value): (String, Vec<u8>)| {
            let name = name.to_ascii_uppercase();
            let is_named = NAMES.iter().any(|end| name.ends_with(end));
            (is_named && value.len() >= SHORTEST).then_some(value)
        };
        let mut secrets: Vec<Vec<u8>> = variables.filter_map(secret).collect();
        // In a JSON string some characters have another spelling.
        let spelled: Vec<Vec<u8>> = secrets.iter().filter_map(in_json).collect();
        secrets.extend(spelled);
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        secrets.dedup();
        Mask {
            secrets,
            held: Vec::new(),
        }
    }

    /// Takes the next piece; answers what may be shown of it.
    pub(super) fn feed<'a>(&mut self, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        if self.secrets.is_empty() {
            return bytes.into();
        }
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(bytes);
        // What may go on as a secret waits, also where a shorter secret ends in it.
        let whole = data.len() - self.begun(&data);
        let (shown, read) = self.replace(&data, whole);
        self.held = data.split_off(read);
        shown.into()
    }

    /// The stream has ended: what was held back goes on no more.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let data = std::mem::take(&mut self.held);
        self.replace(&data, data.len()).0
    }

    /// A text that is there as a whole.
    pub(super) fn text<'a>(&self, text: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        match self.find(text) {
            Some(_) => self.replace(text, text.len()).0.into(),
            None => text.into(),
        }
    }

    /// Replaces the secrets that begin before a place; answers how far that went.
    fn replace(&self, data: &[u8], before: usize) -> (Vec<u8>, usize) {
        let mut shown = Vec::with_capacity(data.len());
        let mut read = 0;
        while let Some((at, length)) = self.find(&data[read..])
            && read + at < before
        {
            shown.extend_from_slice(&data[read..read + at]);
            shown.extend_from_slice(STARS);
            read += at + length;
        }
        let end = before.max(read);
        shown.extend_from_slice(&data[read..end]);
        (shown, end)
    }

    /// The first secret in it: where, and how long. Of two that begin together, the longer.
    fn find(&self, data: &[u8]) -> Option<(usize, usize)> {
        let found = self.secrets.iter().filter_map(|secret| {
            let at = memmem::find(data, secret)?;
            Some((at, secret.len()))
        });
        found.min_by_key(|(at, length)| (*at, usize::MAX - length))
    }

    /// How many bytes at the end may be the beginning of a secret.
    fn begun(&self, data: &[u8]) -> usize {
        let begun = |secret: &Vec<u8>| {
            let most = (secret.len() - 1).min(data.len());
            (1..=most)
                .rev()
                .find(|length| data.ends_with(&secret[..*length]))
        };
        self.secrets.iter().filter_map(begun).max().unwrap_or(0)
    }
}

/// A secret as it stands in a JSON string, where that is another spelling.
fn in_json(secret: &Vec<u8>) -> Option<Vec<u8>> {
    let quoted = serde_json::to_string(std::str::from_utf8(secret).ok()?).ok()?;
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (inner.as_bytes() != secret).then(|| inner.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        let variables = [
            ("STORE_KEY", "abcabcabd"),
            ("STORE_LONG_TOKEN", "abcabcabdefgh"),
            ("PORT_KEY", "8080"),
            ("HOME", "/home/somebody"),
        ];
        let bytes = |(name, value): (&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
        Mask::of(variables.into_iter().map(bytes))
    }

    #[test]
    fn secrets_are_masked_however_the_bytes_are_split() {
        let text = b"8080 /home/somebody abcabcabd abcabcabdefgh, abcabcabcabd abcabc\n[DONE:x] ok";
        let expected = b"8080 /home/somebody *** ***, abc*** abcabc\n[DONE:x] ok";
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut mask = mask();
                let mut shown = Vec::new();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    shown.extend_from_slice(&mask.feed(piece));
                }
                shown.extend(mask.finish());
                assert_eq!(
                    String::from_utf8_lossy(&shown),
                    String::from_utf8_lossy(expected),
                    "split at {first} and {second}"
                );
            }
        }
    }

    #[test]
    fn a_secret_in_a_json_string_is_one() {
        let variable = ("STORE_KEY".to_owned(), b"a\"b\\c\ndefg".to_vec());
        let mask = Mask::of([variable].into_iter());
        let text = serde_json::json!({ "tail": "<a\"b\\c\ndefg>" }).to_string();
        assert_eq!(&*mask.text(text.as_bytes()), br#"{"tail":"<***>"}"#);
        assert_eq!(&*mask.text(b"nothing"), b"nothing");
    }

    #[test]
    fn what_begins_no_secret_is_shown_at_once() {
        let mut mask = mask();
        assert_eq!(&*mask.feed(b"[DONE:x] ok\n"), b"[DONE:x] ok\n");
        assert_eq!(&*mask.feed(b"xabc"), b"x");
        assert_eq!(&*mask.feed(b"\n"), b"abc\n");
    }
}
