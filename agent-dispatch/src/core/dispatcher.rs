//! The dispatcher: takes one event, answers with what must be done.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::{Body, Outcome};

use super::attempt::{Exited, Live};
use super::budget::Spent;
use super::queue::Queue;
use super::route::Route;
use super::task::{Gating, Standing, Task};
use super::{Action, Attempt, End, Event, Graph, Initial, Limits, TaskIdx, Time, terminal_id};

/// The state machine of a run. See the module for what is always true of it.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(super) graph: Arc<Graph>,
    pub(super) limits: Limits,
    pub(super) tasks: Vec<Task>,
    pub(super) dependents: Vec<Vec<TaskIdx>>,
    pub(super) queue: Queue,
    pub(super) busy: BTreeSet<TaskIdx>,
    /// Tasks of each stage that are not settled.
    pub(super) unsettled: Vec<usize>,
    pub(super) routes: Vec<Route>,
    /// Merges under way, by target.
    pub(super) merging: Vec<usize>,
    /// Tasks whose worktrees are being removed.
    pub(super) removing: BTreeSet<TaskIdx>,
    /// Declared groups whose tasks go on one after the other.
    pub(super) degraded: BTreeSet<usize>,
    pub(super) spent: Spent,
    /// It has been said that the budget will soon be spent.
    pub(super) budget_told: bool,
    pub(super) approved: BTreeSet<String>,
    /// The checkpoint that has been told and not been decided.
    pub(super) pending: Option<String>,
    pub(super) interrupts: u32,
    pub(super) cancelled: bool,
    pub(super) held: bool,
    pub(super) finished: bool,
    pub(super) out: Vec<Action>,
}

impl Dispatcher {
    /// A dispatcher that goes on from what `initial` says of each task.
    pub(crate) fn new(
        graph: impl Into<Arc<Graph>>,
        limits: Limits,
        initial: &Initial,
    ) -> Dispatcher {
        let graph = graph.into();
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
            routes: vec![Route::default(); graph.routes.len()],
            merging: vec![0; graph.targets],
            removing: BTreeSet::new(),
            degraded: BTreeSet::new(),
            spent: initial.spent,
            budget_told: false,
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
        self.restore_routes(now, &initial.routes);
        self.settle_ended(&initial.tasks);
        for (task, begun) in initial.tasks.iter().enumerate() {
            self.take_up(task, begun, now);
            if begun.to_remove {
                self.remove_workspace(task);
            }
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
            Event::Alive { attempt } => {
                if let Some(live) = self.live(attempt) {
                    live.lives(now);
                }
            }
            Event::AtTool { attempt, tool } => {
                if let Some(live) = self.live(attempt) {
                    live.works(now, tool);
                }
            }
            Event::Session { attempt, session } => self.session_known(attempt, session),
            Event::Marked { attempt, said } => self.marked(now, attempt, said),
            Event::Reported { attempt, report } => self.reported(now, attempt, *report),
            Event::Lost { attempt, reason } => {
                if let Some(live) = self.live(attempt) {
                    live.lost = Some(reason);
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
            Event::Gone {
                attempt,
                leaked,
                files,
            } => self.gone(now, attempt, leaked, files),
            Event::GateFinished { attempt, answer } => self.gate_finished(now, attempt, &answer),
            Event::WorkspaceReady { attempt, made } => self.workspace_ready(attempt, made),
            Event::SetupFailed { attempt, reason } => self.setup_failed(attempt, &reason),
            Event::Committed { attempt, commits } => self.committed(attempt, commits),
            Event::Integrated { attempt, answer } => self.integrated(now, attempt, answer),
            Event::WorkspaceRemoved { task, paths } => self.workspace_removed(task, paths),
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

    /// Everything that follows from the passing of time and from free slots.
    fn advance(&mut self, now: Time) -> Vec<Action> {
        self.enforce_deadlines(now);
        self.release_due(now);
        self.open_stages(now);
        while self.starts() && self.has_slot() {
            let Some(task) = self.pop(now) else {
                break;
            };
            self.begin(now, task);
        }
        self.begin_merges();
        self.end_if_idle();
        std::mem::take(&mut self.out)
    }

    /// The next task to start: one whose route is free, and for which there is money.
    fn pop(&mut self, now: Time) -> Option<TaskIdx> {
        let mut queue = std::mem::take(&mut self.queue);
        let affordable = self.over_budget().is_none();
        let may = |task: TaskIdx| {
            let known = &self.tasks[task];
            self.is_alone(task)
                && match (known.to_gate, known.to_merge) {
                    (true, _) => true,
                    (_, true) => self.has_turn(task),
                    _ => affordable && self.pick(task).is_some(),
                }
        };
        let task = queue.pop(&self.graph, now, may);
        self.queue = queue;
        task
    }

    pub(super) fn starts(&self) -> bool {
        self.interrupts == 0 && !self.cancelled && !self.held
    }

    pub(super) fn has_slot(&self) -> bool {
        self.busy.len() < self.limits.jobs
    }

    fn begin(&mut self, now: Time, task: TaskIdx) {
        self.busy.insert(task);
        if std::mem::take(&mut self.tasks[task].to_gate) {
            return self.start_gate(task);
        }
        if std::mem::take(&mut self.tasks[task].to_merge) {
            return self.integrate(now, task);
        }
        if self.fails_for_budget(task) {
            return self.leave_slot(task);
        }
        let choice = self.pick(task).unwrap_or_default();
        let session = self.session_for(task, choice);
        let number = self.tasks[task].attempt + 1;
        let known = &mut self.tasks[task];
        (known.attempt, known.begun) = (number, true);
        (known.choice, known.resumed) = (choice, session.is_some());
        let live = Live::new(number, now, choice, session.clone());
        known.standing = Standing::Live(Box::new(live));
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
            choice,
            session,
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

    pub(super) fn leave_slot(&mut self, task: TaskIdx) {
        self.busy.remove(&task);
        self.queue.release(&self.graph, task);
        self.let_group_go_on(task);
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
