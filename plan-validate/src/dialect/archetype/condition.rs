//! Conditions of phases, features, steps, gates and outputs: `has_payments`, `business_model == subscription`,
//! `user_scale in [medium, large]`, with `&&`, `||`, `!` and brackets.
//!
//! What they speak of stands in the features file or in the archetype. Three answers: it holds, it does not, or nobody
//! can tell. A term without a value is never taken for false: what its tool would have built must not go missing.

mod expression;
mod terms;

pub(super) use self::terms::Terms;

use self::expression::Expression;
use crate::dialect::{Draft, Node};
use schemas::{Problem, Severity};

/// What becomes of something with a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    /// It is part of the plan.
    Yes,
    No,
    /// It is part of the plan, since nobody can tell.
    Unknown,
}

impl Terms<'_> {
    /// Whether something is part of the plan: without a condition it is. What is left out and what nobody can tell is
    /// said. `feature` is what `feature.` stands for.
    pub(super) fn apply(
        &self,
        source: &Node,
        what: &str,
        feature: Option<&Node>,
        draft: &mut Draft,
    ) -> Applies {
        self.apply_as("condition", source, what, feature, draft)
    }

    /// As [`Terms::apply`], told by another code.
    pub(super) fn apply_as(
        &self,
        code: &str,
        source: &Node,
        what: &str,
        feature: Option<&Node>,
        draft: &mut Draft,
    ) -> Applies {
        let Some(condition) = source.some("condition") else {
            return Applies::Yes;
        };
        let doubt = match self.answer(condition, feature) {
            Ok(true) => return Applies::Yes,
            Ok(false) => {
                let said = condition.as_str().unwrap_or("false");
                let problem = Problem {
                    severity: Severity::Info,
                    ..Problem::warning(
                        "skipped",
                        format!(
                            "{what} is left out: `{}` does not hold",
                            said.escape_debug()
                        ),
                    )
                };
                draft.tell(problem, condition.at.clone());
                return Applies::No;
            }
            Err(doubt) => doubt,
        };
        let (why, help) = match doubt {
            Doubt::NoValue(term) => (
                format!("nothing says what `{}` is", term.escape_debug()),
                self.advice(&term),
            ),
            Doubt::NotClear => (
                "it is none that can be evaluated".to_owned(),
                "write it as `has_payments`, `business_model == subscription` or `scale in [medium, large]`"
                    .to_owned(),
            ),
        };
        let message = format!("{what} has a condition, and {why}: it is part of the plan");
        draft.warn_with(code, message, condition.at.clone(), help);
        Applies::Unknown
    }

    fn answer(&self, condition: &Node, feature: Option<&Node>) -> Result<bool, Doubt> {
        if let Some(answer) = condition.as_bool() {
            return Ok(answer);
        }
        let text = condition.as_str().ok_or(Doubt::NotClear)?;
        let expression = Expression::parse(text).ok_or(Doubt::NotClear)?;
        expression.holds(&|name| self.value(name, feature))
    }
}

/// Why nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// A term has no value.
    NoValue(String),
    /// The condition is none, or compares what cannot be compared.
    NotClear,
}

#[cfg(test)]
mod tests;
