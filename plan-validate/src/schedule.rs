//! A schedule: the plan in it, and that it names no other tasks than those of its plan.

use std::collections::HashSet;

use schemas::Problem;
use serde_json::Value;

use crate::found::Found;
use crate::levels::Levels;
use crate::outline::{self, Notes};
use crate::rules;
use crate::suggestion::Suggestions;

pub(crate) fn check(schedule: &Value, levels: &Levels) -> Found {
    let mut found = Found::under(levels);
    let Some(plan) = schedule.get("plan") else {
        return found;
    };
    if let Ok(outline) = outline::read(plan, &Notes::default()) {
        let below = |pointer: &mut Option<String>| {
            if let Some(pointer) = pointer {
                pointer.insert_str(0, "/plan");
            }
        };
        for mut problem in rules::check(&outline, levels).problems {
            below(&mut problem.pointer);
            problem
                .related
                .iter_mut()
                .for_each(|related| below(&mut related.pointer));
            found.push(problem);
        }
    }
    let tasks = plan
        .get("tasks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let ids: HashSet<&str> = tasks.filter_map(|task| task.get("id")?.as_str()).collect();
    let mut suggestions = Suggestions::new(ids.iter().copied());
    for (pointer, id) in named(schedule) {
        if !ids.contains(id) {
            found.push(
                Problem::error(
                    "unknown-task",
                    format!("the schedule names `{id}`, which is no task of its plan"),
                )
                .help(suggestions.help(id, "a schedule orders the tasks of its plan and no others"))
                .at(pointer),
            );
        }
    }
    found
}

/// Every id of a task that the schedule names, with its place.
fn named(schedule: &Value) -> Vec<(String, &str)> {
    let mut lists = vec![
        ("/order".to_owned(), schedule.get("order")),
        (
            "/criticalPath/tasks".to_owned(),
            schedule.pointer("/criticalPath/tasks"),
        ),
    ];
    for (index, wave) in schedule
        .get("waves")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        lists.push((format!("/waves/{index}"), Some(wave)));
    }
    for (index, lane) in schedule
        .get("lanes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        lists.push((format!("/lanes/{index}/tasks"), lane.get("tasks")));
    }
    let mut all = Vec::new();
    for (at, list) in lists {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        all.extend(
            list.enumerate()
                .filter_map(|(index, id)| Some((format!("{at}/{index}"), id.as_str()?))),
        );
    }
    all
}
