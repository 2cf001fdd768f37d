//! One task: what of it has a home in the plan, and the rest.

use std::collections::HashMap;

use super::super::fields::{Fields, texts, title_of};
use super::super::parts::{State, Work, unblock};
use super::super::{Draft, Node};
use super::by_id;
use super::list::{BLOCKED_BY, BLOCKS, Created, Tasks};

/// Fields, of the task or of its metadata, that have a home.
const PROJECT: &str = "project";
const REPO: &str = "repo";
const GATES: [&str; 4] = [
    "quality_gate",
    "qualityGate",
    "quality_gates",
    "qualityGates",
];
const ACCEPTANCE: [&str; 4] = [
    "acceptance",
    "acceptance_criteria",
    "acceptanceCriteria",
    "acceptance criteria",
];
const MINUTES: [&str; 2] = ["estimated_minutes", "estimatedMinutes"];

/// The projects, as they are named first, with the repositories that their tasks name.
pub(super) fn projects(created: &[Created], draft: &mut Draft) -> Vec<Node> {
    let mut projects: Vec<Node> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for task in created {
        let Some(name) = project_of(task) else {
            continue;
        };
        let Some(text) = name.as_str() else { continue };
        let at = *positions.entry(text.to_owned()).or_insert_with(|| {
            let mut project = Node::map(name.at.clone());
            project.set("name", name.clone());
            projects.push(project);
            projects.len() - 1
        });
        let Some(repo) = task.get(REPO).filter(|repo| repo.as_str().is_some()) else {
            continue;
        };
        match projects[at].some("repo").and_then(Node::as_str) {
            None => projects[at].set("repo", repo.clone()),
            Some(known) if Some(known) == repo.as_str() => {}
            Some(known) => draft.warn_with(
                "two-repositories",
                format!(
                    "the project `{text}` is in `{known}` and in `{}`: the first is taken",
                    repo.as_str().unwrap_or_default()
                ),
                repo.at.clone(),
                "give each repository a project of its own",
            ),
        }
    }
    projects
}

/// As it is named; else by the name of the repository.
fn project_of(task: &Created) -> Option<Node> {
    if let Some(project) = task.get(PROJECT) {
        let name = project.text().filter(|name| !name.trim().is_empty())?;
        return Some(Node::new(name, project.at.clone()));
    }
    let repo = task.get(REPO)?;
    let name = repo
        .as_str()?
        .trim_end_matches('/')
        .trim_end_matches(".git");
    let name = name.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(Node::new(name, repo.at.clone()))
}

pub(super) fn works(tasks: &Tasks, waits: Vec<Vec<Node>>, draft: &mut Draft) -> Vec<Work> {
    let created = &tasks.created;
    let said: Vec<Said> = created
        .iter()
        .map(|task| said(task.fields.some("status")))
        .collect();
    let mut states: Vec<State> = said.iter().map(|said| said.state).collect();
    let ids: Vec<&str> = created.iter().map(|task| task.id.as_str()).collect();
    let is_blocked: Vec<bool> = said.iter().map(|said| said.word == "blocked").collect();
    unblock(&ids, &waits, &is_blocked, &mut states);
    for ((task, said), state) in created.iter().zip(&said).zip(&states) {
        tell(task, said, *state, draft);
    }
    tell_waves(created, &waits, draft);
    let works = created.iter().zip(waits).zip(states);
    let work = |((task, waits_for), state): ((&Created, Vec<Node>), State)| Work {
        task: made(task, draft),
        id: task.id.clone(),
        at: task.at.clone(),
        whole: None,
        waits_for,
        state,
        is_sum: false,
    };
    works.map(work).collect()
}

/// What a status says.
struct Said {
    state: State,
    word: String,
    is_odd: bool,
}

