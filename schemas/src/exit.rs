//! The exit codes, one table for all programs (DESIGN §3).

use std::process::ExitCode;

/// How a program ends. Anything finer is in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: valid, scheduled, every task succeeded, gate passed, edit done.
    Yes,
    /// 1: an honest no: problems found, a task did not succeed, gate failed, illegal transition.
    No,
    /// 2: called wrongly; clap's own code.
    Usage,
    /// 3: the input is missing, empty, not JSON, or not of its schema.
    Input,
    /// 4: the surroundings failed: I/O, disk full, git, a program not found.
    Trouble,
    /// 5: stopped and waiting for a person.
    Waiting,
    /// 128+n: interrupted by signal n, after clean-up.
    Signal(u8),
    /// The code of a command that was run in the program's place.
    Command(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
            Exit::Trouble => 4,
            Exit::Waiting => 5,
            Exit::Signal(n) => 128u8.saturating_add(n),
            Exit::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
