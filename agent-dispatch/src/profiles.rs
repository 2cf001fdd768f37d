//! Which agent does which task.

use std::collections::BTreeMap;

use schemas::stream::Dialect;
use schemas::{Agents, Command, DoneRule, Failure, Plan, Profile, PromptBy, Task};

/// The agent of a task that brings its own command.
const OWN: &str = "command";

/// Profiles by name: built in, from the plan, from `--agents`; later ones win.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    known: BTreeMap<String, Profile>,
    /// From the command line: for all tasks.
    forced: Option<String>,
}

/// How one task's agent is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runner {
    /// The profile's name; `command` for a task's own.
    pub(crate) name: String,
    pub(crate) profile: Profile,
    pub(crate) model: Option<String>,
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

    /// Adds the profiles of an `agents` document.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let agents: Agents = serde_json::from_str(text).map_err(|error| {
            Failure::input(format!(
                "cannot read {name}: not a document of agent profiles"
            ))
            .because(&error)
        })?;
        self.known.extend(agents.agents);
        Ok(())
    }

    /// This profile does all tasks.
    pub(crate) fn force(&mut self, name: &str) -> Result<(), Failure> {
        self.find(name)?;
        self.forced = Some(name.to_owned());
        Ok(())
    }

    /// This argv does all tasks.
    pub(crate) fn force_argv(&mut self, mut argv: Vec<String>) {
        let name = argv
            .first()
            .map(|program| program.rsplit('/').next().unwrap_or(program).to_owned());
        let name = name.unwrap_or_default();
        // `./agent.sh` is the one where the command was typed, not one in the agent's folder.
        if let Some(program) = argv.first_mut().filter(|program| program.contains('/'))
            && let Some(path) = std::path::absolute(&*program)
                .ok()
                .and_then(|path| path.into_os_string().into_string().ok())
        {
            *program = path;
        }
        self.known.insert(name.clone(), bare(argv, DoneRule::Both));
        self.forced = Some(name);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Profile)> {
        self.known.iter()
    }

    /// Who does the task: the command line's agent, the task's own command, its agent, the plan's.
    pub(crate) fn runner(&self, plan: &Plan, task: &Task) -> Result<Runner, Failure> {
        let named = self
            .forced
            .as_ref()
            .or(task.agent.as_ref())
            .or(plan.defaults.agent.as_ref());
        if let (None, Some(command)) = (&self.forced, &task.command) {
            return Ok(Runner {
                name: OWN.to_owned(),
                profile: own(command),
                model: None,
            });
        }
        let Some(name) = named else {
            return Err(Failure::usage(format!(
                "cannot dispatch {}: it has neither a command nor an agent",
                task.id
            ))
            .help("give --agent NAME, or an agent's argv after --"));
        };
        let profile = self.find(name)?.clone();
        let model = task
            .model
            .clone()
            .or(plan.defaults.model.clone())
            .or(profile.model.clone());
        Ok(Runner {
            name: name.clone(),
            profile,
            model,
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

/// A task's own command: its exit code is its result, as make takes it.
fn own(command: &Command) -> Profile {
    bare(command.argv(), DoneRule::Exit)
}

fn bare(argv: Vec<String>, done: DoneRule) -> Profile {
    Profile {
        argv,
        prompt_by: PromptBy::Stdin,
        done,
        dialect: Dialect::Text,
        env: BTreeMap::new(),
        env_remove: Vec::new(),
        model: None,
    }
}

impl Runner {
    /// An agent, not a command that the task brings.
    pub(crate) fn is_agent(&self) -> bool {
        self.name != OWN
    }

    /// What is held when a quota is used up: agent and model.
    pub(crate) fn route(&self) -> String {
        match &self.model {
            Some(model) => format!("{}/{model}", self.name),
            None => self.name.clone(),
        }
    }

    /// An agent that is not there is a mistake of the machine and not of every task. The program of a task's own
    /// command may well be made by an earlier task.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let program = self.profile.argv.first().map_or("", String::as_str);
        if self.name == OWN || which::which(program).is_ok() {
            return Ok(());
        }
        let message = format!(
            "cannot find the program {program} of the agent {}",
            self.name
        );
        Err(Failure::trouble(message)
            .help("install it or add its folder to PATH; --list-agents shows what is found"))
    }

    /// The argv with `{model}`, `{prompt}` and `{promptFile}` filled in. An element that asks for a model falls away
    /// when there is none, and with it the flag before it. A task's own command is never filled in.
    pub(crate) fn argv(&self, prompt: &str, prompt_file: &str) -> Vec<String> {
        if self.name == OWN {
            return self.profile.argv.clone();
        }
        // The kernel takes at most 128 KiB in one element of argv.
        let fits = prompt.len() <= 100 << 10;
        let reference = format!("Read your task from the file {prompt_file} and do what it says.");
        let prompt = if fits { prompt } else { &reference };
        let mut argv: Vec<String> = Vec::new();
        for word in &self.profile.argv {
            if word.contains("{model}") && self.model.is_none() {
                if argv.len() > 1 && argv.last().is_some_and(|flag| flag.starts_with('-')) {
                    argv.pop();
                }
                continue;
            }
            let word = word.replace("{model}", self.model.as_deref().unwrap_or_default());
            argv.push(match word.as_str() {
                "{prompt}" => prompt.to_owned(),
                _ => word.replace("{promptFile}", prompt_file),
            });
        }
        argv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(words: &[&str]) -> Runner {
        let argv = words.iter().map(|word| (*word).to_owned()).collect();
        Runner {
            name: "x".to_owned(),
            profile: bare(argv, DoneRule::Both),
            model: None,
        }
    }

    #[test]
    fn a_model_flag_falls_away_with_its_value() {
        let mut runner = profile(&["agent", "--model", "{model}", "-p"]);
        assert_eq!(runner.argv("do", "/f"), ["agent", "-p"]);
        runner.model = Some("m1".to_owned());
        assert_eq!(runner.argv("do", "/f"), ["agent", "--model", "m1", "-p"]);
    }

    #[test]
    fn a_prompt_is_one_element_and_a_huge_one_travels_as_a_file() {
        let runner = profile(&["agent", "{prompt}"]);
        assert_eq!(
            runner.argv("a b; rm '{model}'", "/f"),
            ["agent", "a b; rm '{model}'"]
        );
        let huge = "x".repeat(200 << 10);
        let argv = runner.argv(&huge, "/f");
        assert!(argv[1].len() < 200 && argv[1].contains("/f"));
    }

    #[test]
    fn a_command_of_a_task_is_run_as_it_is() {
        let runner = Runner {
            name: "command".to_owned(),
            ..profile(&["echo", "{model}", "{prompt}"])
        };
        assert_eq!(runner.argv("do", "/f"), ["echo", "{model}", "{prompt}"]);
    }
}
