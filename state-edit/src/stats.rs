//! `stats`: durations, retries and cost, of the run, per agent and per project.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemas::{
    AttemptResult, Body, Console, Exit, Failure, Outcome, Record, State, TaskStatus, document, time,
};
use serde::Serialize;

use crate::cli::{ShowFormat, Stats};
use crate::columns::columns;
use crate::history;
use crate::table::clean;

/// What something came to. An unknown cost is `null`: a sum is of what is known.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sum {
    /// Tasks; per agent those that it had an attempt of.
    tasks: u32,
    succeeded: u32,
    attempts: u32,
    /// Attempts that came to a result.
    done: u32,
    retries: u32,
    fixes: u32,
    /// Of all attempts, one after the other.
    working_ms: u64,
    longest_ms: u64,
    cost_usd: Option<f64>,
    tokens: Option<u64>,
}

/// The document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kind: &'static str,
    version: u32,
    run: String,
    /// From the first record to the last.
    elapsed_ms: Option<u64>,
    total: Sum,
    agents: BTreeMap<String, Sum>,
    projects: BTreeMap<String, Sum>,
}

/// Runs `stats`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Stats) -> Result<Exit, Failure> {
    let mut journal = history::open(console, dir)?;
    let mut count = Count::default();
    journal.read_each(|record| count.step(&record))?;
    let report = count.report();
    match args.format {
        ShowFormat::Json => document::write(&report)?,
        ShowFormat::Table => document::write_text(table(&report).as_bytes())?,
    };
    Ok(Exit::Yes)
}

#[derive(Default)]
struct Count {
    state: State,
    total: Sum,
    agents: BTreeMap<String, Sum>,
    projects: BTreeMap<String, Sum>,
    /// Of a running attempt, and of what follows it.
    agent_of: BTreeMap<String, String>,
    /// Tasks that an agent has had.
    seen: BTreeMap<String, Vec<String>>,
}

impl Count {
    fn step(&mut self, record: &Record) {
        self.state.apply(record);
        match &record.body {
            Body::AttemptStarted { task, agent, .. } => {
                self.agent_of.insert(task.clone(), agent.clone());
                let seen = self.seen.entry(task.clone()).or_default();
                let new = !seen.contains(agent);
                if new {
                    seen.push(agent.clone());
                }
                self.add(task, |sum| sum.attempts += 1);
                if let Some(sum) = self.agents.get_mut(agent) {
                    sum.tasks += u32::from(new);
                }
            }
            Body::AttemptFinished {
                task,
                result,
                duration_ms,
                cost_usd,
                tokens,
                ..
            } => self.add(task, |sum| {
                sum.done += u32::from(*result == AttemptResult::Done);
                sum.working_ms += duration_ms;
                sum.longest_ms = sum.longest_ms.max(*duration_ms);
                if let Some(cost) = cost_usd {
                    *sum.cost_usd.get_or_insert(0.0) += cost;
                }
                if let Some(tokens) = tokens.and_then(|tokens| tokens.total()) {
                    *sum.tokens.get_or_insert(0) += tokens;
                }
            }),
            Body::AttemptRetrying { task, .. } => self.add(task, |sum| sum.retries += 1),
            Body::FixRequested { task, .. } => self.add(task, |sum| sum.fixes += 1),
            _ => {}
        }
    }

    /// Adds to the run, to the task's agent and to its project.
    fn add(&mut self, task: &str, mut add: impl FnMut(&mut Sum)) {
        add(&mut self.total);
        if let Some(agent) = self.agent_of.get(task) {
            add(self.agents.entry(agent.clone()).or_default());
        }
        let project = self
            .state
            .tasks
            .get(task)
            .and_then(|task| task.project.clone());
        if let Some(project) = project {
            add(self.projects.entry(project).or_default());
        }
    }

    /// The sums, with what the tasks came to in the end.
    fn report(mut self) -> Report {
        for (id, task) in &self.state.tasks {
            let succeeded =
                task.status == TaskStatus::Settled && task.outcome == Some(Outcome::Succeeded);
            let project = task
                .project
                .as_ref()
                .map(|name| self.projects.entry(name.clone()).or_default());
            for sum in project.into_iter().chain([&mut self.total]) {
                sum.tasks += 1;
                sum.succeeded += u32::from(succeeded);
            }
            // The one whose attempt it was.
            if let Some(sum) = self
                .agent_of
                .get(id)
                .and_then(|agent| self.agents.get_mut(agent))
            {
                sum.succeeded += u32::from(succeeded);
            }
        }
        let at = |text: &Option<String>| text.as_deref().and_then(time::parse);
        let (first, last) = (at(&self.state.started_at), at(&self.state.updated_at));
        let elapsed = first
            .zip(last)
            .and_then(|(first, last)| last.duration_since(first).ok());
        Report {
            kind: "stats",
            version: 1,
            run: self.state.run,
            elapsed_ms: elapsed.and_then(|elapsed| u64::try_from(elapsed.as_millis()).ok()),
            total: self.total,
            agents: self.agents,
            projects: self.projects,
        }
    }
}

fn table(report: &Report) -> String {
    let heads = [
        "",
        "TASKS",
        "SUCCEEDED",
        "ATTEMPTS",
        "RETRIES",
        "FIXES",
        "WORKING",
        "LONGEST",
        "COST",
        "TOKENS",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let agents = report
        .agents
        .iter()
        .map(|(name, sum)| (format!("agent {name}"), sum));
    let projects = report
        .projects
        .iter()
        .map(|(name, sum)| (format!("project {name}"), sum));
    for (name, sum) in std::iter::once(("run".to_owned(), &report.total))
        .chain(agents)
        .chain(projects)
    {
        let long = |ms| time::for_people(Duration::from_millis(ms));
        rows.push(vec![
            clean(&name),
            sum.tasks.to_string(),
            sum.succeeded.to_string(),
            sum.attempts.to_string(),
            sum.retries.to_string(),
            sum.fixes.to_string(),
            long(sum.working_ms),
            long(sum.longest_ms),
            sum.cost_usd
                .map_or_else(|| "-".to_owned(), |cost| format!("${cost:.2}")),
            sum.tokens
                .map_or_else(|| "-".to_owned(), |tokens| tokens.to_string()),
        ]);
    }
    let mut text = columns(&rows, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    if let Some(elapsed) = report.elapsed_ms {
        text.push_str(&format!(
            "\nelapsed {}\n",
            time::for_people(Duration::from_millis(elapsed))
        ));
    }
    text
}
