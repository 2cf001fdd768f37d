//! Lanes and slots over time: which bar is in which row. What it looks like is decided in `svg.rs`.

use std::collections::HashMap;

use schemas::Outcome;

use crate::actual::{Actual, Span, Work};
use crate::lanes::Workspace;
use crate::schedule::Schedule;

/// Panels above each other.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) panels: Vec<Panel>,
}

/// Rows over one axis of time.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// The axis ends here.
    pub(crate) minutes: f64,
    pub(crate) rows: Vec<Row>,
    /// Moments, and what happens then.
    pub(crate) marks: Vec<(f64, String)>,
    /// The bars that the critical path leads through, as row and place in it.
    pub(crate) path: Vec<(usize, usize)>,
}

#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) task: u32,
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) id: String,
    /// What stands behind the id where there is room.
    pub(crate) text: String,
    /// What is told on demand.
    pub(crate) tip: String,
    pub(crate) look: Look,
}

/// What kind of bar it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    Work,
    Critical,
    Check,
    /// Runs only after a failure: a moment, not a bar.
    Absent,
    Gates,
    Failed,
}

impl Chart {
    /// The estimate; beside it, what really happened.
    pub(crate) fn new(schedule: &Schedule<'_>, actual: Option<&Actual>) -> Chart {
        let network = schedule.network;
        let estimated = schedule.timetable.makespan.as_f64();
        let slots = match schedule.options.slots {
            1 => "1 slot".to_owned(),
            slots => format!("{slots} slots"),
        };
        let mut subtitle = format!(
            "about {} with {slots} · critical path {} · one after the other {}",
            duration(estimated),
            duration(schedule.paths.longest.as_f64()),
            duration(schedule.bounds.serial.as_f64()),
        );
        let mut panels = vec![lanes(
            "Lanes, as estimated",
            schedule,
            estimated,
            estimates(schedule),
        )];
        panels[0].marks = pauses(schedule);
        match actual {
            None => panels.push(packed(
                "Slots, as estimated",
                estimated,
                estimates(schedule),
            )),
            Some(actual) => {
                let state = if actual.is_finished { "took" } else { "so far" };
                subtitle.push_str(&format!(" · {state} {}", duration(actual.minutes)));
                // One scale where both can be seen on it.
                let both = estimated.max(actual.minutes);
                let near = both <= estimated * 4.0 && both <= actual.minutes * 4.0;
                let bars = happened(schedule, actual);
                panels.push(lanes(
                    "Lanes, as it happened",
                    schedule,
                    actual.minutes,
                    bars.clone(),
                ));
                panels.push(packed(
                    "Agents at once, as it happened",
                    actual.minutes,
                    bars,
                ));
                for panel in panels.iter_mut().filter(|_| near) {
                    panel.minutes = both;
                }
            }
        }
        let summary = network.plan.summary.as_deref();
        Chart {
            title: summary.unwrap_or(&network.plan.plan_id).to_owned(),
            subtitle,
            panels,
        }
    }
}

/// A bar for each task, as the schedule has it.
fn estimates(schedule: &Schedule<'_>) -> Vec<Bar> {
    let network = schedule.network;
    let bar = |task: &u32| {
        let at = *task as usize;
        let (start, end) = (schedule.timetable.start[at], schedule.end(*task));
        let look = if network.course.is_absent[at] {
            Look::Absent
        } else if schedule.is_critical(*task) {
            Look::Critical
        } else if network.course.is_check[at] {
            Look::Check
        } else {
            Look::Work
        };
        let lanes = network.lanes.of(*task).iter();
        let lanes: Vec<&str> = lanes.map(|lane| &*network.lanes.get(*lane).name).collect();
        let mut tip = format!(
            "{}  {}\n{start}–{end} min, slack {} min",
            network.id(*task),
            &*network.tasks[at].title,
            schedule.paths.slack(*task)
        );
        if !lanes.is_empty() {
            tip.push_str(&format!("\nlanes: {}", lanes.join(", ")));
        }
        if look == Look::Absent {
            tip.push_str("\nonly after a failure");
        }
        Bar {
            task: *task,
            start: start.as_f64(),
            end: end.as_f64(),
            id: network.id(*task).to_owned(),
            text: network.tasks[at].title.to_string(),
            tip,
            look,
        }
    };
    schedule.timetable.started.iter().map(bar).collect()
}

/// A bar for each attempt and each run of gates. Those of tasks that the plan no longer has are left out.
fn happened(schedule: &Schedule<'_>, actual: &Actual) -> Vec<Bar> {
    let network = schedule.network;
    let attempts = actual
        .spans
        .iter()
        .filter(|span| matches!(span.what, Work::Attempt(_)));
    let last: HashMap<&str, f64> = attempts
        .map(|span| (span.task.as_str(), span.start))
        .collect();
    let is_last = |span: &Span| {
        last.get(span.task.as_str())
            .is_some_and(|start| *start <= span.start)
    };
    let bar = |span: &Span| {
        let task = network.find(&span.task)?;
        let outcome = actual.outcomes.get(&span.task);
        let failed = outcome.is_some_and(|outcome| *outcome != Outcome::Succeeded);
        let (text, look) = match span.what {
            Work::Gates => ("gates".to_owned(), Look::Gates),
            Work::Attempt(number) if !is_last(span) => (format!("attempt {number}"), Look::Failed),
            Work::Attempt(_) if failed => {
                (network.tasks[task as usize].title.to_string(), Look::Failed)
            }
            Work::Attempt(_) => (network.tasks[task as usize].title.to_string(), Look::Work),
        };
        let look = if look == Look::Work && schedule.is_critical(task) {
            Look::Critical
        } else {
            look
        };
        let estimate = network.minutes[task as usize];
        let mut tip = format!(
            "{}  {}\n{} – {}, {} instead of {estimate} min",
            span.task,
            &*network.tasks[task as usize].title,
            duration(span.start),
            duration(span.end),
            duration(span.end - span.start),
        );
        match span.what {
            Work::Attempt(number) => tip.push_str(&format!("\nattempt {number}")),
            Work::Gates => tip.push_str("\ngates"),
        }
        Some(Bar {
            task,
            start: span.start,
            end: span.end,
            id: span.task.clone(),
            text,
            tip,
            look,
        })
    };
    actual.spans.iter().filter_map(bar).collect()
}

