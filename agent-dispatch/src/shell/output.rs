//! What an agent prints: kept in its log, its own markers told as events.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use schemas::marker::{Marker, MarkerKind, Scanner};

use super::Incoming;
use crate::core::{Attempt, Event, Said};

/// Most that is kept of an attempt's output, in bytes. An agent that prints for ever must not fill the disk.
const MAX_LOG: u64 = 64 << 20;

/// Longest text of a marker that is told, in characters.
const MAX_TEXT: usize = 4 << 10;

/// Signs of life are told no more often than this.
const PULSE: Duration = Duration::from_millis(500);

/// Reads one agent's output to its end.
pub(super) struct Listener {
    attempt: Attempt,
    terminal: String,
    log: File,
    logged: u64,
    events: SyncSender<Incoming>,
    told: Option<Instant>,
    lost: bool,
}

impl Listener {
    pub(super) fn new(
        attempt: Attempt,
        terminal: String,
        log: File,
        events: SyncSender<Incoming>,
    ) -> Listener {
        Listener {
            attempt,
            terminal,
            log,
            logged: 0,
            events,
            told: None,
            lost: false,
        }
    }

    /// Until nobody holds the other end any more.
    pub(super) fn listen(mut self, mut pipe: impl Read) {
        let mut scanner = Scanner::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(size) => {
                    self.keep(&buffer[..size]);
                    self.pulse();
                    scanner.feed(&buffer[..size], |marker| self.tell(marker));
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        scanner.finish(|marker| self.tell(marker));
    }

    /// A log that cannot be written is no reason to lose the attempt: the journal is what must not fail. It says so.
    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LOG.saturating_sub(self.logged).min(bytes.len() as u64) as usize;
        if let (Err(error), false) = (self.log.write_all(&bytes[..room]), self.lost) {
            self.lost = true;
            let reason = error.to_string();
            let _ = self.events.send(Incoming::LogLost {
                attempt: self.attempt,
                reason,
            });
        }
        if room < bytes.len() && self.logged < MAX_LOG {
            let _ = self
                .log
                .write_all(b"\n[the rest of the output was not kept: 64 MiB]\n");
        }
        self.logged += room as u64;
    }

    fn pulse(&mut self) {
        if self.told.is_none_or(|told| told.elapsed() >= PULSE) {
            self.told = Some(Instant::now());
            let _ = self.events.send(Incoming::Event(Event::Printed {
                attempt: self.attempt,
            }));
        }
    }

    /// Only markers of this very attempt count: agents print each other's, and quote old ones.
    fn tell(&self, marker: Marker) {
        if marker.id != self.terminal {
            return;
        }
        let text: String = marker.text.chars().take(MAX_TEXT).collect();
        let said = match marker.kind {
            MarkerKind::Progress => Said::Progress {
                percent: marker.percent,
                text,
            },
            MarkerKind::Done => Said::Done(text),
            MarkerKind::Error => Said::Error(text),
            MarkerKind::Question => Said::Question(text),
        };
        let _ = self.events.send(Incoming::Event(Event::Marked {
            attempt: self.attempt,
            said,
        }));
    }
}
