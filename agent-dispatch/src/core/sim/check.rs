//! What must always be true, kept apart from the core: the checker has its own books.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{
    AttemptResult, Body, DoneRule, Outcome, RunIf, RunOutcome, State, TaskStatus, VerdictWord,
};

use crate::core::{Action, Attempt, Control, Event, Graph, Limits, Said, Time};

pub(super) struct Checker {
    graph: Graph,
    limits: Limits,
    /// Highest attempt number per task, over all lives.
    numbers: BTreeMap<usize, u32>,
    outcomes: BTreeMap<usize, Outcome>,
    skipped_by: BTreeMap<usize, usize>,
    retries: BTreeMap<usize, u32>,
    launch_retries: BTreeMap<usize, u32>,
    fixes: BTreeMap<usize, u32>,
    not_before: BTreeMap<usize, Time>,
    approved: BTreeSet<String>,
    /// The agent showed what its done rule asks for.
    evidence: BTreeMap<usize, Evidence>,
    passed: BTreeMap<usize, bool>,
    started: BTreeMap<Attempt, u32>,
    finished: BTreeMap<Attempt, u32>,
    live: BTreeMap<Attempt, Alive>,
    gating: BTreeSet<usize>,
    interrupts: u32,
    cancelled: bool,
    held: bool,
    over: bool,
    stopped: bool,
    retried: bool,
    attempts: u64,
}

#[derive(Default, Clone, Copy)]
struct Evidence {
    done: bool,
    exit_zero: bool,
}

struct Alive {
    since: Time,
    running: bool,
    exited: bool,
    terminated: Option<Time>,
    killed: bool,
}

impl Checker {
    pub(super) fn new(graph: &Graph, limits: &Limits) -> Checker {
        Checker {
            graph: graph.clone(),
            limits: limits.clone(),
            numbers: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            skipped_by: BTreeMap::new(),
            retries: BTreeMap::new(),
            launch_retries: BTreeMap::new(),
            fixes: BTreeMap::new(),
            not_before: BTreeMap::new(),
            approved: BTreeSet::new(),
            evidence: BTreeMap::new(),
            passed: BTreeMap::new(),
            started: BTreeMap::new(),
            finished: BTreeMap::new(),
            live: BTreeMap::new(),
            gating: BTreeSet::new(),
            interrupts: 0,
            cancelled: false,
            held: false,
            over: false,
            stopped: false,
            retried: false,
            attempts: 0,
        }
    }

    pub(super) fn attempts(&self) -> u64 {
        self.attempts
    }

    pub(super) fn held(&self) -> bool {
        self.held
    }

    /// The dispatcher died or ended; its agents were ended with it (fenced).
    pub(super) fn new_life(&mut self) {
        self.live.clear();
        self.gating.clear();
        (self.interrupts, self.over) = (0, false);
    }

    /// What the world knows before the core hears of it.
    pub(super) fn before(&mut self, event: &Event) {
        match event {
            Event::Started { attempt, .. } => {
                if let Some(alive) = self.live.get_mut(attempt) {
                    alive.running = true;
                }
            }
            Event::Marked {
                attempt,
                said: Said::Done(_),
            } => {
                self.evidence.entry(attempt.task).or_default().done = true;
            }
            Event::Exited { attempt, code, .. } => {
                self.evidence.entry(attempt.task).or_default().exit_zero = *code == Some(0);
                if let Some(alive) = self.live.get_mut(attempt) {
                    alive.exited = true;
                }
            }
            Event::Gone { attempt, .. } | Event::LaunchFailed { attempt, .. } => {
                self.live.remove(attempt);
            }
            Event::GateFinished { attempt, answer } => {
                self.gating.remove(&attempt.task);
                self.passed
                    .insert(attempt.task, answer.verdict == VerdictWord::Passed);
            }
            Event::Interrupted => self.interrupts += 1,
            Event::Control(Control::CancelRun) => self.cancelled = true,
            Event::Control(Control::Hold) => self.held = true,
            Event::Control(Control::Release) => self.held = false,
            _ => {}
        }
    }

