//! The run on the terminal's tab or in the task bar: OSC 9;4, where the terminal is known to show it.

use std::io::Write;
use std::time::{Duration, Instant};

use schemas::{Outcome, State, TaskStatus};

/// Some terminals take down what is not repeated for a quarter of a minute: its program may be dead.
const REPEAT: Duration = Duration::from_secs(5);

/// What a tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Nothing,
    Goes(u8),
    /// Something has failed; the rest goes on.
    Failed(u8),
    /// A person is needed.
    Waits(u8),
}

impl Sign {
    fn of(state: &State) -> Sign {
        let count = |is: fn(TaskStatus, Option<Outcome>) -> bool| {
            let tasks = state.tasks.values();
            tasks.filter(|task| is(task.status, task.outcome)).count()
        };
        let settled = count(|status, _| status == TaskStatus::Settled);
        let percent = (settled * 100).checked_div(state.tasks.len());
        let percent = u8::try_from(percent.unwrap_or(0)).unwrap_or(100);
        let waits = count(|status, _| status == TaskStatus::Waiting) > 0
            || state.checkpoint.is_some()
            || state.open_questions().next().is_some()
            || state
                .routes
                .values()
                .any(|route| route.held && route.until.is_none());
        let failed =
            count(|_, outcome| matches!(outcome, Some(Outcome::Failed | Outcome::Excluded))) > 0;
        match (waits, failed) {
            (true, _) => Sign::Waits(percent),
            (false, true) => Sign::Failed(percent),
            (false, false) => Sign::Goes(percent),
        }
    }

    fn sequence(self) -> String {
        match self {
            Sign::Nothing => "\x1b]9;4;0;\x1b\\".to_owned(),
            Sign::Goes(percent) => format!("\x1b]9;4;1;{percent}\x1b\\"),
            Sign::Failed(percent) => format!("\x1b]9;4;2;{percent}\x1b\\"),
            Sign::Waits(percent) => format!("\x1b]9;4;4;{percent}\x1b\\"),
        }
    }
}

/// The tab of this terminal.
#[derive(Debug)]
pub(super) struct Tab {
    is_able: bool,
    shown: Sign,
    told: Instant,
}

impl Tab {
    /// stderr's, which is a terminal.
    pub(super) fn new() -> Tab {
        Tab {
            is_able: shows_signs(|name| std::env::var(name).ok()),
            shown: Sign::Nothing,
            told: Instant::now(),
        }
    }

    pub(super) fn show(&mut self, state: &State) {
        if self.is_able {
            self.tell(Sign::of(state));
        }
    }

    /// Takes the sign down.
    pub(super) fn clear(&mut self) {
        if self.shown != Sign::Nothing {
            self.tell(Sign::Nothing);
        }
    }

    fn tell(&mut self, sign: Sign) {
        if sign != self.shown || self.told.elapsed() >= REPEAT {
            (self.shown, self.told) = (sign, Instant::now());
            // It moves no cursor, so it may come between two pictures.
            let _ = std::io::stderr()
                .lock()
                .write_all(sign.sequence().as_bytes());
        }
    }
}

/// Whether the terminal is known to show progress: the same sequence is a notification for some others.
fn shows_signs(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|text| text == value);
    let begins = |begin: &str| variable("TERM").is_some_and(|term| term.starts_with(begin));
    // A multiplexer hands on the environment of the terminal around it, but not the sequence.
    if begins("tmux") || begins("screen") {
        return false;
    }
    let ptyxis = variable("PTYXIS_VERSION");
    let ptyxis = ptyxis.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    is("TERM_PROGRAM", "ghostty")
        || is("TERM_PROGRAM", "WezTerm")
        || variable("WT_SESSION").is_some()
        || is("ConEmuANSI", "ON")
        || ptyxis.is_some_and(|major| major >= 48)
        || variable("TERM_FEATURES").is_some_and(|features| has_feature(&features, "P"))
}

