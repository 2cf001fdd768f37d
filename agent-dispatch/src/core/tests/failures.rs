//! What follows from a failure: holds, other ways, sessions taken up, budgets, silence.

use schemas::stream::ErrorClass;
use schemas::{FailureClass, StallStep, Usage};

use super::*;
use crate::core::{Reported, Trouble};

const FIRST: Attempt = Attempt { task: 0, number: 1 };

/// An agent on the first route, with a session to take up.
fn agent(route: usize) -> Candidate {
    Candidate {
        name: format!("agent{route}"),
        route: Some(route),
        follows_up: true,
        steer: Steer::Restart,
        ..candidate(DoneRule::Both)
    }
}

fn by(id: &str, candidates: Vec<Candidate>) -> Spec {
    Spec {
        candidates: candidates.into(),
        ..spec(id, &[])
    }
}

impl Run {
    fn session(&mut self, task: usize, number: u32, session: &str) {
        let (attempt, session) = (Attempt { task, number }, session.to_owned());
        self.then(Event::Session { attempt, session });
    }

    /// The attempt runs and ends with this error of its program.
    fn meets(
        &mut self,
        task: usize,
        number: u32,
        class: ErrorClass,
        reset: Option<u64>,
    ) -> Vec<Action> {
        let attempt = Attempt { task, number };
        self.runs(task, number);
        let error = Trouble {
            class,
            message: "so it says".to_owned(),
            reset,
        };
        let report = Box::new(Reported {
            error: Some(error),
            ..Reported::default()
        });
        self.then(Event::Reported { attempt, report });
        self.ends(task, number, 1)
    }
}

fn started(actions: &[Action]) -> Vec<(usize, usize, Option<&str>)> {
    let start = |action: &'_ Action| match action {
        Action::Start { attempt, .. } => Some(attempt.task),
        _ => None,
    };
    let tasks = actions.iter().filter_map(start);
    let how = actions.iter().filter_map(|action| match action {
        Action::Start {
            choice, session, ..
        } => Some((*choice, session.as_deref())),
        _ => None,
    });
    tasks
        .zip(how)
        .map(|(task, (choice, session))| (task, choice, session))
        .collect()
}

fn records<'a>(actions: &'a [Action], kind: &str) -> Vec<&'a Body> {
    let bodies = actions.iter().filter_map(|action| match action {
        Action::Record(body) => Some(body),
        _ => None,
    });
    bodies.filter(|body| body.kind() == kind).collect()
}

#[test]
fn a_quota_holds_its_route_until_the_stated_time_and_spends_no_retry() {
    let specs = vec![
        by("t1", vec![agent(0)]),
        by("t2", vec![agent(0)]),
        by("t3", vec![agent(1)]),
    ];
    let jobs = Limits {
        jobs: 1,
        retries: 0,
        ..limits()
    };
    let (mut run, _) = begin(specs, jobs);
    run.session(0, 1, "s1");
    let actions = run.meets(0, 1, ErrorClass::Quota, Some(5_000));
    assert_eq!(records(&actions, "quota-hold").len(), 1);
    assert!(records(&actions, "attempt-retrying").is_empty());
    // The other route goes on; nobody starts on the held one.
    assert_eq!(started(&actions), [(2, 0, None)]);
    run.runs(2, 1);
    run.says(2, 1, Said::Done(String::new()));
    let actions = run.ends(2, 1, 0);
    assert!(started(&actions).is_empty());
    assert_eq!(run.core.next_deadline(), Some(Time(5_000)));
    let actions = run.at(5_000, Event::Woken);
    assert_eq!(records(&actions, "quota-released").len(), 1);
    assert_eq!(started(&actions).len(), 1);
}

