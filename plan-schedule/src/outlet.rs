//! stdout as a writer that remembers why it failed.

use std::io::{self, Write};

use schemas::Failure;
use schemas::document::{self, Reader};

/// Hands everything on at once; meant to stand behind a buffer.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    failure: Option<Failure>,
}

impl Outlet {
    /// Why writing ended early. A reader that has gone is no failure.
    pub(crate) fn end(self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match document::write_text(bytes) {
            Ok(Reader::There) => Ok(bytes.len()),
            Ok(Reader::Gone) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(failure) => {
                self.failure = Some(failure);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
