//! Where an attempt works, and what it finds there: folder, environment, earlier answers and findings.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use schemas::{Failure, Plan, State, Task, Verdict, VerdictWord};

use super::Run;
use super::run_dir::RunDir;
use crate::core::Attempt;
use crate::graph::folder;
use crate::profiles::Runner;

/// Largest verdict that is read back, in bytes.
const MAX_VERDICT: u64 = 16 << 20;

/// Folders and programs that were found once. What an attempt could not be started from is looked for anew.
#[derive(Debug, Default)]
pub(super) struct Places {
    folders: HashMap<PathBuf, PathBuf>,
    programs: HashMap<(PathBuf, String), PathBuf>,
}

impl Places {
    /// The task's folder.
    pub(super) fn folder(
        &mut self,
        root: &Path,
        plan: &Plan,
        task: &Task,
    ) -> anyhow::Result<PathBuf> {
        let named = root.join(folder(plan, task).unwrap_or(""));
        if let Some(known) = self.folders.get(&named) {
            return Ok(known.clone());
        }
        let found = open(root, plan, task)?;
        self.folders.insert(named, found.clone());
        Ok(found)
    }

    /// The program of an attempt, as the PATH of the dispatcher has it, seen from the folder.
    pub(super) fn program(
        &mut self,
        runner: &Runner,
        task: &Task,
        folder: &Path,
    ) -> anyhow::Result<PathBuf> {
        if !runner.program.as_os_str().is_empty() {
            return Ok(runner.program.clone());
        }
        let words = runner.words(task.command.as_ref());
        let name = words.first().context("its argv is empty")?;
        let key = (folder.to_owned(), name.clone());
        if let Some(known) = self.programs.get(&key) {
            return Ok(known.clone());
        }
        // A bare name costs a fork, and its failure would come from the child.
        let found = which::which_in(name, std::env::var_os("PATH"), folder)
            .with_context(|| format!("cannot find the program {name}"))?;
        self.programs.insert(key, found.clone());
        Ok(found)
    }

    pub(super) fn forget(&mut self) {
        self.folders.clear();
        self.programs.clear();
    }
}

/// The task's folder, made when it is not there. A disk without room is nobody's failure but the disk's.
pub(super) fn open(root: &Path, plan: &Plan, task: &Task) -> anyhow::Result<PathBuf> {
    let path = root.join(folder(plan, task).unwrap_or(""));
    std::fs::create_dir_all(&path).map_err(|error| {
        let message = format!("cannot make the project folder {}", path.display());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                anyhow::Error::new(Failure::trouble(message).because(&error))
            }
            _ => anyhow::Error::new(error).context(message),
        }
    })?;
    path.canonicalize()
        .with_context(|| format!("cannot enter the project folder {}", path.display()))
}

/// What an agent is told by its environment. `PWD` too: some programs believe it more than the kernel.
pub(super) fn environment(
    run: &Run,
    attempt: Attempt,
    terminal: &str,
    workspace: &Path,
    runner: &Runner,
) -> Vec<(OsString, OsString)> {
    let task = &run.plan.tasks[attempt.task];
    let number = attempt.number;
    let mut env: Vec<(OsString, OsString)> = runner
        .profile
        .env
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let mut set = |name: &str, value: OsString| env.push((name.into(), value));
    set("TASK_ID", task.id.clone().into());
    set("ATTEMPT", number.to_string().into());
    set("TERMINAL_ID", terminal.into());
    set("PLAN_ID", run.plan.plan_id.clone().into());
    set("PROJECT", task.project.clone().unwrap_or_default().into());
    set("WORKSPACE", workspace.into());
    set(
        "PROMPT_FILE",
        run.dir.whole(&RunDir::prompt(&task.id, number)).into(),
    );
    set(
        "ANSWERS_FILE",
        run.dir.whole(&RunDir::answers(&task.id, number)).into(),
    );
    set("PWD", workspace.into());
    env
}

/// What has been answered so far, so that a script need not read the prompt for it.
pub(super) fn answers(state: &State, task: &str) -> String {
    let mut text = String::new();
    for question in state
        .questions
        .iter()
        .filter(|question| question.task == task)
    {
        if let Some(answer) = &question.answer {
            let line = serde_json::json!({ "question": question.text, "text": answer });
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

/// Questions of the task that have an answer, with it.
pub(super) fn answered(state: &State, task: &str) -> Vec<(String, String)> {
    let questions = state
        .questions
        .iter()
        .filter(|question| question.task == task);
    let answered =
        questions.filter_map(|question| Some((question.text.clone(), question.answer.clone()?)));
    answered.collect()
}

/// The verdict that a fix attempt must mend.
pub(super) fn verdict(dir: &RunDir, state: &State, task: &str) -> Option<Verdict> {
    let known = state
        .tasks
        .get(task)
        .filter(|task| task.fixes + task.merge_fixes > 0)?;
    let mut text = String::new();
    let file = File::open(dir.whole(known.verdict_file.as_ref()?)).ok()?;
    file.take(MAX_VERDICT).read_to_string(&mut text).ok()?;
    let verdict: Verdict = serde_json::from_str(&text).ok()?;
    (verdict.verdict == VerdictWord::Failed).then_some(verdict)
}
