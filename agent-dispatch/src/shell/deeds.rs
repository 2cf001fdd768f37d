//! What the core asks for, done: agents and gates started and stopped, messages delivered.

use std::io::Write;

use schemas::Failure;

use super::run_dir::RunDir;
use super::{Run, Shell, agent, gate, workspace};
use crate::core::{Action, Attempt, Event, GateAnswer, Launch};
use crate::prompt;

impl Shell<'_> {
    /// Does one thing. Fails only when the run directory does: everything else is news for the core.
    pub(super) fn act(&mut self, action: Action) -> Result<(), Failure> {
        match action {
            Action::Record(_) => {}
            Action::Start {
                attempt, terminal, ..
            } => {
                let event = match self.start(attempt, &terminal) {
                    Ok(launch) => Event::Started { attempt, launch },
                    Err(error) => Event::LaunchFailed {
                        attempt,
                        reason: blame(error)?,
                    },
                };
                self.own.push_back(event);
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
                    let answer = GateAnswer {
                        verdict: schemas::VerdictWord::Infrastructure,
                        reason: Some(blame(error)?),
                        class: None,
                        fingerprint: None,
                        findings: schemas::FindingCounts::default(),
                        verdict_file: None,
                    };
                    self.own.push_back(Event::GateFinished { attempt, answer });
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
            Action::Deliver { attempt, text } => self.deliver(attempt, &text),
            Action::Finish(end) => self.end = Some(end),
        }
        Ok(())
    }

    fn start(&mut self, attempt: Attempt, terminal: &str) -> anyhow::Result<Launch> {
        let Run {
            plan,
            runners,
            dir,
            state,
            root,
            ..
        } = &self.run;
        let (task, runner) = (&plan.tasks[attempt.task], &runners[attempt.task]);
        let files = Files::of(&task.id, attempt.number);
        let workspace = workspace::open(root, plan, task)?;
        let text = prompt::compose(&prompt::Facts {
            plan,
            task,
            state,
            attempt: attempt.number,
            terminal,
            workspace: &workspace.display().to_string(),
            verdict: workspace::verdict(dir, state, &task.id).as_ref(),
        });
        dir.create(&files.prompt, text.as_bytes())?;
        dir.create(
            &files.answers,
            workspace::answers(state, &task.id).as_bytes(),
        )?;
        let prompt_file = dir.whole(&files.prompt);
        let stdin = match runner.profile.prompt_by {
            schemas::PromptBy::Stdin => std::fs::File::open(&prompt_file)?,
            _ => std::fs::File::open("/dev/null")?,
        };
        let child = agent::start(
            agent::Start {
                attempt,
                argv: runner
                    .argv(&text, &prompt_file.display().to_string())
                    .into_iter()
                    .map(Into::into)
                    .collect(),
                env: workspace::environment(&self.run, attempt, terminal, &workspace),
                env_remove: runner.profile.env_remove.clone(),
                workspace: workspace.clone(),
                stdin,
                log: dir.create(&files.log, b"")?,
                terminal: terminal.to_owned(),
                dialect: runner.profile.dialect,
            },
            &self.containment,
            &self.events,
        )?;
        let launch = Launch {
            agent: runner.name.clone(),
            pid: child.pid,
            workspace: workspace.display().to_string(),
            prompt_file: files.prompt,
            log_file: files.log,
            config_home: None,
        };
        self.agents.insert(attempt, child);
        Ok(launch)
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
        };
        let child = gate::start(&check, dir, &self.containment, &self.events)?;
        self.gates.insert(attempt, child);
        Ok(())
    }

    fn deliver(&self, attempt: Attempt, text: &str) {
        let task = &self.run.plan.tasks[attempt.task].id;
        let path = self.run.dir.whole(&RunDir::answers(task, attempt.number));
        let line = format!("{}\n", serde_json::json!({ "text": text }));
        // A live agent may read it or not; the journal has it, and the next prompt too.
        let _ = std::fs::OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
    }
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
