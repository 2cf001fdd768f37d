//! A gate that has been understood: what will be done for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemas::{Command, WhenMissing};

use crate::evidence::Evidence;
use crate::reviewer::Reviewer;

/// One gate, ready to be checked.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) stage: String,
    pub(crate) name: String,
    pub(crate) required: bool,
    /// Names of gates that must have passed before.
    pub(crate) needs: Vec<String>,
    /// Names of what only one check at a time may use.
    pub(crate) locks: Vec<String>,
    /// Globs of the files that its result depends on.
    pub(crate) inputs: Vec<String>,
    pub(crate) timeout: Option<Duration>,
    /// Relative to where all checks run.
    pub(crate) cwd: Option<PathBuf>,
    /// When it applies.
    pub(crate) condition: Option<String>,
    /// Why it does not apply.
    pub(crate) ruled_out: Option<String>,
    /// May mend what it finds.
    pub(crate) fix: Option<Command>,
    pub(crate) work: Work,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Work {
    /// A command is run, when there is one, and then it is looked at what there is.
    Check {
        run: Option<Run>,
        evidence: Vec<Evidence>,
    },
    /// A person must say.
    Manual { reason: String },
}

/// A command with all that it needs.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: Command,
    /// Looked for before the shell is started: its own "not found" would come too late.
    pub(crate) program: Option<String>,
    pub(crate) when_missing: Option<WhenMissing>,
    pub(crate) env: BTreeMap<String, String>,
    /// An agent that reviews; the command is only its name.
    pub(crate) reviewer: Option<Box<Reviewer>>,
}

impl Planned {
    /// A required gate without any of the settings.
    pub(crate) fn new(stage: &str, name: String, work: Work) -> Planned {
        Planned {
            stage: stage.to_owned(),
            name,
            required: true,
            needs: Vec::new(),
            locks: Vec::new(),
            inputs: Vec::new(),
            timeout: None,
            cwd: None,
            condition: None,
            ruled_out: None,
            fix: None,
            work,
        }
    }

    /// As the verdict names it.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.work {
            Work::Check { evidence, .. } => evidence.first().map_or("command", Evidence::kind),
            Work::Manual { .. } => "manual",
        }
    }

    /// What will be done, in one line: its command, what is looked at, and what it waits for.
    pub(crate) fn deed(&self) -> String {
        let (run, evidence) = match &self.work {
            Work::Check { run, evidence } => (run, evidence),
            Work::Manual { reason } => return reason.clone(),
        };
        let command = run.iter().map(|run| match &run.reviewer {
            Some(reviewer) => format!("the agent {}", reviewer.agent),
            None => run.command.to_string(),
        });
        let looked_at = evidence.iter().map(|evidence| match evidence.kind() {
            kind @ ("paths" | "clean-tree") => kind.to_owned(),
            kind => format!("{kind} {}", evidence.name()),
        });
        let needs = self.needs.iter().map(|name| format!("needs {name}"));
        let locks = self.locks.iter().map(|name| format!("locks {name}"));
        let condition = self.condition.iter().map(|condition| match self.ruled_out {
            Some(_) => format!("skipped, as not: {condition}"),
            None => format!("if {condition}"),
        });
        let fix = self.fix.iter().map(|fix| format!("fix {fix}"));
        command
            .chain(looked_at)
            .chain(needs)
            .chain(locks)
            .chain(condition)
            .chain(fix)
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Its command, when it has one.
    pub(crate) fn run(&self) -> Option<&Run> {
        match &self.work {
            Work::Check { run, .. } => run.as_ref(),
            Work::Manual { .. } => None,
        }
    }
}

impl Run {
    /// A command without any of the settings.
    pub(crate) fn new(command: Command) -> Run {
        Run {
            command,
            program: None,
            when_missing: None,
            env: BTreeMap::new(),
            reviewer: None,
        }
    }
}
