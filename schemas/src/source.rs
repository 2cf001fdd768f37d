//! Where things are in the text of a document: from JSON Pointers to lines and columns.

mod characters;
mod scanner;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use self::characters::{BLOCK, Characters, characters};
use self::scanner::{Known, Scanner};
use crate::{Problem, Severity};

/// The text of a document with the places of its values.
#[derive(Debug)]
pub struct Source {
    /// The file as it was named.
    pub name: String,
    /// All of it.
    pub text: String,
    /// Places by pointer, for texts that are not JSON.
    places: Option<HashMap<String, Range<usize>>>,
    line_starts: Vec<usize>,
    /// Counted when a place in a long line is asked for.
    characters: OnceLock<Characters>,
    /// Items of a list whose places are known.
    items: OnceLock<Items>,
    /// The files that the text is made of; none when it is one.
    files: Vec<File>,
}

/// The items of one list, by a reader that has passed them anyway.
#[derive(Debug)]
struct Items {
    pointer: String,
    spans: Vec<Range<usize>>,
}

/// One of several files whose texts follow each other in one source.
#[derive(Debug)]
struct File {
    name: String,
    /// Its first byte.
    start: usize,
    /// How many lines are before it.
    lines_before: usize,
}

impl Source {
    /// A JSON text.
    pub fn json(name: impl Into<String>, text: String) -> Source {
        Source {
            name: name.into(),
            line_starts: line_starts(&text),
            characters: OnceLock::new(),
            items: OnceLock::new(),
            text,
            places: None,
            files: Vec::new(),
        }
    }

    /// A text of another kind, whose reader has noted where each value is.
    pub fn mapped(
        name: impl Into<String>,
        text: String,
        places: HashMap<String, Range<usize>>,
    ) -> Source {
        Source {
            name: name.into(),
            line_starts: line_starts(&text),
            characters: OnceLock::new(),
            items: OnceLock::new(),
            text,
            places: Some(places),
            files: Vec::new(),
        }
    }

    /// Several files as one text, each ended by a newline: bytes of all of them are numbered through, lines are those
    /// of the file. Says which bytes are of which file. Where values are, [`Source::map`] says later.
    pub fn joined(
        name: impl Into<String>,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> (Source, Vec<Range<usize>>) {
        let mut text = String::new();
        let mut starts = Vec::new();
        let mut spans = Vec::new();
        for (name, one) in files {
            let start = text.len();
            text.push_str(&one);
            spans.push(start..text.len());
            if !text.ends_with('\n') {
                text.push('\n');
            }
            starts.push((name, start));
        }
        let mut source = Source::mapped(name, text, HashMap::new());
        let file = |(name, start): (String, usize)| File {
            name,
            start,
            lines_before: source.line_starts.partition_point(|line| *line < start),
        };
        source.files = starts.into_iter().map(file).collect();
        (source, spans)
    }

    /// Notes where each value is, by its pointer.
    pub fn map(&mut self, places: HashMap<String, Range<usize>>) {
        self.places = Some(places);
    }

    /// Notes where the items of a list of a JSON text are, so that a long list is not passed again to find a few of them.
    /// The first list that is noted counts.
    pub fn note_items(&self, pointer: impl Into<String>, spans: Vec<Range<usize>>) {
        let pointer = pointer.into();
        self.items.get_or_init(|| Items { pointer, spans });
    }

    /// Where each value is, by its pointer, as far as it was noted.
    pub fn into_places(self) -> HashMap<String, Range<usize>> {
        self.places.unwrap_or_default()
    }

    /// The name of the file that a byte is in.
    pub fn file(&self, byte: usize) -> &str {
        self.file_at(byte).map_or(&self.name, |file| &file.name)
    }

    fn file_at(&self, byte: usize) -> Option<&File> {
        let after = self.files.partition_point(|file| file.start <= byte);
        self.files.get(after.checked_sub(1)?)
    }

    /// Line and column of a byte in its file, both from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (u32, u32) {
        let line = self.line_index(byte);
        let start = self.line_starts.get(line).copied().unwrap_or(0);
        let lines_before = self.file_at(byte).map_or(0, |file| file.lines_before);
        (
            (line + 1).saturating_sub(lines_before) as u32,
            self.characters_between(start, byte) as u32 + 1,
        )
    }

    fn characters_between(&self, start: usize, byte: usize) -> usize {
        if let Some(short) = self.text.as_bytes().get(start..byte)
            && short.len() <= BLOCK
        {
            return characters(short);
        }
        let all = self.characters.get_or_init(|| Characters::new(&self.text));
        let before = |byte: usize| all.before(&self.text, byte.min(self.text.len()));
        before(byte).saturating_sub(before(start))
    }

    /// Which of all lines a byte is in, from 0.
    fn line_index(&self, byte: usize) -> usize {
        let after = self.line_starts.partition_point(|start| *start <= byte);
        after.saturating_sub(1)
    }