    /// A record, from the core or from a person.
    pub(super) fn journaled(&mut self, now: Time, body: &Body) {
        match body {
            Body::TaskReady { task, attempt, .. } => {
                let task = self.index(task);
                let last = self.numbers.insert(task, *attempt).unwrap_or(0);
                assert_eq!(*attempt, last + 1, "(4) attempt numbers are used once");
                self.evidence.insert(task, Evidence::default());
                self.passed.insert(task, false);
            }
            Body::AttemptStarted { task, attempt, .. } => {
                *self
                    .started
                    .entry(self.attempt(task, *attempt))
                    .or_default() += 1;
            }
            Body::AttemptFinished {
                task,
                attempt,
                result,
                ..
            } => {
                let attempt = self.attempt(task, *attempt);
                let count = self.finished.entry(attempt).or_default();
                *count += 1;
                assert_eq!(*count, 1, "(9) an attempt is finished once");
                let orphan = *result == AttemptResult::Orphaned;
                assert!(
                    orphan || !self.live.contains_key(&attempt),
                    "(9) finished while it lives"
                );
            }
            Body::AttemptRetrying {
                task,
                result,
                delay_ms,
                ..
            } => {
                let task = self.index(task);
                self.not_before.insert(task, now.after(*delay_ms));
                let (counts, limit) = match result {
                    AttemptResult::LaunchFailed => {
                        (&mut self.launch_retries, self.limits.launch_retries)
                    }
                    AttemptResult::Question | AttemptResult::Orphaned => {
                        panic!("(8) {result:?} spends a retry")
                    }
                    _ => (&mut self.retries, self.limits.retries),
                };
                let count = counts.entry(task).or_default();
                *count += 1;
                assert!(*count <= limit, "(8) retries stay within their limit");
            }
            Body::FixRequested { task, .. } => {
                let task = self.index(task);
                let count = self.fixes.entry(task).or_default();
                *count += 1;
                assert!(
                    *count <= self.graph.specs[task].fix_limit,
                    "(8) fixes stay within their limit"
                );
            }
            Body::TaskSettled {
                task,
                outcome,
                dependency,
                ..
            } => {
                self.settled(task, *outcome);
                if let Some(dependency) = dependency {
                    self.skipped_by
                        .insert(self.index(task), self.index(dependency));
                }
            }
            Body::CheckpointApproved { checkpoint, .. } => self.approve(checkpoint),
            Body::StateTransition {
                event,
                task: Some(task),
                ..
            } if event == "retry" => self.reset(task),
            Body::StateTransition {
                event, task: None, ..
            } if event == "cancel" => self.cancelled = true,
            Body::RunFinished { .. } => {
                assert_eq!(
                    self.outcomes.len(),
                    self.graph.specs.len(),
                    "finished with unsettled tasks"
                );
            }
            _ => {}
        }
    }

    fn approve(&mut self, id: &str) {
        match self.graph.specs.iter().position(|spec| spec.id == id) {
            Some(task) => drop(self.passed.insert(task, true)),
            None => drop(self.approved.insert(id.to_owned())),
        }
    }

