//! The log of an attempt: what it printed, without its secrets, and not without end.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::mask::Mask;

/// Most that is kept of an attempt's output, in bytes. An agent that prints for ever must not fill the disk.
const MAX_LOG: u64 = 64 << 20;

/// A log that several streams write to. It is made when there is something to write: most commands are silent, and a
/// file costs more than to start one.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    lost: bool,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Log {
        Log(Arc::new(Mutex::new(Inner {
            path,
            file: None,
            written: 0,
            lost: false,
        })))
    }

    /// Answers why it cannot be written, the first time it cannot.
    pub(super) fn keep(&self, bytes: &[u8]) -> Option<String> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.write(bytes) {
            Err(error) if !std::mem::replace(&mut inner.lost, true) => Some(error.to_string()),
            _ => None,
        }
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let room = MAX_LOG.saturating_sub(self.written).min(bytes.len() as u64) as usize;
        let was_open = self.written < MAX_LOG;
        self.written += room as u64;
        if bytes.is_empty() || !was_open {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                self.path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                none.insert(File::create(&self.path)?)
            }
        };
        file.write_all(&bytes[..room])?;
        if room < bytes.len() {
            file.write_all(b"\n[the rest of the output was not kept: 64 MiB]\n")?;
        }
        Ok(())
    }
}

/// What stands between a stream and everybody who sees it: secrets go, the rest is logged.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    pub(super) mask: Mask,
    pub(super) log: Log,
}
