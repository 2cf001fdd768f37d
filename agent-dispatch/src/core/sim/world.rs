//! The simulated world: virtual time, scripted agents, a journal in memory.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use schemas::{Body, FindingCounts, Record, State, VerdictWord};

use super::check::Checker;
use super::draw::{Random, draw};
use crate::core::{
    Action, Attempt, Control, Dispatcher, End, Event, GateAnswer, Graph, Limits, Time, resume,
};

/// How an agent takes a signal.
pub(super) struct Agent {
    pub(super) ignores_term: bool,
    /// Nothing more of its script happens.
    pub(super) ended: bool,
}

pub(super) struct World {
    pub(super) random: Random,
    pub(super) graph: Graph,
    pub(super) limits: Limits,
    dispatcher: Dispatcher,
    pub(super) now: Time,
    pub(super) events: BTreeMap<(Time, u64), Event>,
    scheduled: u64,
    pub(super) agents: BTreeMap<Attempt, Agent>,
    pub(super) target: super::merges::Target,
    pub(super) state: State,
    pub(super) checker: Checker,
    end: Option<End>,
    lives: u64,
    crashes: u64,
    pub(super) interrupts_left: u64,
    pub(super) controls_left: u64,
    pub(super) crashes_left: u64,
    /// Tells the story of the run, for one seed at a time.
    trace: bool,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut random = Random(seed);
        let (graph, limits) = draw(&mut random, seed);
        let initial = resume::initial(&graph, &State::default(), UNIX_EPOCH);
        let dispatcher = Dispatcher::new(graph.clone(), limits.clone(), &initial);
        World {
            checker: Checker::new(&graph, &limits),
            interrupts_left: if random.chance(25) {
                1 + random.below(3)
            } else {
                0
            },
            controls_left: random.below(4),
            crashes_left: if random.chance(50) {
                1 + random.below(4)
            } else {
                0
            },
            random,
            graph,
            limits,
            dispatcher,
            now: Time(0),
            events: BTreeMap::new(),
            scheduled: 0,
            agents: BTreeMap::new(),
            target: super::merges::Target::default(),
            state: State::default(),
            end: None,
            lives: 0,
            crashes: 0,
            trace: std::env::var_os("TRACE").is_some(),
        }
    }

    pub(super) fn attempts(&self) -> u64 {
        self.checker.attempts()
    }

    pub(super) fn crashes(&self) -> u64 {
        self.crashes
    }

    /// Lives until every task is settled.
    pub(super) fn run(&mut self) {
        self.journal(Body::RunStarted {
            plan_id: "sim".to_owned(),
            summary: None,
            seed: 1,
            mark: String::new(),
            pid: 1,
            jobs: self.limits.jobs as u32,
            containment: String::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
        });
        loop {
            self.live();
            self.lives += 1;
            assert!(self.lives < 400, "the run does not come to its end");
            match self.end.take() {
                Some(End::Finished(outcome)) => return self.checker.ended(&self.state, outcome),
                Some(End::Waiting) => self.people_act(),
                Some(End::Interrupted) | None => {}
            }
        }
    }

    /// One life of the dispatcher: to its finish, or to a crash.
    fn live(&mut self) {
        let wall = UNIX_EPOCH + Duration::from_millis(self.now.0);
        let initial = resume::initial(&self.graph, &self.state, wall);
        self.dispatcher = Dispatcher::new(self.graph.clone(), self.limits.clone(), &initial);
        self.checker.new_life();
        self.agents.clear();
        self.events.clear();
        let actions = self.dispatcher.start(self.now, &initial);
        self.tell(&format!("-- life {}", self.lives + 1), &actions);
        self.checker.after(self.now, &Event::Woken, &actions);
        if self.perform(actions) {
            return;
        }
        for _ in 0..200_000 {
            let deadline = self.dispatcher.next_deadline();
            let next = self.events.keys().next().copied();
            let event = match (next, deadline) {
                (Some(key), Some(deadline)) if deadline < key.0 => self.wake(deadline),
                (Some(key), _) => {
                    self.now = self.now.max(key.0);
                    self.events.remove(&key)
                }
                (None, Some(deadline)) => self.wake(deadline),
                (None, None) => {
                    // Nothing would ever happen: only a held run may come to this.
                    assert!(self.checker.held(), "the dispatcher waits for nothing");
                    if self.control(Control::Release) {
                        return;
                    }
                    continue;
                }
            };
            let Some(event) = event else { continue };
            self.moves_target(&event);
            if let Event::Exited { attempt, .. } | Event::Gone { attempt, .. } = &event
                && let Some(agent) = self.agents.get_mut(attempt)
            {
                agent.ended = true;
            }
            if self.step(event) || self.something_happens() {
                return;
            }
        }
        panic!("a life of 200,000 steps");
    }

    fn wake(&mut self, deadline: Time) -> Option<Event> {
        self.now = self.now.max(deadline);
        Some(Event::Woken)
    }

    /// Answers whether this life is over.
    pub(super) fn step(&mut self, event: Event) -> bool {
        self.checker.before(self.now, &event);
        let actions = self.dispatcher.handle(self.now, event.clone());
        self.tell(&format!("{event:?}"), &actions);
        self.checker.after(self.now, &event, &actions);
        self.perform(actions)
    }

    fn tell(&self, what: &str, actions: &[Action]) {
        if self.trace {
            eprintln!("{:>7} {what}", self.now.0);
            for action in actions {
                eprintln!("          {action:?}");
            }
        }
    }

    fn perform(&mut self, actions: Vec<Action>) -> bool {
        for action in &actions {
            if let Action::Record(body) = action {
                self.journal(body.clone());
            }
        }
        if self.crashes_left > 0 && self.random.chance(3) {
            // Journaled, and not done.
            return self.crash();
        }
        for action in actions {
            match action {
                Action::Record(_) | Action::Deliver { .. } => {}
                Action::Start {
                    attempt,
                    choice,
                    session,
                    ..
                } => self.start(attempt, choice, session),
                Action::Terminate(attempt) => self.signal(attempt, 15),
                Action::Kill(attempt) => self.signal(attempt, 9),
                Action::RunGate(attempt) => self.gate(attempt),
                Action::TerminateGate(attempt) => self.gate_asked(attempt),
                Action::KillGate(attempt) => self.gate_killed(attempt),
                Action::Integrate(batch) => self.merge(&batch),
                Action::TerminateMerge(attempt) => self.merge_asked(attempt),
                Action::KillMerge(attempt) => self.merge_killed(attempt),
                Action::RemoveWorkspace(task) => {
                    let paths = vec!["w".to_owned()];
                    let after = self.random.below(500);
                    self.schedule(after, Event::WorkspaceRemoved { task, paths });
                }
                Action::Finish(end) => {
                    self.end = Some(end);
                    return true;
                }
            }
        }
        false
    }

    pub(super) fn crash(&mut self) -> bool {
        self.tell("-- crash", &[]);
        self.crashes_left -= 1;
        self.crashes += 1;
        self.crash_amid_merges();
        self.end = None;
        true
    }

    fn journal(&mut self, body: Body) {
        let time = schemas::time::format(UNIX_EPOCH + Duration::from_millis(self.now.0));
        let seq = self.state.last_seq + 1;
        let record = Record {
            seq,
            time,
            run: "sim".to_owned(),
            source: None,
            body,
        };
        // Through its line, as a real journal: what does not survive the wire must not matter.
        let record = Record::parse(&record.to_line()).expect("our own record");
        self.state.apply(&record);
    }

    /// A record that somebody else than the dispatcher appends.
    pub(super) fn person(&mut self, body: Body) {
        self.tell(&format!("-- {body:?}"), &[]);
        self.checker.journaled(self.now, &body);
        self.journal(body);
    }

    pub(super) fn schedule(&mut self, after: u64, event: Event) {
        self.scheduled += 1;
        self.events
            .insert((self.now.after(after), self.scheduled), event);
    }

    pub(super) fn exits(
        &mut self,
        attempt: Attempt,
        at: u64,
        code: Option<i32>,
        signal: Option<i32>,
    ) {
        self.schedule(
            at,
            Event::Exited {
                attempt,
                code,
                signal,
            },
        );
        let leaked = self.random.chance(10);
        let after = at + self.random.below(200);
        let files = Vec::new();
        self.schedule(
            after,
            Event::Gone {
                attempt,
                leaked,
                files,
            },
        );
    }

    fn signal(&mut self, attempt: Attempt, signal: i32) {
        let Some(agent) = self.agents.get_mut(&attempt) else {
            return;
        };
        let starts =
            |event: &Event| matches!(event, Event::Started { attempt: a, .. } if *a == attempt);
        let is_there = !self.events.values().any(starts);
        if !is_there || agent.ended || (signal == 15 && agent.ignores_term) {
            return;
        }
        agent.ended = true;
        self.events.retain(|_, event| {
            !matches!(event, Event::Marked { attempt: a, .. } | Event::Reported { attempt: a, .. } | Event::Exited { attempt: a, .. }
                | Event::Session { attempt: a, .. } | Event::AtTool { attempt: a, .. } | Event::Alive { attempt: a }
                | Event::Lost { attempt: a, .. } | Event::Gone { attempt: a, .. } if *a == attempt)
        });
        let after = self.random.below(20);
        self.exits(attempt, after, None, Some(signal));
    }

    fn gate(&mut self, attempt: Attempt) {
        let verdict = match self.random.below(10) {
            0..=5 => VerdictWord::Passed,
            6..=7 => VerdictWord::Failed,
            8 => VerdictWord::Infrastructure,
            _ => VerdictWord::Manual,
        };
        let found = self.random.below(4).to_string();
        let at = 1 + self.random.below(3_000);
        self.schedule(
            at,
            Event::GateFinished {
                attempt,
                answer: GateAnswer {
                    fingerprint: Some(found),
                    ..answer(verdict)
                },
            },
        );
    }

    /// Some gates do not listen: they must be killed.
    fn gate_asked(&mut self, attempt: Attempt) {
        if !self.random.chance(20) {
            self.gate_killed(attempt);
        }
    }

    fn gate_killed(&mut self, attempt: Attempt) {
        self.events
            .retain(|_, e| !matches!(e, Event::GateFinished { attempt: a, .. } if *a == attempt));
        self.schedule(
            5,
            Event::GateFinished {
                attempt,
                answer: answer(VerdictWord::Infrastructure),
            },
        );
    }
}

pub(super) fn answer(verdict: VerdictWord) -> GateAnswer {
    GateAnswer {
        verdict,
        reason: None,
        class: None,
        fingerprint: None,
        findings: FindingCounts::default(),
        verdict_file: None,
    }
}
