//! What the core asks for, done: agents and gates started and stopped, messages delivered.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use schemas::Failure;
use schemas::stream::Dialect;

use super::mask::Mask;
use super::run_dir::RunDir;
use super::session_log::SessionLog;
use super::tokens::Holder;
use super::{Run, Shell, agent, gate, workspace};
use crate::acp;
use crate::core::{Action, Attempt, Event, GateAnswer, Launch};
use crate::profiles::{Filling, Runner};
use crate::prompt;

impl Shell<'_> {
    /// Does one thing, or lets it wait for a token. Fails only when the run directory does: everything else is news for
    /// the core.
    pub(super) fn act(&mut self, action: Action) -> Result<(), Failure> {
        let waits = match &action {
            Action::Terminate(attempt) | Action::Kill(attempt) => Some(Holder::Attempt(*attempt)),
            Action::TerminateGate(attempt) | Action::KillGate(attempt) => {
                Some(Holder::Gate(*attempt))
            }
            _ => None,
        };
        if let Some(holder) = waits.filter(|holder| self.tokens.forget(*holder)) {
            let reason = "stopped before it began".to_owned();
            self.own.push_back(match holder {
                Holder::Attempt(attempt) => Event::LaunchFailed { attempt, reason },
                Holder::Gate(attempt) => Event::GateFinished {
                    attempt,
                    answer: broken(reason),
                },
            });
            return Ok(());
        }
        match self.tokens.admit(action) {
            Some(action) => self.act_now(action),
            None => Ok(()),
        }
    }

    /// Its token goes to whatever waits for one.
    pub(super) fn give_back(&mut self, holder: Holder) -> Result<(), Failure> {
        match self.tokens.give_back(holder) {
            Some(action) => self.act_now(action),
            None => Ok(()),
        }
    }

    pub(super) fn act_now(&mut self, action: Action) -> Result<(), Failure> {
        match action {
            Action::Record(_) => {}
            Action::Start {
                attempt,
                terminal,
                choice,
                session,
            } => {
                let runners = Arc::clone(&self.run.runners);
                let runner = &runners.of(attempt.task)[choice];
                if let Err(error) = self.start(attempt, terminal, runner, session) {
                    let reason = blame(error)?;
                    self.own.push_back(Event::LaunchFailed { attempt, reason });
                    self.launch_failed(attempt)?;
                }
            }
            Action::Terminate(attempt) => {
                if let Some(child) = self.agents.get(&attempt) {
                    child.terminate();
                }
            }
            Action::Kill(attempt) => {
                if let Some(child) = self.agents.get(&attempt) {
                    child.kill();
                }
            }
            Action::RunGate(attempt) => {
                if let Err(error) = self.start_gate(attempt) {
                    let answer = broken(blame(error)?);
                    self.own.push_back(Event::GateFinished { attempt, answer });
                    self.give_back(Holder::Gate(attempt))?;
                }
            }
            Action::TerminateGate(attempt) => {
                if let Some(gate) = self.gates.get(&attempt) {
                    gate.terminate();
                }
            }
            Action::KillGate(attempt) => {
                if let Some(gate) = self.gates.get(&attempt) {
                    gate.kill();
                }
            }
            Action::Deliver {
                attempt,
                text,
                is_answer,
            } => self.deliver(attempt, &text, is_answer),
            Action::Finish(end) => self.end = Some(end),
        }
        Ok(())
    }

    /// What could not be started may have moved, and holds no token.
    pub(super) fn launch_failed(&mut self, attempt: Attempt) -> Result<(), Failure> {
        self.places.forget();
        self.give_back(Holder::Attempt(attempt))
    }

    /// Prepares an attempt and hands it to a thread of its own. `session` is the one that goes on.
    fn start(
        &mut self,
        attempt: Attempt,
        terminal: String,
        runner: &Runner,
        session: Option<String>,
    ) -> anyhow::Result<()> {
        let Run {
            plan,
            dir,
            state,
            root,
            ..
        } = &self.run;
        let task = &plan.tasks[attempt.task];
        let files = Files::of(&task.id, attempt.number);
        let workspace = self.places.folder(root, plan, task)?;
        let context_file = dir.whole(&RunDir::context(&task.id, attempt.number));
        let prompt::Prompt { text, context } = prompt::compose(&prompt::Facts {
            plan,
            task,
            state,
            attempt: attempt.number,
            terminal: &terminal,
            workspace: &workspace.display().to_string(),
            verdict: workspace::verdict(dir, state, &task.id).as_ref(),
            owning: &self.owning,
            follow_up: session.is_some(),
            context_file: &context_file.display().to_string(),
        });
        if let Some(context) = context {
            let file = RunDir::context(&task.id, attempt.number);
            dir.create(&file, context.as_bytes())?;
        }
        let answers = workspace::answers(state, &task.id);
        if runner.is_agent() || !answers.is_empty() {
            dir.create(&files.answers, answers.as_bytes())?;
        }
        let prompt_file = dir.whole(&files.prompt);
        let input = match (runner.profile.dialect, runner.profile.prompt_by) {
            (Dialect::Acp, _) => agent::Input::Talk(acp::Setup {
                prompt: text.clone(),
                workspace: workspace.display().to_string(),
                session: session.clone(),
                policy: acp::Policy::new(
                    runner.profile.permissions,
                    runner.level,
                    runner.read_only,
                ),
                answered: workspace::answered(state, &task.id),
            }),
            (_, schemas::PromptBy::Stdin) => agent::Input::Prompt,
            _ => agent::Input::Nothing,
        };
        let behind = self.run.launcher.as_ref().map(|launcher| agent::Behind {
            launcher: Arc::clone(launcher),
            nonce: uuid(),
            lease: format!("{} {}", state.mark, task.id),
            grace: Duration::from_millis(self.run.limits.grace),
        });
        let mut env = workspace::environment(&self.run, attempt, &terminal, &workspace, runner);
        if let Some(flags) = self.tokens.makeflags().filter(|_| behind.is_none()) {
            env.push(("MAKEFLAGS".into(), flags.into()));
        }
        let own_folder = runner.profile.env.contains_key("TMPDIR");
        if runner.is_agent() && behind.is_none() && !own_folder {
            let folder = self.scratch.folder(&task.id);
            let folder = folder.context("cannot make its folder for temporary files")?;
            env.push(("TMPDIR".into(), folder.into()));
        }
        let new_session = if runner.is_agent() {
            uuid()
        } else {
            String::new()
        };
        let names_session = session.is_none() && runner.names_session();
        let variable = |name: &str| variable(runner, name);
        let mut session_log = SessionLog::new(&runner.profile.session_logs, variable);
        if let Some(session) = &session {
            session_log.know(session.clone());
        }
        let start = agent::Start {
            attempt,
            program: match behind {
                Some(_) => PathBuf::new(),
                None => self.places.program(runner, task, &workspace)?,
            },
            argv: runner.argv(Filling {
                command: task.command.as_ref(),
                prompt: &text,
                prompt_file: &prompt_file.display().to_string(),
                session: session.as_deref(),
                new_session: &new_session,
            }),
            env,
            env_remove: runner.profile.env_remove.clone(),
            pass_env: self.run.pass_env.clone(),
            mask: match runner.profile.env.is_empty() {
                true => self.mask.clone(),
                false => Mask::new(&runner.profile.env),
            },
            input,
            dir: dir.clone(),
            prompt: text,
            log: dir.whole(&files.log),
            terminal,
            dialect: runner.profile.dialect,
            is_agent: runner.is_agent(),
            earlier: session.and_then(|_| state.tasks.get(&task.id)?.session_tokens),
            behind,
            launch: Launch {
                agent: runner.name.clone(),
                pid: 0,
                workspace: workspace.display().to_string(),
                prompt_file: files.prompt,
                log_file: files.log,
                config_home: config_home(runner),
            },
            session: names_session.then_some(new_session),
            session_log,
            workspace,
        };
        let (containment, events) = (Arc::clone(&self.containment), self.events.clone());
        let threads = self.threads.clone();
        self.starting += 1;
        self.threads
            .run(move || agent::attend(start, &containment, &events, &threads));
        Ok(())
    }

    /// An attempt runs: from now on it can be told and ended.
    pub(super) fn started(&mut self, started: agent::Started) {
        self.starting -= 1;
        let attempt = started.attempt;
        if let Some(watched) = started.watched {
            self.lives.watch(attempt, watched);
        }
        self.agents.insert(attempt, started.child);
        let launch = started.launch;
        self.own.push_back(Event::Started { attempt, launch });
        if let Some(session) = started.session {
            self.lives.know(attempt, &session);
            self.own.push_back(Event::Session { attempt, session });
        }
    }

    fn start_gate(&mut self, attempt: Attempt) -> anyhow::Result<()> {
        let Run {
            plan,
            dir,
            root,
            gate_program,
            limits,
            ..
        } = &self.run;
        let task = &plan.tasks[attempt.task];
        let check = gate::Check {
            attempt,
            task: &task.id,
            terminal: crate::core::terminal_id(limits.seed, &task.id, attempt.number),
            program: gate_program.clone(),
            workspace: &workspace::open(root, plan, task)?,
            gates: crate::graph::gates_of(plan, task),
            makeflags: self.tokens.makeflags(),
            mask: self.mask.clone(),
        };
        let child = gate::start(&check, dir, &self.containment, &self.events)?;
        self.gates.insert(attempt, child);
        Ok(())
    }

    fn deliver(&mut self, attempt: Attempt, text: &str, is_answer: bool) {
        let task = &self.run.plan.tasks[attempt.task].id;
        let path = self.run.dir.whole(&RunDir::answers(task, attempt.number));
        let line = format!("{}\n", serde_json::json!({ "text": text }));
        // A live agent may read it or not; the journal has it, and the next prompt too.
        let _ = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Some(child) = self.agents.get(&attempt) {
            self.own.extend(child.tell(text, is_answer));
        }
    }
}

