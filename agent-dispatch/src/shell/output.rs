//! What an agent prints: kept in its log, its own markers told as events.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use schemas::marker::{Marker, MarkerKind};
use schemas::result::{self, AgentResult, ResultWord};
use schemas::stream::{Dialect, ErrorClass, Heard, Parser, Report, StreamError};

use schemas::{Usage, printable};

use super::Incoming;
use crate::core::{Attempt, Event, Reported, Said, Trouble};

/// Most that is kept of an attempt's output, in bytes. An agent that prints for ever must not fill the disk.
const MAX_LOG: u64 = 64 << 20;

/// Longest text of a marker that is told, in characters.
const MAX_TEXT: usize = 4 << 10;

/// Signs of life are told no more often than this.
const PULSE: Duration = Duration::from_millis(500);

/// Whose output it is, and how it is to be understood.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    pub(super) attempt: Attempt,
    /// Its marker id.
    pub(super) terminal: String,
    pub(super) dialect: Dialect,
    /// An agent, not a command of the task's own: what it does not say means something.
    pub(super) is_agent: bool,
    /// Tokens of its session before this attempt.
    pub(super) earlier: Option<Usage>,
}

/// Where the output goes. Made when there is some: most commands are silent, and a file costs more than to start one.
#[derive(Debug)]
pub(super) enum Log {
    Open(File),
    NotYet(PathBuf),
}

impl Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Log::NotYet(path) = self {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            *self = Log::Open(File::create(path)?);
        }
        match self {
            Log::Open(file) => file.write_all(bytes),
            Log::NotYet(_) => Ok(()),
        }
    }
}

/// Reads one agent's output to its end.
pub(super) struct Listener {
    speaker: Speaker,
    log: Log,
    logged: u64,
    events: SyncSender<Incoming>,
    told: Option<Instant>,
    lost: bool,
    /// Open calls of tools: id and name.
    tools: BTreeMap<String, String>,
    /// Doubts that it told with its result.
    concerns: Option<String>,
}

impl Listener {
    pub(super) fn new(speaker: Speaker, log: Log, events: SyncSender<Incoming>) -> Listener {
        Listener {
            speaker,
            log,
            logged: 0,
            events,
            told: None,
            lost: false,
            tools: BTreeMap::new(),
            concerns: None,
        }
    }

    /// Until nobody holds the other end any more.
    pub(super) fn listen(mut self, mut pipe: impl Read) {
        let mut parser = Parser::new(self.speaker.dialect);
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
        if self.speaker.is_agent {
            let report = Box::new(self.reported(parser.report()));
            self.send(Event::Reported {
                attempt: self.speaker.attempt,
                report,
            });
        }
    }

    fn hear(&mut self, heard: Heard) {
        let attempt = self.speaker.attempt;
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
            attempt: self.speaker.attempt,
            tool,
        });
    }

    fn send(&self, event: Event) {
        let _ = self.events.send(Incoming::Event(event));
    }

    /// A log that cannot be written is no reason to lose the attempt: the journal is what must not fail. It says so.
    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LOG.saturating_sub(self.logged).min(bytes.len() as u64) as usize;
        let kept = self.log.write(&bytes[..room]);
        if let (Err(error), false) = (kept, self.lost) {
            self.lost = true;
            let _ = self.events.send(Incoming::LogLost {
                attempt: self.speaker.attempt,
                reason: error.to_string(),
            });
        }
        if room < bytes.len() && self.logged < MAX_LOG {
            let end = b"\n[the rest of the output was not kept: 64 MiB]\n";
            let _ = self.log.write(end);
        }
        self.logged += room as u64;
    }

    fn pulse(&mut self) {
        if self.told.is_none_or(|told| told.elapsed() >= PULSE) {
            self.told = Some(Instant::now());
            let _ = self.events.send(Incoming::Event(Event::Printed {
                attempt: self.speaker.attempt,
            }));
        }
    }

    /// Only markers of this very attempt count: agents print each other's, and quote old ones.
    fn tell(&mut self, marker: Marker) {
        if marker.id != self.speaker.terminal {
            return;
        }
        let text: String = marker.text.chars().take(MAX_TEXT).collect();
        let said = match marker.kind {
            MarkerKind::Progress => Said::Progress {
                percent: marker.percent,
                text,
            },
            MarkerKind::Done => match result::in_marker(&text) {
                Some(result) => self.in_words(result),
                None => Said::Done(text),
            },
            MarkerKind::Error => Said::Error(text),
            MarkerKind::Question => Said::Question(text),
        };
        self.send(Event::Marked {
            attempt: self.speaker.attempt,
            said,
        });
    }

    /// The marker that a result in words stands for.
    fn in_words(&mut self, result: AgentResult) -> Said {
        self.concerns = result.concerns.as_deref().map(printable);
        let text = printable(&result.text);
        match result.word {
            ResultWord::Done | ResultWord::DoneWithConcerns => Said::Done(text),
            ResultWord::NeedsContext => Said::Question(text),
            ResultWord::Blocked | ResultWord::Failed => Said::Error(text),
        }
    }

    /// The stream as a whole. An error that the agent got over is none.
    fn reported(&mut self, report: &Report) -> Reported {
        let is_text = self.speaker.dialect == Dialect::Text;
        let failed = report.is_success == Some(false) || report.error.is_some();
        let error = failed.then(|| {
            let known = report.error.as_ref().map(trouble);
            known.unwrap_or_else(|| Trouble {
                class: ErrorClass::Other,
                message: "its program reports an error".to_owned(),
                reset: None,
            })
        });
        let terminal = &self.speaker.terminal;
        let word = report.last_text.as_deref().and_then(result::in_message);
        // Plain text may be a tool's or an echo: there a result must name the attempt.
        let is_own = |result: &AgentResult| {
            result.is_of(terminal) && (!is_text || result.terminal.is_some())
        };
        let word = word.filter(is_own).map(|result| self.in_words(result));
        let summary = report
            .last_text
            .as_ref()
            .filter(|_| !is_text)
            .map(|text| first_line(text));
        Reported {
            session: report.session.clone(),
            summary,
            concerns: self.concerns.clone(),
            model: report.model.clone(),
            cost_usd: report.cost_usd,
            tokens: self.tokens(report),
            word,
            nothing: report.last_text.is_none() && report.tool_calls == 0,
            incomplete: !is_text && !report.saw_result,
            refused: report.refused_tool,
            error,
        }
    }

    fn tokens(&self, report: &Report) -> Option<Usage> {
        let usage = match self.speaker.earlier {
            Some(earlier) if report.usage_is_cumulative => report.usage.since(earlier),
            _ => report.usage,
        };
        (usage != Usage::default()).then_some(usage)
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(MAX_TEXT).collect()
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
