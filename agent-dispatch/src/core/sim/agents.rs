//! Simulated agents: what they say, how they end, what their streams tell.

use schemas::Usage;
use schemas::stream::ErrorClass;

use super::world::{Agent, World};
use crate::core::{Attempt, Event, Launch, Reported, Said, Trouble, Workspace};

impl World {
    /// Draws what an agent will do, and schedules it.
    pub(super) fn start(&mut self, attempt: Attempt, choice: usize, session: Option<String>) {
        let isolated = self.graph.specs[attempt.task].isolated.is_some();
        if isolated {
            let made = vec![Workspace {
                path: "w".to_owned(),
                branch: "b".to_owned(),
                target: "t".to_owned(),
                base: "c".to_owned(),
                repository: "r".to_owned(),
            }];
            self.schedule(0, Event::WorkspaceReady { attempt, made });
        }
        if isolated && self.random.chance(4) {
            let reason = "setup failed".to_owned();
            self.schedule(
                1,
                Event::SetupFailed {
                    attempt,
                    reason: reason.clone(),
                },
            );
            return self.schedule(1, Event::LaunchFailed { attempt, reason });
        }
        if self.random.chance(4) {
            let reason = "not found".to_owned();
            return self.schedule(1, Event::LaunchFailed { attempt, reason });
        }
        let candidate = self.graph.specs[attempt.task].candidates[choice].clone();
        let launch = Launch {
            agent: candidate.name.clone(),
            pid: 7,
            ..Launch::default()
        };
        // It may have to wait for a token, or for whoever starts processes.
        let now = self.now;
        if self.random.chance(20) {
            self.now = now.after(self.random.below(20_000));
        }
        self.schedule(0, Event::Started { attempt, launch });
        if candidate.follows_up && self.random.chance(80) {
            let fresh = format!("s-{}-{}", attempt.task, attempt.number);
            let session = session.clone().unwrap_or(fresh);
            let after = self.random.below(300);
            self.schedule(after, Event::Session { attempt, session });
        }
        let at = self.works(attempt);
        let at = self.says_its_last(attempt, at);
        if candidate.is_agent && self.random.chance(50) {
            let report = Box::new(self.report(session.is_some()));
            self.schedule(at, Event::Reported { attempt, report });
        }
        if !self.random.chance(12) {
            self.ends(attempt, at);
        }
        let ignores_term = self.random.chance(20);
        let ended = false;
        self.agents.insert(
            attempt,
            Agent {
                ignores_term,
                ended,
            },
        );
        self.now = now;
    }

    fn works(&mut self, attempt: Attempt) -> u64 {
        let mut at = 1 + self.random.below(2_000);
        for _ in 0..self.random.below(3) {
            let event = match self.random.below(6) {
                0 => Event::Alive { attempt },
                1 => Event::AtTool {
                    attempt,
                    tool: Some("Bash".to_owned()),
                },
                2 => Event::AtTool {
                    attempt,
                    tool: None,
                },
                _ => Event::Marked {
                    attempt,
                    said: Said::Progress {
                        percent: Some(50),
                        text: "half".to_owned(),
                    },
                },
            };
            self.schedule(at, event);
            at += self.random.below(3_000);
        }
        at
    }

    fn says_its_last(&mut self, attempt: Attempt, at: u64) -> u64 {
        let Some(said) = self.last_word() else {
            return at;
        };
        self.schedule(at, Event::Marked { attempt, said });
        at + self.random.below(500)
    }

    fn last_word(&mut self) -> Option<Said> {
        match self.random.below(20) {
            0..=11 => Some(Said::Done("did it".to_owned())),
            12 => Some(Said::Error("cannot".to_owned())),
            13..=14 => Some(Said::Question("which?".to_owned())),
            _ => None,
        }
    }

    fn report(&mut self, resumed: bool) -> Reported {
        let word = if self.random.chance(30) {
            self.last_word()
        } else {
            None
        };
        let tokens = Usage {
            input: Some(self.random.below(20_000)),
            ..Usage::default()
        };
        Reported {
            refused: self.random.chance(10),
            error: self.random.chance(35).then(|| self.trouble(resumed)),
            cost_usd: self
                .random
                .chance(40)
                .then(|| self.random.below(20) as f64 / 10.0),
            tokens: self.random.chance(70).then_some(tokens),
            nothing: self.random.chance(10),
            incomplete: self.random.chance(10),
            word,
            ..Reported::default()
        }
    }

    fn trouble(&mut self, resumed: bool) -> Trouble {
        let class = match self.random.below(12) {
            0..=3 => ErrorClass::Quota,
            4 => ErrorClass::Auth,
            5 => ErrorClass::Billing,
            6..=7 => ErrorClass::External,
            8 => ErrorClass::Context,
            9 if resumed => ErrorClass::Session,
            _ => ErrorClass::Other,
        };
        Trouble {
            class,
            message: "its program says so".to_owned(),
            reset: self.random.chance(50).then(|| self.random.below(100_000)),
        }
    }

    fn ends(&mut self, attempt: Attempt, at: u64) {
        if self.random.chance(3) {
            let reason = "no end record".to_owned();
            self.schedule(at, Event::Lost { attempt, reason });
        }
        let (code, signal) = match self.random.below(100) {
            0..=4 => (None, Some(11)),
            5..=22 => (Some(3), None),
            _ => (Some(0), None),
        };
        self.exits(attempt, at, code, signal);
    }
}
