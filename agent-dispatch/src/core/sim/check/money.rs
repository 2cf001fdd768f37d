//! The checker's own books of what was spent, and of what may be used.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use super::Checker;
use crate::core::{Attempt, Time};

/// Dollars and tokens, of the run and of each task.
#[derive(Debug, Default)]
pub(in crate::core::sim) struct Books {
    run: (f64, u64),
    tasks: BTreeMap<usize, (f64, u64)>,
}

impl Books {
    pub(super) fn add(&mut self, task: usize, usd: f64, tokens: u64) {
        let of_task = self.tasks.entry(task).or_default();
        for (dollars, count) in [&mut self.run, of_task] {
            *dollars += usd;
            *count += tokens;
        }
    }
}

impl Checker {
    /// What an attempt uses must be free: its route, its money, its session.
    pub(super) fn may_use(&mut self, attempt: Attempt, choice: usize, session: Option<&str>) {
        let task = attempt.task;
        let spec = &self.graph.specs[task];
        let candidate = &spec.candidates[choice];
        if let Some(route) = candidate.route {
            let held = self.routes.contains_key(&self.graph.routes[route]);
            assert!(!held, "(10) {} starts on a held route", spec.id);
        }
        let limits = &self.limits;
        let affordable = |spent: (f64, u64), usd: Option<f64>, tokens: Option<u64>| {
            usd.is_none_or(|max| spent.0 < max) && tokens.is_none_or(|max| spent.1 < max)
        };
        let run = affordable(self.books.run, limits.max_cost_usd, limits.max_tokens);
        assert!(run, "(10) {} starts beyond the run's budget", spec.id);
        let spent = self.books.tasks.get(&task).copied().unwrap_or_default();
        let own = affordable(spent, spec.max_cost_usd, spec.max_tokens);
        assert!(own, "(10) {} starts beyond its budget", spec.id);
        if let Some(session) = session {
            let owner = self.sessions.get(&(task, session.to_owned()));
            assert_eq!(owner, Some(&choice), "(11) a session of another agent");
            assert!(candidate.follows_up, "(11) it cannot take a session up");
        }
        self.choices.insert(task, choice);
    }

    /// A route is free again: its time has come, or a person has said so or started the dispatcher again.
    pub(super) fn released(&mut self, now: Time, route: &str, by_person: bool) {
        let until = self.routes.remove(route).flatten();
        if let Some(until) = until.as_deref().and_then(schemas::time::parse) {
            let at = until.duration_since(UNIX_EPOCH).unwrap_or_default();
            let early = u128::from(now.0) < at.as_millis();
            assert!(by_person || !early, "(10) {route} is free before its time");
        }
    }

    /// Somebody gives more money.
    pub(in crate::core::sim) fn raise(&mut self, limits: &crate::core::Limits) {
        self.limits = limits.clone();
    }
}
