//! Taking a run up again: from the fold of its journal to where each task stands.

use std::collections::HashMap;

use schemas::{FailureClass, Outcome, RunStatus, State, TaskState, TaskStatus, Verification};

use super::budget::Spent;
use super::changed::{is_changed, is_wanted_again};
use super::dispatcher::Dispatcher;
use super::events::finished;
use super::failure::likeness;
use super::route::{Hold, Route};
use super::session::{Session, goes_on};
use super::task::{Standing, Wait};
use super::{Graph, RouteIdx, Spec, TaskIdx, Time};

/// Where a run stands before the dispatcher starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Initial {
    /// One entry per task of the graph.
    pub(crate) tasks: Vec<Begun>,
    pub(crate) approved: Vec<String>,
    /// The checkpoint that waits for a person.
    pub(crate) pending: Option<String>,
    /// Routes that were held, or are.
    pub(crate) routes: Vec<HeldRoute>,
    pub(crate) spent: Spent,
    pub(crate) held: bool,
    /// A person cancelled the run, and that has not been carried out.
    pub(crate) cancelled: bool,
}

/// What earlier lives of the dispatcher left of a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    pub(crate) stands: Stands,
    /// An attempt was under way; its processes have been ended meanwhile.
    pub(crate) orphaned: bool,
    pub(crate) attempt: u32,
    /// It has had an attempt since it was last done anew.
    pub(crate) begun: bool,
    pub(crate) retries: u32,
    pub(crate) launch_retries: u32,
    pub(crate) fixes: u32,
    pub(crate) merge_fixes: u32,
    pub(crate) resolving: bool,
    /// Its work is in the target, and its worktrees are still there.
    pub(crate) to_remove: bool,
    pub(crate) externals: u32,
    pub(crate) last_failure: Option<(Option<FailureClass>, String)>,
    pub(crate) same: u32,
    pub(crate) different: bool,
    pub(crate) fingerprints: Vec<String>,
    pub(crate) session: Option<Session>,
    pub(crate) waived: bool,
    pub(crate) spent: Spent,
    pub(crate) verification: Verification,
    pub(crate) summary: Option<String>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) skipped_by: Option<TaskIdx>,
    /// Milliseconds from now, before which it does not start.
    pub(crate) delay: u64,
}

/// A route that an earlier life of the dispatcher held.
#[derive(Debug, Clone)]
pub(crate) struct HeldRoute {
    pub(crate) route: RouteIdx,
    pub(crate) holds: u32,
    pub(crate) held: bool,
    pub(crate) class: FailureClass,
    /// Milliseconds from now; absent when a person had to act. That it was started again says that one did.
    pub(crate) left: Option<u64>,
}

/// Where a task stood when the journal ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Stands {
    #[default]
    Pending,
    /// The work of the last attempt awaits its gates.
    ToGate,
    /// It has passed, and was to be merged.
    ToMerge,
    /// The gates have answered, or a person has, and nothing followed yet.
    Approved,
    Rejected(Option<String>),
    ForAnswer,
    ForApproval,
    Settled(Outcome),
    /// The plan says how it ended, and that has not been recorded.
    Ended(Outcome),
    /// A person cancelled it, and it was not settled yet.
    Cancelled,
}

