//! What an agent is at, by its output, its silence and the signs it gives. No clock, no streams: time is told.
//!
//! ```text
//!            output            quiet for `silence`        quiet for `stall`
//!   (begun) ───────▶ working ──────────────▶ silent ──────────────────▶ stalled
//!                       ▲  │ quiet for a second, a known prompt            │
//!                       │  └──────────────▶ waiting-for-input              │
//!                       └──────────── output ◀────────────────────────────┘
//! ```
//!
//! Always true:
//!   (1) While a question is open, and while it waits for input or says that it is idle, it neither falls silent nor stalls.
//!   (2) A state is told once, until another one was.
//!   (3) After its last output a stream wakes nobody more than three times.

use std::time::{Duration, Instant};

use schemas::ActivityState;

use crate::prompt::Waits;
use crate::signal::Signal;

/// Quiet for so long, what is on the screen may be a prompt.
const SETTLED: Duration = Duration::from_secs(1);

/// When silence is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Whether anything but the terminal's own signs is told.
    pub(crate) all: bool,
    pub(crate) silence: Duration,
    pub(crate) stall: Option<Duration>,
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) state: ActivityState,
    pub(crate) sign: &'static str,
    pub(crate) percent: Option<u8>,
    pub(crate) silent: Option<Duration>,
    pub(crate) waits: Option<Waits>,
    pub(crate) exit: Option<(Option<i32>, Option<i32>)>,
}

/// One agent.
#[derive(Debug)]
pub(crate) struct Activity {
    limits: Limits,
    last: Instant,
    told: Option<(ActivityState, Option<u8>)>,
    /// What its terminal says.
    shows: Option<ActivityState>,
    asks: bool,
    looked: bool,
    is_over: bool,
}

impl Activity {
    pub(crate) fn new(now: Instant, limits: Limits) -> Activity {
        Activity {
            limits,
            last: now,
            told: None,
            shows: None,
            asks: false,
            looked: true,
            is_over: false,
        }
    }

    /// It has printed something.
    pub(crate) fn heard(&mut self, now: Instant) -> Option<Change> {
        self.last = now;
        self.looked = false;
        let rests = |state| {
            matches!(
                state,
                ActivityState::Idle | ActivityState::Paused | ActivityState::Failed
            )
        };
        if !self.limits.all || self.shows.is_some_and(rests) {
            return None;
        }
        match self.told {
            Some((ActivityState::Working, _)) => None,
            _ => self.tell(change(ActivityState::Working, "output")),
        }
    }

    /// It has asked a question, or said something that shows that it goes on.
    pub(crate) fn asks(&mut self, asks: bool) {
        self.asks = asks;
    }

    /// Its terminal, or its shell, says something.
    pub(crate) fn signal(&mut self, signal: Signal) -> Option<Change> {
        match signal {
            Signal::Shows(state, percent) => {
                self.shows = Some(state);
                self.tell(Change {
                    percent,
                    ..change(state, "osc-9-4")
                })
            }
            Signal::CommandEnded(code) => {
                self.told = None;
                Some(Change {
                    exit: Some((code, None)),
                    ..change(ActivityState::Exited, "osc-133")
                })
            }
        }
    }

    /// When [`Activity::tick`] may have something to tell.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.limits.all || self.is_over {
            return None;
        }
        let silence = self
            .limits
            .stall
            .map_or(self.limits.silence, |stall| self.limits.silence.min(stall));
        if !self.looked {
            return self.last.checked_add(SETTLED.min(silence));
        }
        let state = self.told.map(|(state, _)| state);
        let after = match state {
            _ if self.rests() => return None,
            Some(ActivityState::Stalled) => return None,
            Some(ActivityState::Silent) => self.limits.stall?,
            _ => silence,
        };
        self.last.checked_add(after)
    }

    /// Time has passed. `prompt` looks for a known prompt on the screen.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        prompt: impl FnOnce() -> Option<Waits>,
    ) -> Option<Change> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        let silent = now.saturating_duration_since(self.last);
        if !std::mem::replace(&mut self.looked, true)
            && let Some(waits) = prompt()
        {
            return self.tell(Change {
                silent: Some(silent),
                waits: Some(waits),
                ..change(ActivityState::WaitingForInput, "prompt")
            });
        }
        if self.rests() {
            return None;
        }
        let state = match self.limits.stall {
            Some(stall) if silent >= stall => ActivityState::Stalled,
            _ if silent >= self.limits.silence => ActivityState::Silent,
            _ => return None,
        };
        self.tell(Change {
            silent: Some(silent),
            ..change(state, "clock")
        })
    }

    /// It is over.
    pub(crate) fn exited(&mut self, code: Option<i32>, signal: Option<i32>) -> Option<Change> {
        self.is_over = true;
        self.limits.all.then(|| Change {
            exit: Some((code, signal)),
            ..change(ActivityState::Exited, "process")
        })
    }

    /// Nobody expects anything of it.
    fn rests(&self) -> bool {
        let waits = matches!(self.told, Some((ActivityState::WaitingForInput, _)));
        self.asks || waits || self.shows == Some(ActivityState::Idle)
    }

    fn tell(&mut self, change: Change) -> Option<Change> {
        let told = Some((change.state, change.percent));
        if self.told == told {
            return None;
        }
        self.told = told;
        Some(change)
    }
}

