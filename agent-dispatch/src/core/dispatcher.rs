//! The dispatcher: takes one event, answers with what must be done.

use std::collections::BTreeSet;

use schemas::{Body, Outcome, StallStep, Verification};

use super::attempt::{Due, Exited, Live, Why};
use super::queue::Queue;
use super::{Action, Attempt, End, Event, Graph, Initial, Limits, TaskIdx, Time, terminal_id};

/// The state machine of a run. See the module for what is always true of it.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(super) graph: Graph,
    pub(super) limits: Limits,
    pub(super) tasks: Vec<Task>,
    pub(super) dependents: Vec<Vec<TaskIdx>>,
    pub(super) queue: Queue,
    pub(super) busy: BTreeSet<TaskIdx>,
    /// Tasks of each stage that are not settled.
    pub(super) unsettled: Vec<usize>,
    pub(super) approved: BTreeSet<String>,
    /// The checkpoint that has been told and not been decided.
    pub(super) pending: Option<String>,
    pub(super) interrupts: u32,
    pub(super) cancelled: bool,
    pub(super) held: bool,
    pub(super) finished: bool,
    pub(super) out: Vec<Action>,
}

/// What is known of a task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) standing: Standing,
    /// The highest attempt number used.
    pub(super) attempt: u32,
    /// It has had an attempt since it was last done anew.
    pub(super) begun: bool,
    pub(super) retries: u32,
    pub(super) launch_retries: u32,
    pub(super) fixes: u32,
    pub(super) gate_retries: u32,
    pub(super) verification: Verification,
    pub(super) summary: Option<String>,
    /// US dollars of all attempts, as far as agents have told.
    pub(super) cost_usd: Option<f64>,
    /// It does not start before.
    pub(super) not_before: Time,
    /// The work of its last attempt awaits its gates.
    pub(super) to_gate: bool,
    /// The dependency because of which it was skipped.
    pub(super) skipped_by: Option<TaskIdx>,
}

/// Where a task is.
#[derive(Debug)]
pub(super) enum Standing {
    /// Dependencies are not settled.
    Blocked {
        unfinished: usize,
    },
    /// It wants to start.
    Queued,
    Live(Box<Live>),
    Gating(Gating),
    /// A person must act; it holds neither slot nor lane.
    Waiting(Wait),
    Settled(Outcome),
}

/// Gates under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gating {
    /// Its task was cancelled, and will be settled so.
    pub(super) cancelled: bool,
    /// They have been asked to end, and are ended then.
    pub(super) kill_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Answer,
    Approval,
}

impl Dispatcher {
    /// A dispatcher that goes on from what `initial` says of each task.
    pub(crate) fn new(graph: Graph, limits: Limits, initial: &Initial) -> Dispatcher {
        let count = graph.specs.len();
        assert_eq!(graph.order.len(), count, "the order names every task once");
        let mut dependents = vec![Vec::new(); count];
        for (task, spec) in graph.specs.iter().enumerate() {
            for dep in &spec.deps {
                dependents[*dep].push(task);
            }
        }
        let mut dispatcher = Dispatcher {
            queue: Queue::new(&graph),
            tasks: (0..count).map(|_| Task::new()).collect(),
            unsettled: vec![0; graph.boundaries.len() + 1],
            dependents,
            graph,
            limits,
            busy: BTreeSet::new(),
            approved: initial.approved.iter().cloned().collect(),
            pending: initial.pending.clone().filter(|_| !initial.cancelled),
            interrupts: 0,
            cancelled: initial.cancelled,
            held: initial.held,
            finished: false,
            out: Vec::new(),
        };
        dispatcher.restore(&initial.tasks);
        dispatcher
    }

    /// Starts what can be started. Once, before the first event.
    pub(crate) fn start(&mut self, now: Time, initial: &Initial) -> Vec<Action> {
        self.close_orphans(&initial.tasks);
        for (task, begun) in initial.tasks.iter().enumerate() {
            self.take_up(task, begun, now);
        }
        self.settle_unreachable();
        self.advance(now)
    }

    /// Takes one event and answers with what must be done about it, in order.
    pub(crate) fn handle(&mut self, now: Time, event: Event) -> Vec<Action> {
        if self.finished {
            return Vec::new();
        }
        match event {
            Event::Started { attempt, launch } => self.started(now, attempt, launch),
            Event::LaunchFailed { attempt, reason } => self.launch_failed(now, attempt, reason),
            Event::Printed { attempt } => {
                if let Some(live) = self.live(attempt) {
                    live.printed(now);
                }
            }
            Event::Marked { attempt, said } => self.marked(now, attempt, said),
            Event::Reported { attempt, report } => {
                if let Some(live) = self.live(attempt) {
                    live.report = Some(report);
                }
            }
            Event::Exited {
                attempt,
                code,
                signal,
            } => {
                if let Some(live) = self.live(attempt) {
                    live.exit = Some(Exited { code, signal });
                }
            }
            Event::Gone { attempt, leaked } => self.gone(now, attempt, leaked),
            Event::GateFinished { attempt, answer } => self.gate_finished(now, attempt, &answer),
            Event::Control(control) => self.control(now, control),
            Event::Interrupted => self.interrupted(now),
            Event::Woken => {}
        }
        self.advance(now)
    }

    /// The end was not told: somebody spoke before. The next event decides again.
    pub(crate) fn go_on(&mut self) {
        self.finished = false;
    }

