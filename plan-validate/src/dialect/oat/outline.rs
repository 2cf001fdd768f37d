//! Phases and tasks by their headings.

use std::collections::HashMap;
use std::ops::Range;

use super::{body, ids};
use crate::dialect::Draft;
use crate::dialect::labels::labelled;
use crate::dialect::markdown::{Block, Kind, Line, Span, plain};

/// The plan as its headings have it.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) title: Option<Span>,
    pub(super) goal: Option<Span>,
    /// In the order of the document.
    pub(super) phases: Vec<Phase>,
    pub(super) tasks: Vec<Task>,
    /// Which phase has which id.
    index: HashMap<String, usize>,
}

pub(super) struct Phase {
    pub(super) id: String,
    pub(super) at: Range<usize>,
    pub(super) title: Option<Span>,
    /// Its tasks, by their position.
    pub(super) tasks: Vec<usize>,
}

pub(super) struct Task {
    pub(super) id: Span,
    pub(super) phase: String,
    pub(super) at: Range<usize>,
    pub(super) title: Span,
    pub(super) description: Span,
    pub(super) paths: Vec<Span>,
    /// The paths are not all that it touches.
    pub(super) is_incomplete: bool,
    pub(super) commands: Vec<Span>,
    pub(super) acceptance: Vec<Span>,
    /// Where it says that it is done.
    pub(super) done: Option<Range<usize>>,
}

