//! Which agents may do which task.

mod runner;
mod runners;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemas::{Agents, DoneRule, Failure, Plan, Profile, Task};

pub(crate) use runner::{Filling, Runner};
pub(crate) use runners::Runners;

/// The agent of a task that brings its own command.
const OWN: &str = "command";

/// What becomes the words after `--`.
const COMMAND: &str = "{command}";

/// Profiles by name: built in, from the plan, from `--agents`; later ones win.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    known: BTreeMap<String, Profile>,
    /// From the command line: for all tasks.
    forced: Option<String>,
}

impl Profiles {
    pub(crate) fn new(plan: &Plan) -> Profiles {
        let mut known = Agents::built_in().agents;
        known.extend(plan.agents.clone());
        Profiles {
            known,
            forced: None,
        }
    }

    /// This profile does all tasks.
    pub(crate) fn force(&mut self, name: &str) -> Result<(), Failure> {
        self.find(name)?;
        self.forced = Some(name.to_owned());
        Ok(())
    }

    /// This argv does all tasks.
    pub(crate) fn force_argv(&mut self, argv: Vec<String>) {
        let name = argv
            .first()
            .map(|program| program.rsplit('/').next().unwrap_or(program).to_owned());
        let name = name.unwrap_or_default();
        self.known
            .insert(name.clone(), bare(whole(argv), DoneRule::Both));
        self.forced = Some(name);
    }

    /// This profile does all tasks, with these words where it asks for a command.
    pub(crate) fn force_filled(&mut self, name: &str, words: Vec<String>) -> Result<(), Failure> {
        let mut profile = self.find(name)?.clone();
        if !asks_for_command(&profile) {
            let message = format!("cannot use a command after -- with the agent {name}");
            return Err(
                Failure::usage(message).help("it has a program of its own; leave one of them out")
            );
        }
        let words = whole(words);
        let argvs = std::iter::once(&mut profile.argv).chain(&mut profile.follow_up);
        for argv in argvs {
            let filled = argv.drain(..).flat_map(|word| {
                if word == COMMAND {
                    words.clone()
                } else {
                    vec![word]
                }
            });
            *argv = filled.collect();
        }
        self.known.insert(name.to_owned(), profile);
        self.forced = Some(name.to_owned());
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Profile)> {
        self.known.iter()
    }

    /// The agent that does the task: the command line's, its own, the plan's. None when its own command does it, or
    /// nobody can.
    fn named<'a>(&'a self, plan: &'a Plan, task: &'a Task) -> Option<&'a str> {
        if task.command.is_some() && task.agent.as_deref() == Some(OWN) {
            // It insists: a join has nothing in it for an agent.
            return None;
        }
        let of_task = task.agent.as_ref().or(plan.defaults.agent.as_ref());
        let of_task = of_task.filter(|_| task.command.is_none());
        self.forced.as_ref().or(of_task).map(String::as_str)
    }

    /// Who may do the task, the first choice first: the command line's agent, the task's own command, its agent, the
    /// plan's; then the fallbacks of that one.
    fn runners(&self, plan: &Plan, task: &Task) -> Result<Vec<Runner>, Failure> {
        let Some(name) = self.named(plan, task) else {
            // What has ended before the run needs nobody.
            if task.command.is_some() || task.outcome.is_some() {
                return Ok(vec![own()]);
            }
            return Err(Failure::usage(format!(
                "cannot dispatch {}: it has neither a command nor an agent",
                task.id
            ))
            .help("give --agent NAME, or an agent's argv after --"));
        };
        let first = self.agent(plan, task, name, task.model.as_ref())?;
        let mut runners = vec![first];
        for fallback in runners[0].profile.fallback.clone() {
            // The model that the task names is one of its first choice's.
            if runners.iter().all(|runner| runner.name != fallback) {
                runners.push(self.agent(plan, task, &fallback, None)?);
            }
        }
        Ok(runners)
    }

    fn agent(
        &self,
        plan: &Plan,
        task: &Task,
        name: &str,
        model: Option<&String>,
    ) -> Result<Runner, Failure> {
        let profile = self.find(name)?.clone();
        if asks_for_command(&profile) {
            let message = format!("cannot start the agent {name}: it has no program of its own");
            return Err(Failure::usage(message)
                .help(format!("give it one: --agent {name} -- PROGRAM ARGS")));
        }
        let of_plan = plan.defaults.model.as_ref().filter(|_| {
            plan.defaults
                .agent
                .as_deref()
                .is_none_or(|agent| agent == name)
        });
        let model = model.or(of_plan).or(profile.model.as_ref()).cloned();
        let of_run = plan
            .autonomy
            .as_ref()
            .map(|autonomy| autonomy.default_level);
        Ok(Runner {
            name: name.to_owned(),
            program: PathBuf::new(),
            model,
            level: task.autonomy.or(of_run).unwrap_or(0),
            read_only: task.read_only,
            resolves: false,
            profile,
        })
    }

    fn find(&self, name: &str) -> Result<&Profile, Failure> {
        self.known.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.known.keys().map(String::as_str).collect();
            Failure::usage(format!("no agent profile is named {name}")).help(format!(
                "known are {}; others come from --agents FILE or the plan",
                names.join(", ")
            ))
        })
    }
}

fn asks_for_command(profile: &Profile) -> bool {
    profile.argv.iter().any(|word| word == COMMAND)
}

/// `./agent.sh` is the one where the command was typed, not one in the agent's folder.
fn whole(mut argv: Vec<String>) -> Vec<String> {
    if let Some(program) = argv.first_mut().filter(|program| program.contains('/'))
        && let Some(path) = std::path::absolute(&*program)
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
    {
        *program = path;
    }
    argv
}

/// Who does a task by its own command: its exit code is its result, as make takes it. The argv is the task's.
fn own() -> Runner {
    Runner {
        name: OWN.to_owned(),
        profile: bare(Vec::new(), DoneRule::Exit),
        program: PathBuf::new(),
        model: None,
        level: 0,
        read_only: false,
        resolves: false,
    }
}

fn bare(argv: Vec<String>, done: DoneRule) -> Profile {
    Profile {
        argv,
        done,
        ..Profile::default()
    }
}
