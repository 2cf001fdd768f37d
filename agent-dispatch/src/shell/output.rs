//! What an agent prints: kept in its log, its own markers told as events.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use schemas::marker::{Marker, MarkerKind};
use schemas::result::{self, AgentResult, ResultWord};
use schemas::stream::{Dialect, ErrorClass, Heard, Lines, Parser, Report, StreamError};

use schemas::{Usage, printable};

use super::Incoming;
use super::log::Tap;
use super::talk::Talk;
use crate::core::{Attempt, Event, Reported, Said, Trouble};

/// After the end of stdout, how long stderr may still be open.
const ERRORS_END: Duration = Duration::from_millis(500);

/// Of stderr, so much is looked at: its end.
const MAX_ERRORS: usize = 16 << 10;

/// Bytes that are read at once: few at first, for most commands are silent; as many as a pipe holds from one that is not.
const FEW: usize = 4 << 10;
const MANY: usize = 64 << 10;

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
    /// The conversation that its output is one half of.
    pub(super) talk: Option<Arc<Talk>>,
}

/// Reads one agent's output to its end.
pub(super) struct Listener {
    speaker: Speaker,
    tap: Tap,
    /// The end of what its program says on stderr, once that has ended.
    errors: Option<Receiver<String>>,
    events: SyncSender<Incoming>,
    told: Option<Instant>,
    /// Open calls of tools: id and name.
    tools: BTreeMap<String, String>,
    /// Doubts that it told with its result.
    concerns: Option<String>,
    /// For the conversation.
    lines: Lines,
    /// It has said that it is done.
    is_done: bool,
}

impl Listener {
    pub(super) fn new(
        speaker: Speaker,
        tap: Tap,
        errors: Option<Receiver<String>>,
        events: SyncSender<Incoming>,
    ) -> Listener {
        Listener {
            speaker,
            tap,
            errors,
            events,
            told: None,
            tools: BTreeMap::new(),
            concerns: None,
            lines: Lines::default(),
            is_done: false,
        }
    }

    /// Until nobody holds the other end any more.
    pub(super) fn listen(mut self, mut pipe: impl Read) {
        let mut parser = Parser::new(self.speaker.dialect);
        let mut buffer = vec![0; FEW];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(size) => {
                    let shown = self.tap.mask.feed(&buffer[..size]);
                    self.keep(&shown);
                    self.pulse();
                    parser.feed(&shown, |heard| self.hear(heard));
                    // After what the agent says in it: a question keeps the conversation open.
                    if let Some(talk) = &self.speaker.talk {
                        self.lines.feed(&shown, |line| talk.hear(line));
                    }
                    if size == buffer.len() {
                        buffer.resize(MANY, 0);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let rest = self.tap.mask.finish();
        self.keep(&rest);
        parser.feed(&rest, |heard| self.hear(heard));
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
    fn keep(&self, bytes: &[u8]) {
        if let Some(reason) = self.tap.log.keep(bytes) {
            let _ = self.events.send(Incoming::LogLost {
                attempt: self.speaker.attempt,
                reason,
            });
        }
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
        if let Some(talk) = &self.speaker.talk {
            talk.said(&said);
        }
        self.is_done = matches!(said, Said::Done(_));
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
        let talk = self.speaker.talk.clone();
        let said = self.said_on_stderr(report);
        // Ended while it waited to ask the model again: that is what went wrong, not its silence.
        let waits = report.retrying.as_ref();
        let waits = waits.filter(|_| !report.saw_result && !self.is_done);
        let error = report.error.as_ref().or(waits).or(said.as_ref());
        let failed = report.is_success == Some(false) || error.is_some();
        let error = failed.then(|| {
            let known = error.map(trouble);
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
            refused: report.refused_tool || talk.is_some_and(|talk| talk.refused()),
            error,
        }
    }

    /// What its program says on stderr of why it ended, when its stream has no last word: an unknown session, a login.
    /// In any case its end is waited for: it is in the log before anybody hears that the attempt is over.
    fn said_on_stderr(&self, report: &Report) -> Option<StreamError> {
        let text = self.errors.as_ref()?.recv_timeout(ERRORS_END).ok()?;
        StreamError::in_stderr(&text).filter(|_| !report.saw_result)
    }

    fn tokens(&self, report: &Report) -> Option<Usage> {
        let usage = match self.speaker.earlier {
            Some(earlier) if report.usage_is_cumulative => report.usage.since(earlier),
            _ => report.usage,
        };
        (usage != Usage::default()).then_some(usage)
    }
}

/// Reads the other stream of a program whose stdout has events: warnings must not come between the bytes of an event.
pub(super) fn drain(mut pipe: impl Read, mut tap: Tap, ended: &SyncSender<String>) {
    let mut buffer = vec![0; 8 << 10];
    let mut last: Vec<u8> = Vec::new();
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(size) => {
                let shown = tap.mask.feed(&buffer[..size]);
                let _ = tap.log.keep(&shown);
                last.extend_from_slice(&shown);
                let surplus = last.len().saturating_sub(MAX_ERRORS);
                last.drain(..surplus);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let rest = tap.mask.finish();
    let _ = tap.log.keep(&rest);
    last.extend_from_slice(&rest);
    let _ = ended.try_send(String::from_utf8_lossy(&last).into_owned());
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