/// `TERM_FEATURES`, as iTerm2 (from 3.6.6 on) and others set it: codes of a capital letter, small letters and digits.
fn has_feature(features: &str, wanted: &str) -> bool {
    let begins = features
        .match_indices(|c: char| c.is_ascii_uppercase())
        .map(|(at, _)| at);
    let mut codes = begins.map(|at| {
        let rest = &features[at..];
        let end = rest[1..].find(|c: char| !c.is_ascii_lowercase());
        &rest[..end.map_or(rest.len(), |end| end + 1)]
    });
    codes.any(|code| code == wanted)
}

#[cfg(test)]
mod tests {
    use schemas::Record;

    use super::*;

    fn state(lines: &[&str]) -> State {
        let mut state = State::default();
        for line in lines {
            state.apply(&Record::parse(line).unwrap());
        }
        state
    }

    #[test]
    fn the_sign_says_how_far_it_is_and_who_is_needed() {
        let started = r#"{"type":"run-started","planId":"p","seed":1,"mark":"m","pid":1,"jobs":1,"containment":"","tasks":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}"#;
        let settled = |task: &str, outcome: &str| {
            format!(
                r#"{{"type":"task-settled","task":"{task}","outcome":"{outcome}","verification":"none"}}"#
            )
        };
        let (well, badly) = (settled("a", "succeeded"), settled("b", "failed"));
        let question = r#"{"type":"question","task":"c","text":"which?"}"#;
        let answer = r#"{"type":"answer","task":"c","text":"this"}"#;
        let hold = r#"{"type":"quota-hold","route":"r","class":"auth"}"#;
        let quota =
            r#"{"type":"quota-hold","route":"r","class":"quota","until":"2026-01-01T00:00:00Z"}"#;
        for (lines, sequence) in [
            (&[started][..], "\x1b]9;4;1;0\x1b\\"),
            (&[started, &well], "\x1b]9;4;1;25\x1b\\"),
            (&[started, &well, &badly], "\x1b]9;4;2;50\x1b\\"),
            (&[started, &badly, question], "\x1b]9;4;4;25\x1b\\"),
            (&[started, question, answer], "\x1b]9;4;1;0\x1b\\"),
            (&[started, hold], "\x1b]9;4;4;0\x1b\\"),
            (&[started, quota], "\x1b]9;4;1;0\x1b\\"),
            (&[], "\x1b]9;4;1;0\x1b\\"),
        ] {
            assert_eq!(Sign::of(&state(lines)).sequence(), sequence, "{lines:?}");
        }
        assert_eq!(Sign::Nothing.sequence(), "\x1b]9;4;0;\x1b\\");
    }

    #[test]
    fn only_terminals_that_show_it_are_told() {
        let shows = |set: &[(&str, &str)]| {
            shows_signs(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        for set in [
            &[("TERM_PROGRAM", "ghostty")][..],
            &[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")],
            &[("WT_SESSION", "x")],
            &[("ConEmuANSI", "ON")],
            &[("PTYXIS_VERSION", "48.1")],
            &[
                ("TERM_PROGRAM", "iTerm.app"),
                ("TERM_FEATURES", "T3CwLrMSc7UUw9Ts3BFGsSyHNoSxFP"),
            ],
        ] {
            assert!(shows(set), "{set:?}");
        }
        for set in [
            &[][..],
            &[("TERM", "xterm-kitty"), ("TERM_PROGRAM", "vscode")],
            &[("WT_SESSION", "x"), ("TERM", "tmux-256color")],
            &[("ConEmuANSI", "OFF")],
            &[("PTYXIS_VERSION", "47.9")],
            &[
                ("TERM_PROGRAM", "iTerm.app"),
                ("TERM_FEATURES", "T3CwLrMSc7UUw9Ts3BFGsSyHNoSxFPr"),
            ],
        ] {
            assert!(!shows(set), "{set:?}");
        }
    }
}
