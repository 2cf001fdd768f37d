//! The structure of a Markdown text, with the bytes of every part: what is a heading and what only looks like one in
//! a code block is the parser's matter, never that of a pattern.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Lists and quotes nested deeper than this are texts.
const DEEPEST: usize = 16;

/// A part of the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) at: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Heading {
        level: u8,
        text: Line,
    },
    Paragraph(Line),
    Code {
        info: String,
        text: String,
    },
    List(Vec<Item>),
    Table(Vec<Row>),
    /// Quotes, rules, HTML: what says nothing about the structure of a plan.
    Other,
}

/// Text with its markup as it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) at: Range<usize>,
    pub(crate) raw: String,
    /// What stands between backticks in it.
    pub(crate) code: Vec<Span>,
}

/// A text and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) at: Range<usize>,
    /// `[ ]` or `[x]`.
    pub(crate) done: Option<bool>,
    pub(crate) line: Line,
    pub(crate) inner: Vec<Block>,
}

/// Cells of a row.
pub(crate) type Row = Vec<Line>;

/// Reads Markdown that stands at `offset`.
pub(crate) fn read(text: &str, offset: usize) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut builder = Builder {
        text,
        offset,
        open: Vec::new(),
        line: None,
        code: None,
        rows: Vec::new(),
        done: Vec::new(),
        too_deep: 0,
    };
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        builder.take(event, span);
    }
    builder.done
}

/// Every item of the blocks, inner ones after the one that they are in.
pub(crate) fn items(blocks: &[Block]) -> Vec<&Item> {
    let mut all = Vec::new();
    for block in blocks {
        if let Kind::List(items) = &block.kind {
            for item in items {
                all.push(item);
                all.extend(self::items(&item.inner));
            }
        }
    }
    all
}

/// Without `**`, backticks and spaces around it.
pub(crate) fn plain(raw: &str) -> String {
    raw.replace("**", "").replace('`', "").trim().to_owned()
}

/// A container that is not yet complete.
struct Open {
    at: Range<usize>,
    what: Container,
}

enum Container {
    List(Vec<Item>),
    Item {
        done: Option<bool>,
        line: Option<Line>,
        inner: Vec<Block>,
    },
    Quote,
}

struct Builder<'a> {
    text: &'a str,
    offset: usize,
    open: Vec<Open>,
    line: Option<Line>,
    code: Option<(String, String)>,
    rows: Vec<Row>,
    done: Vec<Block>,
    too_deep: usize,
}

