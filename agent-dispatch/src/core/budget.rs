//! What the run and its tasks may cost. An unknown cost is not zero: it is counted by its tokens.

use schemas::{Body, Outcome, Usage};

use super::dispatcher::Dispatcher;
use super::{Reported, TaskIdx};

/// From here on it is said, in hundredths.
const WARN_AT: f64 = 80.0;

/// What has been spent, by the run or by a task.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Spent {
    /// US dollars, with what is estimated where the cost is unknown.
    pub(crate) usd: f64,
    /// Read and written.
    pub(crate) tokens: u64,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reached {
    limit: &'static str,
    spent: f64,
    max: f64,
}

impl Spent {
    fn add(&mut self, usd: f64, tokens: u64) {
        self.usd += usd;
        self.tokens = self.tokens.saturating_add(tokens);
    }

    /// The limit of which at least so many hundredths are spent.
    fn reached(self, usd: Option<f64>, tokens: Option<u64>, percent: f64) -> Option<Reached> {
        let dollars = usd.map(|max| ("maxCostUsd", self.usd, max));
        let tokens = tokens.map(|max| ("maxTokens", self.tokens as f64, max as f64));
        let all = dollars.into_iter().chain(tokens);
        all.map(|(limit, spent, max)| Reached { limit, spent, max })
            .find(|reached| reached.spent * 100.0 >= reached.max * percent)
    }
}

impl Dispatcher {
    /// Books what an attempt has cost; answers what a budget counts for it when it tells no cost.
    pub(super) fn spend(&mut self, task: TaskIdx, choice: usize, report: &Reported) -> Option<f64> {
        let spec = &self.graph.specs[task];
        let tokens = report.tokens.and_then(Usage::total);
        let counts = self.limits.max_cost_usd.is_some() || spec.max_cost_usd.is_some();
        let rate = spec.candidates.get(choice).map(|c| c.usd_per_token);
        let estimated = match (report.cost_usd, tokens, rate) {
            (None, Some(tokens), Some(rate)) if counts => Some(tokens as f64 * rate),
            _ => None,
        };
        let usd = report.cost_usd.or(estimated).unwrap_or(0.0);
        self.spent.add(usd, tokens.unwrap_or(0));
        self.tasks[task].spent.add(usd, tokens.unwrap_or(0));
        self.warn();
        estimated
    }

    fn warn(&mut self) {
        let (usd, tokens) = (self.limits.max_cost_usd, self.limits.max_tokens);
        if self.budget_told {
            return;
        }
        if let Some(reached) = self.spent.reached(usd, tokens, WARN_AT) {
            self.budget_told = true;
            self.record(Body::Note {
                text: format!(
                    "{} % of {} is spent: {} of {}",
                    (reached.spent * 100.0 / reached.max).floor(),
                    reached.limit,
                    amount(reached.limit, reached.spent),
                    amount(reached.limit, reached.max),
                ),
                task: None,
            });
        }
    }

    /// The limit of the run that lets no attempt start any more.
    pub(super) fn over_budget(&self) -> Option<Reached> {
        let (usd, tokens) = (self.limits.max_cost_usd, self.limits.max_tokens);
        self.spent.reached(usd, tokens, 100.0)
    }

    /// Says, once, that the run's budget is spent.
    pub(super) fn tell_budget(&mut self) -> Option<String> {
        let reached = self.over_budget()?;
        self.record(exceeded(reached, None));
        Some(reached.limit.to_owned())
    }

    /// A task that has spent its own budget fails instead of starting. Answers whether it did.
    pub(super) fn fails_for_budget(&mut self, task: TaskIdx) -> bool {
        let spec = &self.graph.specs[task];
        let spent = self.tasks[task].spent;
        let Some(reached) = spent.reached(spec.max_cost_usd, spec.max_tokens, 100.0) else {
            return false;
        };
        let id = self.id(task);
        self.record(exceeded(reached, Some(id)));
        let reason = format!(
            "its budget is spent: {} of {}",
            amount(reached.limit, reached.spent),
            amount(reached.limit, reached.max)
        );
        self.settle(task, Outcome::Failed, Some(reason));
        true
    }
}

fn exceeded(reached: Reached, task: Option<String>) -> Body {
    Body::BudgetExceeded {
        limit: reached.limit.to_owned(),
        spent: Some(reached.spent),
        max: Some(reached.max),
        task,
    }
}

fn amount(limit: &str, amount: f64) -> String {
    match limit {
        "maxCostUsd" => format!("${amount:.2}"),
        _ => format!("{amount:.0} tokens"),
    }
}
