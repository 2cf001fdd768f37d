use schemas::{Record, TaskLabel, Verification};

use super::*;

fn label(id: &str) -> TaskLabel {
    TaskLabel {
        id: id.to_owned(),
        title: String::new(),
        project: None,
        phase: None,
    }
}

/// The state after these records, of a run with the tasks t1 to t3.
fn after(bodies: &[Body]) -> State {
    let started = Body::RunStarted {
        plan_id: "p".to_owned(),
        summary: None,
        seed: 1,
        mark: "m".to_owned(),
        pid: 1,
        jobs: 1,
        containment: "group".to_owned(),
        tasks: ["t1", "t2", "t3"].map(label).to_vec(),
        agents: Vec::new(),
    };
    let mut state = State::default();
    for (seq, body) in (1..).zip(std::iter::once(&started).chain(bodies)) {
        state.apply(&Record {
            seq,
            time: "2026-01-01T00:00:00.000Z".to_owned(),
            run: "p".to_owned(),
            source: None,
            body: body.clone(),
        });
    }
    state
}

fn settled(task: &str, outcome: Outcome) -> Body {
    Body::TaskSettled {
        task: task.to_owned(),
        outcome,
        verification: Verification::None,
        attempt: None,
        digest: String::new(),
        reason: None,
        dependency: None,
        summary: None,
        cost_usd: None,
    }
}

fn asked(task: &str) -> Body {
    Body::Question {
        task: task.to_owned(),
        attempt: None,
        text: "which?".to_owned(),
    }
}

fn manual(task: &str) -> Body {
    Body::GateFinished {
        task: task.to_owned(),
        attempt: 1,
        verdict: schemas::VerdictWord::Manual,
        reason: None,
        findings: schemas::FindingCounts::default(),
        verdict_file: None,
        fingerprint: None,
    }
}

fn reached(checkpoint: &str) -> Body {
    Body::CheckpointReached {
        checkpoint: checkpoint.to_owned(),
        reason: None,
    }
}

fn event(name: &str) -> Edit {
    Edit::Apply {
        event: name.to_owned(),
        task: None,
        reason: None,
    }
}

fn approve(what: Option<&str>) -> Edit {
    Edit::Approve {
        what: what.map(str::to_owned),
        note: None,
        digest: None,
    }
}

fn retry(task: &str, force: bool) -> Edit {
    Edit::Retry {
        task: task.to_owned(),
        force,
        reason: None,
    }
}

/// What the refusal says, with its advice.
fn refused(edit: &Edit, state: &State) -> String {
    let failure = edit.decide(state, None).unwrap_err();
    assert_eq!(failure.exit, schemas::Exit::No, "{failure}");
    format!("{} / {}", failure.message, failure.help.unwrap_or_default())
}

#[test]
fn every_transition_of_the_table_is_applied_and_no_other() {
    use RunStatus::{Blocked, Checkpoint, Completed, InProgress, Ready, RevisionNeeded};
    for status in [
        Ready,
        InProgress,
        Checkpoint,
        RevisionNeeded,
        Blocked,
        Completed,
    ] {
        let mut state = after(&[reached("p1")]);
        state.status = status;
        for transition in machine::TRANSITIONS {
            let name = transition.event;
            let edit = Edit::Apply {
                event: name.to_owned(),
                task: None,
                reason: Some("why".to_owned()),
            };
            let decided = edit.decide(&state, Some("me"));
            match (machine::next(status, name), name) {
                (None, _) => assert_eq!(decided.unwrap_err().exit, schemas::Exit::No),
                (Some(_), "approve") => {
                    assert!(matches!(decided, Ok(Body::CheckpointApproved { .. })));
                }
                (Some(_), "reject") => {
                    assert!(matches!(decided, Ok(Body::CheckpointRejected { .. })));
                }
                (Some(next), _) => assert_eq!(
                    decided.unwrap(),
                    Body::StateTransition {
                        event: name.to_owned(),
                        task: None,
                        from: Some(status.as_str().to_owned()),
                        to: Some(next.as_str().to_owned()),
                        by: Some("me".to_owned()),
                        reason: Some("why".to_owned()),
                    }
                ),
            }
        }
    }
}

#[test]
fn an_illegal_event_names_the_legal_ones() {
    let text = refused(&event("resume"), &after(&[]));
    assert!(
        text.starts_with("the run is in_progress: resume is illegal there"),
        "{text}"
    );
    assert!(
        text.contains("manual_checkpoint, error, all_complete"),
        "{text}"
    );
    let text = refused(&event("resme"), &after(&[]));
    assert!(text.contains("did you mean resume?"), "{text}");
}

#[test]
fn the_only_one_that_waits_is_approved_without_a_name() {
    let named = |state: &State, what| match approve(what).decide(state, None) {
        Ok(Body::CheckpointApproved { checkpoint, .. }) => checkpoint,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&after(&[reached("p1")]), None), "p1");
    assert_eq!(named(&after(&[manual("t2")]), None), "t2");
    let both = after(&[manual("t2"), reached("p1")]);
    assert_eq!(named(&both, Some("t2")), "t2");
    assert!(refused(&approve(None), &both).starts_with("p1, t2 wait for an approval"));
    assert!(refused(&approve(Some("t9")), &both).contains("t9 waits for no approval"));
}

