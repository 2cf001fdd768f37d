//! How many characters stand before a byte. A document may be one long line: it is not counted again for every problem
//! in it.

use std::ops::Range;

/// Bytes between two places whose count is kept.
pub(super) const BLOCK: usize = 4096;

/// The characters before each block.
#[derive(Debug)]
pub(super) struct Characters {
    before: Vec<usize>,
}

impl Characters {
    pub(super) fn new(text: &str) -> Characters {
        let mut count = 0;
        let blocks = text.as_bytes().chunks(BLOCK);
        let before = blocks.map(|block| {
            let before = count;
            count += characters(block);
            before
        });
        Characters {
            before: before.collect(),
        }
    }

    /// Those of the text that begin before a byte.
    pub(super) fn before(&self, text: &str, byte: usize) -> usize {
        let rest = self.rest(byte);
        let known = self.before.get(rest.start / BLOCK).copied();
        let bytes = text.as_bytes().get(rest);
        known.unwrap_or_default() + characters(bytes.unwrap_or_default())
    }

    /// The bytes that have to be counted for a place: never more than a block.
    pub(super) fn rest(&self, byte: usize) -> Range<usize> {
        let last = self.before.len().saturating_sub(1);
        (byte / BLOCK).min(last) * BLOCK..byte
    }
}

/// Every character has one byte that continues none.
pub(super) fn characters(bytes: &[u8]) -> usize {
    let begins = |byte: &&u8| (**byte).cast_signed() >= -64;
    bytes.iter().filter(begins).count()
}
