//! One pass over a JSON text that calls back with the place of every value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;
use std::ops::Range;

use super::escape;

type Duplicate<'a> = Box<dyn FnMut(&str, Range<usize>) + 'a>;

/// One pass over text that is known to be JSON, so that it need not report errors; on anything else it stops.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    pointer: String,
    pub(super) on_duplicate: Option<Duplicate<'a>>,
    /// The values to look at; what is below others is passed over.
    pub(super) only: Option<&'a HashSet<String>>,
    /// A list that need not be passed item by item.
    pub(super) known: Option<Known<'a>>,
}

/// A list of which it is known where its items are.
pub(super) struct Known<'a> {
    pub(super) pointer: &'a str,
    /// Those to look at, by their index, with their first byte.
    pub(super) items: Vec<(usize, usize)>,
    /// The first byte of the first item.
    pub(super) first: usize,
    /// Behind the last one.
    pub(super) end: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text,
            bytes: text.as_bytes(),
            at: 0,
            pointer: String::new(),
            on_duplicate: None,
            only: None,
            known: None,
        }
    }

    pub(super) fn value(&mut self, visit: &mut dyn FnMut(&str, Range<usize>)) {
        self.space();
        let start = self.at;
        if self.only.is_some_and(|only| !only.contains(&self.pointer)) {
            return self.skip();
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(visit),
            Some(b'[') => self.array(visit),
            Some(b'"') => self.string(),
            Some(_) => self.scalar(),
            None => return,
        }
        visit(&self.pointer, start..self.at);
    }

    /// Passes over a value, whatever is in it.
    fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.bytes.get(self.at) {
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                Some(b'"') => self.string(),
                Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(_) => self.scalar(),
                None => return,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn scalar(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = rest
            .iter()
            .position(|b| b" \t\r\n,]}".contains(b))
            .unwrap_or(rest.len());
        self.at += end.max(1);
    }

    fn object(&mut self, visit: &mut dyn FnMut(&str, Range<usize>)) {
        let mut keys = Keys::default();
        self.at += 1;
        loop {
            self.space();
            if self.bytes.get(self.at) != Some(&b'"') {
                self.at += 1;
                return;
            }
            let start = self.at;
            self.string();
            let key = key_of(&self.text[start..self.at]);
            let length = self.pointer.len();
            self.pointer.push('/');
            if key.contains(['~', '/']) {
                self.pointer.push_str(&escape(&key));
            } else {
                self.pointer.push_str(&key);
            }
            if let Some(report) = &mut self.on_duplicate
                && !keys.insert(key)
            {
                report(&self.pointer, start..self.at);
            }
            self.space();
            self.at += 1;
            self.value(visit);
            self.pointer.truncate(length);
            self.space();
            if self.bytes.get(self.at) != Some(&b',') {
                self.at += 1;
                return;
            }
            self.at += 1;
        }
    }

    fn array(&mut self, visit: &mut dyn FnMut(&str, Range<usize>)) {
        self.at += 1;
        // It goes forward whatever is said of the list: a key may stand twice.
        let is_it = |known: &mut Known| known.pointer == self.pointer && known.first >= self.at;
        if let Some(known) = self.known.take_if(is_it) {
            for (index, start) in known.items {
                self.at = start;
                self.item(index, visit);
            }
            self.at = known.end;
            self.space();
            self.at += 1;
            return;
        }
        for index in 0usize.. {
            self.space();
            if matches!(self.bytes.get(self.at), None | Some(b']')) {
                break;
            }
            self.item(index, visit);
            self.space();
            if self.bytes.get(self.at) != Some(&b',') {
                break;
            }
            self.at += 1;
        }
        self.at += 1;
    }

    fn item(&mut self, index: usize, visit: &mut dyn FnMut(&str, Range<usize>)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        // Writing to a string cannot fail.
        let _ = write!(self.pointer, "{index}");
        self.value(visit);
        self.pointer.truncate(length);
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(skip) = self
            .bytes
            .get(self.at..)
            .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
        {
            self.at += skip;
            if self.bytes.get(self.at) == Some(&b'"') {
                self.at += 1;
                return;
            }
            self.at += 2;
        }
        self.at = self.bytes.len();
    }

    fn space(&mut self) {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|b| b" \t\r\n".contains(b))
        {
            self.at += 1;
        }
    }
}

/// A key without its quotes and escapes; borrowed when it has none.
fn key_of(literal: &str) -> Cow<'_, str> {
    match literal
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(literal).unwrap_or_default()),
    }
}

/// The keys of one object. Most have a dozen, which are compared faster than hashed.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'a, str>) -> bool {
        if self.few.len() < 16 {
            let is_new = !self.few.contains(&key);
            self.few.push(key);
            return is_new;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().cloned());
        }
        self.many.insert(key)
    }
}
