//! Questions, gates, approvals, checkpoints, interrupts.

use schemas::{Body, Outcome, VerdictWord};

use super::{begin, begin_from, limits, settled, spec, started};
use crate::core::resume::{Begun, Stands};
use crate::core::{Action, Attempt, Control, End, Event, Initial, Launch, Limits, Said, Spec};

#[test]
fn a_question_waits_without_a_slot_and_the_rest_goes_on() {
    let (mut run, actions) = begin(
        vec![spec("a", &[]), spec("b", &[])],
        Limits {
            jobs: 1,
            ..limits()
        },
    );
    assert_eq!(started(&actions), [(0, 1)]);
    run.runs(0, 1);
    run.says(0, 1, Said::Question("tabs?".to_owned()));
    assert_eq!(started(&run.ends(0, 1, 0)), [(1, 1)]);
    run.runs(1, 1);
    let actions = run.ends(1, 1, 0);
    let paused = Body::RunPaused {
        reason: "question".to_owned(),
        waiting: vec!["a".to_owned()],
    };
    assert!(actions.contains(&Action::Record(paused)));
    assert_eq!(actions.last(), Some(&Action::Finish(End::Waiting)));
}

#[test]
fn an_answer_while_others_run_starts_the_next_attempt_and_spends_no_retry() {
    let (mut run, _) = begin(
        vec![spec("a", &[]), spec("b", &[])],
        Limits {
            retries: 0,
            ..limits()
        },
    );
    run.runs(0, 1);
    run.runs(1, 1);
    run.says(0, 1, Said::Question("tabs?".to_owned()));
    run.ends(0, 1, 0);
    let actions = run.then(Event::Control(Control::Answer {
        task: 0,
        text: "tabs".to_owned(),
    }));
    assert_eq!(started(&actions), [(0, 2)]);
}

#[test]
fn gates_that_fail_ask_for_fixes_until_the_limit() {
    let gated = Spec {
        has_gates: true,
        fix_limit: 1,
        ..spec("a", &[])
    };
    let (mut run, _) = begin(vec![gated], limits());
    run.runs(0, 1);
    let actions = run.ends(0, 1, 0);
    assert!(actions.contains(&Action::RunGate(Attempt { task: 0, number: 1 })));
    let actions = run.gates(0, 1, VerdictWord::Failed);
    assert_eq!(
        started(&actions),
        [(0, 2)],
        "at once: its findings are fresh"
    );
    run.runs(0, 2);
    run.ends(0, 2, 0);
    let actions = run.gates(0, 2, VerdictWord::Failed);
    assert_eq!(settled(&actions), [("a".to_owned(), Outcome::Failed)]);
}

#[test]
fn gates_that_cannot_run_are_run_again_and_the_work_is_not() {
    let (mut run, _) = begin(
        vec![Spec {
            has_gates: true,
            ..spec("a", &[])
        }],
        limits(),
    );
    run.runs(0, 1);
    run.ends(0, 1, 0);
    let actions = run.gates(0, 1, VerdictWord::Infrastructure);
    assert_eq!(started(&actions), []);
    let due = run.core.next_deadline().unwrap().0;
    let actions = run.at(due, Event::Woken);
    assert!(actions.contains(&Action::RunGate(Attempt { task: 0, number: 1 })));
}

#[test]
fn a_manual_gate_waits_for_approval() {
    let (mut run, _) = begin(
        vec![
            Spec {
                has_gates: true,
                ..spec("a", &[])
            },
            spec("b", &[]),
        ],
        limits(),
    );
    run.runs(0, 1);
    run.runs(1, 1);
    run.ends(0, 1, 0);
    assert_eq!(settled(&run.gates(0, 1, VerdictWord::Manual)), []);
    let actions = run.then(Event::Control(Control::Approve { id: "a".to_owned() }));
    assert_eq!(settled(&actions), [("a".to_owned(), Outcome::Succeeded)]);
}

