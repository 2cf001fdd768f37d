//! What there is of a task beside its state: attempts, answers of gates, what became of the work.

use schemas::{AttemptResult, Body, FindingCounts, Record, VerdictWord, time};
use serde::Serialize;

/// One attempt of a task's agent.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    pub(super) attempt: u32,
    pub(super) agent: String,
    pub(super) started_at: String,
    /// `null` while it runs.
    pub(super) ended_at: Option<String>,
    pub(super) result: Option<AttemptResult>,
    pub(super) reason: Option<String>,
    pub(super) duration_ms: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) tokens: Option<u64>,
    pub(super) log_file: Option<String>,
}

/// One answer of a task's gates.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GateAnswer {
    pub(super) attempt: u32,
    pub(super) verdict: VerdictWord,
    pub(super) reason: Option<String>,
    pub(super) findings: FindingCounts,
    pub(super) verdict_file: Option<String>,
}

/// What there is of a task beside its state.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    pub(super) attempts: Vec<Attempt>,
    pub(super) gates: Vec<GateAnswer>,
    pub(super) fix_limit: Option<u32>,
    /// The commit that its work was merged by, and how.
    pub(super) merged: Option<(String, String)>,
    /// The tip of its own branch.
    pub(super) work: Option<String>,
}

impl Story {
    pub(super) fn step(&mut self, record: &Record) {
        match &record.body {
            Body::AttemptStarted {
                attempt,
                agent,
                log_file,
                ..
            } => self.attempts.push(Attempt {
                attempt: *attempt,
                agent: agent.clone(),
                started_at: record.time.clone(),
                log_file: Some(log_file.clone()).filter(|file| !file.is_empty()),
                ..Attempt::default()
            }),
            Body::AttemptFinished {
                attempt,
                result,
                reason,
                duration_ms,
                cost_usd,
                tokens,
                ..
            } => {
                if self
                    .attempts
                    .last()
                    .is_none_or(|last| last.attempt != *attempt)
                {
                    let started_at = before(&record.time, *duration_ms);
                    self.attempts.push(Attempt {
                        attempt: *attempt,
                        started_at,
                        ..Attempt::default()
                    });
                }
                let Some(last) = self.attempts.last_mut() else {
                    return;
                };
                last.ended_at = Some(record.time.clone());
                last.result = Some(*result);
                last.reason.clone_from(reason);
                last.duration_ms = Some(*duration_ms);
                last.cost_usd = *cost_usd;
                last.tokens = tokens.and_then(schemas::Usage::total);
            }
            Body::GateFinished {
                attempt,
                verdict,
                reason,
                findings,
                verdict_file,
                ..
            } => self.gates.push(GateAnswer {
                attempt: *attempt,
                verdict: *verdict,
                reason: reason.clone(),
                findings: *findings,
                verdict_file: verdict_file.clone(),
            }),
            Body::FixRequested { limit, .. } => self.fix_limit = Some(*limit),
            Body::MergeFinished {
                commit, how, work, ..
            } => {
                self.merged = Some((
                    commit.clone(),
                    how.clone().unwrap_or_else(|| "merge".to_owned()),
                ));
                self.work = work.clone().or(self.work.take());
            }
            Body::MergeReverted { .. } => self.merged = None,
            Body::CommitCreated { commit, .. } => self.work = Some(commit.clone()),
            _ => {}
        }
    }
}

fn before(text: &str, ms: u64) -> String {
    let at = time::parse(text).and_then(|at| at.checked_sub(std::time::Duration::from_millis(ms)));
    at.map_or_else(|| text.to_owned(), time::format)
}
