//! The answer as columns, for people.

use schemas::printable;
use schemas::terminal::{cut, one_line};
use unicode_width::UnicodeWidthStr;

use crate::bounds::{gap_percent, useful_slots};
use crate::ready::Ready;
use crate::schedule::Schedule;
use crate::simulate::{Shares, Simulation};

/// One row for each task in the order in which they start, then what the whole will take.
pub(crate) fn schedule(schedule: &Schedule<'_>, width: usize) -> String {
    let network = schedule.network;
    let rows = schedule.timetable.started.iter().map(|task| {
        let at = *task as usize;
        let slack = schedule.paths.slack(*task);
        let lane = network
            .lanes
            .folder_of(*task)
            .map(|lane| network.lanes.get(lane).name.to_string());
        let project = network
            .project(*task)
            .map(|name| format!("{name} (own worktree)"));
        [
            schedule.waves.of[at].to_string(),
            network.id(*task).to_owned(),
            lane.or(project).unwrap_or_else(|| "-".to_owned()),
            schedule.timetable.start[at].to_string(),
            network.minutes[at].to_string(),
            slack.to_string(),
            if schedule.is_critical(*task) { "*" } else { "" }.to_owned(),
            network.tasks[at].title.to_string(),
        ]
    });
    let head = [
        "WAVE", "TASK", "LANE", "START", "MINUTES", "SLACK", "CRITICAL", "TITLE",
    ];
    let right = [true, false, false, true, true, true, false, false];
    let mut text = columns(&head.map(str::to_owned), right, rows, width);
    if !schedule.order.is_empty() {
        text.push('\n');
    }
    text.push_str(&estimate(schedule, width));
    text
}

/// One row for each task that is not settled.
pub(crate) fn ready(ready: &Ready<'_>, width: usize) -> String {
    let row = |id: &str, now: &str, why: &str| [id.to_owned(), now.to_owned(), why.to_owned()];
    let rows = ready
        .ready
        .names()
        .map(|id| row(id, "may start", ""))
        .chain(ready.running.names().map(|id| row(id, "running", "")))
        .chain(
            ready
                .waiting
                .0
                .iter()
                .map(|(id, reason)| row(id, "waits", reason)),
        );
    let head = ["TASK", "NOW", "REASON"].map(str::to_owned);
    let mut text = columns(&head, [false; 3], rows, width);
    text.push_str(&format!("\n{} settled\n", ready.settled));
    text
}

/// Where the makespans of the runs lie, what was often on the critical path, and what other numbers of slots do.
pub(crate) fn simulation(simulation: &Simulation<'_>, width: usize) -> String {
    let at = &simulation.makespan_minutes;
    let mut text = format!(
        "{} runs; 8 of 10 tasks take between their minutes ÷ {} and × {}\n\nmakespan  {} min without chance, {} on average\n          {} at best, {} in 1 of 10, {} in 5, {} in 9, {} at worst\n\n",
        simulation.runs,
        simulation.spread,
        simulation.spread,
        simulation.estimate_minutes,
        at.mean,
        at.min,
        at.p10,
        at.p50,
        at.p90,
        at.max,
    );
    let bar = |share: f64| "█".repeat((share * 20.0).round() as usize);
    let most = simulation
        .slots
        .iter()
        .map(|with| with.mean)
        .max()
        .unwrap_or_default();
    let rows = simulation.slots.iter().map(|with| {
        let share = with.mean.as_f64() / most.as_f64().max(1e-9);
        [
            with.slots.to_string(),
            with.mean.to_string(),
            with.p90.to_string(),
            bar(share),
        ]
    });
    let head = ["SLOTS", "MEAN", "9 OF 10", ""].map(str::to_owned);
    text.push_str(&columns(&head, [true, true, true, false], rows, width));
    text.push('\n');
    let Shares(network, shares) = &simulation.critical;
    let mut tasks: Vec<u32> = network
        .numbers()
        .filter(|task| shares[*task as usize] > 0.0)
        .collect();
    tasks.sort_by(|a, b| {
        shares[*b as usize]
            .total_cmp(&shares[*a as usize])
            .then(a.cmp(b))
    });
    tasks.truncate(20);
    let rows = tasks.iter().map(|task| {
        let share = shares[*task as usize];
        let percent = format!("{:.0} %", share * 100.0);
        [
            network.id(*task).to_owned(),
            percent,
            format!("{:20}", bar(share)),
            network.tasks[*task as usize].title.to_string(),
        ]
    });
    let head = ["TASK", "CRITICAL", "", "TITLE"].map(str::to_owned);
    text.push_str(&columns(&head, [false, true, false, false], rows, width));
    text
}

fn estimate(schedule: &Schedule<'_>, width: usize) -> String {
    let network = schedule.network;
    let (bounds, makespan) = (schedule.bounds, schedule.timetable.makespan);
    let chain: Vec<&str> = schedule
        .critical
        .iter()
        .map(|task| network.id(*task))
        .collect();
    let row = |what: &str, value: String| format!("{what:<19}  {value}");
    let mut lines = vec![
        row("one after the other", format!("{} min", bounds.serial)),
        row(
            "critical path",
            format!("{} min  {}", schedule.paths.longest, chain.join(" → ")),
        ),
    ];
    if let Some((lane, minutes)) = bounds.heaviest {
        let name = &network.lanes.get(lane).name;
        lines.push(row("heaviest lane", format!("{minutes} min  {name}")));
    }
    let slots = match schedule.options.slots {
        1 => "with 1 slot".to_owned(),
        slots => format!("with {slots} slots"),
    };
    let gap = gap_percent(makespan, bounds.least);
    let speedup = schedule.speedup();
    let least = bounds.least;
    lines.push(row(
        &slots,
        format!("{makespan} min  {speedup:.2} times as fast, at best {least} min (gap {gap} %)"),
    ));
    if let Some(useful) = useful_slots(&schedule.rules()) {
        lines.push(row("slots of use", useful.to_string()));
    }
    // A chain may have thousands of tasks; the numbers are what was asked for, and stand in front.
    let shown = lines.iter().map(|line| cut(&printable(line), width) + "\n");
    shown.collect()
}

/// Columns as wide as their widest cell; the last one takes what is left of `width`.
pub(crate) fn columns<const N: usize>(
    head: &[String; N],
    right: [bool; N],
    rows: impl Iterator<Item = [String; N]>,
    width: usize,
) -> String {
    let shown = rows.map(|row| row.map(|cell| one_line(&cell)));
    let rows: Vec<[String; N]> = std::iter::once(head.clone()).chain(shown).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = cell.width().max(*widest);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let width = widths[index];
            if index > 0 {
                line.push_str("  ");
            }
            // Columns, not characters: those of some scripts take two.
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            if right[index] && index < N - 1 {
                line.push_str(&blank);
            }
            line.push_str(cell);
            if !right[index] && index < N - 1 {
                line.push_str(&blank);
            }
        }
        text.push_str(cut(&line, width).trim_end());
        text.push('\n');
    }
    text
}
