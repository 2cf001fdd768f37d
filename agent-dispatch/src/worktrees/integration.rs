//! Work into its targets: tried and verified in a worktree that nobody works in, then the target moves, by
//! compare-and-set, to a commit that has passed. Whatever ends it before that leaves the target where it was.

use anyhow::Context;
use schemas::{FindingCounts, VerdictWord};

use super::ground::{Ground, back, ground, move_target};
use super::lease::Lease;
use super::objections::{Found, markers, secrets};
use super::repository::Repository;
use super::stop::Stop;
use super::strategy::{self, Branch, Strategy, Tried};
use super::tree::Tree;
use crate::core::{Attempt, GateAnswer, MergeAnswer, Merged};

/// So often does somebody else move the target under our hands before we give up.
const TRIES: u32 = 8;

/// One task's work.
pub(crate) struct Job<'a> {
    pub(crate) attempt: Attempt,
    pub(crate) task: &'a str,
    pub(crate) title: &'a str,
    pub(crate) trees: &'a [Tree],
    /// What each of its worktrees began from.
    pub(crate) bases: Vec<Option<String>>,
}

/// What integrating needs of the world around it.
pub(crate) trait Surroundings {
    /// Runs the gates of the integrated state in that folder; none is a pass.
    fn verify(&self, job: &Job<'_>, folder: &std::path::Path) -> GateAnswer;
    /// Whether there are such gates.
    fn has_gates(&self) -> bool;
    /// Keeps findings where the next attempt and people can read them.
    fn write_down(&self, job: &Job<'_>, findings: &[Found]) -> Option<String>;
    /// One of the batch has its answer.
    fn answer(&self, attempt: Attempt, answer: MergeAnswer);
}

/// A batch on its way.
pub(crate) struct Integration<'a> {
    pub(crate) repositories: &'a [Repository],
    pub(crate) strategy: Strategy,
    pub(crate) stop: &'a Stop,
    pub(crate) surroundings: &'a dyn Surroundings,
    /// Whoever makes merges.
    pub(crate) lease: Lease,
}

impl Integration<'_> {
    /// All of the batch get their answers. They share their targets.
    pub(crate) fn run(&self, batch: &[Job<'_>], at_once: bool) {
        let grounds = batch.first().map(|job| self.grounds(job));
        let mut grounds = match grounds {
            Some(Ok(grounds)) => grounds,
            Some(Err(error)) => {
                for job in batch {
                    self.broke(job, &error);
                }
                return;
            }
            None => return,
        };
        match at_once {
            true => self.divide(&mut grounds, batch),
            false => batch.iter().for_each(|job| self.one(&mut grounds, job)),
        }
    }

    fn broke(&self, job: &Job<'_>, error: &anyhow::Error) {
        let answer = match self.stop.is_asked() {
            true => MergeAnswer::Stopped,
            false => MergeAnswer::Broke(format!("{error:#}")),
        };
        self.surroundings.answer(job.attempt, answer);
    }

    /// One after the other, each with its own verification.
    fn one(&self, grounds: &mut [Ground<'_>], job: &Job<'_>) {
        for _ in 0..TRIES {
            let as_left = grounds.iter().any(|ground| ground.is_as_left);
            let result = self.attempt(grounds, job);
            // Perhaps for what somebody has left there; a conflict is one of commits.
            let failed = matches!(result, Err(_) | Ok(Some(MergeAnswer::Unverified { .. })));
            let again = failed && as_left && !self.stop.is_asked();
            match result {
                _ if again && back(grounds).is_ok() => {}
                Ok(Some(answer)) => return self.surroundings.answer(job.attempt, answer),
                // Somebody has moved the target: what was verified is not what would be there.
                Ok(None) => {}
                Err(error) => {
                    let _ = back(grounds);
                    return self.broke(job, &error);
                }
            }
        }
        let error = anyhow::anyhow!("its target does not stand still");
        self.broke(job, &error);
    }

    fn attempt(
        &self,
        grounds: &mut [Ground<'_>],
        job: &Job<'_>,
    ) -> anyhow::Result<Option<MergeAnswer>> {
        let merged = match self.apply(grounds, job)? {
            Ok(merged) => merged,
            Err(answer) => return Ok(Some(answer)),
        };
        if let Some(answer) = self.verify(grounds, job)? {
            back(grounds)?;
            return Ok(Some(answer));
        }
        Ok(self.commit(grounds)?.then_some(MergeAnswer::Merged(merged)))
    }

    /// All of them at once; halves of them when that does not pass.
    fn divide(&self, grounds: &mut [Ground<'_>], batch: &[Job<'_>]) {
        if let [job] = batch {
            return self.one(grounds, job);
        }
        let mut applied = Vec::new();
        let mut unfit = Vec::new();
        for job in batch {
            match self.apply(grounds, job) {
                Ok(Ok(merged)) => applied.push((job, merged)),
                // Perhaps only with one that will not get in, or for what somebody has left there.
                Ok(Err(_)) | Err(_) => unfit.push(job),
            }
        }
        self.divide_applied(grounds, applied);
        unfit.into_iter().for_each(|job| self.one(grounds, job));
    }

    fn divide_applied(&self, grounds: &mut [Ground<'_>], applied: Vec<(&Job<'_>, Vec<Merged>)>) {
        let passed = match applied.last() {
            Some((job, _)) => self.verify(grounds, job).and_then(|bad| match bad {
                None => self.commit(grounds),
                Some(_) => Ok(false),
            }),
            None => return,
        };
        match passed {
            Ok(true) => {
                for (job, merged) in applied {
                    self.surroundings
                        .answer(job.attempt, MergeAnswer::Merged(merged));
                }
            }
            Ok(false) => {
                if let Err(error) = back(grounds) {
                    applied.iter().for_each(|(job, _)| self.broke(job, &error));
                    return;
                }
                // Those that are left, as slices of their own.
                let half = applied.len().div_ceil(2);
                let jobs: Vec<Job<'_>> = applied.into_iter().map(|(job, _)| job.again()).collect();
                self.divide(grounds, &jobs[..half]);
                if half < jobs.len() {
                    self.divide(grounds, &jobs[half..]);
                }
            }
            Err(error) => applied.iter().for_each(|(job, _)| self.broke(job, &error)),
        }
    }

    /// Puts it on top of what is there in each repository. What does not fit in one is in none.
    fn apply(
        &self,
        grounds: &mut [Ground<'_>],
        job: &Job<'_>,
    ) -> anyhow::Result<Result<Vec<Merged>, MergeAnswer>> {
        let before: Vec<String> = grounds.iter().map(|ground| ground.now.clone()).collect();
        let mut merged = Vec::new();
        let mut trouble = None;
        for (at, tree) in job.trees.iter().enumerate() {
            if self.stop.is_asked() {
                trouble = Some(Ok(MergeAnswer::Stopped));
                break;
            }
            let ground = grounds.get_mut(at).context("a target without a worktree")?;
            match self.apply_in(ground, job, at, tree) {
                Ok(Ok(one)) => merged.push(one),
                Ok(Err(answer)) => {
                    trouble = Some(Ok(answer));
                    break;
                }
                Err(error) => {
                    trouble = Some(Err(error));
                    break;
                }
            }
        }
        let Some(trouble) = trouble else {
            return Ok(Ok(merged));
        };
        for (ground, before) in grounds.iter_mut().zip(before) {
            strategy::reset(&ground.git, &before)?;
            ground.now = before;
        }
        trouble.map(Err)
    }

    fn apply_in(
        &self,
        ground: &mut Ground<'_>,
        job: &Job<'_>,
        at: usize,
        tree: &Tree,
    ) -> anyhow::Result<Result<Merged, MergeAnswer>> {
        let git = &ground.git;
        let work = git.commit(&tree.full_branch())?;
        let work = work.with_context(|| format!("the branch {} is gone", tree.branch))?;
        let target = &ground.repository.target;
        let base = job.bases.get(at).cloned().flatten();
        let branch = Branch {
            task: job.task,
            title: job.title,
            name: &tree.branch,
            target,
            base: base.as_deref(),
            work: &work,
        };
        let found = secrets(git, &ground.now, &work, &tree.setup.secrets)?;
        if !found.is_empty() {
            return Ok(Err(self.refused(job, tree, target, found)));
        }
        let how = match strategy::apply(git, self.strategy, &ground.now, &branch)? {
            Tried::In(how) => how,
            Tried::Already => "already",
            Tried::Empty => "empty",
            Tried::Refused(reason) => {
                let found = Found {
                    file: None,
                    line: None,
                    message: reason,
                };
                return Ok(Err(self.refused(job, tree, target, vec![found])));
            }
            Tried::Conflict(files) => return Ok(Err(self.conflict(job, tree, target, files))),
        };
        let head = git.commit("HEAD")?.context("no commit after a merge")?;
        let found = markers(git, &ground.now, &head)?;
        if !found.is_empty() {
            return Ok(Err(self.refused(job, tree, target, found)));
        }
        ground.now.clone_from(&head);
        Ok(Ok(Merged {
            branch: tree.branch.clone(),
            target: target.clone(),
            commit: head,
            how,
            work,
        }))
    }

    fn refused(&self, job: &Job<'_>, tree: &Tree, target: &str, found: Vec<Found>) -> MergeAnswer {
        let first = found.first();
        let reason = first.map(|found| match &found.file {
            Some(file) => format!("{file}: {}", found.message),
            None => found.message.clone(),
        });
        MergeAnswer::Unverified {
            branch: tree.branch.clone(),
            target: target.to_owned(),
            answer: GateAnswer {
                verdict: VerdictWord::Failed,
                reason,
                class: None,
                fingerprint: None,
                findings: FindingCounts {
                    important: found.len() as u32,
                    ..FindingCounts::default()
                },
                verdict_file: self.surroundings.write_down(job, &found),
            },
        }
    }

    fn conflict(
        &self,
        job: &Job<'_>,
        tree: &Tree,
        target: &str,
        files: Vec<String>,
    ) -> MergeAnswer {
        let found: Vec<Found> = files
            .iter()
            .map(|file| Found {
                file: Some(file.clone()),
                line: None,
                message: format!(
                    "changed here and in {target}, and git cannot put the two together"
                ),
            })
            .collect();
        MergeAnswer::Conflict {
            branch: tree.branch.clone(),
            target: target.to_owned(),
            reason: format!("conflict with {target} in {}", files.join(", ")),
            verdict_file: self.surroundings.write_down(job, &found),
            files,
        }
    }

    /// Absent: passed. Nothing that is new is nothing to verify.
    fn verify(&self, grounds: &[Ground<'_>], job: &Job<'_>) -> anyhow::Result<Option<MergeAnswer>> {
        for (ground, tree) in grounds.iter().zip(job.trees) {
            if ground.now == ground.good {
                continue;
            }
            if self.stop.is_asked() {
                return Ok(Some(MergeAnswer::Stopped));
            }
            let inner = tree.folder.strip_prefix(&tree.path).unwrap_or(&tree.folder);
            let folder = ground.git.folder().join(inner);
            let answer = self.surroundings.verify(job, &folder);
            if self.stop.is_asked() {
                return Ok(Some(MergeAnswer::Stopped));
            }
            if answer.verdict != VerdictWord::Passed {
                return Ok(Some(MergeAnswer::Unverified {
                    branch: tree.branch.clone(),
                    target: ground.repository.target.clone(),
                    answer,
                }));
            }
        }
        Ok(None)
    }

    /// Moves each target from where it was seen to what was verified. Answers false when somebody else has moved one.
    fn commit(&self, grounds: &mut [Ground<'_>]) -> anyhow::Result<bool> {
        let mut all = true;
        for ground in grounds.iter_mut() {
            if ground.now != ground.good && !move_target(ground)? {
                all = false;
            }
        }
        if all {
            for ground in grounds.iter_mut() {
                ground.good.clone_from(&ground.now);
                // The other strategies commit whatever the index holds.
                if self.strategy == Strategy::Merge && !self.surroundings.has_gates() {
                    ground.rests();
                }
            }
            return Ok(true);
        }
        for ground in grounds.iter_mut() {
            ground.good = ground.repository.tip()?;
        }
        back(grounds)?;
        Ok(false)
    }

    fn grounds(&self, job: &Job<'_>) -> anyhow::Result<Vec<Ground<'_>>> {
        let trees = job.trees.iter();
        trees
            .map(|tree| {
                let repository = &self.repositories[tree.repository];
                let good = repository.tip()?;
                let (git, is_as_left) = ground(repository, &good, self.stop, &self.lease)?;
                Ok(Ground {
                    repository,
                    git: git.identified()?,
                    is_as_left,
                    now: good.clone(),
                    good,
                })
            })
            .collect()
    }
}

impl Job<'_> {
    fn again(&self) -> Job<'_> {
        Job {
            bases: self.bases.clone(),
            ..*self
        }
    }
}
