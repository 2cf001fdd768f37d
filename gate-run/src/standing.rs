//! What the end of a command says about the work, or that it says nothing.

use std::time::Duration;

use rustix::process::Signal;
use schemas::{CheckStatus, Command};

use crate::external;
use crate::format::runner::{self, TestReport};
use crate::output::Printed;
use crate::planned::Run;
use crate::process::{End, Ended};
use schemas::terminal::plain;

/// How it stands with a check, so far.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) status: CheckStatus,
    pub(crate) reason: Option<String>,
    /// The same command may do better a little later.
    pub(crate) again: bool,
}

impl Standing {
    /// Nothing speaks against it.
    pub(crate) fn passed() -> Standing {
        Standing {
            status: CheckStatus::Passed,
            reason: None,
            again: false,
        }
    }

    pub(crate) fn new(status: CheckStatus, reason: impl Into<String>) -> Standing {
        Standing {
            status,
            reason: Some(reason.into()),
            again: false,
        }
    }

    /// Whether another status says more: a failure outweighs what could not be told, which outweighs a question.
    pub(crate) fn is_better_than(&self, other: CheckStatus) -> bool {
        weight(self.status) < weight(other)
    }
}

fn weight(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Passed | CheckStatus::Warned => 0,
        CheckStatus::Leaked => 1,
        CheckStatus::Skipped => 2,
        CheckStatus::Manual => 3,
        CheckStatus::Infrastructure => 4,
        CheckStatus::Failed | CheckStatus::TimedOut => 5,
    }
}

/// Judges a command by its end and by what it printed.
pub(crate) fn judge(
    ended: Ended,
    printed: &Printed,
    run: &Run,
    limit: Duration,
    allow_no_tests: bool,
) -> Standing {
    use CheckStatus::{Failed, Infrastructure, Leaked, TimedOut};
    let shell = matches!(run.command, Command::Shell(_));
    let standing = match ended.end {
        End::TimedOut => {
            let limit = schemas::time::for_people(limit);
            let became = match ended.is_there {
                true => "cannot be ended: it is still there",
                false => "was ended",
            };
            Standing::new(TimedOut, format!("took longer than {limit} and {became}"))
        }
        End::Exited(0) => match report_against(printed, allow_no_tests) {
            Some(why) => Standing::new(Failed, why),
            None => match &printed.log_error {
                Some(error) => {
                    Standing::new(Infrastructure, format!("cannot write the log: {error}"))
                }
                None if ended.left_behind => Standing::new(Leaked, "left processes behind"),
                None => Standing::passed(),
            },
        },
        End::Exited(code @ (126 | 127)) => Standing::new(
            Infrastructure,
            format!("exit code {code}: a program was not found or cannot be run"),
        ),
        // A shell tells in its exit code which signal ended what it ran.
        End::Exited(code @ (137 | 143)) if shell => signalled(code - 128),
        End::Exited(code) => match surroundings(printed) {
            Some((what, line)) => Standing {
                again: true,
                ..Standing::new(Infrastructure, format!("exit code {code}: {what}: {line}"))
            },
            None => Standing::new(Failed, format!("exit code {code}")),
        },
        End::Signalled(signal) => signalled(signal),
        End::Interrupted => Standing::new(Infrastructure, "interrupted"),
    };
    match standing {
        Standing {
            status: Failed | TimedOut,
            reason: Some(reason),
            ..
        } if ended.left_behind => {
            Standing::new(standing.status, format!("{reason}; left processes behind"))
        }
        standing => standing,
    }
}

/// What a report of tests says against an exit code of 0: that none ran, or that some failed all the same.
fn report_against(printed: &Printed, allow_no_tests: bool) -> Option<String> {
    let TestReport { counts, wrong, .. } = runner::both(&printed.counters, None)?;
    if counts.failed > 0 {
        let tests = crate::evidence::counted(counts.failed, "failed test");
        return Some(format!("exit code 0, but its own report has {tests}"));
    }
    let none = counts.passed == 0 && wrong.is_none();
    (none && !allow_no_tests).then(|| "no test was run".to_owned())
}

/// What of the surroundings has failed. Where a test runner has counted failures, they are the work's, whatever its
/// tests print of networks and disks.
fn surroundings(printed: &Printed) -> Option<(&'static str, String)> {
    if runner::both(&printed.counters, None).is_some_and(|report| report.counts.failed > 0) {
        return None;
    }
    let told = |bytes: &[u8]| external::failure(&plain(bytes));
    told(&printed.stderr).or_else(|| told(&printed.stdout))
}

/// A crash is the work's own; a signal from outside (out of memory, an operator) says nothing about it.
fn signalled(signal: i32) -> Standing {
    const CRASHES: [Signal; 7] = [
        Signal::SEGV,
        Signal::ABORT,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
        Signal::TRAP,
        Signal::SYS,
    ];
    if CRASHES.iter().any(|crash| crash.as_raw() == signal) {
        return Standing::new(CheckStatus::Failed, format!("crashed (signal {signal})"));
    }
    Standing {
        again: true,
        ..Standing::new(
            CheckStatus::Infrastructure,
            format!("killed from outside (signal {signal})"),
        )
    }
}

/// A name that fits into a line, on one line.
pub(crate) fn short(name: &str, most: usize) -> String {
    let first = schemas::printable(name.lines().next().unwrap_or_default());
    let mut short: String = first.chars().take(most).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}
