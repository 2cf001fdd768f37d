//! How an attempt ends, and what that comes to.

use super::*;

#[test]
fn what_counts_as_done() {
    let (done, question) = (Said::Done("x".to_owned()), Said::Question("?".to_owned()));
    let error = Said::Error("x".to_owned());
    let cases: &[(DoneRule, &[&Said], i32, AttemptResult)] = &[
        (DoneRule::Exit, &[], 0, AttemptResult::Done),
        (DoneRule::Exit, &[&done], 1, AttemptResult::Failed),
        (DoneRule::Exit, &[&error], 0, AttemptResult::Error),
        (DoneRule::Exit, &[&question], 0, AttemptResult::Question),
        (DoneRule::Marker, &[&done], 1, AttemptResult::Done),
        (DoneRule::Marker, &[], 0, AttemptResult::NoResult),
        (DoneRule::Both, &[], 0, AttemptResult::NoResult),
        (DoneRule::Both, &[&done], 1, AttemptResult::Failed),
        (DoneRule::Both, &[&done], 0, AttemptResult::Done),
        (DoneRule::Both, &[&question, &done], 0, AttemptResult::Done),
        (
            DoneRule::Both,
            &[&done, &question],
            0,
            AttemptResult::Question,
        ),
        (DoneRule::Both, &[&done, &error], 0, AttemptResult::Error),
    ];
    for (rule, said, code, expected) in cases {
        let (mut run, _) = begin(
            vec![Spec {
                candidates: vec![candidate(*rule)].into(),
                ..spec("a", &[])
            }],
            limits(),
        );
        run.runs(0, 1);
        for said in *said {
            run.says(0, 1, (*said).clone());
        }
        assert_eq!(
            result(&run.ends(0, 1, *code)),
            Some(*expected),
            "{rule:?} {said:?} {code}"
        );
    }
}

#[test]
fn a_signal_that_was_not_ours_is_no_success() {
    let (mut run, _) = begin(vec![spec("a", &[])], limits());
    run.runs(0, 1);
    let attempt = Attempt { task: 0, number: 1 };
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
    assert_eq!(result(&actions), Some(AttemptResult::Failed));
}

#[test]
fn an_agent_that_has_reported_and_does_not_exit_is_ended_and_its_result_counts() {
    let (mut run, _) = begin(
        vec![Spec {
            candidates: vec![candidate(DoneRule::Both)].into(),
            ..spec("a", &[])
        }],
        limits(),
    );
    run.runs(0, 1);
    run.says(0, 1, Said::Done("all".to_owned()));
    let attempt = Attempt { task: 0, number: 1 };
    assert_eq!(run.at(9_999, Event::Woken), []);
    assert_eq!(run.at(10_000, Event::Woken), [Action::Terminate(attempt)]);
    assert_eq!(run.at(15_000, Event::Woken), [Action::Kill(attempt)]);
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
    assert_eq!(settled(&actions), [("a".to_owned(), Outcome::Succeeded)]);
}

#[test]
fn silence_stops_an_attempt_but_not_while_a_question_is_open() {
    let (mut run, _) = begin(
        vec![spec("a", &[])],
        Limits {
            question_grace: 600_000,
            ..limits()
        },
    );
    run.runs(0, 1);
    let attempt = Attempt { task: 0, number: 1 };
    run.at(50_000, Event::Printed { attempt });
    assert_eq!(run.at(60_000, Event::Woken), [], "it spoke ten seconds ago");
    run.says(0, 1, Said::Question("?".to_owned()));
    assert_eq!(run.at(200_000, Event::Woken), [], "it waits for us");
    run.then(Event::Control(Control::Answer {
        task: 0,
        text: "so".to_owned(),
    }));
    let actions = run.at(260_000, Event::Woken);
    assert!(actions.contains(&Action::Terminate(attempt)), "{actions:?}");
}
