//! The schema of a large plan, a slice of its tasks at a time.
//!
//! Tasks that say only what the published form has, rightly, are passed over: most are like that, and to see
//! it takes a tenth of the time. A value tree takes up to forty times the size of its text, so a plan of 200 MB is never held as one.
//! The schema looks at each task by itself; slices of tasks may be checked one after another, and side by
//! side. What is not a task is checked together with the first slice.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZero;

use schemas::Problem;
use schemas::schema::Schema;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::examination::WHOLE;

/// Tasks in a slice.
const SLICE: usize = 2048;

/// Everything in which the text of a plan is not of the schema.
pub(crate) fn problems(text: &str, schema: &Schema) -> Vec<Problem> {
    let Ok(Parts {
        rest,
        rest_size,
        tasks,
    }) = serde_json::from_str(text)
    else {
        // Not an object, or its tasks are not a list: the schema says so of a stand-in.
        let stand_in = if text.trim_start().starts_with('{') {
            json!({"tasks": null})
        } else {
            json!([])
        };
        return schema.problems(&stand_in);
    };
    if let Some((index, task)) = tasks
        .iter()
        .enumerate()
        .find(|(_, task)| task.get().len() > WHOLE)
    {
        return vec![too_large(task.get().len(), format!("/tasks/{index}"))];
    }
    if rest_size > 4 * WHOLE {
        return vec![too_large(rest_size, String::new())];
    }
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = tasks.len().div_ceil(threads).max(1);
    let found: Vec<Vec<Problem>> = std::thread::scope(|scope| {
        let share_of = |(number, tasks): (usize, &'_ [&'_ RawValue])| {
            let all = (number * share..).zip(tasks);
            let doubtful: Vec<(usize, &RawValue)> = all
                .filter(|(_, task)| !is_plain(task.get()))
                .map(|(index, task)| (index, *task))
                .collect();
            let mut problems = Vec::new();
            for tasks in doubtful.chunks(SLICE) {
                let of_tasks = check(schema, Map::new(), tasks).into_iter();
                problems.extend(of_tasks.filter(|p| {
                    p.pointer
                        .as_deref()
                        .is_some_and(|at| at.starts_with("/tasks/"))
                }));
            }
            problems
        };
        let shares = tasks.chunks(share).enumerate();
        let running: Vec<_> = shares
            .map(|part| scope.spawn(move || share_of(part)))
            .collect();
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let mut problems = check(schema, rest, &[]);
    problems.extend(found.into_iter().flatten());
    problems
}

/// A task of the published form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PlainTask<'a> {
    id: &'a str,
    project: &'a str,
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(borrow)]
    description: Cow<'a, str>,
    #[serde(default)]
    depends_on: Vec<&'a str>,
    #[serde(default)]
    complexity: Option<&'a str>,
    #[serde(default)]
    estimated_minutes: Option<f64>,
}

/// Whether a task is certainly of the schema. Any doubt is `false`: then the schema decides.
fn is_plain(task: &str) -> bool {
    let Ok(task) = serde_json::from_str::<PlainTask>(task) else {
        return false;
    };
    let ids = task.depends_on.iter().chain([&task.id, &task.project]);
    let has_text = !task.title.is_empty() && !task.description.is_empty();
    let complexity = task
        .complexity
        .is_none_or(|word| matches!(word, "low" | "medium" | "high"));
    let minutes = task.estimated_minutes.is_none_or(|minutes| minutes > 0.0);
    has_text && complexity && minutes && ids.into_iter().all(|id| !id.is_empty())
}

fn too_large(size: usize, at: String) -> Problem {
    Problem::error(
        "too-large",
        format!("{size} bytes in one piece: too much to check"),
    )
    .help("a task may have 8 MiB, and all that is not a task 32 MiB")
    .at(at)
}

/// Checks a plan that has these tasks only, then moves what was found to where the tasks really are.
fn check(
    schema: &Schema,
    mut plan: Map<String, Value>,
    tasks: &[(usize, &RawValue)],
) -> Vec<Problem> {
    let values = tasks
        .iter()
        .map(|(_, task)| serde_json::from_str(task.get()).unwrap_or_default());
    plan.insert("tasks".to_owned(), Value::Array(values.collect()));
    let plan = Value::Object(plan);
    if schema.accepts(&plan) {
        return Vec::new();
    }
    let mut problems = schema.problems(&plan);
    for problem in &mut problems {
        let pointers = problem
            .related
            .iter_mut()
            .map(|related| &mut related.pointer);
        for pointer in pointers.chain([&mut problem.pointer]).flatten() {
            if let Some(moved) = moved(pointer, tasks) {
                *pointer = moved;
            }
        }
    }
    problems
}

fn moved(pointer: &str, tasks: &[(usize, &RawValue)]) -> Option<String> {
    let below = pointer.strip_prefix("/tasks/")?;
    let (index, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
    let (index, _) = tasks.get(index.parse::<usize>().ok()?)?;
    Some(format!("/tasks/{index}{rest}"))
}

/// A plan, its tasks not looked into.
struct Parts<'a> {
    rest: Map<String, Value>,
    rest_size: usize,
    tasks: Vec<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Parts {
            rest: Map::new(),
            rest_size: 0,
            tasks: Vec::new(),
        };
        while let Some(key) = entries.next_key::<String>()? {
            if key == "tasks" {
                parts.tasks = entries.next_value()?;
                continue;
            }
            if parts.rest_size > 4 * WHOLE {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let raw: &RawValue = entries.next_value()?;
            parts.rest_size += raw.get().len();
            if parts.rest_size <= 4 * WHOLE {
                let value = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
                parts.rest.insert(key, value);
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_of_the_schema() {
        let schema = Schema::of("plan").expect("a schema");
        let good = json!({"id": "t1", "project": "p", "title": "T", "description": "D", "dependsOn": ["t0"], "complexity": "low", "estimatedMinutes": 5});
        assert!(is_plain(&good.to_string()));
        let values = [
            json!(null),
            json!(""),
            json!(" "),
            json!("x"),
            json!("low"),
            json!("\u{1}\"ä"),
            json!(0),
            json!(-1),
            json!(1),
            json!(0.5),
            json!(u64::MAX),
            json!(true),
            json!([]),
            json!([""]),
            json!(["x"]),
            json!([1]),
            json!({}),
        ];
        let mut plain = 0;
        for key in [
            "id",
            "project",
            "title",
            "description",
            "dependsOn",
            "complexity",
            "estimatedMinutes",
            "phase",
            "gates",
            "free",
        ] {
            for value in &values {
                let mut task = good.clone();
                task[key] = value.clone();
                if is_plain(&task.to_string()) {
                    plain += 1;
                    let problems = schema.problems(&json!({"planId": "p", "tasks": [task]}));
                    assert_eq!(problems, [], "{key}: {value}");
                }
            }
        }
        assert!(plain > 20, "{plain}");
    }
}