#[test]
fn a_checkpoint_holds_the_next_stage_until_it_is_approved() {
    let specs = vec![
        spec("a", &[]),
        Spec {
            stage: 1,
            ..spec("b", &[])
        },
    ];
    let (mut run, actions) = begin(specs.clone(), limits());
    assert_eq!(started(&actions), [(0, 1)]);
    run.runs(0, 1);
    let actions = run.ends(0, 1, 0);
    assert!(matches!(
        &actions[..],
        [
            ..,
            Action::Record(Body::RunPaused { .. }),
            Action::Finish(End::Waiting)
        ]
    ));

    let done = Begun {
        stands: Stands::Settled(Outcome::Succeeded),
        attempt: 1,
        ..Begun::default()
    };
    let initial = Initial {
        tasks: vec![done],
        approved: vec!["cp0".to_owned()],
        ..Initial::default()
    };
    let (_, actions) = begin_from(specs, limits(), initial);
    assert_eq!(started(&actions), [(1, 1)]);
}

#[test]
fn a_delay_goes_on_over_a_restart_while_a_dependency_is_done_again() {
    let specs = vec![spec("a", &[]), spec("b", &[0])];
    let delayed = Begun {
        attempt: 1,
        delay: 5_000,
        ..Begun::default()
    };
    let initial = Initial {
        tasks: vec![Begun::default(), delayed],
        ..Initial::default()
    };
    let (mut run, actions) = begin_from(specs, limits(), initial);
    assert_eq!(started(&actions), [(0, 1)]);
    run.runs(0, 1);
    assert_eq!(started(&run.ends(0, 1, 0)), []);
    assert_eq!(started(&run.at(5_000, Event::Woken)), [(1, 2)]);
}

#[test]
fn the_first_interrupt_is_gentle_the_second_is_not() {
    let (mut run, _) = begin(vec![spec("a", &[]), spec("b", &[0])], limits());
    run.runs(0, 1);
    let attempt = Attempt { task: 0, number: 1 };
    assert_eq!(
        run.at(100, Event::Interrupted),
        [Action::Terminate(attempt)]
    );
    assert_eq!(run.at(200, Event::Interrupted), [Action::Kill(attempt)]);
    run.then(Event::Exited {
        attempt,
        code: None,
        signal: Some(9),
    });
    let actions = run.then(Event::Gone {
        attempt,
        leaked: false,
        files: Vec::new(),
    });
    assert_eq!(settled(&actions), [], "it goes on another day");
    assert_eq!(actions.last(), Some(&Action::Finish(End::Interrupted)));
}

#[test]
fn an_attempt_that_is_stopped_while_it_starts_is_stopped_when_it_has_started() {
    let (mut run, _) = begin(vec![spec("a", &[])], limits());
    let attempt = Attempt { task: 0, number: 1 };
    let asked = run.then(Event::Interrupted);
    assert_eq!(
        asked,
        [Action::Terminate(attempt)],
        "it may wait for a token"
    );
    let actions = run.then(Event::Started {
        attempt,
        launch: Launch::default(),
    });
    assert_eq!(actions.last(), Some(&Action::Terminate(attempt)));
}

#[test]
fn the_second_interrupt_is_for_what_is_being_started_too() {
    let (mut run, _) = begin(vec![spec("a", &[])], limits());
    let attempt = Attempt { task: 0, number: 1 };
    run.then(Event::Interrupted);
    run.then(Event::Interrupted);
    let actions = run.then(Event::Started {
        attempt,
        launch: Launch::default(),
    });
    assert_eq!(actions.last(), Some(&Action::Kill(attempt)));
}

#[test]
fn a_task_that_a_person_skips_holds_nobody_up() {
    let (mut run, _) = begin(vec![spec("a", &[]), spec("b", &[0])], limits());
    run.runs(0, 1);
    let actions = run.then(Event::Control(Control::Skip { task: 0 }));
    assert!(settled(&actions).is_empty(), "it must end first");
    let actions = run.ends(0, 1, 0);
    assert_eq!(settled(&actions), [("a".to_owned(), Outcome::Skipped)]);
    assert_eq!(started(&actions), [(1, 1)]);
}
