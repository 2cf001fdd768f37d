//! What an agent prints: kept in its log, its own markers told as events.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use schemas::marker::{Marker, MarkerKind};
use schemas::printable;
use schemas::stream::{Dialect, ErrorClass, Heard, Parser, Report, StreamError};

use super::Incoming;
use crate::core::{Attempt, Event, Reported, Said, Trouble};

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
    dialect: Dialect,
    /// Open calls of tools: id and name.
    tools: BTreeMap<String, String>,
}

impl Listener {
    pub(super) fn new(
        attempt: Attempt,
        terminal: String,
        log: File,
        events: SyncSender<Incoming>,
        dialect: Dialect,
    ) -> Listener {
        Listener {
            attempt,
            terminal,
            log,
            logged: 0,
            events,
            told: None,
            lost: false,
            dialect,
            tools: BTreeMap::new(),
        }
    }

    /// Until nobody holds the other end any more.
    pub(super) fn listen(mut self, mut pipe: impl Read) {
        let mut parser = Parser::new(self.dialect);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(size) => {
                    self.keep(&buffer[..size]);
                    self.pulse();
                    parser.feed(&buffer[..size], |heard| self.hear(heard));
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        parser.finish(|heard| self.hear(heard));
        if self.dialect != Dialect::Text {
            let report = Box::new(reported(parser.report()));
            let _ = self.events.send(Incoming::Event(Event::Reported {
                attempt: self.attempt,
                report,
            }));
        }
    }

    fn hear(&mut self, heard: Heard) {
        let attempt = self.attempt;
        match heard {
            Heard::Marker(marker) => self.tell(marker),
            Heard::Session(session) => self.send(Event::Session { attempt, session }),
            Heard::ToolStarted { id, name } => {
                self.tools.insert(id, name);
                self.tell_tool();
            }
            Heard::ToolEnded { id } => {
                self.tools.remove(&id);
                self.tell_tool();
            }
            Heard::Text(_) | Heard::EndOfMessage => {}
        }
    }

    fn tell_tool(&self) {
        let tool = self.tools.values().next().cloned();
        self.send(Event::AtTool {
            attempt: self.attempt,
            tool,
        });
    }

    fn send(&self, event: Event) {
        let _ = self.events.send(Incoming::Event(event));
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

/// The stream as a whole. An error that the agent got over is none.
fn reported(report: &Report) -> Reported {
    let failed = report.is_success == Some(false) || report.error.is_some();
    let trouble = report.error.as_ref().map(trouble);
    let line = |text: &String| {
        text.lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(MAX_TEXT)
            .collect()
    };
    Reported {
        session: report.session.clone(),
        summary: report.last_text.as_ref().map(line),
        cost_usd: report.cost_usd,
        tokens: (report.usage != schemas::Usage::default()).then_some(report.usage),
        refused: report.refused_tool,
        error: failed.then(|| {
            trouble.unwrap_or_else(|| Trouble {
                class: ErrorClass::Other,
                message: "its program reports an error".to_owned(),
                reset: None,
            })
        }),
        model: report.model.clone(),
        nothing: report.last_text.is_none() && report.tool_calls == 0,
        incomplete: !report.saw_result,
        ..Reported::default()
    }
}

fn trouble(error: &StreamError) -> Trouble {
    let now = std::time::SystemTime::now();
    let when = error.reset.as_ref().and_then(|reset| reset.when(now, 0));
    let left = when.and_then(|when| when.duration_since(now).ok());
    Trouble {
        class: error.class,
        message: printable(&error.message),
        reset: left.map(|left| left.as_millis() as u64),
    }
}
