//! What must always be true, kept apart from the core: the checker has its own books.

mod answers;
mod attempts;
mod merges;
mod money;
mod promises;

use std::collections::{BTreeMap, BTreeSet};

use schemas::{AttemptResult, Body, DoneRule, FailureClass, Outcome, RunIf, VerdictWord};

use self::attempts::{Alive, Evidence};
use crate::core::{Attempt, Control, Event, Graph, Limits, Said, Time};

pub(super) struct Checker {
    pub(super) graph: Graph,
    pub(super) limits: Limits,
    /// Highest attempt number per task, over all lives.
    pub(super) numbers: BTreeMap<usize, u32>,
    pub(super) outcomes: BTreeMap<usize, Outcome>,
    pub(super) waived: BTreeSet<usize>,
    pub(super) skipped_by: BTreeMap<usize, usize>,
    pub(super) retries: BTreeMap<usize, u32>,
    pub(super) launch_retries: BTreeMap<usize, u32>,
    pub(super) fixes: BTreeMap<usize, u32>,
    pub(super) not_before: BTreeMap<usize, Time>,
    pub(super) approved: BTreeSet<String>,
    /// The agent showed what its done rule asks for.
    pub(super) evidence: BTreeMap<usize, Evidence>,
    /// The candidate of the last attempt.
    pub(super) choices: BTreeMap<usize, usize>,
    /// Which candidate has which session.
    pub(super) sessions: BTreeMap<(usize, String), usize>,
    pub(super) routes: BTreeMap<String, Option<String>>,
    pub(super) externals: BTreeMap<usize, u32>,
    pub(super) books: money::Books,
    answers: answers::Answers,
    pub(super) passed: BTreeMap<usize, bool>,
    pub(super) started: BTreeMap<Attempt, u32>,
    pub(super) finished: BTreeMap<Attempt, u32>,
    pub(super) live: BTreeMap<Attempt, Alive>,
    pub(super) gating: BTreeSet<usize>,
    merges: merges::Merges,
    pub(super) interrupts: u32,
    pub(super) cancelled: bool,
    pub(super) held: bool,
    pub(super) over: bool,
    pub(super) stopped: bool,
    pub(super) retried: bool,
    pub(super) attempts: u64,
}

