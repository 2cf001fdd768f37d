//! Plain text: every byte is the agent's own.

use super::ear::Ear;

/// The longest part of a character that can lie before a cut.
const CUT: usize = 3;

#[derive(Default)]
pub(super) struct Text {
    /// The beginning of a character whose end has not come yet.
    cut: Vec<u8>,
}

impl Text {
    pub(super) fn feed(&mut self, bytes: &[u8], ear: &mut Ear<'_>) {
        let mut bytes = bytes;
        // The rest of a cut character is taken byte by byte; there are few.
        while !self.cut.is_empty()
            && let Some((byte, rest)) = bytes.split_first()
        {
            self.cut.push(*byte);
            bytes = rest;
            let cut = std::mem::take(&mut self.cut);
            self.whole(&cut, ear);
        }
        self.whole(bytes, ear);
    }

    /// Says what is whole, and keeps a cut character at the end.
    fn whole(&mut self, bytes: &[u8], ear: &mut Ear<'_>) {
        let mut said = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            said.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let last = chunks.peek().is_none() && invalid.len() <= CUT;
            let unfinished = || matches!(std::str::from_utf8(invalid), Err(error) if error.error_len().is_none());
            if last && unfinished() {
                self.cut.extend_from_slice(invalid);
            } else if !invalid.is_empty() {
                said.push(char::REPLACEMENT_CHARACTER);
            }
        }
        ear.text(&said);
    }

    pub(super) fn finish(&mut self, ear: &mut Ear<'_>) {
        if !std::mem::take(&mut self.cut).is_empty() {
            ear.text("\u{fffd}");
        }
    }
}
