//! One line per event: for logs and pipes.

use schemas::{Body, Console, Outcome, Record, StallStep, State};

use super::{View, interrupt_text};

/// Plain lines on stderr.
pub(super) struct Lines {
    console: Console,
}

impl Lines {
    pub(super) fn new(console: &Console) -> Lines {
        Lines {
            console: console.clone(),
        }
    }
}

impl View for Lines {
    fn record(&mut self, record: &Record, state: &State) {
        if let Some(line) = line(&record.body, state) {
            self.console.info(&line);
        }
    }

    fn interrupted(&mut self, count: u32) {
        self.console.info(interrupt_text(count));
    }

    fn warn(&mut self, text: &str) {
        self.console.warn(text);
    }
}

/// What is worth a line, in words. `None` for what only machines want to know.
pub(crate) fn line(body: &Body, state: &State) -> Option<String> {
    let because = |reason: &Option<String>| {
        reason
            .as_ref()
            .map(|r| format!(": {r}"))
            .unwrap_or_default()
    };
    Some(match body {
        Body::RunStarted { plan_id, tasks, .. } => format!(
            "{plan_id}: {} {}",
            tasks.len(),
            if tasks.len() == 1 { "task" } else { "tasks" }
        ),
        Body::RunResumed {
            changed, removed, ..
        } => {
            let mut line = format!("{}: going on", state.plan_id);
            if !changed.is_empty() {
                line.push_str(&format!("; changed, so done again: {}", changed.join(", ")));
            }
            if !removed.is_empty() {
                line.push_str(&format!("; no longer in the plan: {}", removed.join(", ")));
            }
            line
        }
        Body::AttemptStarted {
            task,
            attempt,
            agent,
            ..
        } if *attempt > 1 => {
            format!("{task} started ({agent}, attempt {attempt})")
        }
        Body::AttemptStarted { task, agent, .. } => format!("{task} started ({agent})"),
        Body::AttemptStalled {
            task,
            silent_ms,
            step,
            doing,
            ..
        } => {
            let follows = match step {
                StallStep::Warned => "",
                StallStep::Nudged => " and is told to go on",
                StallStep::Stopped => " and is being stopped",
            };
            let seconds = silent_ms / 1000;
            format!(
                "{task} has been silent for {seconds} s{follows}{}",
                because(doing)
            )
        }
        Body::QuotaHold {
            route,
            until,
            class,
            reason,
            ..
        } => {
            let class = class.map_or("", schemas::FailureClass::as_str);
            let until = match until {
                Some(until) => format!("is held until {until}"),
                None => "is held until a person has seen to it".to_owned(),
            };
            format!("{route} {until} ({class}){}", because(reason))
        }
        Body::QuotaReleased { route, .. } => format!("{route} is free again"),
        Body::BudgetExceeded { limit, task, .. } => match task {
            Some(task) => format!("{task} has spent its {limit}"),
            None => format!("{limit} is spent: nothing more is started"),
        },
        Body::AttemptRetrying {
            task,
            reason,
            delay_ms,
            different,
            ..
        } => {
            let way = if *different { ", in another way" } else { "" };
            format!(
                "{task} will be tried again in {:.1} s{way}{}",
                *delay_ms as f64 / 1000.0,
                because(reason)
            )
        }
        Body::Progress {
            task,
            percent: Some(percent),
            text,
            ..
        } => format!("{task} {percent}% {text}"),
        Body::Progress { task, text, .. } => format!("{task} {text}"),
        Body::Question { task, text, .. } => format!("{task} asks: {text}"),
        Body::Answer { task, text, .. } => format!("{task} is answered: {text}"),
        Body::Steering { task, text, .. } => format!("{task} is told: {text}"),
        Body::GateFinished {
            task,
            verdict: schemas::VerdictWord::Manual,
            reason,
            ..
        } => {
            format!("{task} waits for approval{}", because(reason))
        }
        Body::FixRequested {
            task, merge: true, ..
        } => format!("{task} gets another attempt, to make it fit"),
        Body::FixRequested {
            task,
            fix,
            limit,
            reason,
            ..
        } => {
            format!(
                "{task} did not pass its gates, fix {fix} of {limit}{}",
                because(reason)
            )
        }
        Body::MergeFinished {
            task,
            commit,
            target: Some(target),
            how,
            ..
        } if !matches!(how.as_deref(), Some("already" | "empty")) => {
            let short = commit.get(..10).unwrap_or(commit);
            format!("{task} is in {target}, now {short}")
        }
        Body::MergeConflict { task, reason, .. } => {
            format!("{task} cannot be merged{}", because(reason))
        }
        Body::MergeReverted { task, reason, .. } => {
            format!("{task} is not merged{}", because(reason))
        }
        Body::TaskSettled {
            task,
            outcome,
            reason,
            summary,
            ..
        } => {
            let what = if *outcome == Outcome::Succeeded {
                summary
            } else {
                reason
            };
            format!(
                "{task} {}{}",
                super::summary::outcome_word(*outcome),
                because(what)
            )
        }
        Body::CheckpointReached { checkpoint, .. } => format!("checkpoint {checkpoint} reached"),
        Body::CheckpointApproved { checkpoint, .. } => format!("{checkpoint} approved"),
        Body::CheckpointRejected {
            checkpoint, reason, ..
        } => format!("{checkpoint} rejected: {reason}"),
        Body::Note { text, .. } => text.clone(),
        _ => return None,
    })
}
