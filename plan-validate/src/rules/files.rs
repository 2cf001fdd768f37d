//! Tasks that may change a common file although nothing says which of them comes first.
//!
//! The scheduler keeps such tasks apart, in an order that nobody has chosen; in a parallel group nothing can, since each
//! phase has a worktree of its own. Found between patterns, of which there are few, not between tasks: those that share a
//! file are looked at in an order that keeps all dependencies, and each must wait for the one before it.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use schemas::Problem;
use schemas::pattern::Meetings;

use super::name;
use super::projects::Folders;
use super::reach::Reach;
use super::stages::{Stages, Standing};
use crate::found::Found;
use crate::outline::Outline;

/// Most pairs of patterns that are looked at: beyond that the plan's patterns say too little.
const PAIRS: usize = 200_000;

/// A pattern with its folder, and the tasks that have it, each with the position in `paths`.
struct Claim {
    owners: Vec<(usize, usize)>,
}

/// Two tasks and their paths.
type Meeting = ((usize, usize), (usize, usize));

pub(super) fn check(plan: &Outline, stages: &Stages, reach: &mut Reach, found: &mut Found) {
    let folders = Folders::new(plan);
    let mut numbers: HashMap<(&str, &str), usize, RandomState> = HashMap::default();
    let mut patterns: Vec<(&str, &str)> = Vec::new();
    let mut claims: Vec<Claim> = Vec::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        if task.is_read_only || task.is_done {
            continue;
        }
        let folder = folders.of(task.project.as_deref());
        for (position, path) in task.more().paths.iter().enumerate() {
            let Some(path) = path.as_deref() else {
                continue;
            };
            let number = *numbers.entry((folder, path)).or_insert_with(|| {
                patterns.push((folder, path));
                claims.push(Claim { owners: Vec::new() });
                claims.len() - 1
            });
            claims[number].owners.push((index, position));
        }
    }
    if claims.is_empty() {
        return;
    }
    let met = Meetings::new(&patterns);
    let mut told = Told {
        plan,
        stages,
        reach,
        left: PAIRS,
        pairs: HashMap::default(),
    };
    for (number, claim) in claims.iter().enumerate() {
        told.among(&mut claim.owners.clone());
        for other in met.of(number as u32) {
            let other = *other as usize;
            if other > number {
                let mut both = claim.owners.clone();
                both.extend_from_slice(&claims[other].owners);
                told.among(&mut both);
            }
        }
    }
    told.tell(found);
}

struct Told<'a, 'g> {
    plan: &'a Outline<'a>,
    stages: &'a Stages<'a>,
    reach: &'a mut Reach<'g>,
    left: usize,
    /// Each pair of tasks once, with the first paths of theirs that meet.
    pairs: HashMap<(usize, usize), (Meeting, bool), RandomState>,
}

impl Told<'_, '_> {
    /// Finds those that nothing orders, among tasks that all may change a common file.
    fn among(&mut self, owners: &mut [(usize, usize)]) {
        owners.sort_unstable_by_key(|(task, position)| (self.reach.place(*task), *position));
        for pair in owners.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.0 == b.0 || self.left == 0 || self.pairs.contains_key(&(a.0, b.0)) {
                continue;
            }
            self.left -= 1;
            if let Some(in_group) = self.are_free(a.0, b.0) {
                self.pairs.insert((a.0, b.0), ((a, b), in_group));
            }
        }
    }

    /// Whether nothing orders two tasks; if so, whether they run side by side by the plan's own words.
    fn are_free(&mut self, a: usize, b: usize) -> Option<bool> {
        let phase = |task: usize| self.plan.tasks[task].phase.as_deref();
        match self.stages.standing(phase(a), phase(b)) {
            Standing::Before | Standing::After | Standing::Serial => None,
            Standing::SideBySide => Some(true),
            // In doubt they are taken to be ordered: better nothing than what is not so.
            Standing::Free => (self.reach.are_ordered(a, b) == Some(false)).then_some(false),
        }
    }

    fn tell(self, found: &mut Found) {
        let mut pairs: Vec<(Meeting, bool)> = self.pairs.into_values().collect();
        pairs.sort_unstable();
        for ((a, b), in_group) in pairs {
            let path = |(task, position): (usize, usize)| {
                let paths = &self.plan.tasks[task].more().paths;
                paths[position].as_deref().unwrap_or_default()
            };
            let at = |(task, position): (usize, usize)| format!("/tasks/{task}/paths/{position}");
            let (first, second) = (name(self.plan, a.0), name(self.plan, b.0));
            let what = if path(a) == path(b) {
                format!("tasks {first} and {second} may both change `{}`", path(a))
            } else {
                format!(
                    "tasks {first} (`{}`) and {second} (`{}`) may change the same files",
                    path(a),
                    path(b)
                )
            };
            let problem = if in_group {
                Problem::error(
                    "shared-files-in-group",
                    format!("{what}, in phases that run side by side"),
                )
                .help("take one of the phases out of the parallel group, or give the file to one of them")
            } else {
                Problem::warning(
                    "shared-files",
                    format!("{what}, and nothing says which comes first"),
                )
                .help("let one depend on the other, or give each files of its own")
            };
            found.push(
                problem
                    .at(at(b))
                    .see(at(a), format!("{first} may change it too")),
            );
        }
    }
}