#[test]
fn where_nothing_waits_the_refusal_says_what_helps() {
    assert!(refused(&approve(None), &after(&[])).starts_with("nothing waits"));
    let rejected = Body::CheckpointRejected {
        checkpoint: "p1".to_owned(),
        reason: "no".to_owned(),
        by: None,
        category: None,
    };
    let text = refused(&approve(None), &after(&[reached("p1"), rejected]));
    assert!(
        text.contains("p1 was rejected: apply revision_complete"),
        "{text}"
    );
    let paused = Body::RunPaused {
        reason: "question".to_owned(),
        waiting: vec!["t1".to_owned()],
    };
    let text = refused(&approve(None), &after(&[asked("t1"), paused]));
    assert!(text.contains("t1 asked a question: use answer"), "{text}");
}

#[test]
fn only_an_open_question_is_answered() {
    let answer = |task: &str| Edit::Answer {
        task: task.to_owned(),
        text: "blue".to_owned(),
    };
    let state = after(&[asked("t2")]);
    assert!(matches!(
        answer("t2").decide(&state, None),
        Ok(Body::Answer { .. })
    ));
    assert!(refused(&answer("t1"), &state).contains("these have one: t2"));
    assert!(refused(&answer("t22"), &state).contains("did you mean t2?"));
    let settled = after(&[asked("t2"), settled("t2", Outcome::Failed)]);
    assert!(refused(&answer("t2"), &settled).contains("t2 has no open question"));
}

#[test]
fn only_what_is_settled_without_success_is_retried() {
    let state = after(&[
        settled("t1", Outcome::Succeeded),
        settled("t2", Outcome::Skipped),
    ]);
    assert!(retry("t2", false).decide(&state, None).is_ok());
    assert!(refused(&retry("t1", false), &state).contains("--force"));
    assert!(retry("t1", true).decide(&state, None).is_ok());
    assert!(refused(&retry("t3", true), &state).contains("not settled"));
}

#[test]
fn what_is_over_is_not_cancelled() {
    let cancel = |task: Option<&str>| Edit::Apply {
        event: "cancel".to_owned(),
        task: task.map(str::to_owned),
        reason: None,
    };
    let state = after(&[settled("t1", Outcome::Failed)]);
    assert!(refused(&cancel(Some("t1")), &state).starts_with("t1 failed already"));
    assert!(cancel(Some("t2")).decide(&state, None).is_ok());
    assert!(cancel(None).decide(&state, None).is_ok());
    let all = ["t1", "t2", "t3"].map(|id| settled(id, Outcome::Failed));
    assert!(refused(&cancel(None), &after(&all)).contains("every task is settled"));
}

#[test]
fn holds_and_releases_alternate() {
    let held = after(&[event("hold").decide(&after(&[]), None).unwrap()]);
    assert!(held.held);
    assert!(refused(&event("hold"), &held).contains("held already"));
    assert!(event("release").decide(&held, None).is_ok());
    assert!(refused(&event("release"), &after(&[])).contains("not held"));
}

#[test]
fn a_checkpoint_stays_in_sight_when_questions_wait_beside_it() {
    let paused = Body::RunPaused {
        reason: "question".to_owned(),
        waiting: vec!["t1".to_owned()],
    };
    let state = after(&[asked("t1"), reached("p1"), paused]);
    assert_eq!(waiting_for_approval(&state), ["p1"]);
}

#[test]
fn the_last_phase_approved_leaves_no_checkpoint_behind() {
    let state = after(&[reached("p1")]);
    let approved = event("approve_final_phase").decide(&state, None).unwrap();
    let state = after(&[reached("p1"), approved]);
    assert_eq!((state.status, state.checkpoint), (RunStatus::Ready, None));
    assert_eq!(state.approved, ["p1"]);
}

#[test]
fn only_a_held_route_can_be_released_and_only_an_open_task_skipped() {
    let hold = Body::QuotaHold {
        route: "a/m".to_owned(),
        until: None,
        class: None,
        reason: None,
        task: None,
    };
    let state = after(&[hold, settled("t1", Outcome::Succeeded)]);
    let release = |route: &str| Edit::Release {
        route: route.to_owned(),
    };
    let body = release("a/m").decide(&state, Some("me")).unwrap();
    assert_eq!(body.kind(), "quota-released");
    let refused = release("b/m").decide(&state, None).unwrap_err();
    assert!(
        format!("{refused:?}").contains("a/m"),
        "it names what is held"
    );
    let skip = |task: &str| Edit::Apply {
        event: "skip".to_owned(),
        task: Some(task.to_owned()),
        reason: None,
    };
    assert!(skip("t1").decide(&state, None).is_err());
    assert!(skip("t2").decide(&state, None).is_ok());
}
