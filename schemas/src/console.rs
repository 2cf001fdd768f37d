//! What a program says to people: stderr, prefixed with its name.

use std::io::{IsTerminal, Write};

use clap::{Args, ValueEnum};

/// When to colour what is written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// When stderr is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two flags of all six programs that say how much and how colourful they speak.
#[derive(Debug, Clone, Default, Args)]
pub struct Speech {
    /// Say errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Colour what is written to stderr
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        global = true
    )]
    pub color: Color,
}

/// The one place that writes to stderr.
#[derive(Debug, Clone)]
pub struct Console {
    program: &'static str,
    quiet: bool,
    color: bool,
}

impl Console {
    /// A console that speaks as `program`, before the arguments are known.
    pub fn new(program: &'static str) -> Console {
        let mut console = Console {
            program,
            quiet: false,
            color: false,
        };
        console.configure(&Speech::default());
        console
    }

    /// Takes the flags of the command line.
    pub fn configure(&mut self, speech: &Speech) {
        self.quiet = speech.quiet;
        self.color = match speech.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                    && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
                    && std::io::stderr().is_terminal()
            }
        };
    }

    /// The program's name.
    pub fn program(&self) -> &'static str {
        self.program
    }

    /// Whether only errors are said.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr takes colour.
    pub fn has_color(&self) -> bool {
        self.color
    }

    /// Says something useful to know. Silent under `--quiet`.
    pub fn info(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something that will surprise later. Silent under `--quiet`.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("warning: {text}"));
        }
    }

    /// Says why it cannot go on. Never silent.
    pub fn error(&self, text: &str) {
        self.say(text);
    }

    /// Writes text that is laid out already (a rendered problem, a table), without the name in front.
    pub fn block(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // A closed stderr is no reason to end: there is nobody left to tell.
        let _ = stderr.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stderr.write_all(b"\n");
        }
    }

    fn say(&self, text: &str) {
        self.block(&format!("{}: {}", self.program, crate::printable(text)));
    }
}