#[test]
fn a_route_that_needs_a_person_stops_at_once_and_the_run_waits() {
    let (mut run, _) = begin(vec![by("t1", vec![agent(0)])], limits());
    let actions = run.meets(0, 1, ErrorClass::Auth, None);
    let Some(Body::QuotaHold { until, class, .. }) = records(&actions, "quota-hold").pop() else {
        panic!("{actions:?}");
    };
    assert_eq!((until, *class), (&None, Some(FailureClass::Auth)));
    let Some(Body::RunPaused { reason, waiting }) = records(&actions, "run-paused").pop() else {
        panic!("{actions:?}");
    };
    assert_eq!(
        (reason.as_str(), waiting.as_slice()),
        ("route", &["a/m".to_owned()][..])
    );
    assert!(actions.contains(&Action::Finish(End::Waiting)));
}

#[test]
fn a_held_route_sends_a_task_to_its_fallback() {
    let specs = vec![by("t1", vec![agent(0), agent(1)])];
    let (mut run, _) = begin(specs, limits());
    run.session(0, 1, "s1");
    let actions = run.meets(0, 1, ErrorClass::Billing, None);
    // Another agent cannot take the session up.
    assert_eq!(started(&actions), [(0, 1, None)]);
}

#[test]
fn the_same_failure_twice_asks_for_another_way_and_then_for_a_person() {
    let specs = vec![by("t1", vec![agent(0), agent(1)])];
    let many = Limits {
        retries: 9,
        ..limits()
    };
    let (mut run, _) = begin(specs, many);
    let mut actions = Vec::new();
    for number in 1..=3 {
        run.runs(0, number);
        run.session(0, number, "s");
        run.ends(0, number, 7);
        let later = run.now.0 + 60_000;
        actions = run.at(later, Event::Woken);
        match number {
            1 => assert_eq!(started(&actions), [(0, 0, Some("s"))]),
            2 => assert_eq!(started(&actions), [(0, 1, None)]),
            _ => {}
        }
    }
    assert!(started(&actions).is_empty());
    assert_eq!(run.core.tasks[0].retries, 2);
}

#[test]
fn fixes_that_go_in_circles_end_before_their_limit() {
    let spec = Spec {
        has_gates: true,
        fix_limit: 5,
        ..by("t1", vec![agent(0)])
    };
    let (mut run, _) = begin(vec![spec], limits());
    let mut last = Vec::new();
    for (number, found) in (1..).zip(["x", "y", "x", "y"]) {
        run.runs(0, number);
        run.session(0, number, "s");
        run.says(0, number, Said::Done(String::new()));
        run.ends(0, number, 0);
        let answer = GateAnswer {
            class: Some(FailureClass::Test),
            fingerprint: Some(found.to_owned()),
            verdict: VerdictWord::Failed,
            reason: Some(found.to_owned()),
            findings: FindingCounts::default(),
            verdict_file: None,
        };
        let attempt = Attempt { task: 0, number };
        last = run.then(Event::GateFinished { attempt, answer });
        let session = match number {
            1 | 2 => Some("s"),
            _ => None,
        };
        if number < 4 {
            assert_eq!(started(&last), [(0, 0, session)], "after {number}");
        }
    }
    let Some(Body::TaskSettled { reason, .. }) = records(&last, "task-settled").pop() else {
        panic!("{last:?}");
    };
    assert!(
        reason
            .as_ref()
            .is_some_and(|reason| reason.contains("circles"))
    );
}

#[test]
fn a_message_restarts_an_agent_in_its_session() {
    let (mut run, _) = begin(vec![by("t1", vec![agent(0)])], limits());
    run.runs(0, 1);
    run.session(0, 1, "s1");
    let text = "whole cents".to_owned();
    let actions = run.then(Event::Control(Control::Steer { task: 0, text }));
    assert!(actions.contains(&Action::Terminate(FIRST)));
    let actions = run.ends(0, 1, 0);
    assert!(records(&actions, "attempt-retrying").is_empty());
    assert_eq!(started(&actions), [(0, 0, Some("s1"))]);
}

