//! Tasks below what they wait for, for people.

use schemas::terminal::one_line;

use crate::schedule::Schedule;

/// Deeper levels are not indented any further: a chain of a million tasks would be a page of blanks.
const DEEPEST: usize = 40;

/// Each task once: below the one that it waits for longest. What else it waits for stands behind it.
pub(crate) fn tree(schedule: &Schedule<'_>) -> String {
    let network = schedule.network;
    let mut below: Vec<Vec<u32>> = vec![Vec::new(); network.len()];
    let mut roots = Vec::new();
    for task in &schedule.order {
        match parent(schedule, *task) {
            Some(parent) => below[parent as usize].push(*task),
            None => roots.push(*task),
        }
    }
    let mut text = String::new();
    // A task, whether it is the last of its siblings, and how deep it is.
    let mut open: Vec<(u32, bool, usize)> =
        roots.iter().rev().map(|root| (*root, false, 0)).collect();
    // Of each level above: whether more siblings follow.
    let mut bars: Vec<bool> = Vec::new();
    while let Some((task, is_last, depth)) = open.pop() {
        bars.truncate(depth.saturating_sub(1).min(DEEPEST));
        for bar in &bars {
            text.push_str(if *bar { "│  " } else { "   " });
        }
        if depth > 0 {
            text.push_str(if is_last { "└─ " } else { "├─ " });
            if depth <= DEEPEST {
                bars.push(!is_last);
            }
        }
        text.push_str(&line(schedule, task));
        text.push('\n');
        let children = &below[task as usize];
        for (place, child) in children.iter().enumerate().rev() {
            open.push((*child, place + 1 == children.len(), depth + 1));
        }
    }
    text
}

fn parent(schedule: &Schedule<'_>, task: u32) -> Option<u32> {
    let before = schedule.network.dependencies.before(task).iter().copied();
    before.max_by_key(|before| (schedule.end(*before), std::cmp::Reverse(*before)))
}

fn line(schedule: &Schedule<'_>, task: u32) -> String {
    let network = schedule.network;
    let at = task as usize;
    let mut line = format!(
        "{}  {}  {}–{} min",
        network.id(task),
        &*network.tasks[at].title,
        schedule.timetable.start[at],
        schedule.end(task)
    );
    if let Some(lane) = network.lanes.folder_of(task) {
        line.push_str(&format!("  {}", network.lanes.get(lane).name));
    }
    if schedule.is_critical(task) {
        line.push_str("  *");
    }
    if network.course.is_absent[at] {
        line.push_str("  (only after a failure)");
    }
    let parent = parent(schedule, task);
    let others = network
        .dependencies
        .before(task)
        .iter()
        .filter(|before| Some(**before) != parent);
    let others: Vec<&str> = others.map(|before| network.id(*before)).collect();
    if !others.is_empty() {
        line.push_str(&format!("  (also after {})", others.join(", ")));
    }
    one_line(&line)
}
