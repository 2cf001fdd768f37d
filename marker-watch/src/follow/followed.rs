//! One file that is followed, under whatever name, for as long as it is the same file.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::Instant;

use crc32fast::Hasher;

/// Of its first bytes, so many are remembered: with other ones it was written anew.
const HEAD: usize = 64;

/// Of what it was before it was cut off, so many are remembered: copies may come late.
const LIVES: usize = 8;

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Identity {
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// A file, and how far it has been read.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) file: File,
    pub(super) identity: Identity,
    /// As it was called last.
    pub(super) path: PathBuf,
    /// As records name it.
    pub(super) name: String,
    /// The source that it belongs to.
    pub(super) source: usize,
    /// The stream that its bytes go to; none while it may be a copy of another file.
    pub(super) stream: Option<usize>,
    /// Up to here it has been read.
    pub(super) position: u64,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// The checksum of all that has been read; none when it was taken up in its midst.
    pub(super) sum: Option<Hasher>,
    /// What it was before it was cut off.
    pub(super) lives: Vec<Life>,
    /// The watch on it; without one it is looked at in turn.
    pub(super) watch: Option<i32>,
    /// Another file has its place, or it was deleted: closed at this time unless something comes.
    pub(super) closes: Option<Instant>,
    pub(super) is_dirty: bool,
}

/// What a file was before it was cut off, as far as it was read.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) position: u64,
    pub(super) head: Vec<u8>,
    pub(super) sum: Option<u32>,
}

/// What a look at it shows.
pub(super) struct Look {
    /// It is still what was read so far: not shorter, and with the same beginning.
    pub(super) is_the_same: bool,
    /// Nothing is called by its name any more.
    pub(super) is_deleted: bool,
}

impl Followed {
    /// What was cut off may have grown again.
    pub(super) fn look(&self) -> io::Result<Look> {
        let metadata = self.file.metadata()?;
        Ok(Look {
            is_the_same: metadata.len() >= self.position && self.begins_with(&self.head),
            is_deleted: metadata.nlink() == 0,
        })
    }

    /// Reads on, without taking it for read; 0 when there is nothing more, for now.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, self.position) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// These bytes are read.
    pub(super) fn have_read(&mut self, bytes: &[u8]) {
        if self.head.len() < HEAD && self.position == self.head.len() as u64 {
            let missing = (HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..missing]);
        }
        if let Some(sum) = &mut self.sum {
            sum.update(bytes);
        }
        self.position += bytes.len() as u64;
    }

    /// Whether its first bytes are these.
    pub(super) fn begins_with(&self, head: &[u8]) -> bool {
        let mut now = [0; HEAD];
        let Some(now) = now.get_mut(..head.len()) else {
            return false;
        };
        self.file.read_exact_at(now, 0).is_ok() && now == head
    }

    /// It begins again.
    pub(super) fn begin_anew(&mut self) {
        let head = std::mem::take(&mut self.head);
        let sum = self.sum.replace(Hasher::new()).map(Hasher::finalize);
        if self.stream.is_some() && !head.is_empty() {
            self.remember(self.position, head, sum);
        }
        self.position = 0;
    }

    /// It was this before.
    pub(super) fn remember(&mut self, position: u64, head: Vec<u8>, sum: Option<u32>) {
        if self.lives.len() >= LIVES {
            self.lives.remove(0);
        }
        self.lives.push(Life {
            position,
            head,
            sum,
        });
    }

    /// Up to here it need not be read.
    pub(super) fn pass_over(&mut self, position: u64) {
        let mut head = [0; HEAD];
        let size = HEAD.min(usize::try_from(position).unwrap_or(HEAD));
        self.head.clear();
        if self.file.read_exact_at(&mut head[..size], 0).is_ok() {
            self.head.extend_from_slice(&head[..size]);
        }
        self.sum = None;
        self.position = position;
    }
}
