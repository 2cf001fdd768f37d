//! What is due when: silence told and ended, time limits, kills after a grace.

use schemas::{Body, StallStep};

use super::attempt::{Due, Why};
use super::dispatcher::Dispatcher;
use super::task::Standing;
use super::{Action, Attempt, TaskIdx, Time};

/// What an agent that can be spoken to is told when it has been silent for long.
const NUDGE: &str = "You have been silent for long. Go on, or say with a marker what you wait for.";

impl Dispatcher {
    /// When the shell must wake us if nothing else happens first.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        if self.finished {
            return None;
        }
        let live = self
            .busy
            .iter()
            .filter_map(|task| match &self.tasks[*task].standing {
                Standing::Live(live) => live.deadline(
                    &self.graph.specs[*task].candidates[live.choice],
                    &self.limits,
                ),
                Standing::Gating(gating) => gating.kill_at,
                Standing::Integrating(integrating) => integrating.kill_at,
                _ => None,
            });
        let queued = self
            .queue
            .next_time()
            .filter(|_| self.starts() && self.has_slot());
        let released = self.next_release();
        live.chain(queued).chain(released).min()
    }

    /// Stops, warns and kills what has reached its time.
    pub(super) fn enforce_deadlines(&mut self, now: Time) {
        for task in self.busy.iter().copied().collect::<Vec<_>>() {
            match &mut self.tasks[task].standing {
                Standing::Gating(gating) if gating.kill_at.is_some_and(|at| at <= now) => {
                    self.kill_gate(task);
                }
                Standing::Integrating(merge) if merge.kill_at.is_some_and(|at| at <= now) => {
                    self.kill_merge(task);
                }
                Standing::Live(live) => {
                    let candidate = &self.graph.specs[task].candidates[live.choice];
                    let due = live.due(now, candidate, &self.limits);
                    let number = live.number;
                    self.do_what_is_due(now, Attempt { task, number }, due);
                }
                _ => {}
            }
        }
    }

    fn do_what_is_due(&mut self, now: Time, attempt: Attempt, due: Due) {
        match due {
            Due::Nothing => {}
            Due::Warn => self.tell_silence(now, attempt, StallStep::Warned),
            Due::Nudge => {
                self.tell_silence(now, attempt, StallStep::Nudged);
                let text = NUDGE.to_owned();
                self.out.push(Action::Deliver {
                    attempt,
                    text,
                    is_answer: false,
                });
            }
            Due::Stop(why) => {
                if why == Why::Stalled {
                    self.tell_silence(now, attempt, StallStep::Stopped);
                }
                self.stop(now, attempt, why);
            }
            Due::Kill => self.kill(attempt),
        }
    }

    fn tell_silence(&mut self, now: Time, attempt: Attempt, step: StallStep) {
        let id = self.id(attempt.task);
        if let Some(live) = self.live(attempt) {
            let silent_ms = live.silent_ms(now);
            let tool = live.tool.as_ref();
            let doing = tool.map(|tool| format!("waits for a tool: {tool}"));
            self.record(Body::AttemptStalled {
                task: id,
                attempt: attempt.number,
                silent_ms,
                step,
                doing,
            });
        }
    }

    /// Asks the gates of a task to end; they are ended when they do not.
    pub(super) fn stop_gate(&mut self, now: Time, task: TaskIdx) {
        let grace = self.limits.grace;
        let number = self.tasks[task].attempt;
        if let Standing::Gating(gating) = &mut self.tasks[task].standing
            && gating.kill_at.is_none()
        {
            gating.kill_at = Some(now.after(grace));
            self.out
                .push(Action::TerminateGate(Attempt { task, number }));
        }
    }

    pub(super) fn kill_gate(&mut self, task: TaskIdx) {
        let number = self.tasks[task].attempt;
        if let Standing::Gating(gating) = &mut self.tasks[task].standing {
            // Once is enough: a time that never comes.
            gating.kill_at = Some(Time(u64::MAX));
            self.out.push(Action::KillGate(Attempt { task, number }));
        }
    }

    pub(super) fn stop(&mut self, now: Time, attempt: Attempt, why: Why) {
        let Standing::Live(live) = &mut self.tasks[attempt.task].standing else {
            return;
        };
        live.stop(why, now, &self.limits);
        // Also one that has not started yet: it may wait for a token.
        if live.exit.is_none() {
            self.out.push(Action::Terminate(attempt));
        }
    }

    pub(super) fn kill(&mut self, attempt: Attempt) {
        let Standing::Live(live) = &mut self.tasks[attempt.task].standing else {
            return;
        };
        if let Some(stopping) = &mut live.stopping {
            stopping.killed = true;
        }
        self.out.push(Action::Kill(attempt));
    }
}
