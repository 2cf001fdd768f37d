//! The problems that were found, within a bound.

use schemas::{Problem, Severity};

use crate::levels::Levels;

/// Most problems of one severity that are kept; the rest is counted.
const KEPT: usize = 10_000;

/// Collects problems. Ten thousand of a kind are kept: a plan of a million wrong tasks must not take a
/// gigabyte to say so.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) problems: Vec<Problem>,
    errors: usize,
    others: usize,
    levels: Levels,
}

impl Found {
    /// Problems with the severity that `levels` give them.
    pub(crate) fn under(levels: &Levels) -> Found {
        Found {
            levels: levels.clone(),
            ..Found::default()
        }
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        let Some(problem) = self.levels.apply(problem) else {
            return;
        };
        let count = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning | Severity::Info => &mut self.others,
        };
        *count += 1;
        if *count <= KEPT {
            self.problems.push(problem);
        }
    }

    pub(crate) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            self.push(problem);
        }
    }

    /// Takes what others have found, whose levels are the same.
    pub(crate) fn absorb(&mut self, other: Found) {
        self.errors += other.errors;
        self.others += other.others;
        self.problems.extend(other.problems);
    }

    /// Takes back every problem of which `is_said` holds.
    pub(crate) fn retract(&mut self, is_said: impl Fn(&Problem) -> bool) {
        let (errors, others) = (&mut self.errors, &mut self.others);
        self.problems.retain(|problem| {
            let said = is_said(problem);
            if said && problem.severity == Severity::Error {
                *errors -= 1;
            } else if said {
                *others -= 1;
            }
            !said
        });
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many were found.
    pub(crate) fn count(&self) -> usize {
        self.errors + self.others
    }

    /// How many were counted but not kept.
    pub(crate) fn dropped(&self) -> usize {
        self.errors + self.others - self.problems.len()
    }
}
