//! People, signals and crashes: what happens to a run from outside.

use schemas::{Body, Outcome};

use super::world::World;
use crate::core::{Control, Event};

impl World {
    /// Signals, crashes and people, at random. Answers whether this life is over.
    pub(super) fn something_happens(&mut self) -> bool {
        if self.crashes_left > 0 && self.random.chance(1) {
            return self.crash();
        }
        if self.interrupts_left > 0 && self.random.chance(2) {
            self.interrupts_left -= 1;
            return self.step(Event::Interrupted);
        }
        if self.controls_left > 0 && self.random.chance(3) {
            self.controls_left -= 1;
            let task = self.random.below(self.graph.specs.len() as u64) as usize;
            let text = "so".to_owned();
            let control = match self.random.below(13) {
                0..=3 => Control::Answer { task, text },
                4..=5 => Control::Steer { task, text },
                6 => Control::CancelTask { task },
                11 => Control::Skip { task },
                7 => Control::Hold,
                8 => Control::Release,
                9 if self.random.chance(30) => Control::CancelRun,
                10 => Control::ReleaseRoute {
                    route: self.graph.routes[0].clone(),
                },
                _ => Control::Retry { task },
            };
            return self.control(control);
        }
        false
    }

    /// As state-edit does: a record first, which the dispatcher then reads. Illegal ones are refused there.
    pub(super) fn control(&mut self, control: Control) -> bool {
        let settled = |task: usize| {
            self.state
                .tasks
                .get(&self.graph.specs[task].id)
                .is_some_and(|t| t.outcome.is_some())
        };
        let id = |task: usize| self.graph.specs[task].id.clone();
        let event = |event: &str, task: Option<usize>| Body::StateTransition {
            event: event.to_owned(),
            task: task.map(id),
            from: None,
            to: None,
            by: None,
            reason: None,
        };
        let body = match &control {
            Control::Answer { task, text } => {
                if !self
                    .state
                    .open_questions()
                    .any(|question| question.task == id(*task))
                {
                    return false;
                }
                Body::Answer {
                    task: id(*task),
                    text: text.clone(),
                    by: None,
                }
            }
            Control::Steer { task, text } => Body::Steering {
                task: id(*task),
                text: text.clone(),
                by: None,
            },
            Control::Approve { id } => Body::CheckpointApproved {
                checkpoint: id.clone(),
                by: None,
                note: None,
            },
            Control::Reject { id, reason } => Body::CheckpointRejected {
                checkpoint: id.clone(),
                reason: reason.clone(),
                by: None,
                category: None,
            },
            Control::CancelTask { task } if settled(*task) => return false,
            Control::CancelTask { task } => event("cancel", Some(*task)),
            Control::Skip { task } if settled(*task) => return false,
            Control::Skip { task } => event("skip", Some(*task)),
            Control::CancelRun => event("cancel", None),
            Control::ReleaseRoute { route } => Body::QuotaReleased {
                route: route.clone(),
                by: Some("a person".to_owned()),
            },
            Control::Hold => event("hold", None),
            Control::Release => event("release", None),
            Control::Retry { task } => {
                let known = self.state.tasks.get(&id(*task)).and_then(|t| t.outcome);
                if !matches!(
                    known,
                    Some(Outcome::Failed | Outcome::Excluded | Outcome::Cancelled)
                ) {
                    return false;
                }
                event("retry", Some(*task))
            }
        };
        self.person(body);
        self.step(Event::Control(control))
    }

    /// The dispatcher has ended and waits: people answer and approve, and start it again.
    pub(super) fn people_act(&mut self) {
        let ask = |task: &String| Body::Answer {
            task: task.clone(),
            text: "so".to_owned(),
            by: None,
        };
        let answers: Vec<Body> = self
            .state
            .open_questions()
            .map(|question| ask(&question.task))
            .collect();
        for body in answers {
            self.person(body);
        }
        let tasks = self.state.tasks.iter();
        let waiting = tasks.filter(|(_, task)| task.status == schemas::TaskStatus::Waiting);
        let mut ids: Vec<String> = waiting.map(|(id, _)| id.clone()).collect();
        let checkpoint = self
            .state
            .checkpoint
            .as_ref()
            .filter(|c| c.kind != "decision");
        ids.extend(checkpoint.map(|c| c.id.clone()));
        for checkpoint in ids {
            let is_task = self.state.tasks.contains_key(&checkpoint);
            let body = if is_task && self.random.chance(30) {
                Body::CheckpointRejected {
                    checkpoint,
                    reason: "not so".to_owned(),
                    by: None,
                    category: None,
                }
            } else {
                Body::CheckpointApproved {
                    checkpoint,
                    by: None,
                    note: None,
                }
            };
            self.person(body);
        }
        if self.state.held {
            self.control(Control::Release);
        }
        self.limits.max_cost_usd = self.limits.max_cost_usd.map(|max| max * 2.0 + 1.0);
        self.limits.max_tokens = self.limits.max_tokens.map(|max| max * 2 + 10_000);
        let limits = self.limits.clone();
        self.checker.raise(&limits);
    }
}
