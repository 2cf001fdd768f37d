//! Phases and tasks of the file, in the forms that real ones have.

use std::collections::HashSet;
use std::ops::Range;

use super::{fields, ids, line};
use crate::dialect::labels::labelled;
use crate::dialect::markdown::{Block, Item, Kind, Line, Span, plain};
use crate::dialect::{Draft, Node};

/// All that is read of the file.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) title: Option<Span>,
    pub(super) phases: Vec<Phase>,
    pub(super) tasks: Vec<Task>,
}

pub(super) struct Phase {
    pub(super) id: String,
    pub(super) title: Span,
    pub(super) priority: Option<Span>,
    /// Goal, purpose, independent test, checkpoint: what is said about the whole phase.
    pub(super) notes: Vec<(String, String)>,
}

pub(super) struct Task {
    pub(super) id: Span,
    pub(super) at: Range<usize>,
    /// The whole line.
    pub(super) line: Line,
    /// The line without id and marks.
    pub(super) text: Span,
    /// What stands below the line.
    pub(super) inner: String,
    pub(super) phase: Option<usize>,
    /// Which heading it stands below: side by side are only tasks of one.
    pub(super) heading: usize,
    pub(super) is_parallel: bool,
    pub(super) story: Option<Span>,
    pub(super) done: Option<Range<usize>>,
    /// What it says itself.
    pub(super) dependencies: Vec<(String, Range<usize>)>,
    /// It has a field for its dependencies: within its phase it waits for nothing else.
    pub(super) has_field: bool,
    pub(super) priority: Option<Span>,
    pub(super) minutes: Option<Node>,
    pub(super) acceptance: Vec<Span>,
}

/// Labels of what is said about a phase.
const NOTES: &[&str] = &["Goal", "Purpose", "Independent Test", "Checkpoint"];

pub(super) fn read(blocks: &[Block], text: &str, draft: &mut Draft) -> Tasks {
    let mut reader = Reader {
        text,
        has_boxes: has_boxes(blocks),
        has_phases: blocks
            .iter()
            .any(|block| heading(block).is_some_and(|(_, line)| phase_token(&line.raw).is_some())),
        headings: 0,
        current: None,
        tasks: Tasks::default(),
        ids: HashSet::new(),
        phase_ids: HashSet::new(),
        unnamed: 0,
    };
    // What belongs to a task that is a heading was read with it.
    let mut read_to = 0;
    for (index, block) in blocks.iter().enumerate() {
        match &block.kind {
            _ if index < read_to => {}
            Kind::Heading { level, text } => {
                if ids::first(&plain(&text.raw)).is_some() && *level >= 2 {
                    read_to = index + reader.task_of_heading(&blocks[index..], *level, text, draft);
                } else {
                    reader.heading(*level, text);
                }
            }
            Kind::Paragraph(line) => reader.note(line),
            Kind::List(items) => {
                for item in items {
                    reader.item(item, draft);
                }
            }
            _ => {}
        }
    }
    reader.tasks
}

fn heading(block: &Block) -> Option<(u8, &Line)> {
    match &block.kind {
        Kind::Heading { level, text } => Some((*level, text)),
        _ => None,
    }
}

/// Whether tasks have check boxes: then what has none only speaks of tasks.
fn has_boxes(blocks: &[Block]) -> bool {
    blocks.iter().any(|block| match &block.kind {
        Kind::List(items) => items
            .iter()
            .any(|item| item.done.is_some() && line::parts(&item.line).id.is_some()),
        _ => false,
    })
}

/// `3`, `3.1` or `N` of `Phase 3: Title`.
fn phase_token(heading: &str) -> Option<String> {
    let text = plain(heading);
    let rest = text
        .get(..6)
        .filter(|word| word.eq_ignore_ascii_case("phase "))
        .map(|_| &text[6..])?;
    let token: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    let token = token.trim_end_matches('.').to_lowercase();
    (!token.is_empty() && token.len() <= 8).then_some(token)
}

/// A heading below which tasks may stand.
struct Current {
    token: Option<String>,
    title: Span,
    notes: Vec<(String, String)>,
    /// The phase, once a task has stood below it.
    phase: Option<usize>,
}