/// Of gates that could not run.
fn broken(reason: String) -> GateAnswer {
    GateAnswer {
        verdict: schemas::VerdictWord::Infrastructure,
        reason: Some(reason),
        class: None,
        fingerprint: None,
        findings: schemas::FindingCounts::default(),
        verdict_file: None,
    }
}

/// Where the agent keeps its sessions: a person who wants to look, or to take one up by hand, needs it.
fn config_home(runner: &Runner) -> Option<String> {
    if !runner.is_agent() {
        return None;
    }
    let named = runner.profile.config_home.iter().map(String::as_str);
    let mut names = named.chain(["HOME"]);
    names.find_map(|name| variable(runner, name))
}

/// What an agent finds in its environment.
fn variable(runner: &Runner, name: &str) -> Option<String> {
    let own = runner.profile.env.get(name).cloned();
    own.or_else(|| std::env::var(name).ok())
}

/// A random UUID of version 4.
fn uuid() -> String {
    let (a, b) = (crate::config::random(), crate::config::random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a & 0xffff_ffff,
        (a >> 32) & 0xffff,
        b & 0xfff,
        0x8000 | ((b >> 12) & 0x3fff),
        (crate::config::random() ^ (b << 7)) & 0xffff_ffff_ffff
    )
}

/// What a task's record says of an error; a failure of ours is nothing that a task is to blame for.
fn blame(error: anyhow::Error) -> Result<String, Failure> {
    match error.downcast::<Failure>() {
        Ok(failure) => Err(failure),
        Err(error) => Ok(format!("{error:#}")),
    }
}

/// The files of one attempt, relative to the run directory.
struct Files {
    log: String,
    prompt: String,
    answers: String,
}

impl Files {
    fn of(task: &str, attempt: u32) -> Files {
        Files {
            log: RunDir::log(task, attempt),
            prompt: RunDir::prompt(task, attempt),
            answers: RunDir::answers(task, attempt),
        }
    }
}
