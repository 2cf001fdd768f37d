//! What a run would do, in words. Nothing is done.

use schemas::printable;

use crate::schedule::Schedule;
use crate::worktrees::Worktree;

/// Entries in order: phases and parallel groups where the plan has groups, else waves; the worktrees that would be made.
pub(crate) fn text(schedule: &Schedule<'_>, worktrees: &[Worktree<'_>]) -> String {
    let network = schedule.network;
    let slots = match schedule.options.slots {
        1 => "1 slot".to_owned(),
        slots => format!("{slots} slots"),
    };
    let mut lines = vec![
        format!("{} (dry run)", &*network.plan.plan_id),
        String::new(),
        format!(
            "{} tasks, {slots}, about {} min.",
            network.len(),
            schedule.timetable.makespan
        ),
        String::new(),
        "Schedule:".to_owned(),
    ];
    let entries = match network.stages.is_sequential {
        true => phases(schedule),
        false => waves(schedule),
    };
    for (number, entry) in (1..).zip(entries) {
        lines.push(format!("[{number}] {entry}"));
    }
    if !worktrees.is_empty() {
        lines.push(String::new());
        lines.push("Worktrees that would be created:".to_owned());
        lines.extend(worktrees.iter().map(|worktree| match worktree.project {
            Some(project) => format!("- {} ({project})", worktree.branch),
            None => format!("- {}", worktree.branch),
        }));
    }
    lines.push(String::new());
    lines.push("No commits, no artifact writes.".to_owned());
    lines
        .iter()
        .map(|line| printable(line).replace('\n', " ") + "\n")
        .collect()
}

fn phases(schedule: &Schedule<'_>) -> Vec<String> {
    let network = schedule.network;
    let mut entries: Vec<String> = network
        .stages
        .entries
        .iter()
        .map(|entry| {
            let ids: Vec<&str> = entry.phases.iter().map(|phase| phase.id.as_str()).collect();
            let how = if entry.is_group {
                "parallel group, worktrees"
            } else {
                "sequential"
            };
            let pause = if entry.pause_after {
                ", then pauses"
            } else {
                ""
            };
            format!("{} ({how}{pause})", ids.join(", "))
        })
        .collect();
    let free: Vec<&str> = network
        .numbers()
        .filter(|task| network.place(*task).is_none())
        .map(|task| network.id(task))
        .collect();
    if !free.is_empty() {
        entries.push(format!("{} (of no phase, at any time)", shortened(&free)));
    }
    entries
}

fn waves(schedule: &Schedule<'_>) -> Vec<String> {
    let network = schedule.network;
    let how = |row: &[u32]| match (row.len(), schedule.options.barriers) {
        (0 | 1, _) => "sequential",
        (_, true) => "side by side, then all are waited for",
        (_, false) => "side by side, each as soon as it can",
    };
    let rows = schedule.waves.rows.iter();
    rows.map(|row| {
        let ids: Vec<&str> = row.iter().map(|task| network.id(*task)).collect();
        let pauses = row
            .iter()
            .any(|task| network.place(*task).is_some_and(|place| place.pause_after));
        let pause = if pauses { ", a checkpoint follows" } else { "" };
        format!("{} ({}{pause})", shortened(&ids), how(row))
    })
    .collect()
}

fn shortened(ids: &[&str]) -> String {
    const SHOWN: usize = 20;
    match ids.len().checked_sub(SHOWN) {
        None | Some(0) => ids.join(", "),
        Some(more) => format!("{} and {more} more", ids[..SHOWN].join(", ")),
    }
}