struct Reader<'a> {
    text: &'a str,
    has_boxes: bool,
    has_phases: bool,
    headings: usize,
    current: Option<Current>,
    tasks: Tasks,
    ids: HashSet<String>,
    phase_ids: HashSet<String>,
    unnamed: usize,
}

impl Reader<'_> {
    fn heading(&mut self, level: u8, line: &Line) {
        self.headings += 1;
        let title = Span {
            text: plain(&line.raw),
            at: line.at.clone(),
        };
        if level == 1 {
            let name = title
                .text
                .split_once([':', '：'])
                .map_or(title.text.as_str(), |(_, name)| name);
            let text = name.trim().to_owned();
            self.tasks.title.get_or_insert(Span { text, ..title });
            return;
        }
        let token = phase_token(&line.raw);
        // Without phases every heading with tasks is one; with them, what is no phase divides one at most.
        if token.is_some() || !self.has_phases || level == 2 {
            self.current = Some(Current {
                token,
                title,
                notes: Vec::new(),
                phase: None,
            });
        }
    }

    fn note(&mut self, line: &Line) {
        let Some(current) = &mut self.current else {
            return;
        };
        for label in NOTES {
            if let Some(said) = labelled(line, label) {
                let note = ((*label).to_owned(), said.text);
                match current.phase {
                    Some(phase) => self.tasks.phases[phase].notes.push(note),
                    None => current.notes.push(note),
                }
                return;
            }
        }
    }

    /// The phase of the heading above, which exists from its first task on.
    fn phase(&mut self, draft: &mut Draft) -> Option<usize> {
        let current = self.current.as_mut()?;
        if let Some(phase) = current.phase {
            return Some(phase);
        }
        let id = match &current.token {
            Some(token) => format!("phase-{token}"),
            None => format!("section-{}", self.tasks.phases.len() + 1),
        };
        let unique = self.phase_ids.insert(id.clone());
        let id = match unique {
            true => id,
            false => {
                let other = (2..)
                    .map(|n| format!("{id}-{n}"))
                    .find(|id| !self.phase_ids.contains(id));
                let other = other.unwrap_or_default();
                self.phase_ids.insert(other.clone());
                let message = format!("two phases have one number: this one is read as {other}");
                draft.warn("phase-twice", message, current.title.at.clone());
                other
            }
        };
        current.phase = Some(self.tasks.phases.len());
        let (title, priority) = (current.title.clone(), priority(&current.title));
        let notes = std::mem::take(&mut current.notes);
        self.tasks.phases.push(Phase {
            id,
            title,
            priority,
            notes,
        });
        current.phase
    }

    fn item(&mut self, item: &Item, draft: &mut Draft) {
        let parts = line::parts(&item.line);
        let is_box = item.done.is_some();
        let below_phase = self
            .current
            .as_ref()
            .is_some_and(|current| current.token.is_some());
        if ids::is_placeholder(&plain(&item.line.raw)) && is_box {
            draft.error(
                "placeholder",
                "the task has no number: the template was not filled in",
                item.line.at.clone(),
                "number the task, or take the line out",
            );
            return;
        }
        let id = match parts.id {
            Some(id) if is_box => id,
            Some(id)
                if !self.has_boxes
                    && is_told(&parts.text, &item.line, &id)
                    && !self.ids.contains(&id.text) =>
            {
                draft.warn_with(
                    "no-check-box",
                    format!("the task {} has no check box", id.text),
                    item.line.at.clone(),
                    "write `- [ ] T001 …`, so that it can be checked off",
                );
                id
            }
            None if is_box && below_phase && !parts.text.text.is_empty() => {
                self.unnamed(item, draft)
            }
            _ => return,
        };
        self.ids.insert(id.text.clone());
        let mut done = (item.done == Some(true)).then_some(item.at.start..item.line.at.start);
        if done.is_none() && parts.text.text.starts_with(['✅', '☑']) {
            draft.warn(
                "done-mark",
                "the mark is read as done",
                parts.text.at.clone(),
            );
            done = Some(parts.text.at.clone());
        }
        let inner = self
            .text
            .get(item.line.at.end..item.at.end)
            .unwrap_or_default();
        let phase = self.phase(draft);
        // `- Dependency: T001` below a task.
        let below = fields::read(&item.inner, draft);
        let mut dependencies = line::dependencies(&parts.text);
        dependencies.extend(below.dependencies.into_iter().flatten());
        self.tasks.tasks.push(Task {
            id,
            at: item.line.at.clone(),
            line: item.line.clone(),
            text: parts.text,
            inner: inner.trim().to_owned(),
            phase,
            heading: self.headings,
            is_parallel: parts.is_parallel,
            story: parts.story,
            done,
            dependencies,
            has_field: false,
            priority: below.priority,
            minutes: below.minutes,
            acceptance: below.acceptance,
        });
    }

    /// A check box below a phase is work, too, also when nobody has numbered it.
    fn unnamed(&mut self, item: &Item, draft: &mut Draft) -> Span {
        self.unnamed += 1;
        let text = format!("item-{}", self.unnamed);
        draft.warn_with(
            "no-task-id",
            format!("the task has no id: it is called {text}"),
            item.line.at.clone(),
            "write `- [ ] T001 …`: an id that does not move when lines are added",
        );
        let at = item.line.at.clone();
        Span { text, at }
    }

    /// `### TASK-001: Title`, with fields and a list of boxes below it. Says how many blocks it takes.
    fn task_of_heading(
        &mut self,
        blocks: &[Block],
        level: u8,
        line: &Line,
        draft: &mut Draft,
    ) -> usize {
        let parts = line::parts(line);
        let Some(id) = parts.id else { return 1 };
        self.headings += 1;
        draft.warn_with(
            "task-heading",
            format!("the heading is read as the task {}", id.text),
            line.at.clone(),
            "tasks of spec-kit are lines: `- [ ] T001 …`",
        );
        let end = blocks[1..]
            .iter()
            .position(|block| heading(block).is_some_and(|(other, _)| other <= level))
            .map_or(blocks.len(), |at| at + 1);
        let body = &blocks[1..end];
        let fields = fields::read(body, draft);
        let (open, closed) = fields::boxes(body);
        let done = (open == 0 && closed > 0).then(|| line.at.clone());
        let inner = body
            .last()
            .and_then(|last| self.text.get(blocks[0].at.end..last.at.end));
        self.ids.insert(id.text.clone());
        let phase = self.phase(draft);
        self.tasks.tasks.push(Task {
            id,
            at: line.at.clone(),
            line: line.clone(),
            text: parts.text,
            inner: inner
                .unwrap_or_default()
                .trim()
                .trim_end_matches("\n---")
                .trim_end()
                .to_owned(),
            phase,
            heading: self.headings,
            is_parallel: parts.is_parallel,
            story: parts.story,
            done,
            has_field: fields.dependencies.is_some(),
            dependencies: fields.dependencies.unwrap_or_default(),
            priority: fields.priority,
            minutes: fields.minutes,
            acceptance: fields.acceptance,
        });
        end
    }
}

/// Whether a line without a box tells a task, and not something about tasks: `T001, T002 may run together`.
fn is_told(text: &Span, line: &Line, id: &Span) -> bool {
    let after = &line.raw[id.at.end - line.at.start..];
    let speaks = ["depends", "must", "can ", "may ", "and ", "is ", "are "];
    let lower = text.text.to_ascii_lowercase();
    after.starts_with([' ', ':', '*'])
        && !lower.is_empty()
        && !speaks.iter().any(|word| lower.starts_with(word))
}

/// `P1` of `(Priority: P1)`.
fn priority(title: &Span) -> Option<Span> {
    let at = title
        .text
        .find("Priority: P")
        .or_else(|| title.text.find("priority: P"))?
        + 10;
    let text = title.text.get(at..at + 2)?;
    matches!(text, "P0" | "P1" | "P2" | "P3").then(|| Span {
        text: text.to_owned(),
        at: title.at.clone(),
    })
}
