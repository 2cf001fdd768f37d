//! Which of the lists of a file is the plan: that of `--tag`, else of the tag that is current, else of `master`.

use schemas::{Problem, Severity};

use super::super::{Draft, File, Material, Node};

/// What a file of task-master looks like.
pub(super) const FORM: &str = "task-master keeps one JSON object: {\"master\": {\"tasks\": [...]}}, in older files {\"tasks\": [...]}";

/// The tag when nothing else is said; older files are of it.
const MASTER: &str = "master";

/// A list of tasks.
pub(super) struct Chosen<'n> {
    tag: Node,
    /// The object that the list is in.
    section: &'n Node,
    pub(super) tasks: &'n Node,
}

impl Chosen<'_> {
    /// For messages.
    pub(super) fn name(&self) -> String {
        format!("the tag `{}`", self.tag.as_str().unwrap_or(MASTER))
    }

    /// The plan, without its tasks.
    pub(super) fn plan(&self) -> Node {
        let tag = self.tag.as_str().unwrap_or(MASTER);
        let mut plan = Node::map(self.section.at.clone());
        plan.set(
            "planId",
            Node::new(format!("task-master-{tag}"), self.tag.at.clone()),
        );
        let mut metadata = Node::map(self.section.at.clone());
        metadata.set("tag", self.tag.clone());
        let about = self
            .section
            .some("metadata")
            .or_else(|| self.section.some("meta"));
        let about = about.map_or(&[][..], Node::entries);
        for (key, home) in [("description", "summary"), ("created", "createdAt")] {
            let value = about
                .iter()
                .find(|(name, value)| name == key && value.as_str().is_some());
            if let Some((_, value)) = value {
                plan.set(home, value.clone());
            }
        }
        metadata.merge(about.iter().cloned());
        metadata.remove(&["description", "created"]);
        plan.set("metadata", metadata);
        plan
    }
}

/// Chooses, and says so when there was something to choose.
pub(super) fn choose<'n>(
    root: &'n Node,
    material: &Material,
    file: &File,
    draft: &mut Draft,
) -> Option<Chosen<'n>> {
    let list = |section: &'n Node| section.get("tasks").filter(|tasks| tasks.is_list());
    let tags: Vec<(&str, &Node, &Node)> = root
        .entries()
        .iter()
        .filter_map(|(tag, section)| Some((tag.as_str(), section, list(section)?)))
        .collect();
    let wanted = material.tag.as_deref();
    if tags.is_empty() {
        let Some(tasks) = list(root) else {
            draft.error(
                "not-task-master",
                "no file of task-master: it has no list of tasks",
                root.at.clone(),
                FORM,
            );
            return None;
        };
        if let Some(tag) = wanted.filter(|tag| *tag != MASTER) {
            unknown(tag, &[MASTER], file, draft);
            return None;
        }
        let tag = Node::new(MASTER, file.top());
        return Some(Chosen {
            tag,
            section: root,
            tasks,
        });
    }
    if let Some(old) = list(root).filter(|old| !old.items().is_empty()) {
        draft.warn_with(
            "tasks-without-tag",
            "this list belongs to no tag: it is not read",
            old.at.clone(),
            "task-master reads tags only, once there are any: move the tasks into one, or take the list out",
        );
    }
    let names: Vec<&str> = tags.iter().map(|(tag, ..)| *tag).collect();
    let named = |name: &str| tags.iter().find(|(tag, ..)| *tag == name);
    let found = match (wanted, tags.as_slice()) {
        (Some(wanted), _) => named(wanted),
        (None, [only]) => Some(only),
        (None, _) => current(material)
            .as_deref()
            .and_then(named)
            .or_else(|| named(MASTER)),
    };
    let Some((tag, section, tasks)) = found else {
        match wanted {
            Some(wanted) => unknown(wanted, &names, file, draft),
            None => draft.error(
                "several-tags",
                format!(
                    "there are several tags, and none of them is current: {}",
                    told(&names)
                ),
                file.top(),
                "choose one by --tag",
            ),
        }
        return None;
    };
    if wanted.is_none() && tags.len() > 1 {
        let message = format!(
            "the tag `{tag}` is read, one of {}; --tag chooses another",
            tags.len()
        );
        let problem = Problem {
            severity: Severity::Info,
            ..Problem::error("tag", message)
        };
        draft.tell(problem, section.at.start..section.at.start + 1);
    }
    let tag = Node::new(*tag, section.at.start..section.at.start + 1);
    Some(Chosen {
        tag,
        section,
        tasks,
    })
}

fn unknown(tag: &str, tags: &[&str], file: &File, draft: &mut Draft) {
    draft.error(
        "no-such-tag",
        format!("there is no tag `{tag}`"),
        file.top(),
        format!("there are: {}", told(tags)),
    );
}

fn told(tags: &[&str]) -> String {
    const TOLD: usize = 20;
    let mut told: Vec<&str> = tags.iter().take(TOLD).copied().collect();
    if tags.len() > TOLD {
        told.push("…");
    }
    told.join(", ")
}

/// The tag that task-master's own state names. What it does not name is nobody's business here.
fn current(material: &Material) -> Option<String> {
    let state = material
        .files
        .iter()
        .skip(1)
        .find(|file| file.name().ends_with("state.json"))?;
    let state = Node::from_json(material.text(state), state.span.start).ok()?;
    state.some("currentTag")?.text()
}
