//! A phase of a milestone: `phases/phase-N.md`.

use std::collections::HashMap;
use std::ops::Range;

use super::config::Config;
use super::milestone::Milestone;
use crate::dialect::markdown::{self, Span};
use crate::dialect::{Draft, File, Material, Node, front_matter, paths, sections};

pub(super) struct Phase {
    /// Its file, without the extension: `phase-1`.
    pub(super) name: String,
    pub(super) at: Range<usize>,
    pub(super) order: Option<f64>,
    title: Span,
    description: Span,
    /// `depends_on`, when it has the key.
    pub(super) dependencies: Option<Node>,
    pub(super) done: Option<Range<usize>>,
    complexity: Option<Node>,
    skills: Vec<Node>,
    role: Option<Node>,
    acceptance: Vec<Span>,
    files: Vec<Span>,
    /// The scope names more than files.
    is_incomplete: bool,
    front: Node,
}

impl Phase {
    pub(super) fn read(
        material: &Material,
        file: &File,
        told: &HashMap<String, (String, Range<usize>)>,
        draft: &mut Draft,
    ) -> Phase {
        let name = file.name().trim_end_matches(".md").to_owned();
        let parts = front_matter::split(material, file, draft);
        let front = parts.front;
        let blocks = markdown::read(parts.body, parts.offset);
        let (title, sections) = sections::split(&blocks);
        let section = |name: &str| sections::find(&sections, name);
        let title = title
            .or_else(|| section("objective")?.first_line())
            .or_else(|| sections.first()?.first_line())
            .unwrap_or_else(|| Span {
                text: name.clone(),
                at: file.top(),
            });
        if section("objective").is_none() {
            draft.warn(
                "no-objective",
                format!("the phase {name} has no Objective"),
                file.top(),
            );
        }
        let mut files = Vec::new();
        let mut is_incomplete = false;
        for item in section("scope")
            .map(|section| section.items())
            .unwrap_or_default()
        {
            let found = paths::in_line(&item.line, item.line.at.start, draft);
            is_incomplete |= found.is_empty();
            files.extend(found);
        }
        let result = blocks.iter().find_map(|block| match &block.kind {
            markdown::Kind::Heading { level: 2, text }
                if markdown::plain(&text.raw) == "Result" =>
            {
                Some(block.at.start)
            }
            _ => None,
        });
        let end = result.unwrap_or(parts.offset + parts.body.len());
        let text = material
            .source
            .text
            .get(parts.offset..end)
            .unwrap_or_default();
        let lead = text.len() - text.trim_start().len();
        if let Some(empty) = front.get("depends_on").filter(|node| node.is_null()) {
            draft.warn_with(
                "depends-on",
                "`depends_on` without a value is read as if it were absent: the phase waits for the one before",
                empty.at.clone(),
                "write `depends_on: []` if it may start at once",
            );
        }
        let order = front.some("order");
        if order.is_some_and(|order| order.as_f64().is_none()) {
            let at = order.map_or(file.top(), |order| order.at.clone());
            draft.error("order", "`order` is a number", at, "write `order: 1`");
        }
        Phase {
            at: file.top(),
            order: order.and_then(Node::as_f64),
            title,
            description: Span {
                text: text.trim().to_owned(),
                at: parts.offset + lead..parts.offset + lead + text.trim().len(),
            },
            dependencies: front.some("depends_on").cloned(),
            done: done(&front, &name, told, draft),
            complexity: front.some("complexity").cloned(),
            skills: front
                .some("skills")
                .map(|skills| skills.items().to_vec())
                .unwrap_or_default(),
            role: front
                .some("role")
                .filter(|role| role.as_str().is_some())
                .cloned(),
            acceptance: section("acceptance criteria")
                .map(|section| section.texts())
                .unwrap_or_default(),
            files,
            is_incomplete,
            name,
            front,
        }
    }

    pub(super) fn id(&self, milestone: &Milestone) -> String {
        format!("{}-{}", milestone.id, self.name)
    }

