//! What all dialects have in common: how something heard becomes a report and is handed on.

use std::fmt::Write as _;

use super::report::{Report, StreamError};
use super::{ErrorClass, Heard, MAX_TEXT, Reset};
use crate::marker::Scanner;

/// Calls that are remembered as open, at most.
const MAX_TOOLS: usize = 1024;
/// Longest id or name that is remembered, in characters.
const MAX_NAME: usize = 256;
/// Longest message of an error that is remembered, in characters.
const MAX_MESSAGE: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Hearing {
    pub(super) report: Report,
    scanner: Scanner,
    /// The message so far: its last part, when it is long.
    message: String,
    speaking: bool,
    spoke: bool,
}

impl Hearing {
    pub(super) fn ear<'a>(&'a mut self, found: &'a mut dyn FnMut(Heard)) -> Ear<'a> {
        Ear {
            hearing: self,
            found,
        }
    }
}

pub(super) struct Ear<'a> {
    hearing: &'a mut Hearing,
    found: &'a mut dyn FnMut(Heard),
}

impl Ear<'_> {
    pub(super) fn report(&mut self) -> &mut Report {
        &mut self.hearing.report
    }

    /// Whether the assistant has said anything in this stream.
    pub(super) fn spoke(&self) -> bool {
        self.hearing.spoke
    }

    /// A session's id travels to a command line: what could be taken for a flag, or for two words, is none.
    pub(super) fn session(&mut self, id: Option<&str>) {
        let Some(id) = id else { return };
        let fit = !id.is_empty() && id.len() <= MAX_NAME && !id.starts_with('-');
        let known = self.report().session.as_deref() == Some(id);
        if fit && !known && id.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.report().session = Some(id.to_owned());
            (self.found)(Heard::Session(id.to_owned()));
        }
    }

    pub(super) fn model(&mut self, name: Option<&str>) {
        if let Some(name) = name.filter(|name| !name.is_empty() && !name.starts_with('<')) {
            self.report().model = Some(short(name, MAX_NAME));
        }
    }

    /// A piece of a message.
    pub(super) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let hearing = &mut *self.hearing;
        hearing.report.retrying = None;
        hearing.speaking = true;
        hearing.spoke = true;
        keep_last(&mut hearing.message, text);
        (self.found)(Heard::Text(text.to_owned()));
        let found = &mut self.found;
        let scanner = &mut hearing.scanner;
        scanner.feed(text.as_bytes(), |marker| found(Heard::Marker(marker)));
    }

    /// The message is over. A fence it left open does not reach into the next one.
    pub(super) fn end_message(&mut self) {
        let hearing = &mut *self.hearing;
        if !hearing.speaking {
            return;
        }
        hearing.speaking = false;
        let found = &mut self.found;
        hearing
            .scanner
            .finish(|marker| found(Heard::Marker(marker)));
        let message = std::mem::take(&mut hearing.message);
        if !message.trim().is_empty() {
            hearing.report.last_text = Some(message);
        }
        (self.found)(Heard::EndOfMessage);
    }

    /// A whole message.
    pub(super) fn message(&mut self, text: &str) {
        self.end_message();
        self.text(text);
        self.end_message();
    }

    /// The program takes back what was said since the last turn; it asks the model again.
    pub(super) fn discard(&mut self) {
        self.end_message();
        self.report().last_text = None;
    }

    pub(super) fn tool_started(&mut self, id: Option<&str>, name: Option<&str>) {
        self.end_message();
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return;
        };
        let (id, name) = (short(id, MAX_NAME), short(name.unwrap_or("tool"), MAX_NAME));
        let report = self.report();
        report.retrying = None;
        if report.open_tools.contains_key(&id) {
            return;
        }
        report.tool_calls += 1;
        if report.open_tools.len() < MAX_TOOLS {
            report.open_tools.insert(id.clone(), name.clone());
        }
        (self.found)(Heard::ToolStarted { id, name });
    }

    pub(super) fn tool_ended(&mut self, id: Option<&str>) {
        self.end_message();
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return;
        };
        let id = short(id, MAX_NAME);
        self.report().open_tools.remove(&id);
        (self.found)(Heard::ToolEnded { id });
    }

    /// A call that is only told of when it is over.
    pub(super) fn tool_over(&mut self, id: Option<&str>, name: Option<&str>) {
        self.tool_started(id, name);
        self.tool_ended(id);
    }

    /// A turn begins: what the one before it came to is not the end.
    pub(super) fn turn(&mut self) {
        self.end_message();
        let report = self.report();
        report.saw_result = false;
        report.is_success = None;
    }

    /// The program's last word: it went well. What went wrong on the way is settled.
    pub(super) fn success(&mut self) {
        self.end_message();
        let report = self.report();
        report.saw_result = true;
        report.is_success = Some(true);
        report.error = None;
        report.retrying = None;
    }

    /// The program's last word: it went wrong.
    pub(super) fn failure(&mut self, error: StreamError) {
        self.error(error);
        let report = self.report();
        report.saw_result = true;
        report.is_success = Some(false);
        report.retrying = None;
    }

    /// The program speaks of an error. A vague one does not hide one that says more.
    pub(super) fn error(&mut self, error: StreamError) {
        self.end_message();
        let known = self.report().error.take();
        self.report().error = Some(match known {
            Some(known) if error.class == ErrorClass::Other && known.class != error.class => known,
            Some(known) if error.class == known.class && error.reset.is_none() => StreamError {
                reset: known.reset,
                ..error
            },
            _ => error,
        });
    }

    /// The program tries the model again, and says why.
    pub(super) fn retrying(&mut self, error: StreamError) {
        self.end_message();
        self.report().retrying = Some(error);
    }
}

impl StreamError {
    /// From what a program says: a status, words of its own for the kind of error, and a message for people.
    pub(super) fn new(status: Option<u16>, kind: &str, message: &str) -> StreamError {
        let mut said = kind.to_owned();
        let _ = write!(said, " {message}");
        StreamError {
            class: ErrorClass::of(status, &said),
            message: short(message.trim(), MAX_MESSAGE),
            reset: Reset::in_text(message),
        }
    }

    pub(super) fn with_reset(mut self, reset: Option<Reset>) -> StreamError {
        self.reset = reset.or(self.reset);
        self
    }
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Appends; once there are two [`MAX_TEXT`], the first one goes. Where it is cut depends on the text alone, never on how
/// it came.
pub(super) fn keep_last(kept: &mut String, text: &str) {
    let mut rest = text;
    while !rest.is_empty() {
        let room = rest.floor_char_boundary(2 * MAX_TEXT - kept.len());
        if room == 0 {
            kept.drain(..kept.ceil_char_boundary(MAX_TEXT));
            continue;
        }
        let (now, later) = rest.split_at(room);
        kept.push_str(now);
        rest = later;
    }
}
