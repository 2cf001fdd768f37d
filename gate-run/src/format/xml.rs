//! XML piece by piece, in bounded memory: long texts are cut before the parser holds them whole.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

/// Bytes of one text that are kept; what a test printed may have any size.
const TEXT: usize = 16 << 10;

/// Largest tag.
const TAG: usize = 1 << 20;

/// A reader of the events of a document.
pub(super) type Reader<R> = quick_xml::Reader<BufReader<Cut<R>>>;

/// Reads events from a report.
pub(super) fn reader<R: BufRead>(report: R) -> Reader<R> {
    let cut = Cut {
        from: report,
        state: State::Text,
        run: 0,
        seen: Vec::new(),
        last: [0; 2],
        out: Vec::new(),
        given: 0,
    };
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(64 << 10, cut));
    reader.config_mut().enable_all_checks(true);
    reader
}

/// The value of an attribute; `None` when the tag has none of that name.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok().flatten()?;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}

/// Lets the markup through, and of every text the beginning.
pub(super) struct Cut<R> {
    from: R,
    state: State,
    /// Bytes of the text, tag or section that it is in.
    run: usize,
    /// The first bytes of a tag, until it is known what it is.
    seen: Vec<u8>,
    last: [u8; 2],
    /// What is let through and not yet taken.
    out: Vec<u8>,
    given: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Text,
    /// The rest of a text, which is left out.
    Rest,
    /// Within quotes of this kind, when there are any.
    Tag(Option<u8>),
    /// Ends with `]]>` or `-->`.
    Section(u8),
}

impl<R: BufRead> Cut<R> {
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> io::Result<()> {
        self.run += 1;
        match self.state {
            State::Text | State::Rest if byte == b'<' => {
                (self.state, self.run) = (State::Tag(None), 0);
                self.seen.clear();
                self.seen.push(byte);
                out.push(byte);
            }
            // Only at a space: neither a character nor an entity is torn.
            State::Text if self.run > TEXT && byte.is_ascii_whitespace() => {
                self.state = State::Rest;
            }
            State::Text if self.run > 2 * TEXT => {
                return Err(io::Error::other(
                    "a text without spaces is longer than 32 KiB",
                ));
            }
            State::Text => out.push(byte),
            State::Rest => {}
            State::Tag(quote) => {
                out.push(byte);
                if self.run > TAG {
                    return Err(io::Error::other("a tag is longer than 1 MiB"));
                }
                self.within_tag(byte, quote);
            }
            State::Section(end) => {
                if self.run <= TEXT || (self.run < 2 * TEXT && !byte.is_ascii_whitespace()) {
                    out.push(byte);
                } else if byte == b'>' && self.last == [end; 2] {
                    out.extend([end, end, byte]);
                }
                if byte == b'>' && self.last == [end; 2] {
                    (self.state, self.run) = (State::Text, 0);
                }
            }
        }
        self.last = [self.last[1], byte];
        Ok(())
    }

    fn within_tag(&mut self, byte: u8, quote: Option<u8>) {
        if self.seen.len() < 9 {
            self.seen.push(byte);
        }
        self.state = match (self.seen.as_slice(), quote, byte) {
            (b"<![CDATA[", ..) => State::Section(b']'),
            (b"<!--", ..) => State::Section(b'-'),
            (_, None, b'>') => State::Text,
            (_, None, b'"' | b'\'') => State::Tag(Some(byte)),
            (_, Some(quote), byte) if quote == byte => State::Tag(None),
            (_, quote, _) => State::Tag(quote),
        };
        if !matches!(self.state, State::Tag(_)) {
            (self.run, self.last) = (0, [0; 2]);
            self.seen.clear();
        }
    }
}

impl<R: BufRead> Read for Cut<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
            let mut out = std::mem::take(&mut self.out);
            let bytes = self.from.fill_buf()?.to_vec();
            if bytes.is_empty() {
                return Ok(0);
            }
            for byte in &bytes {
                self.step(*byte, &mut out)?;
            }
            self.from.consume(bytes.len());
            self.out = out;
        }
        let size = buffer.len().min(self.out.len() - self.given);
        buffer[..size].copy_from_slice(&self.out[self.given..self.given + size]);
        self.given += size;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> String {
        let mut out = String::new();
        let mut cut = reader(text.as_bytes()).into_inner();
        cut.read_to_string(&mut out).expect("it is read");
        out
    }

    #[test]
    fn what_is_short_is_let_through() {
        for text in [
            "<a b='>'>text &amp; <![CDATA[ < ]] > ]]> more</a>",
            "<!-- a - -- > b --><a/>",
            "<a b=\"'\" c='\"'>x</a>",
        ] {
            assert_eq!(cut(text), text);
        }
    }

    #[test]
    fn long_texts_are_cut_and_the_document_stays_whole() {
        let long = "words ü & so on ".repeat(10_000);
        let escaped = long.replace('&', "&amp;");
        let text = format!("<a>{escaped}</a><b><![CDATA[{long}]]]></b><c/>");
        let short = cut(&text);
        assert!(short.len() < 4 * TEXT, "{}", short.len());
        let mut parser = reader(text.as_bytes());
        let (mut buffer, mut tags) = (Vec::new(), 0);
        loop {
            match parser.read_event_into(&mut buffer).expect("it is XML") {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(_) | quick_xml::events::Event::Empty(_) => {
                    tags += 1;
                }
                _ => {}
            }
            buffer.clear();
        }
        assert_eq!(tags, 3);
    }
}