impl Builder<'_> {
    fn take(&mut self, event: Event, span: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag, span),
            Event::TaskListMarker(checked) => {
                if let Some(Container::Item { done, .. }) = self.innermost() {
                    *done = Some(checked);
                }
            }
            Event::Code(text) => {
                let at = self.shift(&span);
                self.extend(&span);
                if let Some(line) = &mut self.line {
                    let text = text.into_string();
                    line.code.push(Span { text, at });
                }
            }
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.extend(&span),
            },
            Event::Rule | Event::Html(_) => {}
            _ => self.extend(&span),
        }
    }

    fn start(&mut self, tag: &Tag, span: Range<usize>) {
        match tag {
            Tag::List(_) | Tag::Item | Tag::BlockQuote(_) if self.open.len() >= DEEPEST => {
                self.too_deep += 1;
            }
            Tag::List(_) => self.begin(Container::List(Vec::new()), &span),
            Tag::Item => self.begin(
                Container::Item {
                    done: None,
                    line: None,
                    inner: Vec::new(),
                },
                &span,
            ),
            Tag::BlockQuote(_) => self.begin(Container::Quote, &span),
            Tag::CodeBlock(kind) => {
                self.flush();
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((info, String::new()));
            }
            Tag::Paragraph | Tag::Heading { .. } | Tag::TableCell => {
                self.flush();
                self.line = Some(Line::default());
            }
            Tag::Table(_) => self.flush(),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::HtmlBlock => self.flush(),
            _ => self.extend(&span),
        }
    }

    fn end(&mut self, tag: TagEnd, span: Range<usize>) {
        match tag {
            TagEnd::List(_) | TagEnd::Item | TagEnd::BlockQuote(_) if self.too_deep > 0 => {
                self.too_deep -= 1;
            }
            TagEnd::List(_) | TagEnd::Item | TagEnd::BlockQuote(_) => self.close(),
            TagEnd::CodeBlock => {
                if let Some((info, text)) = self.code.take() {
                    self.push(Kind::Code { info, text }, &span);
                }
            }
            TagEnd::Heading(level) => {
                let text = self.take_line().unwrap_or_default();
                let level = level as u8;
                self.push(Kind::Heading { level, text }, &span);
            }
            TagEnd::Paragraph => match self.innermost() {
                Some(Container::Item { line, inner, .. }) if line.is_none() && inner.is_empty() => {
                    self.flush();
                }
                _ => {
                    let line = self.take_line().unwrap_or_default();
                    self.push(Kind::Paragraph(line), &span);
                }
            },
            TagEnd::TableCell => {
                let cell = self.take_line().unwrap_or_default();
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.push(Kind::Table(rows), &span);
            }
            _ => {}
        }
    }

    fn begin(&mut self, what: Container, span: &Range<usize>) {
        self.flush();
        let at = self.shift(span);
        self.open.push(Open { at, what });
    }

    fn close(&mut self) {
        self.flush();
        let Some(Open { at, what }) = self.open.pop() else {
            return;
        };
        match what {
            Container::List(items) => self.add(Block {
                at,
                kind: Kind::List(items),
            }),
            Container::Quote => self.add(Block {
                at,
                kind: Kind::Other,
            }),
            Container::Item { done, line, inner } => {
                if let Some(Container::List(items)) = self.innermost() {
                    items.push(Item {
                        line: line.unwrap_or_else(|| Line {
                            at: at.start..at.start,
                            ..Line::default()
                        }),
                        at,
                        done,
                        inner,
                    });
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, span: &Range<usize>) {
        let at = self.shift(span);
        self.add(Block { at, kind });
    }

    fn add(&mut self, block: Block) {
        match self.innermost() {
            None => self.done.push(block),
            Some(Container::Item { inner, .. }) => inner.push(block),
            Some(_) => {}
        }
    }

    /// The text of a tight item has no paragraph of its own: it ends where something else begins.
    fn flush(&mut self) {
        let Some(line) = self.take_line() else {
            return;
        };
        if let Some(Container::Item {
            line: of_item,
            inner,
            ..
        }) = self.innermost()
        {
            if of_item.is_none() && inner.is_empty() {
                *of_item = Some(line);
            } else {
                let at = line.at.clone();
                inner.push(Block {
                    at,
                    kind: Kind::Paragraph(line),
                });
            }
        }
    }

    /// Makes the line reach to the end of what was read.
    fn extend(&mut self, span: &Range<usize>) {
        let at = self.shift(span);
        let is_item = matches!(self.innermost(), Some(Container::Item { .. }));
        if self.line.is_none() && !is_item {
            return;
        }
        let line = self.line.get_or_insert_default();
        if line.at.is_empty() {
            line.at = at.clone();
        }
        line.at.end = line.at.end.max(at.end);
    }

    /// The line that was read, with its text.
    fn take_line(&mut self) -> Option<Line> {
        let mut line = self.line.take()?;
        let local =
            line.at.start.saturating_sub(self.offset)..line.at.end.saturating_sub(self.offset);
        line.raw = self.text.get(local).unwrap_or_default().to_owned();
        Some(line)
    }

    fn innermost(&mut self) -> Option<&mut Container> {
        self.open.last_mut().map(|open| &mut open.what)
    }

    fn shift(&self, span: &Range<usize>) -> Range<usize> {
        span.start + self.offset..span.end + self.offset
    }
}

#[cfg(test)]
mod tests;
