//! A canonical plan in the making, with what is to be said about its source.

use std::ops::Range;

use schemas::Problem;

use crate::dialect::Node;
use crate::found::Found;
use crate::keys;

/// What came of reading a dialect.
#[derive(Default)]
pub(crate) struct Draft {
    /// The canonical plan; none when there is nothing to go on with.
    pub(crate) plan: Option<Node>,
    pub(crate) found: Found,
}

impl Draft {
    /// A deviation that is tolerated.
    pub(crate) fn warn(&mut self, code: &str, message: impl Into<String>, at: Range<usize>) {
        self.tell(Problem::warning(code, message), at);
    }

    /// As [`Draft::warn`], with advice.
    pub(crate) fn warn_with(
        &mut self,
        code: &str,
        message: impl Into<String>,
        at: Range<usize>,
        help: impl Into<String>,
    ) {
        self.tell(Problem::warning(code, message).help(help), at);
    }

    /// Something whose meaning is unclear: the input is refused.
    pub(crate) fn error(
        &mut self,
        code: &str,
        message: impl Into<String>,
        at: Range<usize>,
        help: impl Into<String>,
    ) {
        self.tell(Problem::error(code, message).help(help), at);
    }

    /// A problem at bytes of the material.
    pub(crate) fn tell(&mut self, mut problem: Problem, at: Range<usize>) {
        problem.span = Some(at);
        self.found.push(problem);
    }

    /// Takes the plan, an object with `tasks` and so on, and puts its keys into the order of the schema.
    pub(crate) fn finish(mut self, mut plan: Node) -> Draft {
        plan.sort_entries(keys::PLAN);
        for (list, keys) in [
            ("projects", keys::PROJECT),
            ("tasks", keys::TASK),
            ("phases", keys::PHASE),
        ] {
            let items = plan.get_mut(list).map_or(&mut [][..], Node::items_mut);
            items.iter_mut().for_each(|item| item.sort_entries(keys));
        }
        self.plan = Some(plan);
        self
    }
}
