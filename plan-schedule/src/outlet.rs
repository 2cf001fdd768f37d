//! stdout, in large pieces: a schedule of a million tasks is not built in memory first.

use schemas::Failure;
use schemas::document::{self, Reader};
use serde::Serialize;

/// Pieces are a little larger than this.
const PIECE: usize = 1 << 20;

/// Takes text and values, and remembers why writing ended early.
#[derive(Debug)]
pub(crate) struct Outlet {
    buffer: Vec<u8>,
    reader: Result<Reader, Failure>,
}

impl Outlet {
    pub(crate) fn new() -> Outlet {
        Outlet {
            buffer: Vec::with_capacity(PIECE + PIECE / 4),
            reader: Ok(Reader::There),
        }
    }

    /// As it is.
    pub(crate) fn text(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// As JSON.
    pub(crate) fn value(&mut self, value: &impl Serialize) {
        // Straight into a `Vec`, which takes single bytes in no time; a writer behind a trait does not.
        if let Err(error) = serde_json::to_writer(&mut self.buffer, value) {
            let failure = Failure::trouble("cannot write the document as JSON").because(&error);
            if self.reader.is_ok() {
                self.reader = Err(failure);
            }
        }
    }

    /// Text of any length, past the buffer.
    pub(crate) fn whole(&mut self, text: &str) {
        self.hand_on();
        self.write(text.as_bytes());
    }

    /// Hands on what there is, once it is enough. To be called between values.
    pub(crate) fn pass(&mut self) {
        if self.buffer.len() >= PIECE {
            self.hand_on();
        }
    }

    /// Hands on the rest. A reader that has gone is no failure.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        self.hand_on();
        self.reader.map(|_| ())
    }

    fn hand_on(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer);
        buffer.clear();
        self.buffer = buffer;
    }

    fn write(&mut self, bytes: &[u8]) {
        if matches!(self.reader, Ok(Reader::There)) && !bytes.is_empty() {
            self.reader = document::write_text(bytes);
        }
    }
}