    /// When the shell must wake us if nothing else happens first.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        if self.finished {
            return None;
        }
        let live = self
            .busy
            .iter()
            .filter_map(|task| match &self.tasks[*task].standing {
                Standing::Live(live) => live.deadline(&self.graph.specs[*task], &self.limits),
                Standing::Gating(gating) => gating.kill_at,
                _ => None,
            });
        let queued = self
            .queue
            .next_time()
            .filter(|_| self.starts() && self.has_slot());
        live.chain(queued).min()
    }

    /// Everything that follows from the passing of time and from free slots.
    fn advance(&mut self, now: Time) -> Vec<Action> {
        self.enforce_deadlines(now);
        self.open_stages(now);
        while self.starts() && self.has_slot() {
            let Some(task) = self.queue.pop(&self.graph, now) else {
                break;
            };
            self.begin(now, task);
        }
        self.end_if_idle();
        std::mem::take(&mut self.out)
    }

    fn enforce_deadlines(&mut self, now: Time) {
        for task in self.busy.iter().copied().collect::<Vec<_>>() {
            if let Standing::Gating(gating) = &self.tasks[task].standing {
                if gating.kill_at.is_some_and(|at| at <= now) {
                    self.kill_gate(task);
                }
                continue;
            }
            let Standing::Live(live) = &self.tasks[task].standing else {
                continue;
            };
            let attempt = Attempt {
                task,
                number: live.number,
            };
            match live.due(now, &self.graph.specs[task], &self.limits) {
                Due::Nothing => {}
                Due::Stop(why) => {
                    if why == Why::Stalled {
                        let silent_ms = live.silent_ms(now);
                        let id = self.id(task);
                        self.record(Body::AttemptStalled {
                            task: id,
                            attempt: attempt.number,
                            silent_ms,
                            step: StallStep::Stopped,
                            doing: None,
                        });
                    }
                    self.stop(now, attempt, why);
                }
                Due::Kill => self.kill(attempt),
            }
        }
    }

    pub(super) fn starts(&self) -> bool {
        self.interrupts == 0 && !self.cancelled && !self.held
    }

    fn has_slot(&self) -> bool {
        self.busy.len() < self.limits.jobs
    }

    fn begin(&mut self, now: Time, task: TaskIdx) {
        self.busy.insert(task);
        if std::mem::take(&mut self.tasks[task].to_gate) {
            return self.start_gate(task);
        }
        let number = self.tasks[task].attempt + 1;
        (self.tasks[task].attempt, self.tasks[task].begun) = (number, true);
        self.tasks[task].standing = Standing::Live(Box::new(Live::new(number, now)));
        let spec = &self.graph.specs[task];
        let terminal = terminal_id(self.limits.seed, &spec.id, number);
        self.out.push(Action::Record(Body::TaskReady {
            task: spec.id.clone(),
            attempt: number,
            terminal: terminal.clone(),
            digest: spec.digest.clone(),
        }));
        self.out.push(Action::Start {
            attempt: Attempt { task, number },
            terminal,
        });
    }

    pub(super) fn start_gate(&mut self, task: TaskIdx) {
        let number = self.tasks[task].attempt;
        self.tasks[task].standing = Standing::Gating(Gating::default());
        let id = self.id(task);
        self.record(Body::GateStarted {
            task: id,
            attempt: number,
        });
        self.out.push(Action::RunGate(Attempt { task, number }));
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

    /// A task that has begun wants to start (or to be checked) again: it goes before what has not.
    pub(super) fn requeue(&mut self, task: TaskIdx, not_before: Time, now: Time) {
        self.queue.mark_begun(task);
        self.enqueue(task, not_before, now);
    }

    /// The task wants to start, unless a dependency of it is being done again.
    pub(super) fn enqueue(&mut self, task: TaskIdx, not_before: Time, now: Time) {
        if self.cancelled {
            return self.settle(task, Outcome::Cancelled, None);
        }
        if matches!(self.tasks[task].standing, Standing::Queued) {
            self.queue.remove(&self.graph, task);
        }
        self.tasks[task].not_before = not_before;
        let settled = |dep: &&TaskIdx| matches!(self.tasks[**dep].standing, Standing::Settled(_));
        let deps = &self.graph.specs[task].deps;
        let unfinished = deps.len() - deps.iter().filter(settled).count();
        if unfinished > 0 {
            self.tasks[task].standing = Standing::Blocked { unfinished };
            return;
        }
        self.tasks[task].standing = Standing::Queued;
        self.queue.push(&self.graph, task, not_before, now);
    }

    pub(super) fn stop(&mut self, now: Time, attempt: Attempt, why: Why) {
        let Standing::Live(live) = &mut self.tasks[attempt.task].standing else {
            return;
        };
        live.stop(why, now, &self.limits);
        if live.running && live.exit.is_none() {
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

    pub(super) fn leave_slot(&mut self, task: TaskIdx) {
        self.busy.remove(&task);
        self.queue.release(&self.graph, task);
    }

    pub(super) fn live(&mut self, attempt: Attempt) -> Option<&mut Live> {
        match &mut self.tasks.get_mut(attempt.task)?.standing {
            Standing::Live(live) if live.number == attempt.number => Some(live),
            _ => None,
        }
    }

    pub(super) fn record(&mut self, body: Body) {
        self.out.push(Action::Record(body));
    }

    pub(super) fn id(&self, task: TaskIdx) -> String {
        self.graph.specs[task].id.clone()
    }

    pub(super) fn finish(&mut self, end: End) {
        self.finished = true;
        self.out.push(Action::Finish(end));
    }
}

impl Task {
    fn new() -> Task {
        Task {
            standing: Standing::Blocked { unfinished: 0 },
            attempt: 0,
            begun: false,
            retries: 0,
            launch_retries: 0,
            fixes: 0,
            gate_retries: 0,
            verification: Verification::None,
            summary: None,
            cost_usd: None,
            not_before: Time::default(),
            to_gate: false,
            skipped_by: None,
        }
    }
}