    /// The byte at a line and a column counted in bytes, both from 1, as serde_json gives them.
    pub fn byte_at(&self, line: usize, column: usize) -> usize {
        let start = self
            .line_starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(self.text.len());
        let mut byte = (start + column.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }

    /// The bytes of the line that a byte is in, without its end.
    pub fn line_around(&self, byte: usize) -> Range<usize> {
        let line = self.line_index(byte);
        let start = self.line_starts.get(line).copied().unwrap_or(0);
        let end = self
            .line_starts
            .get(line + 1)
            .map_or(self.text.len(), |next| next - 1);
        start..end.max(start)
    }

    /// Fills in file, line, column and span of every problem that has a pointer or a span.
    pub fn place(&self, problems: &mut [Problem]) {
        let wanted: HashSet<String> = problems
            .iter()
            .flat_map(|p| {
                p.pointer
                    .iter()
                    .chain(p.related.iter().filter_map(|r| r.pointer.as_ref()))
            })
            .cloned()
            .collect();
        let found = self.find(&wanted);
        let lookup = |pointer: &Option<String>| nearest(&found, pointer.as_deref()?);
        for problem in problems {
            problem.span = problem.span.take().or_else(|| lookup(&problem.pointer));
            let at = problem.span.as_ref().map(|span| span.start);
            let name = at.map_or(self.name.as_str(), |byte| self.file(byte));
            let file = problem.file.get_or_insert_with(|| name.to_owned());
            if let Some(span) = &problem.span {
                let (line, column) = self.position(span.start);
                (problem.line, problem.column) = (Some(line), Some(column));
            }
            for related in &mut problem.related {
                related.span = related.span.take().or_else(|| lookup(&related.pointer));
                if let Some(span) = &related.span {
                    let (line, column) = self.position(span.start);
                    (related.line, related.column) = (Some(line), Some(column));
                    let other = self.file(span.start);
                    related.file = (other != file).then(|| other.to_owned());
                }
            }
        }
    }

    fn find(&self, wanted: &HashSet<String>) -> HashMap<String, Range<usize>> {
        // A pointer to something absent is shown at the nearest value that holds it.
        let mut all = HashSet::new();
        for pointer in wanted {
            let mut rest = pointer.as_str();
            while all.insert(rest.to_owned()) {
                match rest.rfind('/') {
                    Some(at) => rest = &rest[..at],
                    None => break,
                }
            }
        }
        match &self.places {
            Some(places) => all
                .into_iter()
                .filter_map(|p| Some((p.clone(), places.get(&p)?.clone())))
                .collect(),
            None if all.is_empty() => HashMap::new(),
            None => {
                let mut found = HashMap::new();
                let mut scanner = Scanner::new(&self.text);
                scanner.only = Some(&all);
                scanner.known = self.items.get().map(|items| items.among(&all));
                scanner.value(&mut |pointer, span| {
                    found.insert(pointer.to_owned(), span);
                });
                found
            }
        }
    }
}

impl Items {
    /// Those that are asked for.
    fn among(&self, wanted: &HashSet<String>) -> Known<'_> {
        let below = |at: &String| -> Option<usize> {
            let rest = at.strip_prefix(&self.pointer)?.strip_prefix('/')?;
            rest.split('/').next()?.parse().ok()
        };
        let indices: BTreeSet<usize> = wanted.iter().filter_map(below).collect();
        let span = |index: usize| Some((index, self.spans.get(index)?.start));
        Known {
            pointer: &self.pointer,
            items: indices.into_iter().filter_map(span).collect(),
            first: self.spans.first().map_or(0, |span| span.start),
            end: self.spans.last().map_or(0, |span| span.end),
        }
    }
}

fn nearest(found: &HashMap<String, Range<usize>>, pointer: &str) -> Option<Range<usize>> {
    let mut rest = pointer;
    loop {
        if let Some(span) = found.get(rest) {
            return Some(span.clone());
        }
        rest = &rest[..rest.rfind('/')?];
    }
}

/// One step of a JSON Pointer, escaped (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Keys that stand twice in one object. serde_json keeps the last and says nothing.
pub fn duplicate_keys(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut scanner = Scanner::new(text);
    scanner.on_duplicate = Some(Box::new(|pointer, span| {
        let key = pointer.rsplit('/').next().unwrap_or_default();
        let mut problem = Problem::error(
            "duplicate-key",
            format!("the key `{key}` stands twice in one object"),
        )
        .help("keep one of them: readers differ in which of the two counts");
        problem.pointer = Some(pointer.to_owned());
        problem.span = Some(span);
        problems.push(problem);
    }));
    scanner.value(&mut |_, _| {});
    drop(scanner);
    problems
}

/// A syntax error of serde_json, as a problem with its place.
pub fn syntax_problem(source: &Source, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    let at = source.byte_at(error.line(), error.column());
    let end = source.text[at..]
        .chars()
        .next()
        .map_or(at, |c| at + c.len_utf8());
    let mut problem = Problem::error("syntax", format!("not JSON: {message}"));
    problem.severity = Severity::Error;
    problem.span = Some(at..end);
    if message.contains("recursion limit") {
        problem.help = Some("documents nest at most 127 levels".to_owned());
    }
    if message.contains("hex escape") || message.contains("surrogate") {
        let help = "half of a surrogate pair (`\\ud800` to `\\udfff` alone) is no character";
        problem.help = Some(help.to_owned());
    }
    problem
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
        .collect()
}

/// Calls `visit` with the pointer and the bytes of every value of a JSON text that serde_json accepts.
pub fn scan(text: &str, mut visit: impl FnMut(&str, Range<usize>)) {
    Scanner::new(text).value(&mut visit);
}

#[cfg(test)]
mod tests;
