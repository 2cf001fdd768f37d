//! What the core asks for, done: agents and gates started and stopped, messages delivered.

use std::io::Write;
use std::sync::Arc;

use schemas::Failure;

use super::run_dir::{RunDir, Stage};
use super::tokens::Holder;
use super::{Incoming, Run, Shell, agent, gate, workspace};
use crate::core::{Action, Attempt, Event, GateAnswer};

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
                } else if let Some(stop) = self.openings.get(&attempt) {
                    // Its worktree is being made ready: there is nothing to lose in it.
                    stop.kill();
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
            Action::Integrate(attempts) => self.integrate(&attempts)?,
            Action::TerminateMerge(attempt) => {
                if let Some(stop) = self.merges.get(&attempt) {
                    stop.terminate();
                }
            }
            Action::KillMerge(attempt) => {
                if let Some(stop) = self.merges.get(&attempt) {
                    stop.kill();
                }
            }
            Action::RemoveWorkspace(task) => self.remove_workspace(task)?,
            Action::Finish(end) => self.end = Some(end),
        }
        Ok(())
    }

    /// What could not be started may have moved, and holds no token.
    pub(super) fn launch_failed(&mut self, attempt: Attempt) -> Result<(), Failure> {
        self.places.forget();
        self.give_back(Holder::Attempt(attempt))
    }

    /// An attempt runs: from now on it can be told and ended.
    pub(super) fn started(&mut self, started: agent::Started) {
        self.starting -= 1;
        let attempt = started.attempt;
        self.openings.remove(&attempt);
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
        let workspace = match self.run.worktrees.folder(attempt.task) {
            Some(folder) => folder.clone(),
            None => workspace::open(root, plan, task)?,
        };
        let boundaries = self.boundaries(attempt);
        let gates = crate::graph::gates_of(plan, task).into_iter();
        let gates = boundaries.iter().map(String::as_str).chain(gates);
        let check = gate::Check {
            task: &task.id,
            attempt: attempt.number,
            stage: Stage::Task,
            terminal: crate::core::terminal_id(limits.seed, &task.id, attempt.number),
            program: gate_program.clone(),
            workspace: &workspace,
            base: self.bases(attempt.task).into_iter().next().flatten(),
            gates: gates.collect(),
            agents: &plan.agents,
            makeflags: self.tokens.makeflags(),
            mask: self.mask.clone(),
        };
        let events = self.events.clone();
        let child = gate::start(&check, dir, &self.containment, move |answer| {
            let _ = events.send(Incoming::Event(Event::GateFinished { attempt, answer }));
        })?;
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
    gate::answer(schemas::VerdictWord::Infrastructure, Some(reason))
}

/// What a task's record says of an error; a failure of ours is nothing that a task is to blame for.
fn blame(error: anyhow::Error) -> Result<String, Failure> {
    match error.downcast::<Failure>() {
        Ok(failure) => Err(failure),
        Err(error) => Ok(format!("{error:#}")),
    }
}
