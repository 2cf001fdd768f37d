use super::*;
use crate::profiles::Runners;
use crate::worktrees::{Bounds, Order};

fn graph(document: serde_json::Value) -> Result<Graph, Failure> {
    let text = document.to_string();
    let schedule: Schedule = serde_json::from_str(&text).unwrap();
    let mut plan: Plan = serde_json::from_str(schedule.plan.get()).unwrap();
    select(&mut plan, &schedule);
    let candidates = Candidates {
        of_task: vec![[].into(); plan.tasks.len()],
        routes: Vec::new(),
    };
    let bounds = vec![Bounds::Nothing; plan.tasks.len()];
    let rules = Rules {
        bounds: &bounds,
        candidates,
        fix_limit: None,
        merges: Merges {
            worktrees: &Worktrees::default(),
            order: Order::Completion,
            resolves: true,
            runners: &Runners::default(),
        },
    };
    build(&schedule, &plan, rules)
}

fn schedule_of(plan: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"kind": "schedule", "version": 1, "plan": plan})
}

#[test]
fn a_schedule_without_lanes_gets_one_per_folder() {
    let graph = graph(schedule_of(serde_json::json!({
        "planId": "p", "projects": [{"name": "a", "path": "./same"}, {"name": "b", "path": "./same"}, {"name": "c"}],
        "tasks": [
            {"id": "t1", "project": "a", "title": "x"}, {"id": "t2", "project": "b", "title": "x"},
            {"id": "t3", "project": "c", "title": "x"},
            {"id": "t4", "project": "c", "title": "x", "isolation": "worktree"}]})))
    .unwrap();
    let lanes: Vec<_> = graph.specs.iter().map(|spec| spec.lanes.clone()).collect();
    assert_eq!(lanes, [vec![0], vec![0], vec![1], vec![1]]);
}

#[test]
fn a_task_that_left_its_lane_for_a_worktree_shares_the_folder_all_the_same() {
    let mut document = schedule_of(serde_json::json!({
        "planId": "p", "projects": [{"name": "a"}, {"name": "b"}],
        "tasks": [
            {"id": "t1", "project": "a", "title": "x"},
            {"id": "t2", "project": "a", "title": "x", "isolation": "worktree"},
            {"id": "t3", "project": "b", "title": "x"}]}));
    document["lanes"] =
        serde_json::json!([{"name": "a", "tasks": ["t1"]}, {"name": "b", "tasks": ["t3"]}]);
    let graph = graph(document).unwrap();
    assert!(
        graph.specs[0]
            .lanes
            .iter()
            .any(|lane| graph.specs[1].lanes.contains(lane))
    );
    assert_eq!(graph.specs[2].lanes, [1]);
}

#[test]
fn phases_with_checkpoints_become_stages() {
    let graph = graph(schedule_of(serde_json::json!({
        "planId": "p", "checkpoints": ["p1", "p3"],
        "phases": [{"id": "p1"}, {"id": "p2"}, {"id": "p3"}],
        "tasks": [
            {"id": "t1", "title": "x", "phase": "p1"}, {"id": "t2", "title": "x", "phase": "p2"},
            {"id": "t3", "title": "x", "phase": "p3"}]})))
    .unwrap();
    assert_eq!(
        graph
            .specs
            .iter()
            .map(|spec| spec.stage)
            .collect::<Vec<_>>(),
        [0, 1, 1]
    );
    // The last checkpoint is one too: the run waits for it before it is finished.
    assert_eq!(
        graph.boundaries,
        [Some("p1".to_owned()), Some("p3".to_owned())]
    );
}

#[test]
fn a_checkpoint_inside_a_group_is_reached_after_the_whole_group() {
    let graph = graph(schedule_of(serde_json::json!({
        "planId": "p", "checkpoints": ["p1"], "parallelGroups": [["p1", "p2"]],
        "phases": [{"id": "p1"}, {"id": "p2"}, {"id": "p3"}],
        "tasks": [
            {"id": "t1", "title": "x", "phase": "p1"}, {"id": "t2", "title": "x", "phase": "p2"},
            {"id": "t3", "title": "x", "phase": "p3"}]})))
    .unwrap();
    assert_eq!(
        graph
            .specs
            .iter()
            .map(|spec| spec.stage)
            .collect::<Vec<_>>(),
        [0, 0, 1]
    );
    assert_eq!(graph.boundaries, [Some("p1".to_owned())]);
}

