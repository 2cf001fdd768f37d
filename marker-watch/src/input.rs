//! The input, read by a thread of its own: a read that waits must not keep a timeout waiting.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use schemas::Failure;

/// Bytes per read.
const PIECE: usize = 256 << 10;

/// Pieces that may wait to be looked at: memory stays bounded when the reader of the records is slow.
const AHEAD: usize = 4;

/// What comes next.
pub(crate) enum Next {
    Piece(Vec<u8>),
    End,
    /// Nothing, and the time is over.
    Late,
}

/// A stream of pieces.
pub(crate) struct Input {
    name: String,
    pieces: Receiver<io::Result<Vec<u8>>>,
}

impl Input {
    /// Opens a file, or stdin for `None` and `-`.
    pub(crate) fn open(file: Option<&Path>) -> Result<Input, Failure> {
        let (sender, pieces) = sync_channel(AHEAD);
        let named = file.filter(|file| *file != Path::new("-"));
        let name = named.map_or_else(|| "stdin".to_owned(), |file| file.display().to_string());
        let from: Box<dyn Read + Send> = match named {
            None => Box::new(io::stdin()),
            Some(path) => Box::new(
                File::open(path)
                    .map_err(|e| Failure::input(format!("cannot read {name}")).because(&e))?,
            ),
        };
        thread::Builder::new()
            .spawn(move || read(from, &sender))
            .map_err(|e| Failure::trouble("cannot start a thread").because(&e))?;
        Ok(Input { name, pieces })
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next piece, if it comes before the deadline.
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Result<Next, Failure> {
        let piece = match deadline {
            None => self
                .pieces
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
            Some(deadline) => self
                .pieces
                .recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match piece {
            Ok(Ok(piece)) => Ok(Next::Piece(piece)),
            Ok(Err(error)) => {
                Err(Failure::input(format!("cannot read {}", self.name)).because(&error))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Next::End),
            Err(RecvTimeoutError::Timeout) => Ok(Next::Late),
        }
    }
}

fn read(mut from: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(size) => Ok(buffer[..size].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if sender.send(piece).is_err() || failed {
            return;
        }
    }
}
