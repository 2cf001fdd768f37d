//! From profiles and limits to what the core knows of who may do a task.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::stream::Dialect;
use schemas::{Plan, Profile, Steering, Task};

use crate::cli::Cli;
use crate::config::milliseconds_or_never;
use crate::core::{Candidate, Pace, RouteIdx, Steer};
use crate::graph::milliseconds;
use crate::profiles::{Runner, Runners};

/// Minutes of silence after which an attempt is stopped, where nobody says otherwise.
const STALL_MINUTES: f64 = 10.0;

/// What tokens cost where nobody says otherwise, in US dollars. For budgets only.
pub(crate) const USD_PER_MILLION_TOKENS: f64 = 10.0;

/// Who may do each task, and the ways to models that they use.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) of_task: Vec<Arc<[Candidate]>>,
    pub(crate) routes: Vec<String>,
}

impl Candidates {
    /// One list per task, in the order of the plan; tasks that differ in nothing of it share one.
    pub(crate) fn new(cli: &Cli, plan: &Plan, runners: &Runners) -> Candidates {
        let mut candidates = Candidates::default();
        let mut known: HashMap<_, Arc<[Candidate]>> = HashMap::new();
        for (at, task) in plan.tasks.iter().enumerate() {
            let same = (runners.way(at), task.timeout_minutes.map(f64::to_bits));
            let of_task = known.entry(same).or_insert_with(|| {
                let of_task = runners.of(at).iter();
                of_task
                    .map(|runner| candidates.candidate(cli, plan, task, runner))
                    .collect()
            });
            candidates.of_task.push(Arc::clone(of_task));
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
            // By the protocol a session is taken up whatever the argv.
            follows_up: runner.profile.follow_up.is_some()
                || runner.profile.dialect == Dialect::Acp,
            steer: steer(&runner.profile),
            pace: pace(cli, plan, task, &runner.profile),
            usd_per_token: runner
                .profile
                .usd_per_million_tokens
                .unwrap_or(USD_PER_MILLION_TOKENS)
                / 1e6,
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

fn steer(profile: &Profile) -> Steer {
    match (profile.steer, &profile.follow_up) {
        (Some(Steering::Live), _) => Steer::Live,
        (Some(Steering::Restart) | None, Some(_)) => Steer::Restart,
        _ => Steer::File,
    }
}

/// The command line wins over the task, the task over the profile, the profile over the plan, the plan over our
/// defaults.
fn pace(cli: &Cli, plan: &Plan, task: &Task, profile: &Profile) -> Pace {
    let own = profile.limits.unwrap_or_default();
    let stall = match cli.stall {
        Some(stall) => Some(stall.as_millis() as u64).filter(|stall| *stall > 0),
        None => milliseconds(
            own.stall_minutes
                .or(plan.limits.stall_minutes)
                .or(Some(STALL_MINUTES)),
        ),
    };
    let planned = task.timeout_minutes.or(own.timeout_minutes);
    let tool = milliseconds(own.tool_minutes);
    Pace {
        first_output: milliseconds(own.first_output_minutes).filter(|_| !profile.buffered),
        warn: milliseconds(own.warn_minutes).or(stall.map(|stall| stall / 2)),
        stall,
        tool: tool.or(stall.map(|stall| stall.saturating_mul(3))),
        timeout: match cli.timeout {
            Some(timeout) => Some(milliseconds_or_never(timeout)),
            None => milliseconds(planned.or(plan.limits.timeout_minutes)),
        },
    }
}
