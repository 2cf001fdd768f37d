//! What the event stream of an agent's program says: one parser per dialect, fed with bytes as they come.
//!
//! Always true, however the bytes are split:
//!   (1) Markers and text come from the assistant's own words: never from tool output, from an echoed prompt, or from what
//!       a program says about itself in the assistant's name.
//!   (2) Errors are classed by what the program says in its own error events, never by what the assistant or a tool says.
//!   (3) What is unknown is ignored: lines that are not JSON, types of events, fields. Nothing from outside panics.
//!   (4) An unknown figure is absent, never zero.
//!   (5) Memory is bounded: a line over [`MAX_LINE`] is skipped whole, of a message the last [`MAX_TEXT`] are kept.

mod acp;
mod aider;
mod class;
mod claude;
mod codex;
mod copilot;
mod ear;
mod event;
mod gemini;
mod goose;
mod lines;
mod opencode;
mod report;
mod reset;
mod text;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::marker::Marker;
use ear::{Ear, Hearing};
use event::Event;

pub use acp::LOAD as ACP_LOAD;
pub use class::ErrorClass;
pub use lines::Lines;
pub use report::{Report, StreamError};
pub use reset::Reset;

/// The longest line that is read, in bytes.
pub const MAX_LINE: usize = 16 << 20;

/// How much of a message is kept for the report, at least: its last bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// What an agent's program writes to its stdout. A dialect, not a program: several programs share one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Plain text, all of it the agent's own.
    #[default]
    Text,
    /// `claude --output-format stream-json`; qwen, cursor and amp speak it too.
    Claude,
    /// `codex exec --json`.
    Codex,
    /// `gemini -o stream-json`.
    Gemini,
    /// `opencode run --format json`.
    Opencode,
    /// `copilot --output-format json`.
    Copilot,
    /// `goose run --output-format stream-json`.
    Goose,
    /// The Agent Client Protocol, which several programs speak when they are asked to.
    Acp,
    /// `aider --no-stream --no-pretty`: text, with lines of its program between.
    Aider,
}

impl Dialect {
    /// Every dialect there is.
    pub const ALL: [Dialect; 9] = [
        Dialect::Text,
        Dialect::Claude,
        Dialect::Codex,
        Dialect::Gemini,
        Dialect::Opencode,
        Dialect::Copilot,
        Dialect::Goose,
        Dialect::Acp,
        Dialect::Aider,
    ];

    /// As documents and flags name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Text => "text",
            Dialect::Claude => "claude",
            Dialect::Codex => "codex",
            Dialect::Gemini => "gemini",
            Dialect::Opencode => "opencode",
            Dialect::Copilot => "copilot",
            Dialect::Goose => "goose",
            Dialect::Acp => "acp",
            Dialect::Aider => "aider",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(word: &str) -> Result<Dialect, String> {
        let mut all = Dialect::ALL.into_iter();
        all.find(|dialect| dialect.as_str() == word).ok_or_else(|| {
            let names = Dialect::ALL.map(Dialect::as_str).join(", ");
            format!("no such dialect: {word} (one of {names})")
        })
    }
}

/// One thing heard in a stream, in the order of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The session's id; again only when it changes. Fit for a command line: no blanks, no leading dash.
    Session(String),
    /// The assistant's own words: a message, or a piece of one.
    Text(String),
    /// The message ends here; the next text begins a line.
    EndOfMessage,
    /// A tool was called.
    ToolStarted {
        /// Unique within the stream.
        id: String,
        /// As the program names the tool.
        name: String,
    },
    /// The call came back, well or not.
    ToolEnded {
        /// That of its start.
        id: String,
    },
    /// A marker in the assistant's own words.
    Marker(Marker),
}

/// Reads one stream, in pieces of any size.
pub struct Parser {
    hearing: Hearing,
    way: Way,
}

enum Way {
    Text(text::Text),
    Lines(Lines, Box<dyn Speaker + Send>),
}

/// What a dialect is: the meaning of one event, or of one line where lines are no events.
trait Speaker {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>);

    fn line(&mut self, line: &[u8], ear: &mut Ear<'_>) {
        Event::read(line, |event| self.event(event, ear));
    }

    /// The stream has ended.
    fn finish(&mut self, _ear: &mut Ear<'_>) {}
}

impl Parser {
    /// At the start of a stream.
    pub fn new(dialect: Dialect) -> Parser {
        let speaker: Box<dyn Speaker + Send> = match dialect {
            Dialect::Text => {
                return Parser {
                    hearing: Hearing::default(),
                    way: Way::Text(text::Text::default()),
                };
            }
            Dialect::Claude => Box::new(claude::Claude::default()),
            Dialect::Codex => Box::new(codex::Codex),
            Dialect::Gemini => Box::new(gemini::Gemini::default()),
            Dialect::Opencode => Box::new(opencode::Opencode),
            Dialect::Copilot => Box::new(copilot::Copilot::default()),
            Dialect::Goose => Box::new(goose::Goose::default()),
            Dialect::Acp => Box::new(acp::Acp::default()),
            Dialect::Aider => Box::new(aider::Aider::default()),
        };
        Parser {
            hearing: Hearing::default(),
            way: Way::Lines(Lines::default(), speaker),
        }
    }

    /// Takes the next piece and hands over what was heard in the lines that end in it.
    pub fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Heard)) {
        let mut ear = self.hearing.ear(&mut found);
        match &mut self.way {
            Way::Text(text) => text.feed(bytes, &mut ear),
            Way::Lines(lines, speaker) => lines.feed(bytes, |line| speaker.line(line, &mut ear)),
        }
    }

    /// The stream has ended: its last line may lack its end, its last message too.
    pub fn finish(&mut self, mut found: impl FnMut(Heard)) {
        let mut ear = self.hearing.ear(&mut found);
        match &mut self.way {
            Way::Text(text) => text.finish(&mut ear),
            Way::Lines(lines, speaker) => {
                lines.finish(|line| speaker.line(line, &mut ear));
                speaker.finish(&mut ear);
            }
        }
        ear.end_message();
    }

    /// What is known so far. Of text that has no end yet it does not speak.
    pub fn report(&self) -> &Report {
        &self.hearing.report
    }
}

impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Parser");
        out.field("report", &self.hearing.report)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