    fn settled(&mut self, task: &str, outcome: Outcome) {
        let task = self.index(task);
        let spec = &self.graph.specs[task];
        assert!(
            self.outcomes.insert(task, outcome).is_none(),
            "(4) {} is settled twice",
            spec.id
        );
        assert!(
            !self.live.keys().any(|attempt| attempt.task == task),
            "settled while it lives"
        );
        if outcome == Outcome::Succeeded {
            let evidence = self.evidence.get(&task).copied().unwrap_or_default();
            let shown = match spec.done {
                DoneRule::Exit => evidence.exit_zero,
                DoneRule::Marker | DoneRule::Both => evidence.done,
            };
            assert!(
                shown,
                "(7) {} succeeded without a result ({:?})",
                spec.id, spec.done
            );
            let passed = self.passed.get(&task).copied().unwrap_or(false);
            assert!(
                !spec.has_gates || passed,
                "(7) {} succeeded without a passed verdict",
                spec.id
            );
        }
        self.stopped |= spec.stops_run && outcome == Outcome::Failed;
        if outcome == Outcome::Skipped {
            let bad = |dep: &usize| {
                self.outcomes
                    .get(dep)
                    .is_some_and(|o| *o != Outcome::Succeeded)
            };
            let ruled_out = match spec.run_if {
                RunIf::Failed => !spec.deps.iter().any(bad),
                _ => spec.deps.iter().any(bad),
            };
            assert!(
                ruled_out || self.stopped,
                "{} is skipped for no reason",
                spec.id
            );
        }
    }

    fn reset(&mut self, task: &str) {
        self.retried = true;
        let mut again = vec![self.index(task)];
        while let Some(task) = again.pop() {
            self.outcomes.remove(&task);
            for counts in [&mut self.retries, &mut self.launch_retries, &mut self.fixes] {
                counts.remove(&task);
            }
            self.not_before.remove(&task);
            again.extend(
                self.skipped_by
                    .iter()
                    .filter(|(_, by)| **by == task)
                    .map(|(other, _)| *other),
            );
            self.skipped_by.remove(&task);
        }
    }

    /// What the core answered.
    pub(super) fn after(&mut self, now: Time, event: &Event, actions: &[Action]) {
        assert!(
            !self.over || actions.is_empty(),
            "(6) an action after Finish"
        );
        for action in actions {
            assert!(!self.over, "(6) Finish is the last action");
            match action {
                Action::Record(body) => self.journaled(now, body),
                Action::Start { attempt, .. } => self.may_start(now, *attempt),
                Action::RunGate(attempt) => {
                    assert!(
                        self.interrupts == 0 && !self.cancelled,
                        "(5) a gate after an interrupt"
                    );
                    self.gating.insert(attempt.task);
                }
                Action::Terminate(attempt) => {
                    if let Some(alive) = self.live.get_mut(attempt) {
                        alive.terminated.get_or_insert(now);
                    }
                }
                Action::Kill(attempt) => {
                    if let Some(alive) = self.live.get_mut(attempt) {
                        alive.killed = true;
                    }
                }
                Action::Finish(_) => {
                    assert!(
                        self.live.is_empty() && self.gating.is_empty(),
                        "(6) busy at Finish"
                    );
                    self.over = true;
                }
                _ => {}
            }
        }
        self.bounds();
        self.times(now);
        if matches!(event, Event::Interrupted) && self.interrupts > 1 {
            let patient = self.live.values().any(|alive| !alive.killed);
            assert!(!patient, "a second interrupt kills at once");
        }
    }

    fn bounds(&self) {
        let busy: Vec<usize> = self
            .live
            .keys()
            .map(|attempt| attempt.task)
            .chain(self.gating.iter().copied())
            .collect();
        assert!(
            busy.len() <= self.limits.jobs,
            "(1) {} busy, {} slots",
            busy.len(),
            self.limits.jobs
        );
        let mut lanes = BTreeSet::new();
        for task in busy {
            for lane in &self.graph.specs[task].lanes {
                assert!(lanes.insert(*lane), "(2) two busy tasks share lane {lane}");
            }
        }
    }

    fn times(&self, now: Time) {
        for (attempt, alive) in &self.live {
            if !alive.running || alive.exited {
                continue;
            }
            if let Some(timeout) = self.graph.specs[attempt.task].timeout
                && now.since(alive.since) >= timeout
            {
                assert!(
                    alive.terminated.is_some(),
                    "an attempt outlives its timeout"
                );
            }
            if let Some(terminated) = alive.terminated
                && now.since(terminated) > self.limits.grace
            {
                assert!(alive.killed, "an attempt outlives its grace");
            }
        }
    }