#[test]
fn a_task_is_never_in_an_earlier_stage_than_what_it_waits_for() {
    let graph = graph(schedule_of(serde_json::json!({
        "planId": "p", "checkpoints": ["p1"], "phases": [{"id": "p1"}, {"id": "p2"}],
        "tasks": [
            {"id": "t1", "title": "x", "phase": "p1", "dependsOn": ["t2"]},
            {"id": "t2", "title": "x", "phase": "p2"}]})))
    .unwrap();
    assert_eq!(
        graph
            .specs
            .iter()
            .map(|spec| spec.stage)
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn waves_are_labels_unless_they_are_barriers() {
    let mut document = schedule_of(serde_json::json!({
        "planId": "p", "tasks": [{"id": "t1", "title": "x"}, {"id": "t2", "title": "x"}]}));
    document["waves"] = serde_json::json!([["t2"], ["t1"]]);
    assert_eq!(graph(document.clone()).unwrap().boundaries, []);
    document["barriers"] = true.into();
    let barriers = graph(document).unwrap();
    assert_eq!(barriers.boundaries, [None]);
    assert_eq!((barriers.specs[0].stage, barriers.specs[1].stage), (1, 0));
}

#[test]
fn tasks_that_the_order_does_not_name_follow_by_id() {
    let mut document = schedule_of(serde_json::json!({
        "planId": "p", "tasks": [{"id": "t10", "title": "x"}, {"id": "t2", "title": "x"}, {"id": "t1", "title": "x"}]}));
    document["order"] = serde_json::json!(["t2", "unknown", "t2"]);
    assert_eq!(graph(document).unwrap().order, [1, 2, 0]);
}

#[test]
fn plans_that_could_never_end_are_refused() {
    for (tasks, says) in [
        (
            r#"[{"id":"a","title":"x","dependsOn":["b"]},{"id":"b","title":"x","dependsOn":["a"]}]"#,
            "cycle",
        ),
        (r#"[{"id":"a","title":"x","dependsOn":["z"]}]"#, "\"z\""),
        (
            r#"[{"id":"a","title":"x"},{"id":"a","title":"x"}]"#,
            "twice",
        ),
        (r#"[{"id":"../a","title":"x"}]"#, "folder"),
    ] {
        let tasks: serde_json::Value = serde_json::from_str(tasks).unwrap();
        let failure = graph(schedule_of(
            serde_json::json!({"planId": "p", "tasks": tasks}),
        ))
        .unwrap_err();
        assert_eq!(failure.exit, schemas::Exit::No);
        assert!(failure.message.contains(says), "{}", failure.message);
    }
}

#[test]
fn the_digest_is_of_what_is_asked_not_of_how_urgent_it_is() {
    let digest = |task: serde_json::Value| {
        let document = schedule_of(serde_json::json!({"planId": "p", "tasks": [task]}));
        graph(document).unwrap().specs[0].digest.clone()
    };
    let one = digest(
        serde_json::json!({"id": "a", "title": "x", "estimatedMinutes": 3, "priority": "P1"}),
    );
    assert_eq!(
        one,
        digest(serde_json::json!({"id": "a", "title": "x", "estimatedMinutes": 9}))
    );
    assert_ne!(one, digest(serde_json::json!({"id": "a", "title": "y"})));
    assert_ne!(
        one,
        digest(serde_json::json!({"id": "a", "title": "x", "gates": ["true"]}))
    );
}

#[test]
fn the_entries_of_a_plan_with_groups_are_stages() {
    let graph = graph(schedule_of(serde_json::json!({
        "planId": "p", "checkpoints": ["p3"], "parallelGroups": [["p2", "p4"]],
        "phases": [{"id": "p1"}, {"id": "p2"}, {"id": "p3"}, {"id": "p4"}],
        "tasks": [
            {"id": "t1", "title": "x", "phase": "p1"}, {"id": "t2", "title": "x", "phase": "p2"},
            {"id": "t3", "title": "x", "phase": "p3"}, {"id": "t4", "title": "x", "phase": "p4"}]})))
    .unwrap();
    let stages: Vec<_> = graph.specs.iter().map(|spec| spec.stage).collect();
    assert_eq!(stages, [0, 1, 2, 1]);
    assert_eq!(graph.boundaries[..2], [None, None]);
    assert_eq!(graph.boundaries[2].as_deref(), Some("p3"));
}

#[test]
fn a_schedule_of_a_part_runs_that_part_and_waits_for_nothing_else() {
    let plan = serde_json::json!({
        "planId": "p",
        "tasks": [
            {"id": "t1", "title": "x"}, {"id": "t2", "title": "x", "dependsOn": ["t1"]},
            {"id": "t3", "title": "x", "dependsOn": ["t2"]}, {"id": "t4", "title": "x", "dependsOn": ["t2"]}]});
    let mut document = schedule_of(plan);
    document["partial"] = true.into();
    document["order"] = serde_json::json!(["t1", "t3"]);
    document["tasks"] = serde_json::json!({"t3": {"dependsOn": ["t1"]}});
    let part = graph(document.clone()).unwrap();
    let specs: Vec<_> = part
        .specs
        .iter()
        .map(|spec| (spec.id.as_str(), spec.deps.clone()))
        .collect();
    assert_eq!(specs, [("t1", vec![]), ("t3", vec![0])]);
    // Not another task for that: what was paid for is not paid again when the whole plan runs.
    document["partial"] = false.into();
    let whole = graph(document).unwrap();
    assert_eq!(part.specs[1].digest, whole.specs[2].digest);
}
