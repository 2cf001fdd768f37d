//! Why a task stands where it does, in sentences.

use schemas::printable;

use crate::conflicts::What;
use crate::lanes::Workspace;
use crate::minutes::Minutes;
use crate::network::Network;
use crate::priority::{self, NONE};
use crate::schedule::Schedule;
use crate::tags::Tags;

/// `now` is what the state of the run says of it, if there is one.
pub(crate) fn explain(
    schedule: &Schedule<'_>,
    tags: &Tags<'_>,
    task: u32,
    now: Option<&str>,
) -> String {
    let network = schedule.network;
    let view = network.tasks[task as usize];
    let start = schedule.timetable.start[task as usize];
    let mut said = vec![format!(
        "{}, “{}”, {} and {}: it ends at minute {}.",
        network.id(task),
        &*view.title,
        when(start),
        takes(network, task),
        schedule.end(task),
    )];
    said.push(why_then(schedule, task, start));
    said.extend(waits(network, task));
    said.push(urgency(schedule, task));
    said.push(slack(schedule, task));
    said.extend(place(schedule, task));
    said.extend(conflicts(network, task));
    said.extend(tagged(tags, task));
    said.extend(now.map(|now| format!("Now: {now}.")));
    said.iter()
        .map(|sentence| printable(sentence).replace('\n', " ") + "\n")
        .collect()
}

fn when(start: Minutes) -> String {
    match start {
        Minutes::ZERO => "starts at once".to_owned(),
        start => format!("starts at minute {start}"),
    }
}

fn takes(network: &Network<'_>, task: u32) -> String {
    let view = network.tasks[task as usize];
    let minutes = network.estimates[task as usize];
    if network.course.is_absent[task as usize] {
        return format!(
            "takes no time, for it does not run when all goes well (else {minutes} minutes)"
        );
    }
    match (view.estimated_minutes, view.complexity.as_deref()) {
        (Some(_), _) => format!("takes {minutes} minutes, as estimated"),
        (None, Some(word)) => format!("takes {minutes} minutes, since its complexity is {word}"),
        (None, None) => format!("takes {minutes} minutes, as tasks do that say nothing"),
    }
}

/// What ends when it starts.
fn why_then(schedule: &Schedule<'_>, task: u32, start: Minutes) -> String {
    let network = schedule.network;
    let slots = schedule.options.slots;
    let id = |task: u32| network.id(task);
    let ends_now = |other: &u32| *other != task && schedule.end(*other) == start;
    if start == Minutes::ZERO {
        return "Nothing keeps it from the start.".to_owned();
    }
    if let Some(last) = network
        .dependencies
        .before(task)
        .iter()
        .copied()
        .find(ends_now)
    {
        return format!(
            "Of what it waits for, {} is done last, at that moment.",
            id(last)
        );
    }
    if let Some(last) = behind_barriers(schedule, task).into_iter().find(ends_now) {
        return format!(
            "{} is done then, the last of what comes before its phase or wave.",
            id(last)
        );
    }
    for lane in network.lanes.of(task) {
        let is_of_lane = |other: &u32| network.lanes.of(*other).contains(lane);
        let mut others = network.numbers().filter(ends_now).filter(is_of_lane);
        if let Some(other) = others.next() {
            let name = &network.lanes.get(*lane).name;
            return format!(
                "It could start sooner, but for the lane {name}: {} is in it until then.",
                id(other)
            );
        }
    }
    format!(
        "It could start sooner, but all slots ({slots}) are taken by what is more urgent until then."
    )
}

/// The tasks on the other side of the barriers before a task.
fn behind_barriers(schedule: &Schedule<'_>, task: u32) -> Vec<u32> {
    let tasks = schedule.network.len() as u32;
    let barriers = |node: u32| schedule.flow.before(node).iter().copied();
    let mut open: Vec<u32> = barriers(task).filter(|node| *node >= tasks).collect();
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        for before in barriers(node) {
            if before >= tasks {
                open.push(before);
            } else {
                found.push(before);
            }
        }
    }
    found
}

fn waits(network: &Network<'_>, task: u32) -> Option<String> {
    let before = network.dependencies.before(task);
    let after = network.dependencies.after(task);
    let passed = match network.is_rewired(task) {
        true => " What the selection leaves out counts as done.",
        false => "",
    };
    match (before.is_empty(), after.is_empty()) {
        (true, true) => Some(format!(
            "It waits for nothing, and nothing waits for it.{passed}"
        )),
        (false, true) => Some(format!(
            "It waits for {}; nothing waits for it.{passed}",
            list(network, before)
        )),
        (true, false) => Some(format!(
            "It waits for nothing; {} for it.{passed}",
            wait(network, after)
        )),
        (false, false) => Some(format!(
            "It waits for {}; {} for it.{passed}",
            list(network, before),
            wait(network, after)
        )),
    }
}