fn change(state: ActivityState, sign: &'static str) -> Change {
    Change {
        state,
        sign,
        percent: None,
        silent: None,
        waits: None,
        exit: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        all: true,
        silence: Duration::from_secs(30),
        stall: Some(Duration::from_secs(600)),
    };

    struct World {
        activity: Activity,
        begun: Instant,
    }

    impl World {
        fn new(limits: Limits) -> World {
            let begun = Instant::now();
            World {
                activity: Activity::new(begun, limits),
                begun,
            }
        }

        fn heard(&mut self, second: u64) -> Option<ActivityState> {
            let change = self
                .activity
                .heard(self.begun + Duration::from_secs(second));
            change.map(|change| change.state)
        }

        /// Goes from deadline to deadline; answers what was told, and when.
        fn until(&mut self, second: u64, prompt: bool) -> Vec<(u64, ActivityState)> {
            let mut told = Vec::new();
            for wake in 0.. {
                assert!(wake < 4, "it wakes for nothing");
                let Some(at) = self.activity.deadline() else {
                    break;
                };
                if at > self.begun + Duration::from_secs(second) {
                    break;
                }
                let waits = Waits {
                    name: "p".to_owned(),
                    line: "?".to_owned(),
                };
                let change = self.activity.tick(at, || prompt.then_some(waits));
                let passed = (at - self.begun).as_secs();
                told.extend(change.map(|change| (passed, change.state)));
            }
            told
        }
    }

    use ActivityState::{Idle, Silent, Stalled, WaitingForInput, Working};

    #[test]
    fn silence_is_told_and_then_a_stall_and_then_nothing() {
        let mut world = World::new(LIMITS);
        assert_eq!(world.heard(0), Some(Working));
        assert_eq!(world.heard(1), None);
        assert_eq!(world.until(9999, false), [(31, Silent), (601, Stalled)]);
        assert_eq!(world.heard(9999), Some(Working));
        assert_eq!(
            world.until(99_999, false),
            [(10_029, Silent), (10_599, Stalled)]
        );
    }

    #[test]
    fn who_has_never_said_anything_stalls_too() {
        assert_eq!(
            World::new(LIMITS).until(9999, false),
            [(30, Silent), (600, Stalled)]
        );
    }

    #[test]
    fn who_waits_for_somebody_does_not_stall() {
        let mut world = World::new(LIMITS);
        world.heard(0);
        assert_eq!(world.until(9999, true), [(1, WaitingForInput)]);
        assert_eq!(world.heard(9999), Some(Working));
        world.activity.asks(true);
        assert_eq!(world.until(99_999, false), []);
        world.activity.asks(false);
        assert_eq!(world.until(99_999, false).len(), 2);
    }

    #[test]
    fn what_the_terminal_shows_is_told_once_and_idle_does_not_stall() {
        let mut world = World::new(LIMITS);
        let busy = Signal::Shows(Working, None);
        assert!(world.activity.signal(busy).is_some());
        assert!(world.activity.signal(busy).is_none());
        assert_eq!(world.heard(5), None, "it works, and that is known");
        let idle = world
            .activity
            .signal(Signal::Shows(Idle, None))
            .expect("it is told");
        assert_eq!((idle.state, idle.sign), (Idle, "osc-9-4"));
        assert_eq!(world.heard(6), None);
        assert_eq!(world.until(9999, false), []);
    }

    #[test]
    fn without_all_states_only_signs_are_told() {
        let mut world = World::new(Limits {
            all: false,
            ..LIMITS
        });
        assert_eq!(world.heard(0), None);
        assert_eq!(world.until(9999, true), []);
        assert!(
            world
                .activity
                .signal(Signal::CommandEnded(Some(1)))
                .is_some()
        );
        assert!(world.activity.exited(Some(0), None).is_none());
    }
}
