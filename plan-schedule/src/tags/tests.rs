use schemas::document::Input;
use serde_json::{Value, json};

use super::*;
use crate::minutes::Table;
use crate::view::PlanView;

/// Mode and reason of the only task of a plan with the projects a, b and c, of which b and c are one repository.
fn mode(task: Value, mode: Option<Mode>, has_teams: bool) -> (Option<TaskMode>, String) {
    let mut task = task;
    task["id"] = json!("t1");
    task["title"] = json!("");
    let plan = json!({
        "planId": "p",
        "projects": [{"name": "a"}, {"name": "b", "repo": "r"}, {"name": "c", "repo": "r"}],
        "tasks": [task, {"id": "t0", "title": "", "project": "a"}],
    });
    let input = Input {
        name: "plan.json".to_owned(),
        text: plan.to_string(),
    };
    let plan = PlanView::read(&input).unwrap();
    let network = Network::new(&plan, &input.name, &Table::default()).unwrap();
    let tags = Tags::new(&network, mode, has_teams, vec![true, false]);
    let (mode, why) = tags.mode(1).unzip();
    (mode, why.flatten().unwrap_or_default().into_owned())
}

fn hybrid(task: Value) -> (TaskMode, String) {
    let (mode, why) = mode(task, Some(Mode::Hybrid), true);
    (mode.unwrap(), why)
}

#[test]
fn the_published_matrix_decides_in_hybrid_mode() {
    use TaskMode::{Subagent, Team};
    for (task, mode, reason) in [
        (json!({"project": "a"}), Subagent, "one repository"),
        (
            json!({"project": "a", "sensitive": ["pii"]}),
            Team,
            "touches pii",
        ),
        (
            json!({"project": "a", "sensitive": ["main"]}),
            Subagent,
            "one repository",
        ),
        (
            json!({"project": "a", "sensitive": ["auth"], "readOnly": true}),
            Subagent,
            "only reads",
        ),
        (
            json!({"project": "a", "paths": ["src/a.ts", "../b/api.ts"]}),
            Team,
            "2 repositories",
        ),
        (
            json!({"project": "b", "paths": ["src/a.ts", "../c/api.ts"]}),
            Subagent,
            "one repository",
        ),
        (
            json!({"paths": ["a/x", "b/x", "c/x"]}),
            Team,
            "2 repositories",
        ),
        (
            json!({"project": "a", "dependsOn": ["t0"]}),
            Team,
            "what t0 is making now",
        ),
        (
            json!({"project": "a", "mode": "team"}),
            Team,
            "the plan says so",
        ),
    ] {
        let (found, why) = hybrid(task.clone());
        assert_eq!(found, mode, "{task}");
        assert!(why.contains(reason), "{task}: {why}");
    }
}

#[test]
fn one_mode_for_all_can_be_asked_for() {
    let task = json!({"project": "a", "mode": "team"});
    assert_eq!(
        mode(task.clone(), Some(Mode::Subagents), true).0,
        Some(TaskMode::Subagent)
    );
    assert_eq!(
        mode(json!({}), Some(Mode::Teams), true).0,
        Some(TaskMode::Team)
    );
    assert_eq!(
        mode(task, None, false),
        (Some(TaskMode::Team), String::new())
    );
    assert_eq!(mode(json!({}), None, true).0, None);
}

#[test]
fn without_teams_a_subagent_does_it_and_the_reason_says_so() {
    let (found, why) = mode(json!({"sensitive": ["auth"]}), Some(Mode::Hybrid), false);
    assert_eq!(found, Some(TaskMode::Subagent));
    assert!(
        why.starts_with("teams are off; else team: it touches auth"),
        "{why}"
    );
}
