//! Addresses in a Markdown text, such as `section/Reviews/row/p01/Status`.

use std::fmt;
use std::ops::Range;

use schemas::Failure;

use super::outline::Outline;
use crate::file::splice::{line_end, line_start, next_line};
use crate::near::nearest;

/// Words that an address begins with.
const KINDS: [&str; 6] = ["section", "row", "item", "box", "block", "field"];

/// An address: sections, one in the other, and what is meant in the innermost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Address {
    text: String,
    /// Sections that are missing are made.
    pub(crate) makes: bool,
    sections: Vec<String>,
    pub(super) what: What,
}

/// What is meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// The text of the section itself.
    Section,
    /// Rows of tables, those of one key, or a cell of the last one.
    Row(Option<String>, Option<String>),
    /// Entries of lists.
    Item(Option<String>),
    /// Check boxes.
    Box(Option<String>),
    /// What stands between two comments.
    Block(String),
    /// What follows a bold `**Name:**`.
    Field(String),
}

impl Address {
    /// Reads an address; none when the text does not begin like one.
    pub(crate) fn parse(text: &str) -> Option<Result<Address, Failure>> {
        let first = text.split('/').next().unwrap_or_default();
        if KINDS.contains(&first) {
            return Some(read(text));
        }
        // A key of the front matter with a `/` in it is written as a JSON Pointer.
        let slip = text.contains('/') && !text.starts_with('/');
        slip.then(|| Err(unknown(first)))
    }
}

fn unknown(first: &str) -> Failure {
    let failure = Failure::usage(format!("{first} is no kind of thing in a Markdown text"));
    failure.help(match nearest(first, KINDS) {
        Some(near) => format!("did you mean {near}/...?"),
        None => format!(
            "there are: {}; a key of the front matter is written /KEY",
            KINDS.join(", ")
        ),
    })
}