fn said(status: Option<&Node>) -> Said {
    let text = status
        .map_or(Some("pending"), Node::as_str)
        .unwrap_or_default();
    let word = text.trim().to_lowercase().replace(['-', ' '], "_");
    let (state, is_known) = match word.as_str() {
        "pending" | "in_progress" => (State::Open, true),
        "open" | "todo" | "ready" | "not_started" => (State::Open, false),
        "completed" => (State::Done, true),
        "done" | "complete" | "closed" | "resolved" => (State::Done, false),
        "cancelled" | "canceled" => (State::GivenUp, false),
        _ => (State::Held, false),
    };
    let is_odd = !is_known || word != text;
    Said {
        state,
        word,
        is_odd,
    }
}

fn tell(task: &Created, said: &Said, state: State, draft: &mut Draft) {
    let Some(status) = task.fields.some("status").filter(|_| said.is_odd) else {
        return;
    };
    let (id, word) = (&task.id, &said.word);
    let help = "known are pending, in_progress, completed and deleted";
    let (code, message) = match state {
        State::Held if word == "blocked" => (
            "held-back",
            format!(
                "`{id}` is blocked, and not by what it waits for: it is held back, and so is what waits for it"
            ),
        ),
        State::Held => (
            "held-back",
            format!("`{id}` has an unknown status: it is held back, and so is what waits for it"),
        ),
        State::Open if word == "blocked" => return,
        State::Open => (
            "odd-status",
            format!("the status of `{id}` is read as `pending`"),
        ),
        State::Done => (
            "odd-status",
            format!("the status of `{id}` is read as `completed`"),
        ),
        State::GivenUp => (
            "odd-status",
            format!("`{id}` is given up, and what waits for it is skipped"),
        ),
    };
    draft.warn_with(code, message, status.at.clone(), help);
}

/// Waves are labels, but no task can be in the wave of what it waits for.
fn tell_waves(created: &[Created], waits: &[Vec<Node>], draft: &mut Draft) {
    let by_id = by_id(created);
    let wave = |task: &Created| task.get("wave").and_then(Node::as_f64);
    for (task, waits) in created.iter().zip(waits) {
        let Some(own) = wave(task) else { continue };
        for id in waits.iter().filter_map(Node::as_str) {
            let other = by_id.get(id).and_then(|other| wave(&created[*other]));
            if let Some(other) = other.filter(|other| *other >= own) {
                let at = task
                    .get("wave")
                    .map_or(task.at.clone(), |wave| wave.at.clone());
                draft.warn_with(
                    "wave-order",
                    format!(
                        "`{}` is in wave {own}, and waits for `{id}` in wave {other}",
                        task.id
                    ),
                    at,
                    "waves are labels: what counts is what it waits for",
                );
                break;
            }
        }
    }
}