    fn may_start(&mut self, now: Time, attempt: Attempt) {
        let spec = &self.graph.specs[attempt.task];
        assert!(
            self.interrupts == 0 && !self.cancelled,
            "(5) a start after an interrupt"
        );
        assert!(!self.held, "a start while the run is held");
        assert!(
            !self.outcomes.contains_key(&attempt.task),
            "(4) a settled task starts"
        );
        let settled = |dep: &usize| self.outcomes.get(dep).copied();
        let fits = match spec.run_if {
            RunIf::Succeeded => spec
                .deps
                .iter()
                .all(|dep| settled(dep) == Some(Outcome::Succeeded)),
            RunIf::Always => spec.deps.iter().all(|dep| settled(dep).is_some()),
            RunIf::Failed => {
                spec.deps.iter().all(|dep| settled(dep).is_some())
                    && spec
                        .deps
                        .iter()
                        .any(|dep| settled(dep) != Some(Outcome::Succeeded))
            }
        };
        // A task that had begun goes on when a person has a dependency done again and that changes its outcome.
        let goes_on = self.retried
            && attempt.number > 1
            && spec.deps.iter().all(|dep| settled(dep).is_some());
        assert!(
            fits || goes_on,
            "(3) {} starts before its dependencies",
            spec.id
        );
        for (other, before) in self.graph.specs.iter().enumerate() {
            // A stage that was opened stays open when a task of an earlier one is done again.
            let open =
                before.stage >= spec.stage || self.retried || self.outcomes.contains_key(&other);
            assert!(
                open,
                "(3) {} starts before stage {} is done",
                spec.id, before.stage
            );
        }
        for boundary in self.graph.boundaries[..spec.stage].iter().flatten() {
            assert!(
                self.approved.contains(boundary),
                "(3) {} starts without {boundary}",
                spec.id
            );
        }
        let not_before = self
            .not_before
            .get(&attempt.task)
            .copied()
            .unwrap_or_default();
        assert!(
            now >= not_before,
            "{} starts before its delay is over",
            spec.id
        );
        let alive = Alive {
            since: now,
            running: false,
            exited: false,
            terminated: None,
            killed: false,
        };
        assert!(
            self.live.insert(attempt, alive).is_none(),
            "(4) an attempt starts twice"
        );
        self.attempts += 1;
    }

    /// The run has ended: the books must be closed.
    pub(super) fn ended(&self, state: &State, outcome: RunOutcome) {
        for (attempt, count) in &self.started {
            assert_eq!(*count, 1, "an attempt was started twice");
            let finished = self.finished.get(attempt).copied().unwrap_or(0);
            assert_eq!(
                finished, 1,
                "(9) attempt {} was never finished",
                attempt.number
            );
        }
        for spec in &self.graph.specs {
            let task = &state.tasks[&spec.id];
            assert_eq!(task.status, TaskStatus::Settled);
            assert_eq!(
                task.outcome,
                self.outcomes.get(&self.index(&spec.id)).copied()
            );
        }
        assert_eq!(state.open_questions().count(), 0, "a question is left open");
        let bad = self.outcomes.values().any(|outcome| {
            matches!(
                outcome,
                Outcome::Failed | Outcome::Cancelled | Outcome::Excluded
            )
        });
        match outcome {
            RunOutcome::Succeeded => assert!(!bad),
            RunOutcome::Failed => assert!(bad),
            RunOutcome::Cancelled => assert!(self.cancelled),
        }
    }

    fn index(&self, id: &str) -> usize {
        self.graph
            .specs
            .iter()
            .position(|spec| spec.id == id)
            .expect("a task of the graph")
    }

    fn attempt(&self, id: &str, number: u32) -> Attempt {
        Attempt {
            task: self.index(id),
            number,
        }
    }
}
