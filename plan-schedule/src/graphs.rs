//! The plan as a graph, for Graphviz and for Mermaid: tasks in their lanes, what they wait for, what they share.

use std::fmt::Write;

use schemas::{RunIf, printable};

use crate::schedule::Schedule;

/// For Graphviz.
pub(crate) fn dot(schedule: &Schedule<'_>) -> String {
    let network = schedule.network;
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [color=gray50];\n",
        quoted(&network.plan.plan_id)
    );
    for (number, (lane, tasks)) in grouped(schedule).into_iter().enumerate() {
        let mut indent = "  ";
        if let Some(name) = lane {
            let _ = writeln!(
                text,
                "  subgraph cluster_{number} {{\n    label={};\n    color=gray;",
                quoted(name)
            );
            indent = "    ";
        }
        for task in tasks {
            let minutes = network.estimates[task as usize];
            let label = format!(
                "{}\n{}\n{minutes} min",
                network.id(task),
                &*network.tasks[task as usize].title
            );
            let mark = if schedule.is_critical(task) {
                ", color=crimson, penwidth=2"
            } else if network.course.is_check[task as usize] {
                ", style=\"rounded,dashed\""
            } else {
                ""
            };
            let _ = writeln!(text, "{indent}n{task} [label={}{mark}];", quoted(&label));
        }
        if lane.is_some() {
            text.push_str("  }\n");
        }
    }
    for edge in edges(schedule) {
        let mark = match (edge.run_if, edge.is_critical) {
            (RunIf::Failed, _) => " [style=dashed, label=\"on failure\"]",
            (RunIf::Always, _) => " [style=dashed]",
            (RunIf::Succeeded, true) => " [color=crimson, penwidth=2]",
            (RunIf::Succeeded, false) => "",
        };
        let _ = writeln!(text, "  n{} -> n{}{mark};", edge.from, edge.to);
    }
    for (from, to, name) in shared(schedule) {
        let name = quoted(name);
        let _ = writeln!(
            text,
            "  n{from} -> n{to} [dir=none, style=dotted, constraint=false, label={name}];"
        );
    }
    text.push_str("}\n");
    text
}

/// For Mermaid, as Markdown renderers draw it.
pub(crate) fn mermaid(schedule: &Schedule<'_>) -> String {
    let network = schedule.network;
    let mut text = String::from("flowchart LR\n");
    for (number, (lane, tasks)) in grouped(schedule).into_iter().enumerate() {
        let mut indent = "  ";
        if let Some(name) = lane {
            let _ = writeln!(text, "  subgraph lane{number}[\"{}\"]", entities(name));
            indent = "    ";
        }
        for task in tasks {
            let title = entities(&network.tasks[task as usize].title);
            let id = entities(network.id(task));
            let minutes = network.estimates[task as usize];
            let _ = writeln!(
                text,
                "{indent}n{task}[\"{id}<br/>{title}<br/>{minutes} min\"]"
            );
        }
        if lane.is_some() {
            text.push_str("  end\n");
        }
    }
    for edge in edges(schedule) {
        let arrow = match (edge.run_if, edge.is_critical) {
            (RunIf::Failed, _) => "-. on failure .->",
            (RunIf::Always, _) => "-.->",
            (RunIf::Succeeded, true) => "==>",
            (RunIf::Succeeded, false) => "-->",
        };
        let _ = writeln!(text, "  n{} {arrow} n{}", edge.from, edge.to);
    }
    for (from, to, name) in shared(schedule) {
        let _ = writeln!(text, "  n{from} -. \"{}\" .- n{to}", entities(name));
    }
    text.push_str("  classDef critical stroke:#dc143c,stroke-width:3px\n");
    let critical: Vec<String> = network
        .numbers()
        .filter(|task| schedule.is_critical(*task))
        .map(|task| format!("n{task}"))
        .collect();
    if !critical.is_empty() {
        let _ = writeln!(text, "  class {} critical", critical.join(","));
    }
    text
}

/// Tasks by the lane of their folder, in the order in which they start; those without one last.
fn grouped<'s>(schedule: &'s Schedule<'_>) -> Vec<(Option<&'s str>, Vec<u32>)> {
    let lanes = &schedule.network.lanes;
    let is_folder = |lane: &u32| lanes.get(*lane).shared.is_none();
    let mut groups: Vec<(Option<&str>, Vec<u32>)> = schedule
        .lanes()
        .into_iter()
        .filter(|(lane, _)| is_folder(lane))
        .map(|(lane, tasks)| {
            let own = tasks
                .into_iter()
                .filter(|task| lanes.folder_of(*task) == Some(lane));
            (Some(&*lanes.get(lane).name), own.collect())
        })
        .filter(|(_, tasks): &(_, Vec<u32>)| !tasks.is_empty())
        .collect();
    let free = schedule.timetable.started.iter().copied();
    groups.push((
        None,
        free.filter(|task| lanes.folder_of(*task).is_none())
            .collect(),
    ));
    groups
}

struct Edge {
    from: u32,
    to: u32,
    run_if: RunIf,
    is_critical: bool,
}

fn edges<'s>(schedule: &'s Schedule<'_>) -> impl Iterator<Item = Edge> + 's {
    let network = schedule.network;
    let pairs: std::collections::HashSet<(u32, u32)> = schedule
        .critical
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    network.numbers().flat_map(move |to| {
        let before: Vec<Edge> = network
            .dependencies
            .before(to)
            .iter()
            .map(|from| Edge {
                from: *from,
                to,
                run_if: network.tasks[to as usize].run_if,
                is_critical: pairs.contains(&(*from, to)),
            })
            .collect();
        before
    })
}

/// Tasks that follow each other in a lane of what they share, and its name.
fn shared<'s>(schedule: &'s Schedule<'_>) -> Vec<(u32, u32, &'s str)> {
    let lanes = &schedule.network.lanes;
    let mut pairs = Vec::new();
    for (lane, tasks) in schedule.lanes() {
        if lanes.get(lane).shared.is_some() {
            pairs.extend(
                tasks
                    .windows(2)
                    .map(|pair| (pair[0], pair[1], &*lanes.get(lane).name)),
            );
        }
    }
    pairs
}

/// A string of the DOT language.
fn quoted(text: &str) -> String {
    let text = printable(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\t', " "))
}

/// Text that Mermaid takes for text only: all that means something to it or to HTML by its number.
fn entities(text: &str) -> String {
    let mut safe = String::new();
    for c in printable(text).chars() {
        match c {
            '\n' | '\t' => safe.push(' '),
            c if c.is_alphanumeric() || " .,_-/–—".contains(c) => safe.push(c),
            c => {
                let _ = write!(safe, "#{};", u32::from(c));
            }
        }
    }
    safe
}
