//! Merges of one batch, on a thread of its own: gates of the integrated state run in between, and answers come as events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use schemas::{Body, Profile, VerdictWord, WorkspaceState};

use super::contain::Containment;
use super::mask::Mask;
use super::run_dir::{RunDir, Stage};
use super::{Incoming, Shell, gate, place};
use crate::core::{Attempt, Event, GateAnswer, MergeAnswer, TaskIdx, terminal_id};
use crate::graph::Ground;
use crate::worktrees::{Bounds, Found, Integration, Job, Lease, Stop, Surroundings, Worktrees};

/// How often a merge that waits for its gates looks whether it is to stop.
const PULSE: Duration = Duration::from_millis(50);

/// All that a batch needs, apart from the loop.
struct Batch {
    worktrees: Arc<Worktrees>,
    works: Vec<Work>,
    stop: Stop,
    events: SyncSender<Incoming>,
    dir: RunDir,
    containment: Arc<Containment>,
    gate_program: PathBuf,
    /// Raw, as they stand in the plan.
    gates: Vec<String>,
    /// The plan's agents, for those that review.
    agents: BTreeMap<String, Profile>,
    makeflags: Option<String>,
    mask: Mask,
    plan: String,
}

struct Work {
    attempt: Attempt,
    terminal: String,
    bases: Vec<Option<String>>,
    /// A person has approved it.
    approved: bool,
}

impl Shell<'_> {
    /// Begins to merge a batch. The journal must have what led to it: a merge cannot be taken back.
    pub(super) fn integrate(&mut self, attempts: &[Attempt]) -> Result<(), schemas::Failure> {
        self.run.journal.sync()?;
        let stop = Stop::default();
        let work = |attempt: &Attempt| {
            let id = &self.run.plan.tasks[attempt.task].id;
            Work {
                attempt: *attempt,
                terminal: terminal_id(self.run.limits.seed, id, attempt.number),
                bases: self.bases(attempt.task),
                approved: self
                    .run
                    .state
                    .tasks
                    .get(id)
                    .is_some_and(|task| task.approved),
            }
        };
        let batch = Batch {
            worktrees: Arc::clone(&self.run.worktrees),
            works: attempts.iter().map(work).collect(),
            stop: stop.clone(),
            events: self.events.clone(),
            dir: self.run.dir.clone(),
            containment: Arc::clone(&self.containment),
            gate_program: self.run.gate_program.clone(),
            gates: crate::graph::stage_gates(&self.run.plan, Stage::Merge.name())
                .into_iter()
                .map(str::to_owned)
                .collect(),
            agents: self.run.plan.agents.clone(),
            makeflags: self.tokens.makeflags(),
            mask: self.mask.clone(),
            plan: self.run.plan.plan_id.clone(),
        };
        let stops = attempts.iter().map(|attempt| (*attempt, stop.clone()));
        self.merges.extend(stops);
        self.threads.run(move || batch.integrate());
        Ok(())
    }

    /// What the worktrees of a task began from, as the journal knows it.
    pub(super) fn bases(&self, task: TaskIdx) -> Vec<Option<String>> {
        let Some(unit) = self.run.worktrees.unit(task) else {
            return Vec::new();
        };
        let state = self.run.state.tasks.get(&unit.task);
        let known = state.map_or(&[][..], |state| &state.workspaces);
        let base = |path: &Path| {
            let path = path.display().to_string();
            let known = known
                .iter()
                .find(|known| known.path == path && !known.removed);
            known.and_then(|known| known.base.clone())
        };
        unit.trees.iter().map(|tree| base(&tree.path)).collect()
    }

    /// What a task may have changed, as gates.
    pub(super) fn boundaries(&self, attempt: Attempt) -> Vec<String> {
        let (plan, task) = (&self.run.plan, attempt.task);
        if self.run.bounds[task] != Bounds::Nothing {
            let secrets = self.secrets(task);
            let changed = RunDir::changed(&plan.tasks[task].id, attempt.number);
            let changed = self.run.dir.whole(&changed);
            let ground = Ground::Folder { changed: &changed };
            return crate::graph::boundaries(plan, &plan.tasks[task], ground, secrets);
        }
        let first = self.bases(task).into_iter().next().flatten();
        let tree = self
            .run
            .worktrees
            .unit(task)
            .and_then(|unit| unit.trees.first());
        let Some((base, tree)) = first.zip(tree) else {
            return Vec::new();
        };
        let inner = tree
            .folder
            .strip_prefix(&tree.path)
            .unwrap_or(Path::new(""));
        let ground = Ground::Worktree { base: &base, inner };
        crate::graph::boundaries(plan, &plan.tasks[task], ground, &tree.setup.secrets)
    }

    /// The globs that its project adds to the list of files with secrets.
    pub(super) fn secrets(&self, task: TaskIdx) -> &[String] {
        let plan = &self.run.plan;
        let project = plan.tasks[task].project.as_deref();
        let setup = plan.workspace_of(project.and_then(|name| plan.project(name)));
        setup.map_or(&[][..], |setup| &setup.secrets)
    }

    /// Worktrees that are taken up again are no news.
    pub(super) fn only_news(&self, event: Event) -> Option<Event> {
        let Event::WorkspaceReady { attempt, mut made } = event else {
            return Some(event);
        };
        let id = &self.run.plan.tasks[attempt.task].id;
        let known = self.run.state.tasks.get(id);
        let known = known.map_or(&[][..], |task| &task.workspaces);
        made.retain(|made| {
            let same = |known: &WorkspaceState| {
                known.path == made.path && known.base.as_ref() == Some(&made.base) && !known.removed
            };
            !known.iter().any(same)
        });
        (!made.is_empty()).then_some(Event::WorkspaceReady { attempt, made })
    }

    /// Checkouts of targets follow what was merged; said before the run's last word.
    pub(super) fn deliver_targets(&mut self, bodies: &mut Vec<Body>) {
        let (notes, all) = self.run.worktrees.deliver();
        self.undelivered = !all;
        let last = bodies.pop();
        bodies.extend(
            notes
                .into_iter()
                .map(|text| Body::Note { text, task: None }),
        );
        bodies.extend(last);
    }

    /// Removes the worktrees of a task whose work is in its targets, unless another task is still to work in them.
    pub(super) fn remove_workspace(&mut self, task: TaskIdx) -> Result<(), schemas::Failure> {
        self.run.journal.sync()?;
        let (worktrees, events) = (Arc::clone(&self.run.worktrees), self.events.clone());
        let sharing = worktrees.sharing(task);
        let settled = |other: &TaskIdx| {
            let id = &self.run.plan.tasks[*other].id;
            let known = self.run.state.tasks.get(id);
            known.is_some_and(|known| known.outcome.is_some())
        };
        let is_last = sharing.iter().all(settled);
        self.threads.run(move || {
            let unit = worktrees.unit(task).filter(|_| is_last);
            let removal = unit.map(|unit| worktrees.remove(unit));
            let removal = removal.unwrap_or_default();
            place::tell(&events, Attempt { task, number: 0 }, removal.notes);
            let others = sharing.into_iter().filter(|other| *other != task);
            for task in others.chain([task]) {
                let paths = removal.removed.clone();
                let _ = events.send(Incoming::Event(Event::WorkspaceRemoved { task, paths }));
            }
        });
        Ok(())
    }
}