impl Outline {
    pub(super) fn has_phase(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    pub(super) fn phase_with(&self, id: &str) -> Option<&Phase> {
        self.index.get(id).map(|index| &self.phases[*index])
    }

    /// The phase with this id, which is made when there is none.
    fn phase(&mut self, id: &str, at: &Range<usize>) -> &mut Phase {
        let next = self.phases.len();
        let index = *self.index.entry(id.to_owned()).or_insert(next);
        if index == next {
            self.phases.push(Phase {
                id: id.to_owned(),
                at: at.clone(),
                title: None,
                tasks: Vec::new(),
            });
        }
        &mut self.phases[index]
    }
}

/// Reads the blocks of a plan. `text` is what their bytes are counted in.
pub(super) fn read(blocks: &[Block], text: &str, draft: &mut Draft) -> Outline {
    let mut outline = Outline::default();
    let mut phase: Option<String> = None;
    for (index, block) in blocks.iter().enumerate() {
        match &block.kind {
            Kind::Heading { level, text: line } => {
                if let Some(heading) = ids::heading_of_task(&plain(&line.raw)) {
                    let task = task(blocks, index, *level, line, &heading, text, draft);
                    place(&task, phase.as_deref(), &mut outline, draft);
                    outline.tasks.push(task);
                } else if *level <= 3
                    && let Some(heading) = ids::heading_of_phase(&plain(&line.raw))
                {
                    phase = Some(heading.id.clone());
                    begin_phase(&heading, *level, line, &mut outline, draft);
                } else if *level == 1 && outline.title.is_none() {
                    outline.title = Some(title_of_plan(line));
                } else if *level <= 2 {
                    phase = None;
                }
            }
            Kind::Paragraph(line) if outline.goal.is_none() && outline.tasks.is_empty() => {
                outline.goal = labelled(line, "goal");
            }
            Kind::Code { text, .. } => hidden(text, block, draft),
            _ => {}
        }
    }
    outline
}

/// `Implementation Plan: NAME`.
fn title_of_plan(line: &Line) -> Span {
    let text = plain(&line.raw);
    let name = text.strip_prefix("Implementation Plan:").unwrap_or(&text);
    Span {
        text: name.trim().to_owned(),
        at: line.at.clone(),
    }
}

fn begin_phase(
    heading: &ids::PhaseHeading,
    level: u8,
    line: &Line,
    outline: &mut Outline,
    draft: &mut Draft,
) {
    let phase = outline.phase(&heading.id, &line.at);
    if phase.title.is_some() {
        draft.error(
            "phase-twice",
            format!("the phase {} has two headings", heading.id),
            line.at.clone(),
            "an id is given once: give this phase another number",
        );
        return;
    }
    phase.at = line.at.clone();
    phase.title = Some(Span {
        text: heading.title.to_owned(),
        at: line.at.clone(),
    });
    if !heading.is_canonical || level != 2 {
        draft.warn_with(
            "phase-heading",
            format!("read as the heading of the phase {}", heading.id),
            line.at.clone(),
            "tools of open-agent-toolkit look for `## Phase N: Title`",
        );
    }
}

fn task(
    blocks: &[Block],
    index: usize,
    level: u8,
    line: &Line,
    heading: &ids::TaskHeading,
    text: &str,
    draft: &mut Draft,
) -> Task {
    if !heading.is_canonical || level != 3 {
        draft.warn_with(
            "task-heading",
            format!("read as the heading of the task {}", heading.id),
            line.at.clone(),
            "tools of open-agent-toolkit look for `### Task pNN-tNN: Title`",
        );
    }
    let rest = &blocks[index + 1..];
    let ends = |block: &Block| match &block.kind {
        Kind::Heading { level: other, text } => {
            *other <= level || ids::heading_of_task(&plain(&text.raw)).is_some()
        }
        _ => false,
    };
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    let body = body::read(&rest[..end], draft);
    let from = blocks[index].at.end;
    let to = rest.get(end).map_or(text.len(), |next| next.at.start);
    let to = rest[..end].last().map_or(from, |last| last.at.end.min(to));
    Task {
        id: find(line, heading.id),
        phase: heading.phase.clone(),
        at: line.at.clone(),
        title: match heading.title {
            "" => find(line, heading.id),
            title => Span {
                text: title.to_owned(),
                at: line.at.clone(),
            },
        },
        description: description(text, from..to.max(from)),
        paths: body.paths,
        is_incomplete: body.is_incomplete,
        commands: body.commands,
        acceptance: body.acceptance,
        done: None,
    }
}

/// The place of a part of a line.
fn find(line: &Line, part: &str) -> Span {
    let start = line
        .raw
        .find(part)
        .map_or(line.at.start, |at| line.at.start + at);
    Span {
        text: part.to_owned(),
        at: start..start + part.len(),
    }
}

/// The text without what only sets it apart from the next.
fn description(text: &str, at: Range<usize>) -> Span {
    let mut body = text.get(at.clone()).unwrap_or_default().trim_end();
    while let Some(rest) = body.strip_suffix("\n---") {
        body = rest.trim_end();
    }
    let start = at.start + (body.len() - body.trim_start().len());
    let body = body.trim_start();
    Span {
        text: body.to_owned(),
        at: start..start + body.len(),
    }
}

/// The phase of a task is in its id, as upstream has it; the heading above it should say the same.
fn place(task: &Task, above: Option<&str>, outline: &mut Outline, draft: &mut Draft) {
    if above.is_some_and(|above| above != task.phase) {
        draft.warn_with(
            "task-in-other-phase",
            format!(
                "the task {} stands in the phase {}, and belongs to {} by its id",
                task.id.text,
                above.unwrap_or_default(),
                task.phase
            ),
            task.id.at.clone(),
            "the id counts: move the task, or give it an id of the phase that it stands in",
        );
    }
    let position = outline.tasks.len();
    let phase = outline.phase(&task.phase, &task.id.at);
    phase.tasks.push(position);
}

/// A fence that is not closed hides what follows: that must not pass in silence.
fn hidden(code: &str, block: &Block, draft: &mut Draft) {
    for line in code.lines().filter(|line| line.starts_with('#')) {
        if let Some(heading) = ids::heading_of_task(line.trim_start_matches('#')) {
            draft.warn_with(
                "task-in-code",
                format!(
                    "the heading of the task {} stands in a code block: it is not read",
                    heading.id
                ),
                block.at.start..block.at.start + 3,
                "if it is meant as a task, look for the fence above it that is never closed",
            );
        }
    }
}

/// What is odd about the whole: phases nothing belongs to, and ids that go back.
pub(super) fn check(outline: &Outline, draft: &mut Draft) {
    for phase in &outline.phases {
        if phase.tasks.is_empty() {
            draft.warn(
                "empty-phase",
                format!("the phase {} has no tasks", phase.id),
                phase.at.clone(),
            );
        } else if phase.title.is_none() {
            draft.warn_with(
                "no-phase-heading",
                format!("the phase {} has no heading", phase.id),
                phase.at.clone(),
                "it is known by the ids of its tasks",
            );
        }
    }
    let mut last: HashMap<&str, &Task> = HashMap::new();
    for task in &outline.tasks {
        if let Some(before) = last.insert(&task.phase, task)
            && schemas::compare_ids(&before.id.text, &task.id.text).is_gt()
        {
            draft.warn_with(
                "task-order",
                format!("the task {} stands behind {}", task.id.text, before.id.text),
                task.id.at.clone(),
                "tasks run as they stand, not by their numbers",
            );
        }
    }
}
