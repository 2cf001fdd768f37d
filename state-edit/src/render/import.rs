//! The published Markdown state file, read back: a state document with what the file says.

use schemas::{Failure, RunStatus, time};
use serde_json::{Map, Value, json};

use super::unescaped;

/// Reads a file; gives the state document, with what a state has no field for beside what it has.
pub(super) fn read(name: &str, text: &str) -> Result<Value, Failure> {
    let wrong =
        |line: usize, what: &str| Failure::input(format!("cannot read {name}:{line}: {what}"));
    let root = crate::file::front_matter(name, text)?;
    if root.get("type").and_then(Value::as_str) != Some("orchestration-state") {
        return Err(wrong(
            1,
            "the front matter has no `type: orchestration-state`",
        ));
    }
    let status = root
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or("in_progress");
    if RunStatus::parse(status).is_none() {
        return Err(wrong(1, &format!("no status {status}")));
    }
    let mut reading = Reading::default();
    for (number, line) in (1..).zip(text.lines()) {
        reading.line(line).map_err(|what| wrong(number, &what))?;
    }
    let created = root.get("created").and_then(Value::as_str);
    Ok(json!({
        "kind": "state", "version": 1, "run": root.get("planId"), "planId": root.get("planId"),
        "summary": (!reading.summary.is_empty()).then(|| reading.summary.join(" ")),
        "status": status, "tasks": reading.tasks, "projects": reading.projects,
        "startedAt": created.and_then(time::parse).map(time::format),
    }))
}

#[derive(Default)]
struct Reading {
    section: String,
    summary: Vec<String>,
    projects: Map<String, Value>,
    phase: Option<String>,
    tasks: Map<String, Value>,
    task: Option<String>,
    fenced: bool,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.trim_start().starts_with("```") {
            self.fenced = !self.fenced;
        }
        if self.fenced {
            return Ok(());
        }
        if let Some(title) = line.strip_prefix("## ") {
            self.section = title.trim().to_owned();
        } else if let Some(phase) = line.strip_prefix("### Phase ") {
            let name = phase.rsplit_once(" (").map_or(phase, |(name, _)| name);
            self.phase = Some(unescaped(name.trim()));
        } else if self.section == "Plan Summary" && !line.trim().is_empty() {
            self.summary.push(unescaped(line.trim()));
        } else if self.section == "Projects" && line.starts_with('|') {
            self.project(line);
        } else if let Some(entry) = line.strip_prefix("- **") {
            self.entry(entry)?;
        } else if let Some(detail) = line.trim_start().strip_prefix("- ")
            && line.starts_with(' ')
        {
            self.detail(detail);
        }
        Ok(())
    }

    fn project(&mut self, line: &str) {
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| unescaped(&cell.trim().replace('\u{0}', "|")))
            .collect();
        let [name, id, terminal, status] = &cells[..] else {
            return;
        };
        if name != "Name" && !name.starts_with('-') {
            let project = json!({"tasks": 0, "settled": 0, "succeeded": 0, "projectId": id, "terminalId": terminal, "status": status});
            self.projects.insert(name.clone(), project);
        }
    }

    /// `t1** [DONE]: Title — terminal`
    fn entry(&mut self, entry: &str) -> Result<(), String> {
        let (id, rest) = entry
            .split_once("** [")
            .ok_or("a task is written `- **ID** [TAG]: TITLE — TERMINAL`")?;
        let (tag, rest) = rest.split_once(']').ok_or("the tag has no end")?;
        let rest = rest.trim_start_matches(':').trim();
        let (title, terminal) = rest.rsplit_once(" \u{2014} ").unwrap_or((rest, "-"));
        let (word, percent) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut task = json!({"title": unescaped(title), "status": "pending", "outcome": null});
        match word {
            "DONE" => {
                task["status"] = "settled".into();
                task["outcome"] = "succeeded".into();
            }
            "ERROR" => {
                task["status"] = "settled".into();
                task["outcome"] = "failed".into();
            }
            "IN_PROGRESS" => {
                let number = percent.trim_end_matches('%').trim().parse::<u8>();
                task["status"] = "running".into();
                task["percent"] = number
                    .map_err(|_| format!("{percent} is no percentage"))?
                    .min(100)
                    .into();
            }
            "PENDING" => {}
            other => {
                return Err(format!(
                    "no tag [{other}]: PENDING, IN_PROGRESS, DONE or ERROR"
                ));
            }
        }
        if terminal != "-" {
            task["terminal"] = unescaped(terminal).into();
        }
        if let Some(phase) = &self.phase {
            task["phase"] = phase.as_str().into();
        }
        let id = unescaped(id);
        if self.tasks.insert(id.clone(), task).is_some() {
            return Err(format!("the task {id} stands twice"));
        }
        self.place(&id);
        self.task = Some(id);
        Ok(())
    }

    /// A task belongs to the project whose terminal it has.
    fn place(&mut self, id: &str) {
        let Some(task) = self.tasks.get_mut(id) else {
            return;
        };
        let terminal = task.get("terminal").cloned();
        let own = self
            .projects
            .iter()
            .find(|(_, project)| terminal.as_ref() == project.get("terminalId"));
        if let Some((name, _)) = own {
            task["project"] = name.as_str().into();
        }
    }

    fn detail(&mut self, detail: &str) {
        let Some(task) = self.task.as_ref().and_then(|id| self.tasks.get_mut(id)) else {
            return;
        };
        let Some((name, value)) = detail.split_once(':') else {
            return;
        };
        let value = unescaped(value.trim());
        let at = || time::parse(&value).map(time::format);
        match name {
            "Completed" => task["settledAt"] = at().into(),
            "Output" => task["summary"] = value.into(),
            "Started" => task["startedAt"] = at().into(),
            "Last update" => task["message"] = value.into(),
            "Error" => {
                let (outcome, reason) = ended(&value);
                task["outcome"] = outcome.into();
                if !reason.is_empty() {
                    task["reason"] = reason.into();
                }
            }
            "Blocked by" => task["dependsOn"] = value.split(',').map(str::trim).collect(),
            _ => {}
        }
    }
}

