//! What each task is to be done by: one agent or a member of a team, a small or a large model.

use std::borrow::Cow;

use schemas::{ModelTier, TaskMode};

use crate::autonomy::Levels;
use crate::cli::Mode;
use crate::network::Network;

/// The variable without which there are no teams; the one that the agent program itself asks for.
pub(crate) const TEAMS: &str = "CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS";

/// Words of `sensitive` for which somebody is to look on.
const SENSITIVE: [&str; 4] = ["auth", "payments", "pii", "secrets"];

/// How tasks are tagged.
#[derive(Debug)]
pub(crate) struct Tags<'n> {
    network: &'n Network<'n>,
    mode: Option<Mode>,
    has_teams: bool,
    /// Tasks whose output is still in the making.
    in_flight: Vec<bool>,
    levels: Levels,
}

/// A mode and why.
pub(crate) type Reasoned = (TaskMode, Option<Cow<'static, str>>);

impl<'n> Tags<'n> {
    pub(crate) fn new(
        network: &'n Network<'n>,
        mode: Option<Mode>,
        has_teams: bool,
        in_flight: Vec<bool>,
    ) -> Tags<'n> {
        Tags {
            network,
            mode,
            has_teams,
            in_flight,
            levels: Levels::new(network),
        }
    }

    /// Level 0 to 4.
    pub(crate) fn autonomy(&self, task: u32) -> Option<u8> {
        self.levels.of(task)
    }

    /// How strong a model the task's complexity asks for.
    pub(crate) fn tier(&self, task: u32) -> Option<ModelTier> {
        let word = self.network.tasks[task as usize].complexity.as_deref()?;
        tier(word).or_else(|| tier(&word.to_ascii_lowercase()))
    }

    /// What the task asks for; where modes are chosen, what was chosen and why.
    pub(crate) fn mode(&self, task: u32) -> Option<Reasoned> {
        let declared = self.network.tasks[task as usize].mode;
        let (mode, why) = match self.mode {
            None => return declared.map(|mode| (mode, None)),
            Some(Mode::Subagents) => (
                TaskMode::Subagent,
                Cow::Borrowed("subagents were asked for"),
            ),
            Some(Mode::Teams) => (TaskMode::Team, Cow::Borrowed("teams were asked for")),
            Some(Mode::Hybrid) => match declared {
                Some(mode) => (mode, Cow::Borrowed("the plan says so")),
                None => self.matrix(task),
            },
        };
        if mode == TaskMode::Team && !self.has_teams {
            let why = format!("teams are off; else team: {why}");
            return Some((TaskMode::Subagent, Some(why.into())));
        }
        Some((mode, Some(why)))
    }

    /// How many tasks would be a team's, were there teams.
    pub(crate) fn without_team(&self) -> usize {
        if self.mode.is_none() || self.has_teams {
            return 0;
        }
        let falls_back = |task: &u32| match self.mode(*task) {
            Some((_, Some(why))) => why.starts_with("teams are off"),
            _ => false,
        };
        self.network.numbers().filter(falls_back).count()
    }

    /// The published matrix; what only reads needs nobody beside it, whatever it reads.
    fn matrix(&self, task: u32) -> (TaskMode, Cow<'static, str>) {
        let view = self.network.tasks[task as usize];
        if view.read_only {
            return (
                TaskMode::Subagent,
                "it only reads: no risk, no coordination".into(),
            );
        }
        let sensitive = view.sensitive.iter().find_map(|word| {
            SENSITIVE
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(word))
        });
        if let Some(what) = sensitive {
            return (
                TaskMode::Team,
                format!("it touches {what}: somebody audits while it works").into(),
            );
        }
        let repositories = self.repositories(task);
        if repositories > 1 {
            return (
                TaskMode::Team,
                format!("it touches {repositories} repositories: their agents agree on the way")
                    .into(),
            );
        }
        let before = self.network.dependencies.before(task);
        let made = before
            .iter()
            .find(|before| self.in_flight.get(**before as usize) == Some(&true));
        if let Some(made) = made {
            let id = self.network.id(*made);
            return (
                TaskMode::Team,
                format!("it waits for what {id} is making now: a message brings it").into(),
            );
        }
        (
            TaskMode::Subagent,
            "one repository, nothing sensitive".into(),
        )
    }

    /// How many repositories the task's files are in: its project's, and those that its paths lead to from outside.
    fn repositories(&self, task: u32) -> usize {
        let view = self.network.tasks[task as usize];
        let own = self.network.project(task);
        let leads_away = view.paths.iter().any(|path| path.contains("..")) || own.is_none();
        if !leads_away || view.paths.is_empty() {
            return 1;
        }
        let projects = &self.network.projects;
        let folder = own.map_or("", |own| projects.folder(own));
        let patterns: Vec<_> = view
            .paths
            .iter()
            .flat_map(|path| schemas::pattern::Pattern::read(folder, path))
            .collect();
        let mut found: Vec<&str> = own.into_iter().collect();
        for (name, folder) in projects.all() {
            let whole = schemas::pattern::Pattern::read(folder, "**").remove(0);
            let is_touched = patterns.iter().any(|pattern| whole.meets(pattern));
            let is_known = found
                .iter()
                .any(|known| projects.share_repository(known, name));
            if is_touched && !is_known {
                found.push(name);
            }
        }
        found.len().max(1)
    }
}

fn tier(word: &str) -> Option<ModelTier> {
    match word {
        "trivial" | "low" => Some(ModelTier::Small),
        "quick" | "medium" | "standard" => Some(ModelTier::Medium),
        "high" | "complex" => Some(ModelTier::Large),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
