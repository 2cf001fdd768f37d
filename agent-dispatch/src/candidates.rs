//! From profiles and limits to what the core knows of who may do a task.

use schemas::{Plan, Task};

use crate::cli::Cli;
use crate::config::milliseconds_or_never;
use crate::core::{Candidate, Pace, RouteIdx, Steer};
use crate::graph::milliseconds;
use crate::profiles::Runner;

/// Minutes of silence after which an attempt is stopped, where nobody says otherwise.
const STALL_MINUTES: f64 = 10.0;

/// What a token costs where nobody says otherwise, in US dollars. For budgets only.
const USD_PER_TOKEN: f64 = 10.0 / 1e6;

/// Who may do each task, and the ways to models that they use.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) of_task: Vec<Vec<Candidate>>,
    pub(crate) routes: Vec<String>,
}

impl Candidates {
    /// One list per task, in the order of the plan.
    pub(crate) fn new(cli: &Cli, plan: &Plan, runners: &[Runner]) -> Candidates {
        let mut candidates = Candidates::default();
        for (task, runner) in plan.tasks.iter().zip(runners) {
            let candidate = candidates.candidate(cli, plan, task, runner);
            candidates.of_task.push(vec![candidate]);
        }
        candidates
    }

    fn candidate(&mut self, cli: &Cli, plan: &Plan, task: &Task, runner: &Runner) -> Candidate {
        let is_agent = runner.is_agent();
        Candidate {
            name: runner.name.clone(),
            is_agent,
            route: is_agent.then(|| self.route(runner.route())),
            done: runner.profile.done,
            follows_up: false,
            steer: Steer::File,
            pace: pace(cli, plan, task),
            usd_per_token: USD_PER_TOKEN,
        }
    }

    fn route(&mut self, name: String) -> RouteIdx {
        let known = self.routes.iter().position(|route| *route == name);
        known.unwrap_or_else(|| {
            self.routes.push(name);
            self.routes.len() - 1
        })
    }
}

/// The command line wins over the plan, the plan over our defaults.
fn pace(cli: &Cli, plan: &Plan, task: &Task) -> Pace {
    let stall = match cli.stall {
        Some(stall) => Some(stall.as_millis() as u64).filter(|stall| *stall > 0),
        None => milliseconds(plan.limits.stall_minutes.or(Some(STALL_MINUTES))),
    };
    let planned = task.timeout_minutes.or(plan.limits.timeout_minutes);
    Pace {
        first_output: None,
        warn: stall.map(|stall| stall / 2),
        stall,
        tool: stall.map(|stall| stall.saturating_mul(3)),
        timeout: match cli.timeout {
            Some(timeout) => Some(milliseconds_or_never(timeout)),
            None => milliseconds(planned),
        },
    }
}
