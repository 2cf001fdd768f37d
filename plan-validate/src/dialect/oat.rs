//! `plan.md` of open-agent-toolkit: phases and tasks as headings, the rest in front matter.
//!
//! Phases run one after the other, and so do the tasks of a phase; phases of one of `oat_plan_parallel_groups` run side
//! by side. A task waits for the one before it; the first of a phase for the last of the phase before, unless that is of
//! a group: after a group the plan goes on without what was excluded from it, which no dependency could say.

mod body;
mod front;
mod ids;
mod outline;
mod progress;
mod reviews;

use self::outline::{Outline, Phase, Task};
use crate::dialect::{Dialect, Draft, Layout, Material, Node, front_matter, markdown};

pub(super) const OAT: Dialect = Dialect {
    name: "oat",
    what: "a plan.md of open-agent-toolkit",
    layouts: &[Layout {
        mark: "plan.md",
        files: &["plan.md", "implementation.md", "state.md"],
    }],
    recognises: |glimpse| {
        let is_key = |line: &str| line.starts_with("oat_plan_") || line.starts_with("oat_phase:");
        let is_task = |line: &str| ids::heading_of_task(line.trim_start_matches('#')).is_some();
        // What was done, and how far it has come, tells of the same tasks and is no plan.
        let is_beside = ["implementation.md", "state.md"]
            .iter()
            .any(|name| glimpse.name.ends_with(name));
        !glimpse.is_json()
            && !is_beside
            && glimpse
                .lines()
                .any(|line| is_key(line) || line.starts_with("### ") && is_task(line))
    },
    takes_features: false,
    read,
};

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let Some(file) = material.files.first() else {
        return draft;
    };
    let parts = front_matter::split(material, file, &mut draft);
    let blocks = markdown::read(parts.body, parts.offset);
    let mut outline = outline::read(&blocks, &material.source.text, &mut draft);
    if outline.tasks.is_empty() {
        draft.error(
            "no-tasks",
            "the plan has no tasks",
            file.top(),
            "a task is a heading such as `### Task p01-t01: Title`, below `## Phase 1: Title`",
        );
        return draft;
    }
    outline::check(&outline, &mut draft);
    reviews::check_totals(&blocks, &outline, &mut draft);
    let limits = progress::apply(material, &mut outline, &mut draft);
    let plan = plan(
        material,
        &outline,
        &parts.front,
        &blocks,
        limits,
        &mut draft,
    );
    draft.finish(plan)
}

fn plan(
    material: &Material,
    outline: &Outline,
    front: &Node,
    blocks: &[markdown::Block],
    limits: Option<Node>,
    draft: &mut Draft,
) -> Node {
    let top = material.files[0].top();
    let title = outline.title.as_ref();
    let mut plan = Node::map(top.clone());
    let title_at = title.map_or(top.clone(), |title| title.at.clone());
    let id = material.label(title.map(|title| title.text.as_str()));
    plan.set("planId", Node::new(id, title_at.clone()));
    if let Some(summary) = outline.goal.as_ref().or(title) {
        plan.set(
            "summary",
            Node::new(summary.text.as_str(), summary.at.clone()),
        );
    }
    let control = front::read(front, outline, draft);
    let mut tasks: Vec<Option<Node>> = vec![None; outline.tasks.len()];
    let mut last_of_phase: Option<&Task> = None;
    for phase in &outline.phases {
        let is_grouped = control.grouped.contains(&phase.id);
        let mut before = last_of_phase.filter(|_| !is_grouped);
        for (position, task) in phase.tasks.iter().map(|at| (*at, &outline.tasks[*at])) {
            tasks[position] = Some(node_of_task(task, before));
            before = Some(task);
        }
        if let Some(last) = phase.tasks.last() {
            last_of_phase = outline.tasks.get(*last).filter(|_| !is_grouped);
        }
    }
    let tasks = tasks.into_iter().flatten().collect();
    plan.set("tasks", Node::list(tasks, top.clone()));
    let phases = outline.phases.iter().enumerate();
    let phases = phases.map(|(index, phase)| node_of_phase(phase, index + 1));
    plan.set("phases", Node::list(phases.collect(), top.clone()));
    if let Some(groups) = control.groups {
        plan.set("parallelGroups", groups);
    }
    if let Some(checkpoints) = control.checkpoints {
        plan.set("checkpoints", checkpoints);
    }
    if let Some(limits) = limits {
        plan.set("limits", limits);
    }
    let mut metadata = Node::map(front.at.clone());
    if !front.entries().is_empty() {
        metadata.set("oat", front.clone());
    }
    if let Some(rows) = reviews::read(blocks, draft) {
        metadata.set("reviews", rows);
    }
    if !metadata.entries().is_empty() {
        plan.set("metadata", metadata);
    }
    plan
}

fn node_of_phase(phase: &Phase, order: usize) -> Node {
    let mut node = Node::map(phase.at.clone());
    node.set("id", Node::new(phase.id.as_str(), phase.at.clone()));
    if let Some(title) = &phase.title {
        node.set("title", Node::new(title.text.as_str(), title.at.clone()));
    }
    node.set("order", Node::new(order, phase.at.clone()));
    node.set("parallel", Node::new(false, phase.at.clone()));
    node
}

fn node_of_task(task: &Task, before: Option<&Task>) -> Node {
    let mut node = Node::map(task.at.clone());
    let text = |span: &markdown::Span| Node::new(span.text.as_str(), span.at.clone());
    node.set("id", text(&task.id));
    node.set("title", text(&task.title));
    node.set("description", text(&task.description));
    if let Some(before) = before {
        let before = Node::new(before.id.text.as_str(), task.id.at.clone());
        node.set_list("dependsOn", vec![before], task.id.at.clone());
    }
    node.set("phase", Node::new(task.phase.as_str(), task.id.at.clone()));
    // Paths bind the agent. An incomplete list must not; what it names is still for one task at a time.
    let paths = task.paths.iter();
    if task.is_incomplete {
        let names = paths.map(|path| Node::new(format!("file:{}", path.text), path.at.clone()));
        node.set_list("resources", names.collect(), task.at.clone());
    } else {
        node.set_list("paths", paths.map(text).collect(), task.at.clone());
    }
    let acceptance = task.acceptance.iter().map(text);
    node.set_list("acceptance", acceptance.collect(), task.at.clone());
    let gates = task.commands.iter().map(|command| {
        let mut gate = Node::map(command.at.clone());
        gate.set("command", text(command));
        gate
    });
    node.set_list("gates", gates.collect(), task.at.clone());
    if let Some(done) = &task.done {
        node.set("outcome", Node::new("succeeded", done.clone()));
    }
    node
}
