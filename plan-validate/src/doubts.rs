//! The schema of a large plan, asked only about what is not certainly of it, a slice of the tasks at a time.
//!
//! A value tree takes up to forty times the size of its text, so a plan of 200 MB is never held as one. The schema looks
//! at each task by itself; slices of tasks may be checked one after another, and side by side.

use std::fmt;
use std::num::NonZero;

use schemas::Problem;
use schemas::schema::Schema;
use schemas::source::Source;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::examination::WHOLE;
use crate::outline::Outline;

/// Tasks in a slice.
const SLICE: usize = 2048;

/// Everything in which the text of a plan is not of the schema.
pub(crate) fn problems(source: &Source, outline: &Outline, schema: &Schema) -> Vec<Problem> {
    let text = source.text.as_str();
    let Ok(Parts {
        mut rest,
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
    let start = |task: &RawValue| task.get().as_ptr().addr() - text.as_ptr().addr();
    let span = |task: &&RawValue| start(task)..start(task) + task.get().len();
    source.note_items("/tasks", tasks.iter().map(span).collect());
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
            let is_doubtful = |index: usize| {
                let task = outline.tasks.get(index);
                task.is_none_or(|task| task.is_doubtful)
            };
            let doubtful: Vec<(usize, &RawValue)> = all
                .filter(|(index, _)| is_doubtful(*index))
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
    if !outline.has_doubtful_order {
        rest.remove("executionOrder");
    }
    let mut problems = match outline.is_doubtful || outline.has_doubtful_order {
        true => check(schema, rest, &[]),
        false => Vec::new(),
    };
    problems.extend(found.into_iter().flatten());
    problems
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
