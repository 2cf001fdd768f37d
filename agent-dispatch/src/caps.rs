//! What a budget can bound: it knows of an agent's spending what the agent tells of it.

use std::collections::BTreeMap;

use schemas::{AgentLabel, CountedBy, Plan, Profile};

use crate::candidates::USD_PER_MILLION_TOKENS;
use crate::cli::Cli;
use crate::profiles::Runners;

/// The budgets over an agent: those of the run and of the tasks that it may do.
#[derive(Debug, Clone, Copy, Default)]
struct Caps {
    usd: bool,
    tokens: bool,
}

/// Notes in the labels how budgets count their agents; answers what a person should know of it, once per agent.
pub(crate) fn check(
    cli: &Cli,
    plan: &Plan,
    runners: &Runners,
    labels: &mut [AgentLabel],
) -> Vec<String> {
    let mut over: BTreeMap<&str, (&Profile, Caps)> = BTreeMap::new();
    let usd = cli.max_cost_usd.or(plan.limits.max_cost_usd).is_some();
    let tokens = cli.max_tokens.or(plan.limits.max_tokens).is_some();
    for (position, task) in plan.tasks.iter().enumerate() {
        let agents = runners.of(position).iter();
        for runner in agents.filter(|runner| runner.is_agent()) {
            let known = over.entry(&runner.name);
            let (_, caps) = known.or_insert((&runner.profile, Caps::default()));
            caps.usd |= usd || task.max_cost_usd.is_some();
            caps.tokens |= tokens || task.max_tokens.is_some();
        }
    }
    for label in labels {
        let capped = over.get(label.name.as_str()).filter(|(_, caps)| caps.usd);
        if let Some((profile, _)) = capped {
            label.budget = Some(counted(profile));
            label.usd_per_million_tokens =
                Some(price(profile)).filter(|_| counted(profile) == CountedBy::Tokens);
        }
    }
    over.iter()
        .flat_map(|(name, (profile, caps))| warnings(name, profile, *caps))
        .collect()
}

/// How a budget in US dollars counts an agent.
fn counted(profile: &Profile) -> CountedBy {
    let reports = profile.reports.unwrap_or_default();
    match (reports.cost, reports.tokens) {
        (true, _) => CountedBy::Cost,
        (false, true) => CountedBy::Tokens,
        (false, false) => CountedBy::Nothing,
    }
}

fn price(profile: &Profile) -> f64 {
    let own = profile.usd_per_million_tokens;
    own.unwrap_or(USD_PER_MILLION_TOKENS)
}

fn warnings(name: &str, profile: &Profile, caps: Caps) -> Vec<String> {
    let counted = counted(profile);
    let tells_tokens = profile.reports.is_some_and(|reports| reports.tokens);
    let mut warnings = Vec::new();
    if caps.usd && counted == CountedBy::Tokens {
        let price = price(profile);
        warnings.push(format!(
            "{name} tells no cost: maxCostUsd counts its tokens, at ${price} per million"
        ));
    }
    let unbounded = [
        ("maxCostUsd", caps.usd && counted == CountedBy::Nothing),
        ("maxTokens", caps.tokens && !tells_tokens),
    ];
    let unbounded = unbounded.into_iter().filter(|(_, is_so)| *is_so);
    let unbounded: Vec<&str> = unbounded.map(|(limit, _)| limit).collect();
    if !unbounded.is_empty() {
        let what = match counted {
            CountedBy::Nothing => "neither cost nor tokens",
            _ => "no tokens",
        };
        let limits = unbounded.join(" and ");
        warnings.push(format!(
            "{name} is not bounded by {limits}: it tells {what}"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use schemas::Reports;

    use super::*;

    #[test]
    fn it_is_said_what_a_budget_does_not_know() {
        let told = |reports: Option<(bool, bool)>, usd, tokens| {
            let profile = Profile {
                reports: reports.map(|(cost, tokens)| Reports { cost, tokens }),
                usd_per_million_tokens: Some(2.5),
                ..Profile::default()
            };
            warnings("a", &profile, Caps { usd, tokens }).join("; ")
        };
        let by_tokens = "a tells no cost: maxCostUsd counts its tokens, at $2.5 per million";
        assert_eq!(told(Some((false, true)), true, true), by_tokens);
        assert_eq!(told(Some((true, true)), true, true), "");
        assert_eq!(told(Some((false, false)), false, false), "");
        assert_eq!(
            told(Some((true, false)), true, true),
            "a is not bounded by maxTokens: it tells no tokens"
        );
        assert_eq!(
            told(None, true, false),
            "a is not bounded by maxCostUsd: it tells neither cost nor tokens"
        );
        assert_eq!(
            told(Some((false, false)), true, true),
            "a is not bounded by maxCostUsd and maxTokens: it tells neither cost nor tokens"
        );
    }
}
