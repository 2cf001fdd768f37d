//! One file that is followed, under whatever name, for as long as it is the same file.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::Instant;

/// Of its first bytes, so many are remembered: with other ones it was written anew.
const HEAD: usize = 64;

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
    /// The stream that its bytes go to.
    pub(super) stream: usize,
    /// Up to here it has been read.
    pub(super) position: u64,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// The watch on it; without one it is looked at in turn.
    pub(super) watch: Option<i32>,
    /// Another file has its place, or it was deleted: closed at this time unless something comes.
    pub(super) closes: Option<Instant>,
    pub(super) is_dirty: bool,
}

/// What a look at it shows.
pub(super) struct Look {
    /// It is still what was read so far: not shorter, and with the same beginning.
    pub(super) is_the_same: bool,
    /// Nothing is called by its name any more.
    pub(super) is_deleted: bool,
}

impl Followed {
    /// Asked before reading on: what was cut off may have grown again.
    pub(super) fn look(&self) -> io::Result<Look> {
        let metadata = self.file.metadata()?;
        Ok(Look {
            is_the_same: metadata.len() >= self.position && self.begins_with(&self.head),
            is_deleted: metadata.nlink() == 0,
        })
    }

    /// Reads on; 0 when there is nothing more, for now.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = loop {
            match self.file.read_at(buffer, self.position) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if self.head.len() < HEAD && self.position == self.head.len() as u64 {
            let missing = (HEAD - self.head.len()).min(size);
            self.head.extend_from_slice(&buffer[..missing]);
        }
        self.position += size as u64;
        Ok(size)
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
        self.position = 0;
        self.head.clear();
    }
}
