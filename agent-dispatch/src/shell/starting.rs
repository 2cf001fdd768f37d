//! What an attempt is started with: prompt, input, environment, session.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use schemas::stream::Dialect;
use schemas::{PromptBy, Task};

use super::mask::Mask;
use super::place::Place;
use super::run_dir::RunDir;
use super::session_log::SessionLog;
use super::{Run, Shell, agent, workspace};
use crate::acp;
use crate::core::{Attempt, Launch};
use crate::profiles::{Filling, Runner};
use crate::prompt;
use crate::worktrees::{Bounds, Footprint, Secrets, Stop};

/// Who does which task, where, and by which name.
struct Order<'a> {
    attempt: Attempt,
    terminal: String,
    runner: &'a Runner,
    /// The session that goes on.
    session: Option<String>,
    workspace: PathBuf,
}

impl Shell<'_> {
    /// Prepares an attempt and hands it to a thread of its own. `session` is the one that goes on.
    pub(super) fn start(
        &mut self,
        attempt: Attempt,
        terminal: String,
        runner: &Runner,
        session: Option<String>,
    ) -> anyhow::Result<()> {
        let workspace = match self.run.worktrees.folder(attempt.task) {
            Some(folder) => folder.clone(),
            None => {
                let Run { plan, root, .. } = &self.run;
                self.places.folder(root, plan, &plan.tasks[attempt.task])?
            }
        };
        let start = self.prepare(Order {
            attempt,
            terminal,
            runner,
            session,
            workspace,
        })?;
        let (containment, events) = (Arc::clone(&self.containment), self.events.clone());
        let threads = self.threads.clone();
        self.starting += 1;
        self.threads
            .run(move || agent::attend(start, &containment, &events, &threads));
        Ok(())
    }

    fn prepare(&mut self, order: Order<'_>) -> anyhow::Result<agent::Start> {
        let prompt = self.prompt(&order)?;
        let env = self.env(&order)?;
        let program = match self.run.launcher {
            Some(_) => PathBuf::new(),
            None => self.program(&order)?,
        };
        let place = self.place(&order);
        let footprint = self.footprint(&order)?;
        let Run {
            plan, dir, state, ..
        } = &self.run;
        let (task, runner) = (&plan.tasks[order.attempt.task], order.runner);
        let files = Files::of(&task.id, order.attempt.number);
        let behind = self.behind(task);
        let new_session = if runner.is_agent() {
            uuid()
        } else {
            String::new()
        };
        let names_session = order.session.is_none() && runner.names_session();
        Ok(agent::Start {
            attempt: order.attempt,
            place,
            footprint,
            program,
            argv: runner.argv(Filling {
                command: task.command.as_ref(),
                prompt: &prompt,
                prompt_file: &dir.whole(&files.prompt).display().to_string(),
                session: order.session.as_deref(),
                new_session: &new_session,
            }),
            env,
            env_remove: runner.profile.env_remove.clone(),
            pass_env: self.run.pass_env.clone(),
            mask: match runner.profile.env.is_empty() {
                true => self.mask.clone(),
                false => Mask::new(&runner.profile.env),
            },
            input: self.input(&order, task, &prompt),
            dir: dir.clone(),
            prompt,
            log: dir.whole(&files.log),
            dialect: runner.profile.dialect,
            is_agent: runner.is_agent(),
            session_log: session_log(runner, order.session.as_ref()),
            earlier: order
                .session
                .and_then(|_| state.tasks.get(&task.id)?.session_tokens),
            behind,
            launch: Launch {
                agent: runner.name.clone(),
                pid: 0,
                workspace: order.workspace.display().to_string(),
                prompt_file: files.prompt,
                log_file: files.log,
                config_home: config_home(runner),
            },
            session: names_session.then_some(new_session),
            terminal: order.terminal,
            workspace: order.workspace,
        })
    }

    /// What it is told. What is too large for the prompt, and earlier answers, lie in files beside it.
    fn prompt(&self, order: &Order<'_>) -> anyhow::Result<String> {
        let Run {
            plan, dir, state, ..
        } = &self.run;
        let (task, number) = (&plan.tasks[order.attempt.task], order.attempt.number);
        let context_file = RunDir::context(&task.id, number);
        let worktree = self.worktree(order.attempt);
        let prompt::Prompt { text, context } = prompt::compose(&prompt::Facts {
            plan,
            task,
            state,
            attempt: number,
            terminal: &order.terminal,
            workspace: &order.workspace.display().to_string(),
            worktree: worktree.as_ref(),
            verdict: workspace::verdict(dir, state, &task.id).as_ref(),
            owning: &self.owning,
            follow_up: order.session.is_some(),
            context_file: &dir.whole(&context_file).display().to_string(),
        });
        if let Some(context) = context {
            dir.create(&context_file, context.as_bytes())?;
        }
        let answers = workspace::answers(state, &task.id);
        if order.runner.is_agent() || !answers.is_empty() {
            dir.create(&RunDir::answers(&task.id, number), answers.as_bytes())?;
        }
        Ok(text)
    }

    /// What its prompt says of its worktrees.
    fn worktree(&self, attempt: Attempt) -> Option<prompt::Worktree> {
        let worktrees = &self.run.worktrees;
        let (first, others) = worktrees.unit(attempt.task)?.trees.split_first()?;
        let others = others.iter().map(|tree| tree.folder.display().to_string());
        Some(prompt::Worktree {
            branch: first.branch.clone(),
            target: worktrees.repositories[first.repository].target.clone(),
            others: others.collect(),
        })
    }

    fn input(&self, order: &Order<'_>, task: &Task, prompt: &str) -> agent::Input {
        let (runner, profile) = (order.runner, &order.runner.profile);
        match (profile.dialect, profile.prompt_by) {
            (Dialect::Acp, _) => agent::Input::Talk(acp::Setup {
                prompt: prompt.to_owned(),
                workspace: order.workspace.display().to_string(),
                session: order.session.clone(),
                policy: acp::Policy::new(profile.permissions, runner.level, runner.read_only),
                answered: workspace::answered(&self.run.state, &task.id),
            }),
            (_, PromptBy::Stdin) => agent::Input::Prompt,
            _ => agent::Input::Nothing,
        }
    }

    /// A program that is named by its path may be one of the worktree, which is not there yet.
    fn program(&mut self, order: &Order<'_>) -> anyhow::Result<PathBuf> {
        let task = &self.run.plan.tasks[order.attempt.task];
        let words = order.runner.words(task.command.as_ref());
        let named = words.first().map(PathBuf::from).unwrap_or_default();
        let isolated = self.run.worktrees.unit(order.attempt.task).is_some();
        if isolated && named.is_relative() && named.components().count() > 1 {
            return Ok(order.workspace.join(named));
        }
        let folder = if isolated {
            &self.run.root
        } else {
            &order.workspace
        };
        self.places.program(order.runner, task, folder)
    }

    /// The worktrees that it gets, where it works in some.
    fn place(&mut self, order: &Order<'_>) -> Option<Place> {
        let Attempt { task, number } = order.attempt;
        let unit = self.run.worktrees.unit(task)?;
        let stop = Stop::default();
        let state = self.run.state.tasks.get(&unit.task);
        let mark = self.containment.mark(&order.terminal);
        let place = Place {
            worktrees: Arc::clone(&self.run.worktrees),
            attempt: order.attempt,
            dir: self.run.dir.path().to_owned(),
            bases: self.bases(task),
            merges: state.is_some_and(|state| state.merge_fixes > 0),
            log: self.run.dir.whole(&RunDir::setup_log(&unit.task, number)),
            env: vec![
                (super::contain::MARK.to_owned(), mark),
                ("TASK_ID".to_owned(), unit.task.clone()),
            ],
            stop: stop.clone(),
        };
        self.openings.insert(order.attempt, stop);
        Some(place)
    }

    /// Its project's folder, where it is held to what it may change there.
    fn footprint(&self, order: &Order<'_>) -> anyhow::Result<Option<Footprint>> {
        let Attempt { task, number } = order.attempt;
        let Run {
            plan, dir, state, ..
        } = &self.run;
        let id = &plan.tasks[task].id;
        let known = state.tasks.get(id);
        let secrets = match self.run.bounds[task] {
            Bounds::Nothing => return Ok(None),
            Bounds::Secrets => Some(Secrets::new(self.secrets(task))?),
            Bounds::Declared => None,
        };
        Ok(Some(Footprint {
            folder: order.workspace.clone(),
            run_dir: dir.path().to_owned(),
            before: dir.whole(&RunDir::before(id)),
            changed: dir.whole(&RunDir::changed(id, number)),
            is_first: known.is_none_or(|task| task.last_result.is_none()),
            secrets,
        }))
    }

    fn behind(&self, task: &Task) -> Option<agent::Behind> {
        let launcher = self.run.launcher.as_ref()?;
        Some(agent::Behind {
            launcher: Arc::clone(launcher),
            nonce: uuid(),
            lease: format!("{} {}", self.run.state.mark, task.id),
            grace: Duration::from_millis(self.run.limits.grace),
        })
    }

    /// What it finds in its environment. Behind a launcher, tokens and folders of this machine are of no use.
    fn env(&self, order: &Order<'_>) -> anyhow::Result<Vec<(OsString, OsString)>> {
        let Order {
            attempt,
            terminal,
            runner,
            workspace,
            ..
        } = order;
        let mut env = workspace::environment(&self.run, *attempt, terminal, workspace, runner);
        if self.run.launcher.is_some() {
            return Ok(env);
        }
        if let Some(flags) = self.tokens.makeflags() {
            env.push(("MAKEFLAGS".into(), flags.into()));
        }
        let own = runner.is_agent() || self.run.worktrees.unit(attempt.task).is_some();
        if own && !runner.profile.env.contains_key("TMPDIR") {
            let task = &self.run.plan.tasks[attempt.task].id;
            let folder = self.scratch.folder(task);
            let folder = folder.context("cannot make its folder for temporary files")?;
            env.push(("TMPDIR".into(), folder.into()));
        }
        Ok(env)
    }
}

fn session_log(runner: &Runner, session: Option<&String>) -> SessionLog {
    let variable = |name: &str| variable(runner, name);
    let mut log = SessionLog::new(&runner.profile.session_logs, variable);
    if let Some(session) = session {
        log.know(session.clone());
    }
    log
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

/// The files of one attempt, relative to the run directory.
struct Files {
    log: String,
    prompt: String,
}

impl Files {
    fn of(task: &str, attempt: u32) -> Files {
        Files {
            log: RunDir::log(task, attempt),
            prompt: RunDir::prompt(task, attempt),
        }
    }
}