#[test]
fn a_session_that_is_not_there_is_left_without_a_retry() {
    let none = Limits {
        retries: 0,
        ..limits()
    };
    let (mut run, _) = begin(vec![by("t1", vec![agent(0)])], none);
    run.session(0, 1, "s1");
    run.meets(0, 1, ErrorClass::External, None);
    let actions = run.at(60_000, Event::Woken);
    assert_eq!(started(&actions), [(0, 0, Some("s1"))]);
    let actions = run.meets(0, 2, ErrorClass::Session, None);
    assert_eq!(started(&actions), [(0, 0, None)]);
}

#[test]
fn nothing_starts_when_the_budget_is_spent_and_unknown_cost_counts_by_tokens() {
    let specs = vec![by("t1", vec![agent(0)]), by("t2", vec![agent(0)])];
    let tight = Limits {
        jobs: 1,
        max_cost_usd: Some(1.0),
        ..limits()
    };
    let (mut run, _) = begin(specs, tight);
    run.runs(0, 1);
    run.says(0, 1, Said::Done(String::new()));
    let tokens = Usage {
        input: Some(99_000),
        output: Some(1_000),
        cached: None,
    };
    let report = Box::new(Reported {
        tokens: Some(tokens),
        ..Reported::default()
    });
    run.then(Event::Reported {
        attempt: FIRST,
        report,
    });
    let actions = run.ends(0, 1, 0);
    assert!(started(&actions).is_empty());
    assert_eq!(records(&actions, "budget-exceeded").len(), 1);
    let Some(Body::AttemptFinished {
        cost_usd,
        estimated_usd,
        ..
    }) = records(&actions, "attempt-finished").pop()
    else {
        panic!("{actions:?}");
    };
    assert_eq!(*cost_usd, None);
    assert!(estimated_usd.is_some_and(|usd| (usd - 1.0).abs() < 1e-9));
    assert!(actions.contains(&Action::Finish(End::Waiting)));
}

fn steps(actions: &[Action]) -> Vec<StallStep> {
    let stalled = records(actions, "attempt-stalled").into_iter();
    stalled
        .filter_map(|body| match body {
            Body::AttemptStalled { step, .. } => Some(*step),
            _ => None,
        })
        .collect()
}

#[test]
fn silence_is_told_before_it_is_ended_and_an_open_tool_has_more_time() {
    let pace = Pace {
        warn: Some(1_000),
        stall: Some(2_000),
        tool: Some(10_000),
        ..Pace::default()
    };
    let patient = Candidate { pace, ..agent(0) };
    let (mut run, _) = begin(vec![by("t1", vec![patient])], limits());
    run.runs(0, 1);
    assert_eq!(steps(&run.at(1_000, Event::Woken)), [StallStep::Warned]);
    run.at(1_500, Event::Alive { attempt: FIRST });
    assert_eq!(steps(&run.at(2_600, Event::Woken)), [StallStep::Warned]);
    let tool = Some("Bash".to_owned());
    run.at(
        3_000,
        Event::AtTool {
            attempt: FIRST,
            tool,
        },
    );
    run.at(9_000, Event::Woken);
    assert!(steps(&run.at(12_999, Event::Woken)).is_empty());
    assert_eq!(steps(&run.at(13_000, Event::Woken)), [StallStep::Stopped]);
}

#[test]
fn one_that_answers_a_nudge_and_goes_on_in_silence_is_stopped() {
    let pace = Pace {
        stall: Some(4_000),
        ..Pace::default()
    };
    let steer = Steer::Live;
    let alive = Candidate {
        pace,
        steer,
        ..agent(0)
    };
    let (mut run, _) = begin(vec![by("t1", vec![alive])], limits());
    run.runs(0, 1);
    assert_eq!(steps(&run.at(3_000, Event::Woken)), [StallStep::Nudged]);
    run.at(3_100, Event::Printed { attempt: FIRST });
    assert!(steps(&run.at(6_200, Event::Woken)).is_empty());
    assert_eq!(steps(&run.at(7_100, Event::Woken)), [StallStep::Stopped]);
}
