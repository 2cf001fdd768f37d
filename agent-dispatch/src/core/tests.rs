//! One promise, one screen. The simulator asserts what is always true; these say what happens when.

mod endings;
mod failures;
mod people;

use schemas::{
    AttemptResult, Body, DoneRule, FindingCounts, Outcome, RunIf, RunOutcome, VerdictWord,
};

use super::resume::Begun;
use super::{
    Action, Attempt, Candidate, Control, Dispatcher, End, Event, GateAnswer, Graph, Initial,
    Launch, Limits, Pace, Said, Spec, Steer, Time,
};

/// A dispatcher and its clock.
struct Run {
    core: Dispatcher,
    now: Time,
}

fn spec(id: &str, deps: &[usize]) -> Spec {
    Spec {
        id: id.to_owned(),
        deps: deps.to_vec(),
        run_if: RunIf::Succeeded,
        lanes: Vec::new(),
        stage: 0,
        has_gates: false,
        isolated: None,
        candidates: vec![candidate(DoneRule::Exit)].into(),
        max_cost_usd: None,
        max_tokens: None,
        fix_limit: 2,
        stops_run: false,
        prior: None,
        digest: "d".to_owned(),
    }
}

fn candidate(done: DoneRule) -> Candidate {
    Candidate {
        name: "a".to_owned(),
        is_agent: true,
        route: None,
        done,
        follows_up: false,
        steer: Steer::File,
        pace: Pace {
            stall: Some(60_000),
            ..Pace::default()
        },
        usd_per_token: 1e-5,
    }
}

fn limits() -> Limits {
    Limits {
        jobs: 5,
        retries: 1,
        launch_retries: 1,
        gate_retries: 1,
        require_gates: false,
        bisect: false,
        external_retries: 3,
        quota_pause: 60_000,
        quota_patience: 3,
        max_cost_usd: None,
        max_tokens: None,
        grace: 5_000,
        result_grace: 10_000,
        question_grace: 30_000,
        backoff: 1_000,
        backoff_max: 60_000,
        seed: 7,
        epoch_ms: 0,
    }
}

fn begin(specs: Vec<Spec>, limits: Limits) -> (Run, Vec<Action>) {
    begin_from(specs, limits, Initial::default())
}

fn begin_from(specs: Vec<Spec>, limits: Limits, mut initial: Initial) -> (Run, Vec<Action>) {
    let lanes = specs
        .iter()
        .flat_map(|spec| &spec.lanes)
        .max()
        .map_or(0, |lane| lane + 1);
    let stages = specs.iter().map(|spec| spec.stage).max().unwrap_or(0);
    let boundaries = (0..stages)
        .map(|stage| Some(format!("cp{stage}")))
        .collect();
    initial.tasks.resize_with(specs.len(), Begun::default);
    let graph = Graph {
        order: (0..specs.len()).collect(),
        specs,
        lanes,
        targets: 0,
        turns: Vec::new(),
        routes: vec!["a/m".to_owned(), "b/m".to_owned()],
        boundaries,
    };
    let mut core = Dispatcher::new(graph, limits, &initial);
    let actions = core.start(Time(0), &initial);
    (Run { core, now: Time(0) }, actions)
}

impl Run {
    fn at(&mut self, now: u64, event: Event) -> Vec<Action> {
        self.now = Time(now);
        self.core.handle(self.now, event)
    }

    fn then(&mut self, event: Event) -> Vec<Action> {
        self.at(self.now.0, event)
    }

    fn runs(&mut self, task: usize, number: u32) {
        self.then(Event::Started {
            attempt: Attempt { task, number },
            launch: Launch::default(),
        });
    }

    fn ends(&mut self, task: usize, number: u32, code: i32) -> Vec<Action> {
        let attempt = Attempt { task, number };
        self.then(Event::Exited {
            attempt,
            code: Some(code),
            signal: None,
        });
        self.then(Event::Gone {
            attempt,
            leaked: false,
            files: Vec::new(),
        })
    }

    fn says(&mut self, task: usize, number: u32, said: Said) -> Vec<Action> {
        self.then(Event::Marked {
            attempt: Attempt { task, number },
            said,
        })
    }

    fn gates(&mut self, task: usize, number: u32, verdict: VerdictWord) -> Vec<Action> {
        let answer = GateAnswer {
            class: None,
            fingerprint: None,
            verdict,
            reason: Some("lint: 3 errors".to_owned()),
            findings: FindingCounts::default(),
            verdict_file: None,
        };
        self.then(Event::GateFinished {
            attempt: Attempt { task, number },
            answer,
        })
    }
}