fn read(text: &str) -> Result<Address, Failure> {
    let unescaped = |token: &str| token.replace("~1", "/").replace("~0", "~");
    let mut tokens = text.split('/').map(unescaped).peekable();
    let mut sections = Vec::new();
    let wrong = |what: &str| {
        Failure::usage(format!("{text}: {what}")).help("a `/` in a name is written ~1, a `~` as ~0")
    };
    while tokens.peek().is_some_and(|token| token == "section") {
        tokens.next();
        sections.push(
            tokens
                .next()
                .filter(|name| !name.is_empty())
                .ok_or_else(|| wrong("no section is named"))?,
        );
    }
    let what = match tokens.next().as_deref() {
        None => What::Section,
        Some("row") => What::Row(tokens.next(), tokens.next()),
        Some("item") => What::Item(tokens.next()),
        Some("box") => What::Box(tokens.next()),
        Some("block") => What::Block(tokens.next().ok_or_else(|| wrong("no block is named"))?),
        Some("field") => What::Field(tokens.next().ok_or_else(|| wrong("no field is named"))?),
        Some(other) => {
            return Err(wrong(&format!(
                "{other} is no kind of thing: {}",
                KINDS.join(", ")
            )));
        }
    };
    match tokens.next() {
        None => Ok(Address {
            text: text.to_owned(),
            makes: false,
            sections,
            what,
        }),
        Some(rest) => Err(wrong(&format!("{rest} is one name too many"))),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A part of a text between two headings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scope {
    /// Of its heading; empty for the whole text.
    pub(super) heading: Range<usize>,
    /// What follows the heading, with the sections in it.
    pub(super) range: Range<usize>,
    /// Up to the first section in it.
    pub(super) own: Range<usize>,
}

impl Scope {
    pub(super) fn holds(&self, range: &Range<usize>) -> bool {
        self.range.start <= range.start && range.end <= self.range.end
    }
}

/// Finds the innermost section that an address names.
pub(super) fn scope(text: &str, outline: &Outline, address: &Address) -> Result<Scope, Failure> {
    let start = crate::file::front::find(text).map_or(0, |(inner, _)| next_line(text, inner.end));
    let mut scope = Scope {
        heading: start..start,
        range: start..text.len(),
        own: start..text.len(),
    };
    for name in &address.sections {
        scope =
            section(text, outline, &scope, name)?.ok_or_else(|| missing(outline, &scope, name))?;
    }
    Ok(scope)
}

/// The text with the sections that an address names and that are missing, each at the end of the one above it.
pub(super) fn with_sections(text: &str, address: &Address) -> Result<String, Failure> {
    let mut fresh = text.to_owned();
    for depth in 1..=address.sections.len() {
        let above = Address {
            sections: address.sections[..depth - 1].to_vec(),
            ..address.clone()
        };
        let (name, outline) = (&address.sections[depth - 1], Outline::of(&fresh));
        let within = scope(&fresh, &outline, &above)?;
        if section(&fresh, &outline, &within, name)?.is_some() {
            continue;
        }
        let holder = outline
            .headings
            .iter()
            .find(|it| it.range == within.heading);
        // The first heading of a file that others come below is its title.
        let titles = outline.headings.is_empty() && address.sections.len() > 1;
        let level = holder.map_or(if titles { 0 } else { 1 }, |it| usize::from(it.level));
        let heading = format!("{} {name}", "#".repeat((level + 1).min(6)));
        let end = line_end(&fresh);
        let range = within.range.clone();
        let at = range.start + fresh[range.clone()].trim_end().len();
        let follows = if range.end < fresh.len() { end } else { "" };
        if at > range.start {
            let closing = if at == fresh.len() { end } else { "" };
            fresh.insert_str(at, &format!("{end}{end}{heading}{closing}"));
        } else {
            // Nothing but blank lines is there.
            let gap = if at == 0 { "" } else { end };
            fresh.replace_range(range, &format!("{gap}{heading}{end}{follows}"));
        }
    }
    Ok(fresh)
}

fn missing(outline: &Outline, within: &Scope, name: &str) -> Failure {
    let inside = outline
        .headings
        .iter()
        .filter(|heading| within.holds(&heading.range));
    let titles: Vec<&str> = inside.map(|it| it.title.as_str()).take(20).collect();
    Failure::no(format!("there is no section {name}"))
        .help(format!("there are: {}", titles.join(", ")))
}

fn section(
    text: &str,
    outline: &Outline,
    within: &Scope,
    name: &str,
) -> Result<Option<Scope>, Failure> {
    let inside = || {
        outline
            .headings
            .iter()
            .enumerate()
            .filter(|(_, heading)| within.holds(&heading.range))
    };
    let exact: Vec<usize> = inside()
        .filter(|(_, it)| it.title == name)
        .map(|(at, _)| at)
        .collect();
    let begins = |title: &str| {
        title
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let near = || {
        inside()
            .filter(|(_, it)| begins(&it.title))
            .map(|(at, _)| at)
            .collect()
    };
    let found: Vec<usize> = if exact.is_empty() { near() } else { exact };
    let at = match found[..] {
        [] => return Ok(None),
        [at] => at,
        _ => {
            return Err(
                Failure::no(format!("there are {} sections {name}", found.len()))
                    .help("name the section above it: section/ABOVE/section/NAME"),
            );
        }
    };
    let heading = &outline.headings[at];
    let after = &outline.headings[at + 1..];
    let ends = |deeper: bool| {
        let next = after
            .iter()
            .find(|next| deeper || next.level <= heading.level);
        let end = next.map_or(within.range.end, |next| next.range.start);
        let end = end.min(within.range.end);
        block_end(text, outline, heading.range.end..end).unwrap_or(end)
    };
    let start = heading.range.end;
    Ok(Some(Scope {
        heading: heading.range.clone(),
        range: start..ends(false),
        own: start..ends(true),
    }))
}

/// Where a block ends that a section stands in: its closing comment is not the section's.
fn block_end(text: &str, outline: &Outline, range: Range<usize>) -> Option<usize> {
    let mut open = 0usize;
    let inside = |comment: &&Range<usize>| range.contains(&comment.start);
    for comment in outline.comments.iter().filter(inside) {
        let said = text[comment.clone()].trim_start_matches("<!--");
        let said = said.trim_end_matches("-->").trim().to_ascii_lowercase();
        let is = |word: &str| said.split([' ', ':', '-']).any(|part| part == word);
        if is("start") || is("begin") {
            open += 1;
        } else if is("end") && open == 0 {
            return Some(line_start(text, comment.start));
        } else if is("end") {
            open -= 1;
        }
    }
    None
}
