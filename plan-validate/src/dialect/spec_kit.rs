//! `tasks.md` of spec-kit: phases as headings, tasks as check boxes.
//!
//! A phase is a barrier: it begins when the one before it is done. Within a phase tasks run as they stand; those that
//! follow each other with `[P]` run side by side. What a task says about its own dependencies comes on top of that.
//!
//! The file that a line names is where the work begins, not all that it touches: it does not become `paths`, which bind
//! the agent, but a resource that no other task uses at the same time.

mod fields;
mod files;
mod ids;
mod line;
mod order;
mod sections;

use self::sections::{Phase, Task, Tasks};
use crate::dialect::{Dialect, Draft, Layout, Material, Node, front_matter, markdown};

pub(super) const SPEC_KIT: Dialect = Dialect {
    name: "spec-kit",
    what: "a tasks.md of spec-kit",
    layouts: &[Layout {
        mark: "tasks.md",
        files: &["tasks.md"],
    }],
    recognises: |glimpse| {
        let is_task = |line: &str| {
            let item = line.trim_start().strip_prefix("- [");
            let boxed = item.and_then(|rest| rest.get(3..));
            boxed.is_some_and(|text| ids::first(text.trim_start_matches(['*', '`'])).is_some())
                || line
                    .strip_prefix("### ")
                    .is_some_and(|text| ids::first(text).is_some())
                || line.strip_prefix("- ").is_some_and(|text| {
                    ids::first(text).is_some_and(|id| text[id.len()..].starts_with(" [P]"))
                })
        };
        !glimpse.is_json() && glimpse.lines().any(is_task)
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
    let tasks = sections::read(&blocks, &material.source.text, &mut draft);
    if tasks.tasks.is_empty() {
        draft.error(
            "no-tasks",
            "the file has no tasks",
            file.top(),
            "a task is a line such as `- [ ] T001 [P] [US1] What is to be done in src/file`, below `## Phase 1: Title`",
        );
        return draft;
    }
    let Some(dependencies) = order::of(&tasks, &mut draft) else {
        return draft;
    };
    let plan = plan(material, &tasks, &dependencies, &mut draft);
    draft.finish(plan)
}

fn plan(material: &Material, all: &Tasks, dependencies: &[Vec<Node>], draft: &mut Draft) -> Node {
    let top = material.files[0].top();
    let title = all.title.as_ref();
    let mut plan = Node::map(top.clone());
    let title_at = title.map_or(top.clone(), |title| title.at.clone());
    let id = material.label(title.map(|title| title.text.as_str()));
    plan.set("planId", Node::new(id, title_at.clone()));
    if let Some(title) = title {
        plan.set("summary", Node::new(title.text.as_str(), title_at));
    }
    let files = files::of(&all.tasks, draft);
    let tasks = all.tasks.iter().zip(dependencies).zip(&files);
    let tasks =
        tasks.map(|((task, dependencies), files)| node_of_task(task, all, dependencies, files));
    plan.set("tasks", Node::list(tasks.collect(), top.clone()));
    let phases = all.phases.iter().enumerate();
    let phases = phases.map(|(index, phase)| node_of_phase(phase, index + 1));
    plan.set_list("phases", phases.collect(), top);
    plan
}

fn node_of_phase(phase: &Phase, order: usize) -> Node {
    let mut node = Node::map(phase.title.at.clone());
    let text = |text: &str| Node::new(text, phase.title.at.clone());
    node.set("id", text(&phase.id));
    node.set("title", text(&phase.title.text));
    node.set("order", Node::new(order, phase.title.at.clone()));
    node
}

fn node_of_task(task: &Task, all: &Tasks, dependencies: &[Node], files: &[Node]) -> Node {
    let mut node = Node::map(task.at.clone());
    let phase = task.phase.and_then(|index| all.phases.get(index));
    let text = |span: &markdown::Span| Node::new(span.text.as_str(), span.at.clone());
    node.set("id", text(&task.id));
    node.set(
        "title",
        Node::new(short(&task.text.text), task.text.at.clone()),
    );
    node.set(
        "description",
        Node::new(description(task, phase), task.text.at.clone()),
    );
    node.set_list("dependsOn", dependencies.to_vec(), task.at.clone());
    if let Some(minutes) = &task.minutes {
        node.set("estimatedMinutes", minutes.clone());
    }
    if let Some(phase) = phase {
        node.set(
            "phase",
            Node::new(phase.id.as_str(), phase.title.at.clone()),
        );
    }
    let priority = task
        .priority
        .as_ref()
        .or(phase.and_then(|phase| phase.priority.as_ref()));
    if let Some(priority) = priority {
        node.set("priority", text(priority));
    }
    node.set_list("resources", files.to_vec(), task.at.clone());
    node.set_list(
        "acceptance",
        task.acceptance.iter().map(text).collect(),
        task.at.clone(),
    );
    if let Some(done) = &task.done {
        node.set("outcome", Node::new("succeeded", done.clone()));
    }
    if let Some(story) = &task.story {
        let mut metadata = Node::map(story.at.clone());
        metadata.set("userStory", text(story));
        node.set("metadata", metadata);
    }
    node
}

/// What an agent must know to act alone: a task is one line, and what it is for stands above it.
fn description(task: &Task, phase: Option<&Phase>) -> String {
    let mut text = task.text.text.clone();
    if !task.inner.is_empty() {
        text.push_str("\n\n");
        text.push_str(&task.inner);
    }
    if let Some(phase) = phase {
        text.push_str("\n\nPart of: ");
        text.push_str(&phase.title.text);
        for (label, said) in &phase.notes {
            text.push_str(&format!("\n{label}: {said}"));
        }
    }
    text
}

/// The first words, for a title of one line.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= 80 {
        return line.to_owned();
    }
    let end = line.char_indices().nth(80).map_or(line.len(), |(at, _)| at);
    let cut = line[..end].rfind(' ').filter(|at| *at > 30).unwrap_or(end);
    format!(
        "{}…",
        line[..cut].trim_end_matches([',', ';', ':', '(', ' ', '`'])
    )
}
