//! Our end of the line to a shim: what the attempt prints comes out of it as from a pipe of its own.

use std::collections::VecDeque;
use std::io::{PipeReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::frame::{Frames, Kind, Piece};
use super::{BEAT, EndRecord, LINGER, SILENCE};
use crate::core::{Attempt, Event};
use crate::shell::Incoming;
use crate::shell::agent::Process;
use crate::shell::log::Tap;
use crate::shell::threads::Threads;

/// Of stderr, so much is kept for whoever asks why it ended: its end.
const MAX_ERRORS: usize = 16 << 10;

/// More than any pipe holds. Of a launcher that prints without end, there is always more to read: when so much has come
/// without a frame, there was none among it.
const PIPE: usize = 1 << 20;

/// Of one core, from which on CPU time is a sign of life.
const SHARE: f64 = 0.05;

/// How the attempt ended, as far as its shim has said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Arc<Mutex<Option<Result<EndRecord, String>>>>);

impl Ending {
    fn set(&self, ending: Result<EndRecord, String>) {
        self.lock().get_or_insert(ending);
    }

    /// The end record, or why there is none. `status` is how the launcher ended.
    pub(crate) fn of(&self, attempt: u32, status: &str) -> Result<EndRecord, String> {
        match self.lock().clone() {
            Some(Ok(end)) if end.attempt != attempt => Err(format!(
                "the end record is one of attempt {}, not of {attempt}",
                end.attempt
            )),
            Some(Ok(EndRecord {
                error: Some(error), ..
            })) => Err(error),
            Some(known) => known,
            None => Err(format!(
                "its launcher ended ({status}) without an end record of the attempt"
            )),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<EndRecord, String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line. Reading it answers the attempt's stdout.
pub(crate) struct Line {
    pub(crate) pipe: PipeReader,
    pub(crate) frames: Frames,
    pub(crate) attempt: Attempt,
    /// The launcher, ended when nothing comes from behind it any more.
    pub(crate) launcher: Process,
    /// Closed when the launcher has ended.
    pub(crate) reaped: Option<Receiver<()>>,
    pub(crate) ending: Ending,
    /// Takes stderr and noise.
    pub(crate) tap: Tap,
    /// Hears the end of stderr.
    pub(crate) errors: SyncSender<String>,
    pub(crate) events: SyncSender<Incoming>,
    pub(crate) threads: Threads,
    pub(crate) heard: Heard,
}

/// What has come through so far.
#[derive(Default)]
pub(crate) struct Heard {
    output: VecDeque<u8>,
    errors: Vec<u8>,
    /// The last frame; none before the first.
    last: Option<Instant>,
    /// Bytes since then that were no frame.
    noise: usize,
    /// When it was said that the launcher still takes its time.
    told: Option<Instant>,
    /// CPU time at the last beat.
    cpu: Duration,
    over: bool,
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.heard.output.is_empty() && !self.heard.over {
            self.receive()?;
        }
        if self.heard.output.is_empty() {
            self.finish();
            return Ok(0);
        }
        self.heard.output.read(buffer)
    }
}

impl Line {
    fn receive(&mut self) -> std::io::Result<()> {
        if !self.waits()? {
            return Ok(());
        }
        let mut buffer = vec![0; 64 << 10];
        match self.pipe.read(&mut buffer)? {
            0 => self.heard.over = true,
            size => {
                let mut frames = std::mem::replace(&mut self.frames, Frames::new(""));
                frames.feed(&buffer[..size], |piece| self.take(piece));
                self.frames = frames;
                self.heed_silence(self.heard.noise > PIPE);
            }
        }
        Ok(())
    }

    /// Waits for something to read; answers whether there is. Before the first frame the launcher may take its time: it may
    /// stand in a queue, and that is no silence of the agent.
    fn waits(&mut self) -> std::io::Result<bool> {
        let patience = match self.heard.last {
            Some(last) => SILENCE.saturating_sub(last.elapsed()),
            None => BEAT,
        };
        let timeout = Timespec::try_from(patience).unwrap_or_default();
        let mut waited = [PollFd::new(&self.pipe, PollFlags::IN)];
        match poll(&mut waited, Some(&timeout)) {
            Ok(0) => {}
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        self.heed_silence(true);
        Ok(false)
    }

    /// `all_read`: no frame waits to be read.
    fn heed_silence(&mut self, all_read: bool) {
        match self.heard.last {
            None if self.heard.told.is_none_or(|told| told.elapsed() >= BEAT) => {
                self.heard.told = Some(Instant::now());
                self.lives();
            }
            Some(last) if all_read && last.elapsed() >= SILENCE => {
                let seconds = SILENCE.as_secs();
                self.ending.set(Err(format!(
                    "nothing was heard from behind its launcher for {seconds} s"
                )));
                self.launcher.kill();
                self.heard.over = true;
            }
            _ => {}
        }
    }

    fn take(&mut self, piece: Piece<'_>) {
        if self.heard.over {
            // After the end record there is nothing of the attempt; a launcher's farewell is cut off in any case.
            return;
        }
        let (kind, payload) = match piece {
            Piece::Frame(kind, payload) => (kind, payload),
            Piece::Noise(noise) => {
                self.heard.noise += noise.len();
                let shown = self.tap.mask.feed(noise);
                self.tap.log.keep(&shown);
                return;
            }
        };
        (self.heard.last, self.heard.noise) = (Some(Instant::now()), 0);
        match kind {
            Kind::Output => self.heard.output.extend(payload),
            Kind::Errors => {
                let shown = self.tap.mask.feed(payload);
                self.tap.log.keep(&shown);
                self.heard.errors.extend_from_slice(&shown);
                let surplus = self.heard.errors.len().saturating_sub(MAX_ERRORS);
                self.heard.errors.drain(..surplus);
            }
            Kind::Beat => self.beat(payload),
            Kind::End => {
                let end = serde_json::from_slice(payload);
                self.ending
                    .set(end.map_err(|error| format!("its end record cannot be read: {error}")));
                self.heard.over = true;
                self.watch_launcher();
            }
            Kind::Hello => self.lives(),
            Kind::Input | Kind::EndOfInput | Kind::Terminate => {}
        }
    }

    fn beat(&mut self, payload: &[u8]) {
        let used = std::str::from_utf8(payload)
            .ok()
            .and_then(|text| text.parse().ok());
        let used = Duration::from_millis(used.unwrap_or(0));
        let works = used.saturating_sub(self.heard.cpu) > BEAT.mul_f64(SHARE);
        self.heard.cpu = used;
        if works {
            self.lives();
        }
    }

    fn lives(&self) {
        let attempt = self.attempt;
        let _ = self.events.send(Incoming::Event(Event::Alive { attempt }));
    }

    /// All has been said: whatever keeps the launcher from ending is not the attempt's.
    fn watch_launcher(&mut self) {
        let Some(reaped) = self.reaped.take() else {
            return;
        };
        let launcher = self.launcher.clone();
        self.threads.run(move || {
            if reaped.recv_timeout(LINGER) == Err(RecvTimeoutError::Timeout) {
                launcher.kill();
            }
        });
    }

    fn finish(&mut self) {
        let mut frames = std::mem::replace(&mut self.frames, Frames::new(""));
        frames.finish(|piece| self.take(piece));
        let rest = self.tap.mask.finish();
        self.tap.log.keep(&rest);
        let errors = String::from_utf8_lossy(&self.heard.errors).into_owned();
        let _ = self.errors.try_send(errors);
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::mpsc::{channel, sync_channel};

    use super::*;
    use crate::shell::log::Log;

    #[test]
    fn a_launcher_that_prints_without_end_does_not_hide_that_nothing_comes_from_behind_it() {
        let (pipe, writer) = std::io::pipe().unwrap();
        let mut yes = Command::new("yes");
        let mut yes = yes.stdout(Stdio::from(writer)).spawn().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ending = Ending::default();
        let mut line = Line {
            pipe,
            frames: Frames::new("n0nce"),
            attempt: Attempt { task: 0, number: 1 },
            launcher: Process {
                pid: yes.id(),
                reaped: Arc::default(),
            },
            reaped: None,
            ending: ending.clone(),
            tap: Tap {
                mask: Default::default(),
                log: Log::new(folder.path().join("log")),
            },
            errors: sync_channel(1).0,
            events: sync_channel(16).0,
            threads: Threads::default(),
            heard: Heard {
                last: Instant::now().checked_sub(SILENCE),
                ..Heard::default()
            },
        };
        let (read, over) = channel();
        std::thread::spawn(move || read.send(line.read(&mut [0; 9]).unwrap()));
        let over = over.recv_timeout(Duration::from_secs(20));
        yes.kill().unwrap();
        yes.wait().unwrap();
        assert_eq!(over, Ok(0));
        assert!(
            ending
                .of(1, "")
                .is_err_and(|why| why.contains("nothing was heard"))
        );
    }
}