/// How a task ended, and why: `skipped: t3 did not succeed`; in the words of others it failed.
fn ended(text: &str) -> (&str, &str) {
    let (word, reason) = text.split_once(": ").unwrap_or((text, ""));
    match word {
        "failed" | "excluded" | "skipped" | "cancelled" => (word, reason),
        _ => ("failed", text),
    }
}

/// The same as records, for `record`: a run that goes on from there.
pub(super) fn records(state: &Value) -> Vec<Value> {
    let none = Map::new();
    let tasks = state
        .get("tasks")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let label = |(id, task): (&String, &Value)| {
        let mut label = json!({"id": id, "title": task["title"]});
        for name in ["project", "phase", "dependsOn"] {
            if let Some(value) = task.get(name) {
                label[name] = value.clone();
            }
        }
        label
    };
    let labels: Vec<Value> = tasks.iter().map(label).collect();
    let mut records = vec![json!({
        "type": "run-started", "run": state["planId"], "planId": state["planId"], "summary": state["summary"], "seed": 0,
        "mark": "imported", "pid": std::process::id(), "jobs": 1, "containment": "none", "tasks": labels,
    })];
    records[0]
        .as_object_mut()
        .into_iter()
        .for_each(|record| record.retain(|_, value| !value.is_null()));
    for (id, task) in tasks {
        if let Some(percent) = task.get("percent") {
            let text = task
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("was at work when it was imported");
            records.push(json!({"type": "progress", "task": id, "percent": percent, "text": text}));
        }
        if let Some(outcome) = task.get("outcome").filter(|outcome| !outcome.is_null()) {
            let mut settled = json!({"type": "task-settled", "task": id, "outcome": outcome, "verification": "none"});
            for name in ["reason", "summary"] {
                if let Some(value) = task.get(name) {
                    settled[name] = value.clone();
                }
            }
            records.push(settled);
        }
    }
    // No dispatcher is at work on it.
    records.push(json!({"type": "run-paused", "reason": "interrupted"}));
    records
}
