//! What people ask for while the run goes on.

use schemas::{Outcome, Verification};

use super::attempt::Why;
use super::dispatcher::Dispatcher;
use super::task::{Standing, Wait};
use super::{Action, Attempt, Control, TaskIdx, Time};

impl Dispatcher {
    pub(super) fn control(&mut self, now: Time, control: Control) {
        match control {
            Control::Answer { task, text } => self.answer(now, task, text),
            Control::Steer { task, text } => self.steer(now, task, text),
            Control::Approve { id } => self.approve(now, &id),
            Control::Reject { id, reason } => self.reject(now, &id, reason),
            Control::CancelTask { task } => self.cancel_task(now, task),
            Control::Skip { task } => self.skip(now, task),
            Control::CancelRun => self.cancel_run(now),
            Control::Hold => self.held = true,
            Control::Release => self.held = false,
            Control::Retry { task } => self.reset(now, task),
            Control::ReleaseRoute { route } => self.released_by_person(&route),
        }
    }

    fn answer(&mut self, now: Time, task: TaskIdx, text: String) {
        match &mut self.tasks[task].standing {
            Standing::Live(live) => {
                live.take_answer(now);
                self.deliver(task, text);
            }
            // The answer travels in the next attempt's prompt.
            Standing::Waiting(Wait::Answer) => self.requeue(task, now, now),
            _ => {}
        }
    }

    fn deliver(&mut self, task: TaskIdx, text: String) {
        if let Standing::Live(live) = &self.tasks[task].standing {
            let attempt = Attempt {
                task,
                number: live.number,
            };
            self.out.push(Action::Deliver {
                attempt,
                text,
                is_answer: true,
            });
        }
    }

    fn approve(&mut self, now: Time, id: &str) {
        if self.pending.as_deref() == Some(id) || !self.graph.specs.iter().any(|spec| spec.id == id)
        {
            self.approved.insert(id.to_owned());
            return;
        }
        if let Some(task) = self.waiting_for_approval(id) {
            self.tasks[task].verification = Verification::Passed;
            self.accept(now, task, false);
        }
    }

    fn reject(&mut self, now: Time, id: &str, reason: String) {
        if let Some(task) = self.waiting_for_approval(id) {
            self.ask_for_fix(now, task, None, Some(reason), false);
        }
    }

    fn waiting_for_approval(&self, id: &str) -> Option<TaskIdx> {
        (0..self.tasks.len()).find(|task| {
            self.graph.specs[*task].id == id
                && matches!(
                    self.tasks[*task].standing,
                    Standing::Waiting(Wait::Approval)
                )
        })
    }

    fn cancel_task(&mut self, now: Time, task: TaskIdx) {
        match &mut self.tasks[task].standing {
            Standing::Blocked { .. } | Standing::Queued | Standing::Waiting(_) => {
                self.let_go(task);
            }
            Standing::Live(live) => {
                let attempt = Attempt {
                    task,
                    number: live.number,
                };
                match &mut live.stopping {
                    Some(stopping) => stopping.why = Why::Cancelled,
                    None => self.stop(now, attempt, Why::Cancelled),
                }
            }
            Standing::Gating(gating) => {
                gating.cancelled = true;
                self.stop_gate(now, task);
            }
            Standing::Integrating(_) => self.cancel_merge(now, task),
            Standing::Settled(_) => {}
        }
    }

    /// The work is not needed: the task ends, and what depends on it goes on.
    fn skip(&mut self, now: Time, task: TaskIdx) {
        if !matches!(self.tasks[task].standing, Standing::Settled(_)) {
            self.tasks[task].waived = true;
            self.cancel_task(now, task);
        }
    }

    /// Settles a task that a person does not want any more.
    pub(super) fn let_go(&mut self, task: TaskIdx) {
        if self.tasks[task].waived {
            let reason = "skipped by a person".to_owned();
            self.settle(task, Outcome::Skipped, Some(reason));
        } else {
            self.settle(task, Outcome::Cancelled, None);
        }
    }

    fn cancel_run(&mut self, now: Time) {
        if self.cancelled {
            return;
        }
        self.cancelled = true;
        self.settle_idle(Outcome::Cancelled);
        for task in self.busy.iter().copied().collect::<Vec<_>>() {
            self.cancel_task(now, task);
        }
        self.pending = None;
    }

    /// The first signal lets go gently, the next one at once.
    pub(super) fn interrupted(&mut self, now: Time) {
        self.interrupts += 1;
        for task in self.busy.iter().copied().collect::<Vec<_>>() {
            let attempt = Attempt {
                task,
                number: self.tasks[task].attempt,
            };
            match &mut self.tasks[task].standing {
                Standing::Live(live) => {
                    match &mut live.stopping {
                        // A result that was reported counts, however its agent ends.
                        Some(_) => {}
                        // It has ended by itself: only what it left is being swept.
                        None if live.exit.is_some() => {}
                        None => self.stop(now, attempt, Why::Interrupted),
                    }
                    if self.interrupts > 1 {
                        self.kill(attempt);
                    }
                }
                Standing::Gating(_) if self.interrupts > 1 => self.kill_gate(task),
                Standing::Gating(_) => self.stop_gate(now, task),
                Standing::Integrating(_) => self.interrupt_merge(now, task),
                _ => {}
            }
        }
    }

    /// A settled task is to be done again, and with it everything that was skipped because of it.
    fn reset(&mut self, now: Time, task: TaskIdx) {
        let mut again = vec![task];
        while let Some(task) = again.pop() {
            if !matches!(self.tasks[task].standing, Standing::Settled(_)) {
                continue;
            }
            let stage = self.graph.specs[task].stage;
            self.unsettled[stage] += 1;
            let known = &mut self.tasks[task];
            known.standing = Standing::Blocked { unfinished: 0 };
            (
                known.retries,
                known.launch_retries,
                known.fixes,
                known.gate_retries,
            ) = (0, 0, 0, 0);
            (known.externals, known.same, known.last_failure) = (0, 0, None);
            (known.different, known.session, known.waived) = (false, None, false);
            (known.to_merge, known.merge_fixes, known.resolving) = (false, 0, false);
            known.fingerprints.clear();
            known.not_before = now;
            (known.verification, known.skipped_by, known.to_gate) =
                (Verification::None, None, false);
            known.begun = false;
            again.extend(
                (0..self.tasks.len()).filter(|other| self.tasks[*other].skipped_by == Some(task)),
            );
            for dependent in self.dependents[task].clone() {
                if matches!(self.tasks[dependent].standing, Standing::Queued) {
                    self.queue.remove(&self.graph, dependent);
                    self.tasks[dependent].standing = Standing::Blocked { unfinished: 0 };
                }
            }
        }
        let free = self.recount();
        // Another of its dependencies may have failed too: that one still rules it out.
        self.settle_unreachable();
        for task in free {
            if matches!(self.tasks[task].standing, Standing::Blocked { .. }) {
                self.enqueue(task, now, now);
            }
        }
    }

    /// Counts the unsettled dependencies of blocked tasks anew; answers those that have none.
    pub(super) fn recount(&mut self) -> Vec<TaskIdx> {
        let mut free = Vec::new();
        for task in 0..self.tasks.len() {
            if let Standing::Blocked { .. } = self.tasks[task].standing {
                let settled =
                    |dep: &&TaskIdx| !matches!(self.tasks[**dep].standing, Standing::Settled(_));
                let count = self.graph.specs[task].deps.iter().filter(settled).count();
                self.tasks[task].standing = Standing::Blocked { unfinished: count };
                if count == 0 {
                    free.push(task);
                }
            }
        }
        free
    }
}
