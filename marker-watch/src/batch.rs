//! Files that are there and do not grow, at the speed of the disk.
//!
//! A large file is read by a thread of its own while this one looks at what it has read; the buffers go round.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use schemas::Failure;

use crate::buffer::Buffer;
use crate::intake::{Ending, Intake, Opening};

/// From this size on, a second thread is worth its start.
const LARGE: u64 = 16 << 20;

/// Buffers that go round: two that are read into, two that are looked at.
const BUFFERS: usize = 4;

/// A file, and how records name it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) is_named: bool,
    pub(crate) file: File,
}

/// A buffer, and how much of it was read.
type Piece = Result<(Buffer, usize), Failure>;

/// Reads a file to its end. Answers whether the time was over before.
pub(crate) fn read(
    mut opened: Opened,
    intake: &mut dyn Intake,
    deadline: Option<Instant>,
) -> Result<bool, Failure> {
    let stream = intake.begin(Opening {
        name: &opened.name,
        is_named: opened.is_named,
        ..Opening::default()
    });
    let mut is_late = false;
    // Answers whether more is wanted.
    let mut take = |piece: &[u8]| {
        intake.piece(stream, piece)?;
        is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        Ok::<_, Failure>(!piece.is_empty() && !is_late && !intake.is_over())
    };
    let size = opened.file.metadata().map_or(0, |metadata| metadata.len());
    if size < LARGE {
        let mut buffer = Buffer::new();
        let mut size = opened.read(&mut buffer)?;
        while take(buffer.first(size))? {
            size = opened.read(&mut buffer)?;
        }
    } else {
        thread::scope(|scope| {
            let (full, pieces) = sync_channel(BUFFERS);
            let (empty, used) = sync_channel(BUFFERS);
            (0..BUFFERS).for_each(|_| drop(empty.send(Buffer::new())));
            thread::Builder::new()
                .spawn_scoped(scope, move || read_ahead(opened, &full, &used))
                .map_err(|error| Failure::trouble("cannot start a thread").because(&error))?;
            for piece in pieces {
                let (buffer, size) = piece?;
                if !take(buffer.first(size))? {
                    break;
                }
                // The reader may have come to its end.
                let _ = empty.send(buffer);
            }
            Ok::<_, Failure>(())
        })?;
    }
    intake.end(stream, Ending::Closed)?;
    Ok(is_late && !intake.is_over())
}

/// Until the end, or until nobody wants more: then there are no buffers any more.
fn read_ahead(mut opened: Opened, full: &SyncSender<Piece>, used: &Receiver<Buffer>) {
    while let Ok(mut buffer) = used.recv() {
        let size = opened.read(&mut buffer);
        let is_last = !matches!(size, Ok(1..));
        if full.send(size.map(|size| (buffer, size))).is_err() || is_last {
            return;
        }
    }
}

impl Opened {
    fn read(&mut self, buffer: &mut Buffer) -> Result<usize, Failure> {
        loop {
            match self.file.read(buffer.all()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let text = format!("cannot read {}", self.name);
                    return Err(Failure::input(text).because(&error));
                }
                Ok(size) => return Ok(size),
            }
        }
    }
}
