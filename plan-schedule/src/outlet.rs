//! stdout in large pieces: a schedule of a million tasks is not built in memory first.

use std::io::{self, Write};

use schemas::Failure;
use schemas::document::{self, Reader};

/// Collects what is written and hands it on a megabyte at a time.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    held: Vec<u8>,
    failure: Option<Failure>,
}

const PIECE: usize = 1 << 20;

impl Outlet {
    /// Hands the rest on. A reader that has gone is no failure.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        // An error is kept, or means that the reader has gone.
        let _ = self.flush();
        self.failure.map_or(Ok(()), Err)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match document::write_text(bytes) {
            Ok(Reader::There) => Ok(()),
            Ok(Reader::Gone) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(failure) => {
                self.failure = Some(failure);
                Err(io::ErrorKind::Other.into())
            }
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        if bytes.len() > PIECE {
            self.pass(bytes)?;
        } else {
            self.held.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        let passed = self.pass(&held);
        self.held = held;
        self.held.clear();
        passed
    }
}