fn wait(network: &Network<'_>, tasks: &[u32]) -> String {
    format!(
        "{} {}",
        list(network, tasks),
        if tasks.len() == 1 { "waits" } else { "wait" }
    )
}

fn list(network: &Network<'_>, tasks: &[u32]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = tasks
        .iter()
        .take(SHOWN)
        .map(|task| network.id(*task))
        .collect();
    match tasks.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn urgency(schedule: &Schedule<'_>, task: u32) -> String {
    let network = schedule.network;
    let place = schedule
        .order
        .iter()
        .position(|it| *it == task)
        .unwrap_or(0)
        + 1;
    let declared = match priority::declared(network.tasks[task as usize].priority.as_deref()) {
        NONE => "it declares no priority".to_owned(),
        level => format!("its priority is P{level}"),
    };
    format!(
        "In the order of urgency it is number {place} of {}: {declared}, and the longest path from its start to the end takes {} minutes.",
        network.len(),
        schedule.paths.rank[task as usize]
    )
}

fn slack(schedule: &Schedule<'_>, task: u32) -> String {
    let network = schedule.network;
    if network.course.is_check[task as usize] {
        return "It gates nothing, so that it is on no critical path.".to_owned();
    }
    if !schedule.is_critical(task) {
        return format!(
            "It may be {} minutes late without delaying the end.",
            schedule.paths.slack(task)
        );
    }
    match schedule.critical.contains(&task) {
        true => format!(
            "It is on the critical path {}: a minute more is a minute later.",
            chain(network, &schedule.critical, task)
        ),
        false => "It is on a path as long as the critical one: a minute more is a minute later."
            .to_owned(),
    }
}

/// The path, without what is far from the task.
fn chain(network: &Network<'_>, path: &[u32], task: u32) -> String {
    const NEAR: usize = 4;
    let at = path.iter().position(|it| *it == task).unwrap_or(0);
    let (first, end) = (at.saturating_sub(NEAR), (at + NEAR + 1).min(path.len()));
    let mut names: Vec<&str> = path[first..end]
        .iter()
        .map(|task| network.id(*task))
        .collect();
    if first > 0 {
        names.insert(0, "…");
    }
    if end < path.len() {
        names.push("…");
    }
    names.join(" → ")
}

fn place(schedule: &Schedule<'_>, task: u32) -> Vec<String> {
    let network = schedule.network;
    let wave = schedule.waves.of[task as usize];
    let mut said = vec![format!(
        "It is in wave {wave} of 0 to {}.",
        schedule.waves.rows.len().saturating_sub(1)
    )];
    let where_to = match (network.workspace(task), network.lanes.folder_of(task)) {
        (Workspace::Own, _) => {
            Some("It works in a worktree of its own, outside its project's lane.".to_owned())
        }
        (Workspace::Phase, Some(lane)) => Some(format!(
            "It works in the worktree of its phase, whose tasks run one after the other in the lane {}.",
            network.lanes.get(lane).name
        )),
        (_, Some(lane)) => Some(format!(
            "Its lane is {}: the tasks in it run one after the other.",
            network.lanes.get(lane).name
        )),
        _ => None,
    };
    said.extend(where_to);
    if let (Some(place), Some(phase)) = (
        network.place(task),
        network.tasks[task as usize].phase.as_deref(),
    ) {
        if place.stage > 0 {
            said.push(format!(
                "Its phase {phase} begins when all phases before it are done."
            ));
        }
        if place.pause_after {
            said.push(format!(
                "After its phase {phase} the run pauses for a person."
            ));
        }
    }
    said
}

fn conflicts(network: &Network<'_>, task: u32) -> Vec<String> {
    let lanes = network.lanes.of(task).iter().filter_map(|lane| {
        let what = match network.lanes.get(*lane).shared.as_ref()? {
            What::Files(pattern) => format!("files that {pattern} matches"),
            What::Resource(name) => format!("the resource {name}"),
            What::Port(port) => format!("port {port}"),
        };
        let is_other = |other: &u32| *other != task && network.lanes.of(*other).contains(lane);
        let others: Vec<u32> = network.numbers().filter(is_other).collect();
        Some(format!(
            "It never runs beside {}: they share {what}.",
            list(network, &others)
        ))
    });
    lanes.collect()
}

fn tagged(tags: &Tags<'_>, task: u32) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((mode, why)) = tags.mode(task) {
        let mode = match mode {
            schemas::TaskMode::Subagent => "A subagent does it",
            schemas::TaskMode::Team => "A team does it",
        };
        said.push(match why {
            Some(why) => format!("{mode}: {why}."),
            None => format!("{mode}, as the plan says."),
        });
    }
    if let Some(level) = tags.autonomy(task) {
        let means = [
            "it acts alone",
            "it acts and tells",
            "a person sees it before",
            "a person reviews all of it",
            "a person does it",
        ];
        let means = means.get(usize::from(level)).unwrap_or(&"");
        said.push(format!("Its autonomy level is {level}: {means}."));
    }
    said
}
