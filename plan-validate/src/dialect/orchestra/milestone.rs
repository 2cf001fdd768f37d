//! A milestone: `milestone.md` with its table, its phases, and `context.md` of a run that has begun.

use std::collections::HashMap;
use std::ops::Range;

use super::phase::Phase;
use crate::dialect::labels::labelled;
use crate::dialect::markdown::{self, Block, Kind, Span, items, plain};
use crate::dialect::{Draft, File, Material, Node, front_matter, sections};

pub(super) struct Milestone {
    /// `M1` of `M1-user-auth`.
    pub(super) id: String,
    pub(super) number: Option<u64>,
    pub(super) title: Span,
    /// Its fields by their name in small letters.
    fields: HashMap<String, Span>,
    criteria: Vec<Span>,
    pub(super) phases: Vec<Phase>,
}

/// All of them, by number, then by name.
pub(super) fn all(material: &Material, draft: &mut Draft) -> Vec<Milestone> {
    let mut folders: Vec<&str> = Vec::new();
    let mut phases: HashMap<&str, Vec<&File>> = HashMap::new();
    for file in &material.files {
        let Some((folder, name)) = split(&file.path) else {
            continue;
        };
        if let Some(above) = folder
            .strip_suffix("phases")
            .map(|above| above.trim_end_matches('/'))
        {
            phases.entry(above).or_default().push(file);
        } else if name == "milestone.md" {
            folders.push(folder);
        }
    }
    let mut orphans: Vec<&str> = phases
        .keys()
        .filter(|folder| !folders.contains(folder))
        .copied()
        .collect();
    orphans.sort_unstable();
    for folder in orphans {
        let at = phases[folder].first().map_or(0..0, |file| file.top());
        draft.warn(
            "no-milestone",
            format!("`{folder}` has phases, and no milestone.md"),
            at,
        );
        folders.push(folder);
    }
    let mut all: Vec<Milestone> = Vec::new();
    for folder in folders {
        let files = phases.remove(folder).unwrap_or_default();
        all.push(one(material, folder, &files, draft));
    }
    all.sort_by(|a, b| {
        let key = |milestone: &Milestone| milestone.number.unwrap_or(u64::MAX);
        key(a)
            .cmp(&key(b))
            .then_with(|| schemas::compare_ids(&a.id, &b.id))
    });
    twice(&all, draft);
    all
}

/// Folder and name of a path.
fn split(path: &str) -> Option<(&str, &str)> {
    match path.rsplit_once('/') {
        Some((folder, name)) => Some((folder, name)),
        None => Some(("", path)),
    }
}

fn one(material: &Material, folder: &str, phases: &[&File], draft: &mut Draft) -> Milestone {
    let path = |name: &str| match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let called = match folder.rsplit('/').next() {
        None | Some("") => material.called.as_deref().unwrap_or("milestone"),
        Some(name) => name,
    };
    let (number, id) = id_of(called);
    let mut milestone = Milestone {
        title: Span {
            text: called.to_owned(),
            at: phases.first().map_or(0..0, |file| file.top()),
        },
        id,
        number,
        fields: HashMap::new(),
        criteria: Vec::new(),
        phases: Vec::new(),
    };
    if let Some(file) = material.file(&path("milestone.md")) {
        let parts = front_matter::split(material, file, draft);
        let blocks = markdown::read(parts.body, parts.offset);
        milestone.fields = fields(&parts.front, &blocks);
        let (title, sections) = sections::split(&blocks);
        let criteria = sections::find(&sections, "acceptance criteria");
        milestone.criteria = criteria.map(|section| section.texts()).unwrap_or_default();
        milestone.title = title.map_or(
            Span {
                text: called.to_owned(),
                at: file.top(),
            },
            |title| Span {
                text: title
                    .text
                    .trim_start_matches("Milestone:")
                    .trim()
                    .to_owned(),
                ..title
            },
        );
    }
    let mut told = HashMap::new();
    if let Some(file) = material.file(&path("context.md")) {
        let blocks = markdown::read(material.text(file), file.span.start);
        told = context(&blocks);
    }
    for file in phases {
        milestone
            .phases
            .push(Phase::read(material, file, &told, draft));
    }
    milestone.phases.sort_by(|a, b| {
        let key = |phase: &Phase| phase.order.unwrap_or(f64::MAX);
        key(a)
            .total_cmp(&key(b))
            .then_with(|| schemas::compare_ids(&a.name, &b.name))
    });
    milestone.check(draft);
    milestone
}

/// `M12-user-auth`: 12 and `M12`.
fn id_of(called: &str) -> (Option<u64>, String) {
    let digits = called.strip_prefix(['M', 'm']).unwrap_or_default();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let is_cut = digits[end..].is_empty() || digits[end..].starts_with(['-', '_', ' ', '.']);
    match digits[..end].parse().ok().filter(|_| is_cut) {
        Some(number) => (Some(number), format!("M{number}")),
        None => (None, called.to_owned()),
    }
}