/// Reads where each task stands from the fold. `now` is the wall clock, for delays that run on.
pub(crate) fn initial(graph: &Graph, state: &State, now: std::time::SystemTime) -> Initial {
    let places = graph.specs.iter().enumerate();
    let places: HashMap<&str, TaskIdx> = places.map(|(at, spec)| (spec.id.as_str(), at)).collect();
    let tasks = graph.specs.iter().map(|spec| {
        let ended = spec.prior.map_or(Stands::Pending, Stands::Ended);
        let Some(task) = state.tasks.get(&spec.id) else {
            return Begun {
                stands: ended,
                ..Begun::default()
            };
        };
        if task.status == TaskStatus::Settled && is_changed(spec, task) {
            // Its number goes on, everything else begins anew.
            return Begun {
                stands: ended,
                attempt: task.attempt,
                ..Begun::default()
            };
        }
        Begun {
            stands: stands(state, task, spec),
            orphaned: orphaned(task),
            attempt: task.attempt,
            begun: task.last_result.is_some() || orphaned(task),
            retries: task.retries,
            launch_retries: task.launch_retries,
            fixes: task.fixes,
            merge_fixes: task.merge_fixes,
            resolving: task.merge_fixes > 0 && !task.conflicts.is_empty(),
            to_remove: spec.isolated.is_some()
                && task.outcome == Some(Outcome::Succeeded)
                && task.workspaces.iter().any(|known| !known.removed),
            externals: task.external_retries,
            last_failure: (task.same_failures > 0).then(|| {
                let reason = task.reason.as_deref().unwrap_or_default();
                (task.class, likeness(reason))
            }),
            same: task.same_failures,
            different: task.different,
            fingerprints: task.fingerprints.clone(),
            session: session(spec, task),
            waived: task.waived,
            spent: Spent {
                usd: task.cost_usd.unwrap_or(0.0) + task.estimated_usd.unwrap_or(0.0),
                tokens: task.tokens.unwrap_or(0),
            },
            verification: task.verification,
            summary: task.summary.clone(),
            cost_usd: task.cost_usd,
            skipped_by: task
                .dependency
                .as_ref()
                .and_then(|id| places.get(id.as_str()).copied()),
            delay: delay_left(task, now),
        }
    });
    let waits = matches!(
        state.status,
        RunStatus::Checkpoint | RunStatus::RevisionNeeded
    );
    let checkpoint = state
        .checkpoint
        .as_ref()
        .filter(|checkpoint| waits && checkpoint.kind != "decision")
        // A plan that was changed may no longer have it.
        .filter(|checkpoint| {
            let boundaries = graph.boundaries.iter().flatten();
            checkpoint.kind != "phase" || boundaries.into_iter().any(|id| *id == checkpoint.id)
        });
    Initial {
        tasks: tasks.collect(),
        approved: state.approved.clone(),
        pending: checkpoint.map(|checkpoint| checkpoint.id.clone()),
        routes: held_routes(graph, state, now),
        spent: Spent {
            usd: state.totals.cost_usd.unwrap_or(0.0) + state.totals.estimated_usd.unwrap_or(0.0),
            tokens: state.totals.tokens.unwrap_or(0),
        },
        held: state.held,
        cancelled: state.cancelled,
    }
}

/// The session that the task's next attempt may take up: the agent that had it is still a candidate.
fn session(spec: &Spec, task: &TaskState) -> Option<Session> {
    let mut agents = spec.candidates.iter();
    let choice = agents.position(|agent| Some(&agent.name) == task.session_agent.as_ref())?;
    // Of an attempt that is still open nothing is known but its session.
    let keeps = orphaned(task)
        || task
            .last_result
            .is_none_or(|result| goes_on(result, task.class, task.resumed));
    let id = task.session.clone().filter(|_| keeps)?;
    Some(Session { id, choice })
}

fn held_routes(graph: &Graph, state: &State, now: std::time::SystemTime) -> Vec<HeldRoute> {
    let known = state.routes.iter().filter_map(|(name, held)| {
        let route = graph.routes.iter().position(|route| route == name)?;
        let until = held.until.as_deref().and_then(schemas::time::parse);
        let left = until.map(|until| until.duration_since(now).unwrap_or_default());
        Some(HeldRoute {
            route,
            holds: held.holds,
            held: held.held,
            class: held.class.unwrap_or(FailureClass::Quota),
            left: left.map(|left| left.as_millis() as u64),
        })
    });
    known.collect()
}

fn orphaned(task: &TaskState) -> bool {
    matches!(task.status, TaskStatus::Ready | TaskStatus::Running)
}

fn stands(state: &State, task: &TaskState, spec: &Spec) -> Stands {
    if let (TaskStatus::Settled, Some(outcome)) = (task.status, task.outcome) {
        return Stands::Settled(outcome);
    }
    if task.cancelled || task.waived || state.cancelled {
        return Stands::Cancelled;
    }
    match task.status {
        TaskStatus::Integrating if spec.isolated.is_some() => Stands::ToMerge,
        TaskStatus::Gating | TaskStatus::Integrating if task.approved => Stands::Approved,
        TaskStatus::Gating if task.verification == Verification::Failed => {
            Stands::Rejected(task.reason.clone())
        }
        TaskStatus::Gating | TaskStatus::Integrating if spec.has_gates => Stands::ToGate,
        TaskStatus::Gating | TaskStatus::Integrating => Stands::Approved,
        TaskStatus::Waiting if task.last_result == Some(schemas::AttemptResult::Question) => {
            Stands::ForAnswer
        }
        TaskStatus::Waiting => Stands::ForApproval,
        _ if is_wanted_again(task) || task.digest == spec.digest => Stands::Pending,
        _ => spec.prior.map_or(Stands::Pending, Stands::Ended),
    }
}

fn delay_left(task: &TaskState, now: std::time::SystemTime) -> u64 {
    let until = task.not_before.as_deref().and_then(schemas::time::parse);
    until
        .and_then(|until| until.duration_since(now).ok())
        .map_or(0, |left| left.as_millis() as u64)
}

