//! What is written to an attempt while it runs, from a thread of its own: an agent that does not read holds up nobody.

use std::ffi::OsString;
use std::fs::File;
use std::io::{PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use schemas::stream::Dialect;

use super::agent::{Input, Start};
use super::contain::Containment;
use super::environment;
use super::launcher::Packet;
use super::launcher::frame::{self, Kind};
use super::threads::Threads;
use crate::acp::Setup;

/// Bytes that may wait for an agent that does not read. One that does not and still asks is told nothing any more.
const MOST_WAITING: usize = 16 << 20;

/// The way in. It closes when it is dropped.
#[derive(Debug)]
pub(super) struct Feed {
    sender: Mutex<Option<Sender<Vec<u8>>>>,
    /// Bytes that have not been read.
    waiting: Arc<AtomicUsize>,
    /// The attempt's input has ended.
    ended: AtomicBool,
    /// Behind a launcher, input travels in frames of this name, and the way stays open when the input has ended.
    nonce: Option<String>,
}

impl Feed {
    pub(super) fn new(mut pipe: PipeWriter, nonce: Option<String>, threads: &Threads) -> Feed {
        let (sender, pieces) = channel::<Vec<u8>>();
        let waiting = Arc::<AtomicUsize>::default();
        let unread = Arc::clone(&waiting);
        threads.run(move || {
            while let Ok(piece) = pieces.recv() {
                // Nobody reads any more: it has ended, or will be ended.
                if pipe.write_all(&piece).is_err() {
                    return;
                }
                unread.fetch_sub(piece.len(), Ordering::Relaxed);
            }
        });
        Feed {
            sender: Mutex::new(Some(sender)),
            waiting,
            ended: AtomicBool::new(false),
            nonce,
        }
    }

    /// As it is, before any frame.
    pub(super) fn write_raw(&self, bytes: Vec<u8>) {
        if let Some(sender) = &*self.lock() {
            let size = bytes.len();
            self.waiting.fetch_add(size, Ordering::Relaxed);
            if sender.send(bytes).is_err() {
                self.waiting.fetch_sub(size, Ordering::Relaxed);
            }
        }
    }

    /// The attempt's input goes on.
    pub(super) fn write(&self, bytes: &[u8]) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        if self.is_full() {
            return self.end();
        }
        match &self.nonce {
            None => self.write_raw(bytes.to_vec()),
            Some(nonce) => {
                for piece in bytes.chunks(frame::MAX_PAYLOAD) {
                    self.write_raw(frame::encode(nonce, Kind::Input, piece));
                }
            }
        }
    }

    /// So much waits that whoever writes more ends the input.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > MOST_WAITING
    }

    /// The attempt's input ends.
    pub(super) fn end(&self) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        match &self.nonce {
            None => drop(self.lock().take()),
            Some(nonce) => self.write_raw(frame::encode(nonce, Kind::EndOfInput, b"")),
        }
    }

    /// Asks what runs behind a launcher to end. Answers whether there is a launcher.
    pub(super) fn terminate(&self) -> bool {
        if let Some(nonce) = &self.nonce {
            self.write_raw(frame::encode(nonce, Kind::Terminate, b""));
        }
        self.nonce.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Sender<Vec<u8>>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an attempt's input comes from.
pub(super) struct Fed {
    pub(super) stdin: OwnedFd,
    /// There is more to come than was there at its start.
    pub(super) feed: Option<Arc<Feed>>,
    /// What is said through it.
    pub(super) setup: Option<Setup>,
}

impl Fed {
    /// A file as it is; what talks, and what runs behind a launcher, gets a pipe.
    pub(super) fn new(
        start: &Start,
        containment: &Containment,
        threads: &Threads,
    ) -> anyhow::Result<Fed> {
        let packet = packet(start, containment)?;
        let file = match &start.input {
            Input::Prompt => Some(start.dir.whole(&start.launch.prompt_file)),
            Input::Nothing => Some(PathBuf::from("/dev/null")),
            Input::Talk(_) => None,
        };
        let file = file.map(|path| {
            File::open(&path).with_context(|| format!("cannot open {}", path.display()))
        });
        let (file, setup) = match (file.transpose()?, &start.input) {
            (Some(file), _) if packet.is_none() => {
                return Ok(Fed {
                    stdin: file.into(),
                    feed: None,
                    setup: None,
                });
            }
            (file, Input::Talk(setup)) => (file, Some(setup.clone())),
            (file, _) => (file, None),
        };
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let nonce = start.behind.as_ref().map(|behind| behind.nonce.clone());
        let feed = Feed::new(writer, nonce, threads);
        if let Some(packet) = packet {
            feed.write_raw(packet);
        }
        if let Some(mut file) = file {
            let mut text = Vec::new();
            file.read_to_end(&mut text)
                .context("cannot read the prompt")?;
            feed.write(&text);
            feed.end();
        }
        Ok(Fed {
            stdin: OwnedFd::from(reader),
            feed: Some(Arc::new(feed)),
            setup,
        })
    }
}

/// The first line for a shim.
fn packet(start: &Start, containment: &Containment) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(behind) = &start.behind else {
        return Ok(None);
    };
    let words = |(name, value): &(OsString, OsString)| {
        let word = |word: &OsString| word.clone().into_string().ok();
        let both = word(name).zip(word(value));
        both.with_context(|| {
            format!(
                "cannot pass {} through a launcher: not UTF-8",
                name.display()
            )
        })
    };
    let removed = environment::removed(start.is_agent).map(str::to_owned);
    let packet = Packet {
        version: Packet::VERSION,
        nonce: behind.nonce.clone(),
        attempt: start.attempt.number,
        lease: behind.lease.clone(),
        mark: containment.own_mark(&start.terminal),
        workspace: start.workspace.clone(),
        argv: start.argv.clone(),
        env: start.env.iter().map(words).collect::<Result<_, _>>()?,
        env_remove: removed.chain(start.env_remove.iter().cloned()).collect(),
        pass_env: start.pass_env.clone(),
        scratch: start.is_agent,
        merged: start.dialect == Dialect::Text,
        grace_ms: behind.grace.as_millis() as u64,
    };
    let mut line = serde_json::to_vec(&packet).context("cannot write the packet")?;
    line.push(b'\n');
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_is_told_no_more_than_so_much() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let feed = Feed::new(writer, None, &Threads::default());
        for _ in 0..64 {
            feed.write(&vec![b'x'; 1 << 20]);
        }
        // Its end comes although the feed is still there.
        let mut told = Vec::new();
        reader.read_to_end(&mut told).unwrap();
        assert!(told.len() <= MOST_WAITING + (3 << 20), "{}", told.len());
    }
}