fn started(actions: &[Action]) -> Vec<(usize, u32)> {
    let start = |action: &Action| match action {
        Action::Start { attempt, .. } => Some((attempt.task, attempt.number)),
        _ => None,
    };
    actions.iter().filter_map(start).collect()
}

fn settled(actions: &[Action]) -> Vec<(String, Outcome)> {
    let settle = |action: &Action| match action {
        Action::Record(Body::TaskSettled { task, outcome, .. }) => Some((task.clone(), *outcome)),
        _ => None,
    };
    actions.iter().filter_map(settle).collect()
}

fn result(actions: &[Action]) -> Option<AttemptResult> {
    actions.iter().find_map(|action| match action {
        Action::Record(Body::AttemptFinished { result, .. }) => Some(*result),
        _ => None,
    })
}

#[test]
fn a_task_starts_the_moment_its_own_dependencies_settle() {
    let (mut run, actions) = begin(
        vec![spec("a", &[]), spec("b", &[]), spec("c", &[0])],
        limits(),
    );
    assert_eq!(started(&actions), [(0, 1), (1, 1)]);
    run.runs(0, 1);
    run.runs(1, 1);
    // b still runs, and c does not wait for it.
    assert_eq!(started(&run.ends(0, 1, 0)), [(2, 1)]);
}

#[test]
fn slots_and_lanes_bind() {
    let lane = |id: &str| Spec {
        lanes: vec![0],
        ..spec(id, &[])
    };
    let specs = vec![lane("a"), lane("b"), spec("c", &[]), spec("d", &[])];
    let (mut run, actions) = begin(
        specs,
        Limits {
            jobs: 2,
            ..limits()
        },
    );
    assert_eq!(started(&actions), [(0, 1), (2, 1)]);
    run.runs(0, 1);
    assert_eq!(started(&run.ends(0, 1, 0)), [(1, 1)]);
}

#[test]
fn dependents_are_skipped_with_the_task_that_began_it() {
    let specs = vec![spec("a", &[]), spec("b", &[0]), spec("c", &[1])];
    let (mut run, _) = begin(
        specs,
        Limits {
            retries: 0,
            ..limits()
        },
    );
    run.runs(0, 1);
    let actions = run.ends(0, 1, 3);
    let reasons: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Record(Body::TaskSettled {
                task,
                reason: Some(reason),
                ..
            }) => Some(format!("{task}: {reason}")),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, ["a: exit code 3", "b: a failed", "c: a failed"]);
    assert_eq!(
        actions.last(),
        Some(&Action::Finish(End::Finished(RunOutcome::Failed)))
    );
}

#[test]
fn a_failed_attempt_is_tried_again_after_a_delay_with_jitter() {
    let (mut run, _) = begin(vec![spec("a", &[])], limits());
    run.runs(0, 1);
    assert_eq!(started(&run.ends(0, 1, 1)), []);
    let due = run.core.next_deadline().unwrap();
    assert!((500..=1_000).contains(&due.0), "{due:?}");
    assert_eq!(started(&run.at(due.0 - 1, Event::Woken)), []);
    assert_eq!(started(&run.at(due.0, Event::Woken)), [(0, 2)]);
    run.runs(0, 2);
    assert_eq!(
        settled(&run.ends(0, 2, 1)),
        [("a".to_owned(), Outcome::Failed)]
    );
}

#[test]
fn events_of_an_earlier_attempt_are_refused() {
    let (mut run, _) = begin(vec![spec("a", &[])], limits());
    run.runs(0, 1);
    run.ends(0, 1, 1);
    let due = run.core.next_deadline().unwrap().0;
    run.at(due, Event::Woken);
    run.runs(0, 2);
    assert_eq!(run.ends(0, 1, 0), []);
    assert_eq!(run.says(0, 1, Said::Done("late".to_owned())), []);
}

#[test]
fn a_task_that_stops_the_run_lets_nothing_new_start() {
    let specs = vec![
        Spec {
            stops_run: true,
            ..spec("a", &[])
        },
        spec("b", &[]),
        spec("c", &[1]),
    ];
    let (mut run, _) = begin(
        specs,
        Limits {
            retries: 0,
            jobs: 2,
            ..limits()
        },
    );
    run.runs(0, 1);
    run.runs(1, 1);
    let actions = run.ends(0, 1, 1);
    assert_eq!(
        settled(&actions),
        [
            ("a".to_owned(), Outcome::Failed),
            ("c".to_owned(), Outcome::Skipped)
        ]
    );
    assert_eq!(
        settled(&run.ends(1, 1, 0)),
        [("b".to_owned(), Outcome::Succeeded)]
    );
}