fn made(source: &Created, draft: &mut Draft) -> Node {
    let at = source.at.clone();
    let mut fields = Fields::of(&source.fields);
    let mut task = Node::map(source.fields.at.clone());
    let mut homes: Vec<&str> = Vec::new();
    task.set("id", Node::new(source.id.as_str(), at.clone()));
    let description = fields.take_text("description");
    let title = fields
        .take_text("subject")
        .or_else(|| fields.take_text("title"));
    let title = title.unwrap_or_else(|| title_of(&source.id, description.as_ref(), &at, draft));
    task.set("title", title);
    let mut acceptance = source.any(&ACCEPTANCE).map_or(Vec::new(), texts);
    homes.extend(ACCEPTANCE);
    if let Some(description) = description {
        acceptance.extend(criteria(&description));
        task.set("description", description);
    }
    task.set_list("acceptance", acceptance, at.clone());
    if let Some(project) = project_of(source) {
        task.set("project", project);
        homes.push(PROJECT);
    }
    if let Some(priority) = source
        .get("priority")
        .and_then(|node| priority(node, &source.id, draft))
    {
        task.set("priority", priority);
        homes.push("priority");
    }
    if let Some(mode) = source.get("mode") {
        match mode.as_str() {
            Some("subagent" | "team") => {
                task.set("mode", mode.clone());
                homes.push("mode");
            }
            _ => draft.warn_with(
                "unknown-mode",
                format!(
                    "the mode of `{}` is unknown: the scheduler decides",
                    source.id
                ),
                mode.at.clone(),
                "known are subagent and team",
            ),
        }
    }
    if let Some(minutes) = source
        .any(&MINUTES)
        .filter(|minutes| minutes.as_f64().is_some_and(|minutes| minutes > 0.0))
    {
        task.set("estimatedMinutes", minutes.clone());
        homes.extend(MINUTES);
    }
    let paths = source.get("paths").map_or(Vec::new(), texts);
    task.set_list("paths", paths.iter().map(path).collect(), at.clone());
    let gates = source.any(&GATES).map_or(Vec::new(), texts);
    task.set_list("gates", gates.into_iter().map(gate).collect(), at.clone());
    homes.push("paths");
    homes.extend(GATES);
    for key in ["id", "taskId", "metadata"]
        .iter()
        .chain(&BLOCKED_BY)
        .chain(&BLOCKS)
    {
        fields.take(key);
    }
    homes.extend(BLOCKED_BY);
    homes.extend(BLOCKS);
    if matches!(
        source.fields.some("status").and_then(Node::as_str),
        Some("pending" | "completed")
    ) {
        fields.take("status");
    }
    let mut metadata = source
        .fields
        .some("metadata")
        .map_or(Node::map(at), |node| Fields::of(node).rest());
    metadata.merge(fields.rest().entries().iter().cloned());
    metadata.remove(&homes);
    if !metadata.entries().is_empty() {
        task.set("metadata", metadata);
    }
    task
}

/// What stands behind `Acceptance:` in a line of the description.
fn criteria(description: &Node) -> Vec<Node> {
    let lines = description.as_str().unwrap_or_default().lines();
    let criterion = |line: &str| {
        let (label, rest) = line.split_once(':')?;
        let label = label.trim_matches([' ', '*', '-', '#']).to_lowercase();
        let is_one = label == "acceptance" || label == "acceptance criteria";
        let rest = rest.trim_matches([' ', '*']);
        (is_one && !rest.is_empty()).then(|| Node::new(rest, description.at.clone()))
    };
    lines.filter_map(criterion).collect()
}

/// As it is, when a plan may have it; words that others have for it; else a warning.
fn priority(node: &Node, id: &str, draft: &mut Draft) -> Option<Node> {
    let text = node.text()?;
    let text = text.trim();
    let (level, suffix) = text
        .split_once('-')
        .map_or((text, None), |(level, suffix)| (level, Some(suffix)));
    let known = match level.to_lowercase().as_str() {
        "p0" | "critical" | "urgent" => "P0",
        "p1" | "high" => "P1",
        "p2" | "medium" | "normal" => "P2",
        "p3" | "low" => "P3",
        _ => {
            draft.warn_with(
                "unknown-priority",
                format!("the priority of `{id}` is unknown"),
                node.at.clone(),
                "known are P0 to P3, with a suffix if you like: P1-revenue",
            );
            return None;
        }
    };
    let read = match suffix.filter(|suffix| !suffix.is_empty()) {
        Some(suffix) => format!("{known}-{suffix}"),
        None => known.to_owned(),
    };
    if read != text {
        draft.warn(
            "odd-priority",
            format!("the priority of `{id}` is read as {read}"),
            node.at.clone(),
        );
    }
    Some(Node::new(read, node.at.clone()))
}

/// A folder stands for all below it without a slash at its end, too.
fn path(node: &Node) -> Node {
    let text = node.as_str().unwrap_or_default();
    let short = text.trim_end_matches('/');
    let text = if short.is_empty() { text } else { short };
    Node::new(text, node.at.clone())
}

fn gate(command: Node) -> Node {
    let mut gate = Node::map(command.at.clone());
    gate.set("command", command);
    gate
}
