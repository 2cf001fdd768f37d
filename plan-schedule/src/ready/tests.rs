use std::time::{Duration, SystemTime};

use schemas::document::Input;
use serde_json::{Value, json};

use crate::minutes::Table;
use crate::network::Network;
use crate::schedule::Options;
use crate::view::PlanView;

use super::*;

fn ready(plan: &Value, options: Options, state: &Value) -> Value {
    let input = Input {
        name: "plan.json".to_owned(),
        text: plan.to_string(),
    };
    let mut state = state.clone();
    state["kind"] = json!("state");
    state["version"] = json!(1);
    if state["status"].is_null() {
        state["status"] = json!("in_progress");
    }
    let state: State = serde_json::from_value(state).unwrap();
    let plan = PlanView::read(&input).unwrap();
    let network = Network::new(&plan, &input.name, &Table::default()).unwrap();
    let schedule = Schedule::new(&network, options).unwrap();
    // 2026-01-01
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    serde_json::to_value(Ready::new(&schedule, &state, now)).unwrap()
}

const FIVE: Options = Options {
    slots: 5,
    barriers: false,
};

/// t1 → t2 → t3, and t4 alone.
fn chain() -> Value {
    json!({"planId": "p", "tasks": [
        {"id": "t1", "title": ""},
        {"id": "t2", "title": "", "dependsOn": ["t1"]},
        {"id": "t3", "title": "", "dependsOn": ["t2"]},
        {"id": "t4", "title": ""},
    ]})
}

fn settled(outcome: &str) -> Value {
    json!({"status": "settled", "outcome": outcome})
}

#[test]
fn a_task_is_ready_when_all_before_it_succeeded() {
    let state = json!({"tasks": {"t1": settled("succeeded"), "t4": {"status": "running"}}});
    assert_eq!(
        ready(&chain(), FIVE, &state),
        json!({"kind": "ready", "version": 1, "ready": ["t2"], "waiting": {"t3": "waiting for t2"}, "running": ["t4"], "settled": 1})
    );
}

#[test]
fn a_failure_skips_all_that_follow_and_names_the_first() {
    let state = json!({"tasks": {"t1": settled("failed")}});
    let answer = ready(&chain(), FIVE, &state);
    assert_eq!(answer["ready"], json!(["t4"]));
    let why = "skipped: t1 failed";
    assert_eq!(answer["waiting"], json!({"t2": why, "t3": why}));
    let state = json!({"tasks": {"t2": {"status": "pending", "cancelled": true}}});
    assert_eq!(
        ready(&chain(), FIVE, &state)["waiting"],
        json!({"t2": "skipped: it was cancelled", "t3": "skipped: t2 was cancelled"})
    );
}

#[test]
fn a_task_may_run_for_the_failure_of_another() {
    let plan = json!({"planId": "p", "tasks": [
        {"id": "t1", "title": ""},
        {"id": "cure", "title": "", "dependsOn": ["t1"], "runIf": "failed"},
        {"id": "report", "title": "", "dependsOn": ["t1"], "runIf": "always"},
    ]});
    let ids =
        |outcome| ready(&plan, FIVE, &json!({"tasks": {"t1": settled(outcome)}}))["ready"].clone();
    assert_eq!(ids("failed"), json!(["cure", "report"]));
    assert_eq!(ids("succeeded"), json!(["report"]));
    assert_eq!(ready(&plan, FIVE, &json!({}))["ready"], json!(["t1"]));
}

#[test]
fn lanes_and_slots_are_shared_out_by_urgency() {
    let plan = json!({"planId": "p", "tasks": [
        {"id": "t1", "title": "", "project": "front"},
        {"id": "t2", "title": "", "project": "front", "priority": "P0"},
        {"id": "t3", "title": "", "project": "back"},
        {"id": "t4", "title": "", "project": "docs"},
    ]});
    let slots = Options { slots: 2, ..FIVE };
    let answer = ready(&plan, slots, &json!({}));
    assert_eq!(answer["ready"], json!(["t2", "t3"]));
    assert_eq!(
        answer["waiting"],
        json!({"t1": "lane front busy with t2", "t4": "no free slot"})
    );
    let state = json!({"tasks": {"t1": {"status": "gating"}}});
    assert_eq!(ready(&plan, slots, &state)["ready"], json!(["t3"]));
}

#[test]
fn a_checkpoint_waits_for_its_phase_and_for_a_person() {
    let plan = json!({"planId": "p", "checkpoints": ["planning"],
    "phases": [{"id": "planning"}, {"id": "building"}],
    "tasks": [
        {"id": "t1", "title": "", "phase": "planning"},
        {"id": "t2", "title": "", "phase": "building"},
    ]});
    let reason = |state: Value| ready(&plan, FIVE, &state)["waiting"]["t2"].clone();
    assert_eq!(reason(json!({})), "waiting for phase planning");
    let tasks = json!({"t1": settled("succeeded")});
    assert_eq!(
        reason(json!({"tasks": tasks})),
        "checkpoint planning pending"
    );
    let checkpoint = json!({"id": "planning", "type": "phase", "rejected": "too vague"});
    let rejected = json!({"tasks": tasks, "status": "revision_needed", "checkpoint": checkpoint});
    assert_eq!(reason(rejected), "checkpoint planning rejected");
    let approved = json!({"tasks": tasks, "approved": ["planning"]});
    assert_eq!(ready(&plan, FIVE, &approved)["ready"], json!(["t2"]));
}

#[test]
fn waves_hold_back_when_they_are_barriers() {
    let state = json!({"tasks": {"t1": settled("succeeded")}});
    let barriers = Options {
        barriers: true,
        ..FIVE
    };
    let answer = ready(&chain(), barriers, &state);
    assert_eq!(answer["ready"], json!(["t4"]));
    assert_eq!(answer["waiting"]["t2"], "waiting for wave 0");
}

#[test]
fn people_hold_a_run() {
    let reason = |state: Value| ready(&chain(), FIVE, &state)["waiting"]["t1"].clone();
    assert_eq!(reason(json!({"held": true})), "the run is held");
    assert_eq!(reason(json!({"cancelled": true})), "the run is cancelled");
    assert_eq!(reason(json!({"status": "blocked"})), "the run is blocked");
    let asked = json!({
        "tasks": {"t1": {"status": "waiting"}},
        "questions": [{"task": "t1", "text": "Which?"}],
    });
    assert_eq!(reason(asked), "waiting for an answer");
    let approval = json!({"tasks": {"t1": {"status": "waiting"}}});
    assert_eq!(reason(approval), "waiting for approval");
    let later =
        json!({"tasks": {"t1": {"status": "pending", "notBefore": "2026-01-01T00:00:10.000Z"}}});
    assert_eq!(reason(later), "put off until 2026-01-01T00:00:10.000Z");
    let earlier =
        json!({"tasks": {"t1": {"status": "pending", "notBefore": "2025-12-31T23:59:59.000Z"}}});
    assert_eq!(reason(earlier), Value::Null);
}

#[test]
fn a_failure_that_stops_the_run_lets_nothing_start() {
    let mut plan = chain();
    plan["tasks"][3]["onFailure"] = json!("stop");
    let state = json!({"tasks": {"t4": settled("failed")}});
    assert_eq!(
        ready(&plan, FIVE, &state)["waiting"]["t1"],
        "stopped: t4 failed"
    );
}