    pub(super) fn task(
        &self,
        milestone: &Milestone,
        config: &Config,
        dependencies: Vec<Node>,
        draft: &mut Draft,
    ) -> Node {
        let text = |span: &Span| Node::new(span.text.as_str(), span.at.clone());
        let mut task = Node::map(self.at.clone());
        task.set("id", Node::new(self.id(milestone), self.at.clone()));
        task.set("title", text(&self.title));
        task.set("description", text(&self.description));
        task.set_list(
            "dependsOn",
            dependencies,
            self.dependencies
                .as_ref()
                .map_or(self.at.clone(), |node| node.at.clone()),
        );
        if let Some(complexity) = self.complexity.as_ref().or(config.default_complexity()) {
            self.complexity(complexity, config, &mut task, draft);
        }
        task.set("phase", Node::new(milestone.id.as_str(), self.at.clone()));
        if let Some(priority) = milestone.priority() {
            task.set("priority", priority);
        }
        if let Some(role) = &self.role {
            task.set("role", role.clone());
        }
        let skills = self
            .skills
            .iter()
            .filter(|skill| skill.as_str().is_some())
            .cloned();
        task.set_list("skills", skills.collect(), self.at.clone());
        // A scope that is more than a list of files must not bind the agent to those that it names.
        let files = self.files.iter();
        if self.is_incomplete {
            let names = files.map(|file| Node::new(format!("file:{}", file.text), file.at.clone()));
            task.set_list("resources", names.collect(), self.at.clone());
        } else {
            task.set_list("paths", files.map(text).collect(), self.at.clone());
        }
        task.set_list(
            "acceptance",
            self.acceptance.iter().map(text).collect(),
            self.at.clone(),
        );
        if let Some(done) = &self.done {
            task.set("outcome", Node::new("succeeded", done.clone()));
        }
        let known = [
            "status",
            "order",
            "complexity",
            "skills",
            "depends_on",
            "role",
        ];
        let mut metadata = Node::map(self.at.clone());
        for (key, value) in self.front.entries() {
            if !known.contains(&key.as_str()) {
                metadata.set(key, value.clone());
            }
        }
        if !metadata.entries().is_empty() {
            task.set("metadata", metadata);
        }
        task
    }

    /// Both vocabularies: that of phases, and that of pipelines.
    fn complexity(&self, node: &Node, config: &Config, task: &mut Node, draft: &mut Draft) {
        let word = node.text().unwrap_or_default().to_lowercase();
        let ours = match word.as_str() {
            "trivial" | "quick" | "standard" | "complex" => word.as_str(),
            "full" => "complex",
            _ => {
                draft.warn_with(
                    "complexity",
                    format!("`{word}` is no complexity"),
                    node.at.clone(),
                    "trivial, quick, standard or complex",
                );
                return;
            }
        };
        task.set("complexity", Node::new(ours, node.at.clone()));
        if let Some(model) = config.model(ours) {
            task.set("model", model.clone());
        }
    }
}

/// Done when its file says so, and context.md does not deny it.
fn done(
    front: &Node,
    name: &str,
    told: &HashMap<String, (String, Range<usize>)>,
    draft: &mut Draft,
) -> Option<Range<usize>> {
    let status = front.some("status");
    let word = status
        .and_then(Node::text)
        .unwrap_or_default()
        .to_lowercase();
    let is_done = matches!(word.as_str(), "done" | "completed" | "complete");
    let known = is_done
        || matches!(
            word.as_str(),
            "" | "pending" | "in-progress" | "in_progress" | "failed" | "blocked"
        );
    if let Some(status) = status.filter(|_| !known) {
        draft.warn_with(
            "unclear-status",
            format!("`{word}` is no status of a phase: it counts as not done"),
            status.at.clone(),
            "pending, in-progress, done or failed",
        );
    }
    let context = told.get(name);
    if let Some((said, at)) = context
        && said.starts_with("done") != is_done
    {
        let (file, other) = if is_done {
            ("done", "not")
        } else {
            ("not done", "done")
        };
        draft.warn_with(
            "progress-disagrees",
            format!("the phase {name} is {file} by its file, and {other} by context.md: it counts as not done"),
            at.clone(),
            "look which of the two is right, and correct the other",
        );
        return None;
    }
    let at = status.map(|status| status.at.clone());
    at.filter(|_| is_done)
}
