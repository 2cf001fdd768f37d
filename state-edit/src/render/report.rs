//! What a run came to, for people: gathered once from the journal, drawn in many ways.

use std::collections::BTreeMap;

use schemas::{Body, Failure, Outcome, Record, State, TaskState, TaskStatus, compare_ids, time};
use serde::Serialize;
use serde_json::Value;

use super::plan::PlanView;
use super::story::Story;
use crate::history;

/// Where a task is, in the words of the published report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    Done,
    Wip,
    Queue,
    /// It ended otherwise, or waits for a person.
    Blocked,
}

/// Everything that a report says.
pub(super) struct Report {
    pub(super) state: State,
    stories: BTreeMap<String, Story>,
    pub(super) jobs: Option<u32>,
    /// What a reader of the whole should know: decisions, checkpoints, holds, questions.
    pub(super) events: Vec<(String, String)>,
    pub(super) plan: PlanView,
    /// The state document that it was made from, with what a state has no field for.
    pub(super) whole: Value,
}

impl Report {
    pub(super) fn new(plan: PlanView) -> Report {
        Report {
            state: State::default(),
            stories: BTreeMap::new(),
            jobs: None,
            events: Vec::new(),
            plan,
            whole: Value::Null,
        }
    }

    /// What the run is about: the plan's summary, or else its id.
    pub(super) fn name(&self) -> &str {
        let summary = self.plan.summary.as_ref().or(self.state.summary.as_ref());
        summary.unwrap_or(&self.state.plan_id)
    }

    /// A string at a place of the document.
    pub(super) fn extra(&self, keys: &[&str]) -> Option<String> {
        let value = keys
            .iter()
            .try_fold(&self.whole, |value, key| value.get(key))?;
        value.as_str().map(str::to_owned)
    }

