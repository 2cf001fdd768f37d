//! What a plan or a schedule adds to a report: the order, what depends on what, what stands beside what.

use std::collections::HashMap;
use std::path::Path;

use schemas::{Failure, document};
use serde_json::Value;

/// As much of a plan as a report needs; empty when none was given.
#[derive(Debug, Default)]
pub(super) struct PlanView {
    pub(super) summary: Option<String>,
    pub(super) created_at: Option<String>,
    /// The plan's execution order, or the waves of its schedule.
    pub(super) groups: Vec<Vec<String>>,
    pub(super) depends_on: HashMap<String, Vec<String>>,
    /// Phases that run side by side.
    pub(super) parallel: Vec<Vec<String>>,
    /// Fixes that a task may have, where the plan says so.
    pub(super) fix_limit: Option<u32>,
}

impl PlanView {
    /// Reads a plan, or a schedule, which holds its plan.
    pub(super) fn read(file: Option<&Path>) -> Result<PlanView, Failure> {
        let Some(file) = file else {
            return Ok(PlanView::default());
        };
        let value: Value = document::read(Some(file))?.parse("a plan or a schedule")?;
        let plan = value
            .get("plan")
            .filter(|plan| plan.is_object())
            .unwrap_or(&value);
        let text = |name: &str| plan.get(name).and_then(Value::as_str).map(str::to_owned);
        let order = groups(plan.get("executionOrder"));
        let mut depends_on = HashMap::new();
        for task in plan
            .get("tasks")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if let Some(id) = task.get("id").and_then(Value::as_str) {
                depends_on.insert(id.to_owned(), ids(task.get("dependsOn")));
            }
        }
        Ok(PlanView {
            summary: text("summary"),
            created_at: text("createdAt"),
            groups: if order.is_empty() {
                groups(value.get("waves"))
            } else {
                order
            },
            depends_on,
            parallel: groups(plan.get("parallelGroups")),
            fix_limit: plan
                .pointer("/limits/fixLimit")
                .and_then(Value::as_u64)
                .and_then(|limit| u32::try_from(limit).ok()),
        })
    }
}

fn groups(value: Option<&Value>) -> Vec<Vec<String>> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.map(|group| ids(Some(group))).collect()
}

fn ids(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}
