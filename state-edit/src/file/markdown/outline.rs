//! The structure of a Markdown text: headings, tables, lists, comments, and where code is, which is never looked into.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::file::front;
use crate::file::splice::{line_stop, next_line};

/// What a text consists of, as far as it can be addressed. Places are bytes of the whole text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) tables: Vec<Table>,
    pub(super) items: Vec<Entry>,
    /// HTML comments.
    pub(super) comments: Vec<Range<usize>>,
    /// Code blocks.
    pub(super) code: Vec<Range<usize>>,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) title: String,
    pub(super) range: Range<usize>,
}

/// A table: its lines, the header's first.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) header: Range<usize>,
    pub(super) rows: Vec<Range<usize>>,
    /// With the line below the header.
    pub(super) range: Range<usize>,
}

/// An entry of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// With what is nested in it.
    pub(super) range: Range<usize>,
    /// What stands between the brackets of its check box.
    pub(super) check: Option<Range<usize>>,
    /// What its first line says.
    pub(super) words: Range<usize>,
    /// Lists that it is nested in, its own with them.
    pub(super) depth: usize,
}

impl Outline {
    pub(super) fn of(text: &str) -> Outline {
        let body = front::find(text).map_or(0, |(inner, _)| next_line(text, inner.end));
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
        let events = Parser::new_ext(&text[body..], options).into_offset_iter();
        let mut outline = Outline::default();
        // Open containers: a heading in a quote or in an entry divides nothing.
        let mut nested = 0usize;
        let mut open: Vec<usize> = Vec::new();
        for (event, range) in events {
            let range = range.start + body..range.end + body;
            match event {
                Event::Start(Tag::Heading { level, .. }) if nested == 0 => {
                    let title = title(&text[range.clone()]);
                    let range = range.start..next_line(text, range.end.saturating_sub(1));
                    outline.headings.push(Heading {
                        level: level as u8,
                        title,
                        range,
                    });
                }
                Event::Start(Tag::BlockQuote(_)) => nested += 1,
                Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => {
                    nested -= 1;
                    if matches!(event, Event::End(TagEnd::Item)) {
                        open.pop();
                    }
                }
                Event::Start(Tag::Item) => {
                    nested += 1;
                    open.push(outline.items.len());
                    outline.items.push(entry(text, range, open.len()));
                }
                Event::TaskListMarker(_) => {
                    if let Some(item) = open.last().and_then(|open| outline.items.get_mut(*open)) {
                        item.check = Some(range.start + 1..range.end - 1);
                        item.words.start =
                            (range.end + gap(&text[range.end..item.words.end])).min(item.words.end);
                    }
                }
                Event::Start(Tag::Table(_)) => outline.tables.push(Table {
                    header: 0..0,
                    rows: Vec::new(),
                    range,
                }),
                Event::Start(Tag::TableHead) => {
                    if let Some(table) = outline.tables.last_mut() {
                        table.header = range.start..line_stop(text, range.start);
                    }
                }
                Event::Start(Tag::TableRow) => {
                    if let Some(table) = outline.tables.last_mut() {
                        table.rows.push(range.start..line_stop(text, range.start));
                    }
                }
                Event::Start(Tag::CodeBlock(_)) => outline.code.push(range),
                Event::Html(_) | Event::InlineHtml(_) => outline.comment(text, range),
                _ => {}
            }
        }
        outline
    }

    fn comment(&mut self, text: &str, range: Range<usize>) {
        let mut at = range.start;
        while let Some(start) = text[at..range.end].find("<!--") {
            let start = at + start;
            let end = text[start..range.end]
                .find("-->")
                .map_or(range.end, |end| start + end + 3);
            self.comments.push(start..end);
            at = end;
        }
    }

    /// Whether a place is inside of a code block.
    pub(super) fn is_code(&self, at: usize) -> bool {
        self.code.iter().any(|code| code.contains(&at))
    }
}

fn entry(text: &str, range: Range<usize>, depth: usize) -> Entry {
    let stop = line_stop(text, range.start).min(range.end);
    let line = &text[range.start..stop];
    let indent = line.len() - line.trim_start().len();
    let marker = line[indent..]
        .find([' ', '\t'])
        .map_or(line.len(), |space| indent + space);
    let words = range.start + marker + gap(&line[marker..]);
    let end = range.start + line.trim_end().len();
    Entry {
        range,
        check: None,
        words: words.min(end)..end,
        depth,
    }
}

/// White space at the beginning.
fn gap(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn title(heading: &str) -> String {
    let line = heading.lines().next().unwrap_or_default().trim();
    line.trim_start_matches('#')
        .trim_end_matches('#')
        .trim()
        .to_owned()
}