impl Dispatcher {
    /// What is settled, before anything is decided. Dependents are counted from it.
    pub(super) fn restore(&mut self, tasks: &[Begun]) {
        for (index, begun) in tasks.iter().enumerate() {
            let task = &mut self.tasks[index];
            (task.attempt, task.retries, task.fixes) = (begun.attempt, begun.retries, begun.fixes);
            task.launch_retries = begun.launch_retries;
            (task.merge_fixes, task.resolving) = (begun.merge_fixes, begun.resolving);
            (task.externals, task.same) = (begun.externals, begun.same);
            task.last_failure.clone_from(&begun.last_failure);
            task.different = begun.different;
            task.fingerprints = begun.fingerprints.iter().cloned().collect();
            task.session.clone_from(&begun.session);
            task.waived = begun.waived;
            task.spent = begun.spent;
            task.begun = begun.begun;
            if begun.attempt > 0 {
                self.queue.mark_begun(index);
            }
            task.verification = begun.verification;
            task.summary.clone_from(&begun.summary);
            task.cost_usd = begun.cost_usd;
            task.skipped_by = begun.skipped_by;
            match begun.stands {
                Stands::Settled(outcome) => task.standing = Standing::Settled(outcome),
                _ => self.unsettled[self.graph.specs[index].stage] += 1,
            }
        }
        self.recount();
    }

    /// Holds go on. One that waited for a person ends: somebody has started us again. One whose route no longer
    /// exists ends with it.
    pub(super) fn restore_routes(&mut self, now: Time, held: &[HeldRoute]) {
        for held in held {
            let until = held.left.map(|left| now.after(left));
            let hold = Hold {
                until,
                class: held.class,
            };
            let person = held.held && held.left.is_none();
            self.routes[held.route] = Route {
                hold: held.held.then_some(hold),
                holds: if person { 0 } else { held.holds },
            };
            if person {
                self.release(held.route);
            }
        }
    }

    /// Closes the books of attempts that the last dispatcher left; before anything is settled.
    pub(super) fn close_orphans(&mut self, tasks: &[Begun]) {
        for (task, begun) in tasks.iter().enumerate().filter(|(_, begun)| begun.orphaned) {
            let reason = "its dispatcher ended before it did".to_owned();
            let result = schemas::AttemptResult::Orphaned;
            let body = finished(self.id(task), begun.attempt, result, Some(reason));
            self.record(body);
        }
    }

    /// Settles what the plan says has ended: what was done first, or what was given up would rule it out.
    pub(super) fn settle_ended(&mut self, tasks: &[Begun]) {
        for wanted in [Outcome::Succeeded, Outcome::Cancelled] {
            let ended = tasks.iter().enumerate();
            for (task, _) in ended.filter(|(_, begun)| begun.stands == Stands::Ended(wanted)) {
                self.settle(task, wanted, Some("so says the plan".to_owned()));
            }
        }
    }

    /// Takes one unsettled task up where it stood.
    pub(super) fn take_up(&mut self, task: TaskIdx, begun: &Begun, now: Time) {
        let free = matches!(
            self.tasks[task].standing,
            Standing::Blocked { unfinished: 0 }
        );
        if matches!(self.tasks[task].standing, Standing::Settled(_)) {
            // Before this life, or just now because of another.
            return;
        }
        match &begun.stands {
            Stands::Settled(_) | Stands::Ended(_) => {}
            Stands::ToGate => {
                self.tasks[task].to_gate = true;
                self.requeue(task, now, now);
            }
            Stands::ToMerge => {
                self.tasks[task].to_merge = true;
                self.requeue(task, now, now);
            }
            Stands::Approved => self.accept(now, task, false),
            Stands::Rejected(reason) => {
                self.ask_for_fix(now, task, None, reason.clone(), false);
            }
            Stands::ForAnswer => self.tasks[task].standing = Standing::Waiting(Wait::Answer),
            Stands::ForApproval => self.tasks[task].standing = Standing::Waiting(Wait::Approval),
            Stands::Cancelled => self.let_go(task),
            Stands::Pending if free => self.enqueue(task, now.after(begun.delay), now),
            // Its delay goes on while it waits for what it depends on.
            Stands::Pending => self.tasks[task].not_before = now.after(begun.delay),
        }
    }

    /// Tasks whose dependencies settled without success before this life: a crash may have come in between.
    pub(super) fn settle_unreachable(&mut self) {
        for task in 0..self.tasks.len() {
            if !matches!(
                self.tasks[task].standing,
                Standing::Blocked { .. } | Standing::Queued
            ) {
                continue;
            }
            if self.tasks[task].begun && matches!(self.tasks[task].standing, Standing::Queued) {
                continue;
            }
            if let Some((reason, because)) = self.ruled_out(task) {
                self.settle_skipped(task, reason, because);
            }
        }
    }
}