/// A row for each lane of a folder; below, what has none, as closely as it goes.
fn lanes(title: &str, schedule: &Schedule<'_>, minutes: f64, bars: Vec<Bar>) -> Panel {
    let lanes = &schedule.network.lanes;
    let mut rows: Vec<(u32, Row)> = Vec::new();
    let mut row_of = HashMap::new();
    let mut free = Vec::new();
    for bar in bars {
        let Some(lane) = lanes.folder_of(bar.task) else {
            free.push(bar);
            continue;
        };
        let at = *row_of.entry(lane).or_insert_with(|| {
            let label = lanes.get(lane).name.to_string();
            rows.push((
                lane,
                Row {
                    label,
                    bars: Vec::new(),
                },
            ));
            rows.len() - 1
        });
        rows[at].1.bars.push(bar);
    }
    rows.sort_by_key(|(lane, _)| *lane);
    let are_isolated = free
        .iter()
        .all(|bar| schedule.network.workspace(bar.task) == Workspace::Own);
    let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    for (number, bars) in pack(free).into_iter().enumerate() {
        let label = match number {
            0 if are_isolated => "own worktrees",
            0 => "no lane",
            _ => "",
        };
        rows.push(Row {
            label: label.to_owned(),
            bars,
        });
    }
    let path = path(schedule, &rows);
    Panel {
        title: title.to_owned(),
        minutes,
        rows,
        marks: Vec::new(),
        path,
    }
}

/// A row for each that is busy at once.
fn packed(title: &str, minutes: f64, bars: Vec<Bar>) -> Panel {
    let bars = bars
        .into_iter()
        .filter(|bar| bar.look != Look::Absent)
        .collect();
    let rows = pack(bars).into_iter().zip(1..).map(|(bars, number)| Row {
        label: number.to_string(),
        bars,
    });
    Panel {
        title: title.to_owned(),
        minutes,
        rows: rows.collect(),
        marks: Vec::new(),
        path: Vec::new(),
    }
}

/// Puts each bar into the first row that is free. Bars come in the order in which they begin.
fn pack(bars: Vec<Bar>) -> Vec<Vec<Bar>> {
    const MOMENT: f64 = 1e-9;
    let mut rows: Vec<Vec<Bar>> = Vec::new();
    for bar in bars {
        let is_free =
            |row: &&mut Vec<Bar>| row.last().is_none_or(|last| last.end <= bar.start + MOMENT);
        match rows.iter_mut().find(is_free) {
            Some(row) => row.push(bar),
            None => rows.push(vec![bar]),
        }
    }
    rows
}

fn path(schedule: &Schedule<'_>, rows: &[Row]) -> Vec<(usize, usize)> {
    let places: HashMap<u32, (usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(row, it)| {
            it.bars
                .iter()
                .enumerate()
                .map(move |(place, bar)| (bar.task, (row, place)))
        })
        .collect();
    schedule
        .critical
        .iter()
        .filter_map(|task| places.get(task).copied())
        .collect()
}

/// When the run pauses for a person.
fn pauses(schedule: &Schedule<'_>) -> Vec<(f64, String)> {
    let network = schedule.network;
    let ends = &network.stages.ends;
    let mut last = vec![0.0f64; ends.len() + 1];
    for task in network.numbers() {
        if let Some(place) = network.place(task) {
            let at = &mut last[place.stage as usize];
            *at = at.max(schedule.end(task).as_f64());
        }
    }
    let mut now = 0.0f64;
    let moments = ends.iter().zip(last).map(|(phases, end)| {
        now = now.max(end);
        (now, phases)
    });
    moments
        .filter(|(_, phases)| !phases.is_empty())
        .map(|(at, phases)| (at, format!("pause after {}", phases.join(", "))))
        .collect()
}

/// Minutes for people.
pub(crate) fn duration(minutes: f64) -> String {
    let seconds = minutes * 60.0;
    let short = |number: f64| format!("{}", (number * 10.0).round() / 10.0);
    if minutes == 0.0 {
        return "0 min".to_owned();
    }
    if seconds < 60.0 {
        return format!("{} s", short(seconds));
    }
    if minutes < 60.0 {
        return format!("{} min", short(minutes));
    }
    let whole = minutes.round() as u64;
    match whole % 60 {
        0 => format!("{} h", whole / 60),
        rest => format!("{} h {rest} min", whole / 60),
    }
}