impl Checker {
    pub(super) fn new(graph: &Graph, limits: &Limits) -> Checker {
        Checker {
            graph: graph.clone(),
            limits: limits.clone(),
            numbers: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            waived: BTreeSet::new(),
            skipped_by: BTreeMap::new(),
            retries: BTreeMap::new(),
            launch_retries: BTreeMap::new(),
            fixes: BTreeMap::new(),
            not_before: BTreeMap::new(),
            approved: BTreeSet::new(),
            evidence: BTreeMap::new(),
            choices: BTreeMap::new(),
            sessions: BTreeMap::new(),
            routes: BTreeMap::new(),
            externals: BTreeMap::new(),
            books: money::Books::default(),
            passed: BTreeMap::new(),
            answers: answers::Answers::default(),
            started: BTreeMap::new(),
            finished: BTreeMap::new(),
            live: BTreeMap::new(),
            gating: BTreeSet::new(),
            merges: merges::Merges::default(),
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
        self.merges.new_life();
        (self.interrupts, self.over) = (0, false);
    }

    /// What the world knows before the core hears of it.
    pub(super) fn before(&mut self, now: Time, event: &Event) {
        self.answers.hear(event);
        match event {
            Event::Started { attempt, .. } => {
                if let Some(alive) = self.live.get_mut(attempt) {
                    (alive.running, alive.since) = (true, now);
                    // It is asked again: before, there was nothing to ask.
                    alive.terminated = alive.terminated.map(|_| now);
                }
            }
            Event::Marked {
                attempt,
                said: Said::Done(_),
            } => {
                self.evidence.entry(attempt.task).or_default().done = true;
            }
            Event::Reported { attempt, report } => {
                let evidence = self.evidence.entry(attempt.task).or_default();
                evidence.refused = report.refused;
                evidence.error = report.error.is_some();
                evidence.incomplete = report.incomplete;
                evidence.nothing = report.nothing;
                evidence.done |= matches!(report.word, Some(Said::Done(_)));
            }
            Event::Session { attempt, session } if self.live.contains_key(attempt) => {
                let choice = self.choices[&attempt.task];
                self.sessions
                    .insert((attempt.task, session.clone()), choice);
            }
            Event::Lost { attempt, .. } => {
                self.evidence.entry(attempt.task).or_default().lost = true;
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
            Event::Integrated { attempt, answer } => self.merges.answered(attempt.task, answer),
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
            Body::Answer { task, .. } => {
                let task = self.index(task);
                let hears = |alive: &Alive| alive.running && !alive.exited;
                let mut attempts = self.live.iter().filter(|(attempt, _)| attempt.task == task);
                let runs = attempts.any(|(_, alive)| hears(alive));
                self.answers.answered(task, runs);
            }
            Body::TaskReady { task, attempt, .. } => {
                let task = self.index(task);
                let last = self.numbers.insert(task, *attempt).unwrap_or(0);
                assert_eq!(*attempt, last + 1, "(4) attempt numbers are used once");
                self.evidence.insert(task, Evidence::default());
                self.merges.begun(task);
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
                cost_usd,
                estimated_usd,
                tokens,
                ..
            } => {
                let attempt = self.attempt(task, *attempt);
                let usd = cost_usd.or(*estimated_usd).unwrap_or(0.0);
                let tokens = tokens.and_then(schemas::Usage::total).unwrap_or(0);
                self.books.add(attempt.task, usd, tokens);
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
                class,
                delay_ms,
                ..
            } => {
                let task = self.index(task);
                self.not_before.insert(task, now.after(*delay_ms));
                let (counts, limit) = match (result, class) {
                    (AttemptResult::LaunchFailed, _) => {
                        (&mut self.launch_retries, self.limits.launch_retries)
                    }
                    (
                        AttemptResult::Question | AttemptResult::Orphaned | AttemptResult::Steered,
                        _,
                    ) => {
                        panic!("(8) {result:?} spends a retry")
                    }
                    (_, Some(FailureClass::Quota | FailureClass::Auth | FailureClass::Billing)) => {
                        panic!("(11) {class:?} spends a retry")
                    }
                    (_, Some(FailureClass::External)) => {
                        (&mut self.externals, self.limits.external_retries)
                    }
                    _ => (&mut self.retries, self.limits.retries),
                };
                let count = counts.entry(task).or_default();
                *count += 1;
                assert!(*count <= limit, "(8) retries stay within their limit");
            }
            Body::FixRequested {
                task, merge: true, ..
            } => {
                let task = self.index(task);
                self.merges.fix(task);
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
                self.answers.settled(self.index(task), *outcome);
                if let Some(dependency) = dependency {
                    self.skipped_by
                        .insert(self.index(task), self.index(dependency));
                }
            }
            Body::QuotaHold { route, until, .. } => {
                self.routes.insert(route.clone(), until.clone());
            }
            Body::QuotaReleased { route, by } => self.released(now, route, by.is_some()),
            Body::CheckpointApproved { checkpoint, .. } => self.approve(checkpoint),
            Body::StateTransition {
                event,
                task: Some(task),
                ..
            } if event == "retry" => self.reset(task),
            Body::StateTransition {
                event,
                task: Some(task),
                ..
            } if event == "skip" => drop(self.waived.insert(self.index(task))),
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
        let by_plan = spec.prior == Some(outcome);
        if outcome == Outcome::Succeeded && !by_plan {
            self.merges.succeeds(task, spec);
            let evidence = self.evidence.get(&task).copied().unwrap_or_default();
            let choice = self.choices.get(&task).copied().unwrap_or_default();
            let done = spec.candidates[choice].done;
            assert!(!evidence.lost, "(7) {} succeeded though lost", spec.id);
            let whole = done == DoneRule::Marker || evidence.done || !evidence.nothing;
            assert!(whole, "(7) {} succeeded with nothing", spec.id);
            let shown = match done {
                DoneRule::Exit => evidence.exit_zero && !evidence.incomplete,
                DoneRule::Marker | DoneRule::Both => evidence.done,
            };
            assert!(!evidence.error, "(7) {} succeeded with an error", spec.id);
            let believed = spec.has_gates || !evidence.refused;
            assert!(believed, "(7) {} succeeded though refused", spec.id);
            assert!(
                shown,
                "(7) {} succeeded without a result ({:?})",
                spec.id, done
            );
            let passed = self.passed.get(&task).copied().unwrap_or(false);
            assert!(
                !spec.has_gates || passed,
                "(7) {} succeeded without a passed verdict",
                spec.id
            );
        }
        self.stopped |= spec.stops_run && matches!(outcome, Outcome::Failed | Outcome::Excluded);
        if outcome == Outcome::Skipped {
            let bad = |dep: &usize| {
                self.outcomes
                    .get(dep)
                    .is_some_and(|o| *o != Outcome::Succeeded)
                    && !self.waived.contains(dep)
            };
            let ruled_out = match spec.run_if {
                RunIf::Failed => !spec.deps.iter().any(bad),
                _ => spec.deps.iter().any(bad),
            };
            assert!(
                ruled_out || self.stopped || self.waived.contains(&task),
                "{} is skipped for no reason",
                spec.id
            );
        }
    }

    pub(super) fn index(&self, id: &str) -> usize {
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
