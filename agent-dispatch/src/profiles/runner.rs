//! One agent, ready to be started for one task.

use std::borrow::Cow;
use std::path::PathBuf;

use schemas::{Command, Failure, Profile};

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

    /// The flags that say what it may do without asking: those of its level, or of the next stricter one that is given.
    pub(crate) fn permission_flags(&self) -> &[String] {
        if self.read_only && !self.profile.read_only.is_empty() {
            return &self.profile.read_only;
        }
        let levels = &self.profile.autonomy;
        let stricter = levels.range(self.level..).next();
        let flags = stricter.or_else(|| levels.range(..self.level).next_back());
        flags.map_or(&[], |(_, flags)| flags)
    }

    /// The argv with everything filled in. An element that asks for what is not there falls away, and with it the flag
    /// before it. A task's own command is never filled in.
    pub(crate) fn argv(&self, filling: Filling<'_>) -> Vec<String> {
        if !self.is_agent() {
            return self.words(filling.command).into_owned();
        }
        let follow_up = filling.session.and(self.profile.follow_up.as_ref());
        let words = follow_up.unwrap_or(&self.profile.argv);
        let mut argv: Vec<String> = Vec::new();
        for word in words {
            if word == "{autonomy}" {
                argv.extend_from_slice(self.permission_flags());
                continue;
            }
            match self.fill(word, filling) {
                Some(word) => argv.push(word),
                None if argv.len() > 1 && argv.last().is_some_and(|flag| flag.starts_with('-')) => {
                    argv.pop();
                }
                None => {}
            }
        }
        argv
    }

    fn fill(&self, word: &str, filling: Filling<'_>) -> Option<String> {
        if word == "{prompt}" {
            // The kernel takes at most 128 KiB in one element of argv.
            let fits = filling.prompt.len() <= 100 << 10;
            let file = filling.prompt_file;
            let reference = format!("Read your task from the file {file} and do what it says.");
            return Some(if fits {
                filling.prompt.to_owned()
            } else {
                reference
            });
        }
        let values = [
            ("{model}", self.model.as_deref()),
            ("{session}", filling.session),
            ("{newSession}", Some(filling.new_session)),
            ("{promptFile}", Some(filling.prompt_file)),
        ];
        // One after the other in the template, never in what was filled in.
        for (name, value) in values {
            if let Some((before, after)) = word.split_once(name) {
                return Some(format!("{before}{}{after}", value?));
            }
        }
        Some(word.to_owned())
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
    fn a_model_flag_falls_away_with_its_value() {
        let mut runner = runner(&["agent", "--model", "{model}", "-p"]);
        assert_eq!(runner.argv(with("do")), ["agent", "-p"]);
        runner.model = Some("m1".to_owned());
        assert_eq!(runner.argv(with("do")), ["agent", "--model", "m1", "-p"]);
    }

    #[test]
    fn a_prompt_is_one_element_and_a_huge_one_travels_as_a_file() {
        let runner = runner(&["agent", "{prompt}"]);
        assert_eq!(
            runner.argv(with("a b; rm '{model}'")),
            ["agent", "a b; rm '{model}'"]
        );
        let huge = "x".repeat(200 << 10);
        let argv = runner.argv(with(&huge));
        assert!(argv[1].len() < 200 && argv[1].contains("/f"));
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

    #[test]
    fn a_session_is_taken_up_by_the_argv_for_that() {
        let mut runner = runner(&["agent", "--id={newSession}"]);
        assert!(runner.names_session());
        assert_eq!(runner.argv(with("do")), ["agent", "--id=new"]);
        let follow_up = ["agent", "--resume", "{session}"];
        runner.profile.follow_up = Some(follow_up.map(str::to_owned).to_vec());
        let session = Some("{model}");
        let filling = Filling {
            session,
            ..with("do")
        };
        assert_eq!(runner.argv(filling), ["agent", "--resume", "{model}"]);
    }

    #[test]
    fn the_flags_are_those_of_the_next_stricter_level() {
        let mut runner = runner(&["agent", "{autonomy}", "go"]);
        let flags = |flag: &str| vec![flag.to_owned()];
        runner.profile.autonomy = [(2, flags("--yes")), (4, flags("--plan"))].into();
        for (level, flag) in [(0, "--yes"), (2, "--yes"), (3, "--plan"), (4, "--plan")] {
            runner.level = level;
            assert_eq!(runner.argv(with("do")), ["agent", flag, "go"], "{level}");
        }
        (runner.level, runner.read_only) = (0, true);
        runner.profile.read_only = flags("--look");
        assert_eq!(runner.argv(with("do")), ["agent", "--look", "go"]);
    }
}