impl Batch {
    fn integrate(&self) {
        let jobs = self.works.iter().filter_map(|work| {
            let unit = self.worktrees.unit(work.attempt.task)?;
            Some(Job {
                attempt: work.attempt,
                task: &unit.task,
                title: &unit.title,
                trees: &unit.trees,
                bases: work.bases.clone(),
            })
        });
        let integration = Integration {
            repositories: &self.worktrees.repositories,
            strategy: self.worktrees.strategy,
            stop: &self.stop,
            surroundings: self,
            lease: Lease::new(self.dir.path(), &self.plan, "merges", 0, ""),
        };
        integration.run(&jobs.collect::<Vec<_>>(), self.worktrees.at_once);
    }

    fn work(&self, attempt: Attempt) -> Option<&Work> {
        self.works.iter().find(|work| work.attempt == attempt)
    }

    /// Runs the gates to their end; a merge that is to stop takes them with it.
    fn run_gates(&self, job: &Job<'_>, work: &Work, folder: &Path) -> anyhow::Result<GateAnswer> {
        let check = gate::Check {
            task: job.task,
            attempt: job.attempt.number,
            stage: Stage::Merge,
            terminal: format!("{}-merge", work.terminal),
            program: self.gate_program.clone(),
            workspace: folder,
            makeflags: self.makeflags.clone(),
            base: work.bases.first().cloned().flatten(),
            gates: self.gates.iter().map(String::as_str).collect(),
            agents: &self.agents,
            mask: self.mask.clone(),
        };
        let (answers, answered) = sync_channel(1);
        let child = gate::start(&check, &self.dir, &self.containment, move |answer| {
            let _ = answers.send(answer);
        })?;
        let mut asked = false;
        loop {
            match answered.recv_timeout(PULSE) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the gates gave no answer"),
                Err(RecvTimeoutError::Timeout) if self.stop.is_killed() => child.kill(),
                Err(RecvTimeoutError::Timeout) if self.stop.is_asked() => {
                    if !std::mem::replace(&mut asked, true) {
                        child.terminate();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Surroundings for Batch {
    fn verify(&self, job: &Job<'_>, folder: &Path) -> GateAnswer {
        let passed = gate::answer(VerdictWord::Passed, None);
        let Some(work) = self.work(job.attempt).filter(|_| !self.gates.is_empty()) else {
            return passed;
        };
        match self.run_gates(job, work, folder) {
            Ok(answer) if answer.verdict == VerdictWord::Manual && work.approved => passed,
            Ok(answer) => answer,
            Err(error) => gate::answer(VerdictWord::Infrastructure, Some(format!("{error:#}"))),
        }
    }

    fn has_gates(&self) -> bool {
        !self.gates.is_empty()
    }

    fn write_down(&self, job: &Job<'_>, found: &[Found]) -> Option<String> {
        let finding = |found: &Found| {
            serde_json::json!({
                "severity": "important", "message": found.message, "file": found.file, "line": found.line,
            })
        };
        let findings: Vec<_> = found.iter().map(finding).collect();
        let verdict = serde_json::json!({
            "kind": "verdict", "version": 1, "verdict": "failed", "stage": Stage::Merge.name(),
            "checks": [{
                "name": "merge", "kind": "merge", "status": "failed", "required": true,
                "reason": found.first().map(|found| &found.message), "findings": findings,
            }],
            "findings": { "important": found.len() },
        });
        let file = RunDir::verdict(job.task, job.attempt.number, Stage::Merge);
        let text = serde_json::to_vec(&verdict).ok()?;
        self.dir.create(&file, &text).ok().map(|_| file)
    }

    fn answer(&self, attempt: Attempt, answer: MergeAnswer) {
        let _ = self
            .events
            .send(Incoming::Event(Event::Integrated { attempt, answer }));
    }
}