fn twice(all: &[Milestone], draft: &mut Draft) {
    for pair in all.windows(2) {
        if pair[0].id == pair[1].id {
            draft.error(
                "milestone-twice",
                format!("two milestones are {}", pair[1].id),
                pair[1].title.at.clone(),
                "milestones run by their number: give one of them another",
            );
        }
    }
}

/// Fields of front matter, of tables with two columns, and of `Locked-By: …` lines.
fn fields(front: &Node, blocks: &[Block]) -> HashMap<String, Span> {
    let mut fields = HashMap::new();
    for (key, value) in front.entries() {
        if let Some(text) = value.text() {
            let at = value.at.clone();
            fields.insert(key.to_lowercase(), Span { text, at });
        }
    }
    for block in blocks {
        match &block.kind {
            Kind::Table(rows) => {
                for row in rows.iter().filter(|row| row.len() == 2) {
                    let (name, value) = (plain(&row[0].raw).to_lowercase(), plain(&row[1].raw));
                    let at = row[1].at.clone();
                    if name == "field" {
                        continue;
                    }
                    fields.entry(name).or_insert(Span { text: value, at });
                }
            }
            Kind::Paragraph(line) => {
                for name in ["Status", "Priority", "Complexity", "Locked-By"] {
                    if let Some(value) = labelled(line, name) {
                        fields.entry(name.to_lowercase()).or_insert(value);
                    }
                }
            }
            _ => {}
        }
    }
    fields
}

/// Lines of context.md: `- phase-1: done | commit: …`.
fn context(blocks: &[Block]) -> HashMap<String, (String, Range<usize>)> {
    let mut told = HashMap::new();
    for item in items(blocks) {
        let text = plain(&item.line.raw);
        if let Some((name, rest)) = text.split_once(':')
            && name.starts_with("phase-")
        {
            let status = rest
                .split('|')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase();
            told.insert(name.trim().to_owned(), (status, item.line.at.clone()));
        }
    }
    told
}

impl Milestone {
    fn word(&self, name: &str) -> String {
        let field = self.fields.get(name);
        field
            .map(|field| field.text.trim().to_lowercase())
            .unwrap_or_default()
    }

    fn check(&self, draft: &mut Draft) {
        if let Some(lock) = self.fields.get("locked-by") {
            draft.warn_with(
                "locked",
                format!("the milestone {} is locked: {}", self.id, lock.text),
                lock.at.clone(),
                "somebody may be at work on it",
            );
        }
        if let Some(status) = self.fields.get("status") {
            let word = self.word("status");
            let open = self
                .phases
                .iter()
                .filter(|phase| phase.done.is_none())
                .count();
            let known = [
                "planning",
                "in-progress",
                "in_progress",
                "review",
                "done",
                "failed",
            ];
            if !known.contains(&word.as_str()) {
                draft.warn_with(
                    "unclear-status",
                    format!("`{}` is no status of a milestone", status.text),
                    status.at.clone(),
                    "planning, in-progress, review or done",
                );
            } else if word == "done" && open > 0 {
                draft.warn_with(
                    "progress-disagrees",
                    format!(
                        "the milestone {} is done, but {open} of its phases are not",
                        self.id
                    ),
                    status.at.clone(),
                    "what its phases say counts",
                );
            }
        }
    }

    /// As a phase of the plan.
    pub(super) fn node(&self, order: usize) -> Node {
        let at = self.title.at.clone();
        let mut node = Node::map(at.clone());
        node.set("id", Node::new(self.id.as_str(), at.clone()));
        node.set("title", Node::new(self.title.text.as_str(), at.clone()));
        node.set("order", Node::new(order, at));
        node
    }

    pub(super) fn priority(&self) -> Option<Node> {
        let priority = self.fields.get("priority")?;
        let word = self.word("priority").to_uppercase();
        let known = matches!(word.as_str(), "P0" | "P1" | "P2" | "P3");
        known.then(|| Node::new(word, priority.at.clone()))
    }

    /// What must hold when all of it is done.
    pub(super) fn close(&self, task: &mut Node) {
        let mut criteria = task
            .get("acceptance")
            .map(|node| node.items().to_vec())
            .unwrap_or_default();
        criteria.extend(
            self.criteria
                .iter()
                .map(|span| Node::new(span.text.as_str(), span.at.clone())),
        );
        task.set_list("acceptance", criteria, self.title.at.clone());
    }

    /// Its fields, for `metadata`.
    pub(super) fn state(&self) -> Node {
        let mut node = self.node(0);
        let mut state = Node::map(node.at.clone());
        if let Some(id) = node.get_mut("id") {
            state.set("id", id.clone());
        }
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(_, span)| span.at.start);
        for (name, span) in fields {
            state.set(name, Node::new(span.text.as_str(), span.at.clone()));
        }
        state
    }
}