    /// Strings at a place of the document.
    pub(super) fn extra_list(&self, keys: &[&str]) -> Vec<String> {
        let value = keys
            .iter()
            .try_fold(&self.whole, |value, key| value.get(key));
        let all = value.and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Takes the next record in.
    pub(super) fn step(&mut self, record: &Record) {
        self.state.apply(record);
        if let Some(event) = event(&record.body) {
            self.events.push((record.time.clone(), event));
        }
        match &record.body {
            Body::RunStarted { jobs, .. } | Body::RunResumed { jobs, .. } => {
                self.jobs = Some(*jobs);
            }
            body => {
                if let Some(task) = body.task() {
                    self.stories
                        .entry(task.to_owned())
                        .or_default()
                        .step(record);
                }
            }
        }
    }

    pub(super) fn finish(&mut self) {
        self.state.refresh();
    }

    pub(super) fn story(&self, task: &str) -> Story {
        self.stories.get(task).cloned().unwrap_or_default()
    }

    /// Whether any agent was started.
    pub(super) fn has_attempts(&self) -> bool {
        let mut stories = self.stories.values();
        stories.any(|story| !story.attempts.is_empty())
    }

    /// Every task, in the order of its id.
    pub(super) fn tasks(&self) -> Vec<(&str, &TaskState)> {
        let mut tasks: Vec<_> = self
            .state
            .tasks
            .iter()
            .map(|(id, task)| (id.as_str(), &**task))
            .collect();
        tasks.sort_by(|a, b| compare_ids(a.0, b.0));
        tasks
    }

    /// Phases with their tasks: those of the plan, or those that tasks name.
    pub(super) fn phases(&self) -> Vec<(String, Vec<(&str, &TaskState)>)> {
        if !self.plan.groups.is_empty() {
            let numbered = self.plan.groups.iter().enumerate();
            let group = |(at, ids): (usize, &Vec<String>)| {
                let tasks = ids
                    .iter()
                    .filter_map(|id| self.state.tasks.get_key_value(id));
                (
                    (at + 1).to_string(),
                    tasks.map(|(id, task)| (id.as_str(), &**task)).collect(),
                )
            };
            return numbered.map(group).collect();
        }
        let mut phases: Vec<(String, Vec<(&str, &TaskState)>)> = Vec::new();
        for (id, task) in self.tasks() {
            let name = task.phase.clone().unwrap_or_else(|| "1".to_owned());
            match phases.iter_mut().find(|(phase, _)| *phase == name) {
                Some((_, tasks)) => tasks.push((id, task)),
                None => phases.push((name, vec![(id, task)])),
            }
        }
        phases.sort_by(|a, b| compare_ids(&a.0, &b.0));
        phases
    }

    pub(super) fn standings(&self) -> [u32; 4] {
        let mut counts = [0; 4];
        for task in self.state.tasks.values() {
            counts[standing(task) as usize] += 1;
        }
        counts
    }

    /// From the first record to the last.
    pub(super) fn elapsed_ms(&self) -> u64 {
        let at = |text: &Option<String>| text.as_deref().and_then(millis);
        let (first, last) = (at(&self.state.started_at), at(&self.state.updated_at));
        first
            .zip(last)
            .map_or(0, |(first, last)| last.saturating_sub(first))
    }

    /// The document.
    pub(super) fn document(&self) -> Value {
        let [done, wip, queue, blocked] = self.standings();
        let tasks: Vec<Value> = self
            .tasks()
            .into_iter()
            .map(|(id, task)| self.task_document(id, task))
            .collect();
        let open = self
            .tasks()
            .into_iter()
            .filter(|(_, task)| standing(task) == Standing::Blocked);
        let blockers: Vec<Value> = open
            .map(|(id, task)| serde_json::json!({"task": id, "reason": why(task)}))
            .collect();
        let left = self
            .tasks()
            .into_iter()
            .filter(|(_, task)| standing(task) != Standing::Done);
        let follow_ups: Vec<&str> = left.map(|(id, _)| id).collect();
        serde_json::json!({
            "kind": "report", "version": 1, "run": self.state.run, "planId": self.state.plan_id,
            "summary": self.state.summary, "status": self.state.status, "jobs": self.jobs,
            "startedAt": self.state.started_at, "updatedAt": self.state.updated_at, "elapsedMs": self.elapsed_ms(),
            "counts": {"total": done + wip + queue + blocked, "completed": done, "inFlight": wip, "queued": queue, "blocked": blocked},
            "totals": self.state.totals, "tasks": tasks, "blocked": blockers, "followUps": follow_ups,
        })
    }

    fn task_document(&self, id: &str, task: &TaskState) -> Value {
        let story = self.story(id);
        serde_json::json!({
            "id": id, "title": task.title, "project": task.project, "phase": task.phase, "agent": task.agent,
            "standing": standing(task), "status": task.status, "outcome": task.outcome, "verification": task.verification,
            "reason": task.reason, "summary": task.summary, "attempts": story.attempts, "gates": story.gates,
            "merged": story.merged.as_ref().map(|(commit, _)| commit), "costUsd": task.cost_usd, "tokens": task.tokens,
        })
    }
}

/// Where a task is.
pub(super) fn standing(task: &TaskState) -> Standing {
    match (task.status, task.outcome) {
        (TaskStatus::Settled, Some(Outcome::Succeeded)) => Standing::Done,
        (TaskStatus::Settled | TaskStatus::Waiting, _) => Standing::Blocked,
        (TaskStatus::Pending, _) => Standing::Queue,
        _ => Standing::Wip,
    }
}

/// Why a task is not done.
pub(super) fn why(task: &TaskState) -> String {
    let outcome = super::word(&task.outcome);
    let reason = task
        .reason
        .as_deref()
        .or(task.message.as_deref())
        .unwrap_or_default();
    match (outcome.as_str(), reason) {
        ("", "") => super::word(&task.status),
        ("", reason) => reason.to_owned(),
        (outcome, "") => outcome.to_owned(),
        (outcome, reason) => format!("{outcome}: {reason}"),
    }
}

/// What a record says to who reads the story of the whole.
fn event(body: &Body) -> Option<String> {
    let who = |by: &Option<String>| by.as_ref().map_or(String::new(), |by| format!(" ({by})"));
    Some(match body {
        Body::RunStarted { .. } => "the run started".to_owned(),
        Body::RunResumed { .. } => "the run was taken up again".to_owned(),
        Body::RunPaused { reason, .. } => format!("the run paused: {reason}"),
        Body::RunFinished { outcome } => format!("the run finished: {}", super::word(outcome)),
        Body::Question { task, text, .. } => format!("{task} asked: {text}"),
        Body::Answer { task, text, by } => format!("{task} was answered: {text}{}", who(by)),
        Body::Steering { task, text, by } => format!("{task} was told: {text}{}", who(by)),
        Body::CheckpointReached { checkpoint, .. } => {
            format!("checkpoint {checkpoint} was reached")
        }
        Body::CheckpointApproved { checkpoint, by, .. } => {
            format!("{checkpoint} was approved{}", who(by))
        }
        Body::CheckpointRejected {
            checkpoint,
            reason,
            by,
            ..
        } => format!("{checkpoint} was rejected: {reason}{}", who(by)),
        Body::Decision {
            text, open: true, ..
        } => format!("to be decided: {text}"),
        Body::Decision { text, by, .. } => format!("decided: {text}{}", who(by)),
        Body::QuotaHold { route, reason, .. } => {
            format!("{route} is held: {}", reason.clone().unwrap_or_default())
        }
        Body::QuotaReleased { route, .. } => format!("{route} is free again"),
        Body::BudgetExceeded { limit, .. } => format!("{limit} is exceeded"),
        Body::MergeConflict { task, branch, .. } => format!("{task}: {branch} could not be merged"),
        Body::MergeReverted { task, branch, .. } => {
            format!("{task}: the merge of {branch} was not kept")
        }
        Body::AttemptStalled { task, .. } => format!("{task} was silent for long"),
        Body::StateTransition {
            event,
            task: None,
            by,
            ..
        } => format!("{event}{}", who(by)),
        Body::StateTransition {
            event,
            task: Some(task),
            by,
            ..
        } => format!("{event} of {task}{}", who(by)),
        _ => return None,
    })
}

/// A time as milliseconds since 1970.
pub(super) fn millis(text: &str) -> Option<u64> {
    let since = time::parse(text)?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// Gathers a run's report: all of its journal, or up to a record.
pub(super) fn gather(
    console: &schemas::Console,
    dir: &std::path::Path,
    until: Option<u64>,
    plan: PlanView,
) -> Result<Report, Failure> {
    let mut journal = history::open(console, dir)?;
    let mut report = Report::new(plan);
    journal.read_each(|record| {
        if until.is_none_or(|until| record.seq <= until) {
            report.step(&record);
        }
    })?;
    if let Some(until) = until.filter(|until| report.state.last_seq < *until) {
        let last = report.state.last_seq;
        return Err(Failure::no(format!(
            "no record {until}: the last one is {last}"
        )));
    }
    report.finish();
    Ok(report)
}
