//! One agent, ready to be started for one task.

use std::borrow::Cow;
use std::path::PathBuf;

use schemas::{Command, Failure, Invocation, Profile};

use super::OWN;

/// How one task's agent is started.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Runner {
    /// The profile's name; `command` for a task's own.
    pub(crate) name: String,
    pub(crate) profile: Profile,
    /// Where its program is: looked up once, before anything starts. Empty for a task's own command, which an earlier
    /// task may make.
    pub(crate) program: PathBuf,
    pub(crate) model: Option<String>,
    /// The task's autonomy level, 0 to 4.
    pub(crate) level: u8,
    pub(crate) read_only: bool,
    /// It resolves conflicts, and does nothing else.
    pub(crate) resolves: bool,
}

/// What an argv is filled in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filling<'a> {
    /// The task's own.
    pub(crate) command: Option<&'a Command>,
    pub(crate) prompt: &'a str,
    pub(crate) prompt_file: &'a str,
    /// The session that goes on.
    pub(crate) session: Option<&'a str>,
    /// The name of one that begins.
    pub(crate) new_session: &'a str,
}

impl Runner {
    /// An agent, not a command that the task brings.
    pub(crate) fn is_agent(&self) -> bool {
        self.name != OWN
    }

    /// What is held when a quota is used up: agent, provider and model, as far as they are known.
    pub(crate) fn route(&self) -> String {
        let parts = [&self.profile.provider, &self.model];
        let known = parts.into_iter().flatten().map(String::as_str);
        std::iter::once(self.name.as_str())
            .chain(known)
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Finds its program. An agent that is not there is a mistake of the machine and not of every task.
    pub(crate) fn find_program(&mut self) -> Result<(), Failure> {
        if !self.is_agent() {
            return Ok(());
        }
        let program = self.profile.argv.first().map_or("", String::as_str);
        self.program = which::which(program).map_err(|_| {
            let message = format!(
                "cannot find the program {program} of the agent {}",
                self.name
            );
            Failure::trouble(message)
                .help("install it or add its folder to PATH; --list-agents shows what is found")
        })?;
        Ok(())
    }

    /// Its argv as it is written; that of a task's own command is the task's.
    pub(crate) fn words<'a>(&'a self, command: Option<&'a Command>) -> Cow<'a, [String]> {
        match command.filter(|_| !self.is_agent() && self.profile.argv.is_empty()) {
            Some(Command::Argv(argv)) => argv.into(),
            Some(shell) => shell.argv().into(),
            None => (&self.profile.argv).into(),
        }
    }

    /// Whether it names the session that begins, instead of learning its name from the stream.
    pub(crate) fn names_session(&self) -> bool {
        let argv = self.profile.argv.iter();
        self.is_agent() && argv.into_iter().any(|word| word.contains("{newSession}"))
    }

    /// The flags that say what it may do without asking.
    pub(crate) fn permission_flags(&self) -> &[String] {
        self.profile.permissions_for(self.level, self.read_only)
    }

    /// The argv with everything filled in. A task's own command is never filled in.
    pub(crate) fn argv(&self, filling: Filling<'_>) -> Vec<String> {
        if !self.is_agent() {
            return self.words(filling.command).into_owned();
        }
        self.profile.argv(&Invocation {
            prompt: filling.prompt,
            prompt_file: filling.prompt_file,
            session: filling.session,
            new_session: Some(filling.new_session),
            model: self.model.as_deref(),
            level: self.level,
            read_only: self.read_only,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(words: &[&str]) -> Runner {
        Runner {
            name: "x".to_owned(),
            profile: Profile {
                argv: words.iter().map(|word| (*word).to_owned()).collect(),
                ..Profile::default()
            },
            program: PathBuf::new(),
            model: None,
            level: 0,
            read_only: false,
            resolves: false,
        }
    }

    fn with(prompt: &str) -> Filling<'_> {
        Filling {
            command: None,
            prompt,
            prompt_file: "/f",
            session: None,
            new_session: "new",
        }
    }

    #[test]
    fn a_command_of_a_task_is_run_as_it_is() {
        let runner = Runner {
            name: OWN.to_owned(),
            ..runner(&[])
        };
        let words = ["echo", "{model}", "{prompt}"].map(str::to_owned).to_vec();
        let of = |command: &Command| {
            runner.argv(Filling {
                command: Some(command),
                ..with("do")
            })
        };
        assert_eq!(of(&Command::Argv(words.clone())), words);
        assert_eq!(
            of(&Command::Shell("a | b".to_owned())),
            ["sh", "-c", "a | b"]
        );
    }
}
