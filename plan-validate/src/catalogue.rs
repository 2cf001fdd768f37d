//! Every rule: its code, its number, how much it matters, and its page of explanation.
//!
//! Codes and numbers are of the API: neither is ever given to another rule. The pages stand in `RULES.md`.

use crate::suggestion::Suggestions;

const PAGES: &str = include_str!("../RULES.md");

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) number: u16,
    pub(crate) code: &'static str,
    /// What its problems are unless the command line says otherwise.
    pub(crate) weight: Weight,
}

/// How much breaking a rule matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The text cannot be used as what it is meant to be; or it would do harm. Never silenced.
    Fatal,
    Error,
    Warning,
}

use Weight::{Error, Fatal, Warning};

const fn rule(number: u16, code: &'static str, weight: Weight) -> Rule {
    Rule {
        number,
        code,
        weight,
    }
}

/// By number: form, what plans are made of, and from 100 on what dialects tolerate or refuse.
pub(crate) const RULES: &[Rule] = &[
    rule(1, "unreadable", Fatal),
    rule(2, "syntax", Fatal),
    rule(3, "schema", Fatal),
    rule(4, "duplicate-key", Fatal),
    rule(5, "too-large", Fatal),
    rule(6, "too-deep", Fatal),
    rule(7, "several-documents", Fatal),
    rule(8, "complex-key", Fatal),
    rule(9, "unknown-tag", Fatal),
    rule(10, "wrong-tag", Fatal),
    rule(11, "not-a-number", Fatal),
    rule(12, "merge-key", Fatal),
    rule(13, "recursive-alias", Fatal),
    rule(20, "duplicate-task-id", Error),
    rule(21, "case-only-id", Warning),
    rule(22, "unsafe-id", Fatal),
    rule(30, "duplicate-project", Error),
    rule(31, "duplicate-project-path", Error),
    rule(32, "project-path-outside", Warning),
    rule(33, "unknown-project", Error),
    rule(34, "missing-project", Error),
    rule(40, "unknown-dependency", Error),
    rule(41, "self-dependency", Error),
    rule(42, "duplicate-dependency", Warning),
    rule(43, "dependency-cycle", Error),
    rule(44, "redundant-dependency", Warning),
    rule(45, "needless-serialisation", Warning),
    rule(50, "order-unknown-task", Error),
    rule(51, "order-missing-task", Error),
    rule(52, "order-duplicate-task", Error),
    rule(53, "order-dependency", Error),
    rule(54, "order-shared-project", Warning),
    rule(60, "duplicate-phase-id", Error),
    rule(61, "unknown-phase", Error),
    rule(62, "phase-dependency", Error),
    rule(63, "phase-in-two-groups", Error),
    rule(64, "group-too-small", Error),
    rule(65, "scattered-group", Warning),
    rule(66, "checkpoint-in-group", Warning),
    rule(70, "path-outside-project", Error),
    rule(71, "secret-path", Warning),
    rule(72, "shared-files", Warning),
    rule(73, "shared-files-in-group", Error),
    rule(80, "thin-description", Warning),
    rule(81, "missing-acceptance", Warning),
    rule(82, "several-repositories", Warning),
    rule(83, "long-task", Warning),
    rule(84, "sensitive-without-review", Warning),
    rule(85, "unknown-agent", Warning),
    rule(86, "empty-gate", Fatal),
    rule(87, "empty-gates", Warning),
    rule(88, "misspelt-key", Warning),
    rule(89, "wrong-total", Warning),
    rule(90, "unknown-task", Error),
    rule(100, "no-tasks", Warning),
    rule(101, "no-title", Warning),
    rule(102, "unclear-status", Warning),
    rule(103, "progress-disagrees", Warning),
    rule(104, "retry-limit", Warning),
    rule(105, "empty-phase", Warning),
    rule(106, "front-matter", Fatal),
    rule(107, "path-from-root", Warning),
    rule(108, "path-outside", Warning),
    rule(109, "unknown-priority", Warning),
    rule(110, "odd-priority", Warning),
    rule(111, "missing-id", Fatal),
    rule(112, "not-a-task", Fatal),
    rule(113, "parts-too-deep", Fatal),
    rule(114, "out-of-the-way", Warning),
    rule(115, "too-many", Warning),
    rule(116, "blocked", Warning),
    rule(120, "phase-id", Warning),
    rule(121, "phase-heading", Warning),
    rule(122, "task-heading", Warning),
    rule(123, "task-in-other-phase", Warning),
    rule(124, "task-in-code", Warning),
    rule(125, "no-phase-heading", Warning),
    rule(126, "task-order", Warning),
    rule(127, "phase-twice", Warning),
    rule(128, "parallel-groups", Fatal),
    rule(129, "legacy-key", Warning),
    rule(130, "not-ready", Warning),
    rule(131, "review-gate", Fatal),
    rule(132, "review-gate-kept", Warning),
    rule(133, "review-status", Warning),
    rule(134, "unknown-progress", Warning),
    rule(135, "unclear-files", Warning),
    rule(136, "checkpoints", Fatal),
    rule(150, "no-check-box", Warning),
    rule(151, "done-mark", Warning),
    rule(152, "no-task-id", Warning),
    rule(153, "unclear-dependencies", Warning),
    rule(154, "depends-on-later", Fatal),
    rule(155, "parallel-same-file", Warning),
    rule(156, "placeholder", Fatal),
    rule(161, "archetype", Fatal),
    rule(162, "autonomy", Fatal),
    rule(163, "gates", Fatal),
    rule(164, "feature", Fatal),
    rule(165, "condition", Warning),
    rule(166, "phase", Fatal),
    rule(170, "no-phases", Fatal),
    rule(171, "no-features", Fatal),
    rule(172, "feature-twice", Fatal),
    rule(173, "feature-phase", Fatal),
    rule(174, "gate-condition", Warning),
    rule(175, "gate-off", Warning),
    rule(176, "autonomy-actions", Warning),
    rule(177, "required", Warning),
    rule(178, "gate-field", Warning),
    rule(180, "no-milestone", Warning),
    rule(181, "milestone-twice", Fatal),
    rule(182, "depends-on", Warning),
    rule(183, "no-objective", Warning),
    rule(184, "sequential", Warning),
    rule(185, "locked", Warning),
    rule(186, "order", Fatal),
    rule(187, "complexity", Warning),
    rule(190, "no-task-file", Warning),
    rule(191, "stale-id", Warning),
    rule(192, "unknown-task-name", Fatal),
    rule(193, "task-name", Fatal),
    rule(194, "no-front-matter", Warning),
    rule(195, "metadata-in-fence", Warning),
    rule(210, "odd-dependencies", Warning),
    rule(211, "odd-dependency", Fatal),
    rule(212, "ambiguous-dependency", Warning),
    rule(213, "open-subtasks", Warning),
    rule(214, "not-task-master", Fatal),
    rule(215, "tasks-without-tag", Warning),
    rule(216, "several-tags", Fatal),
    rule(217, "no-such-tag", Fatal),
    rule(218, "odd-subtasks", Fatal),
    rule(219, "odd-id", Warning),
    rule(230, "conflict-marker", Fatal),
    rule(231, "not-an-issue", Fatal),
    rule(232, "odd-link", Fatal),
    rule(233, "dangling-link", Warning),
    rule(234, "unknown-whole", Warning),
    rule(235, "second-whole", Warning),
    rule(236, "external-dependency", Fatal),
    rule(237, "any-children", Warning),
    rule(238, "defer-until", Warning),
    rule(239, "odd-status", Warning),
    rule(240, "held-back", Warning),
    rule(241, "no-parts", Warning),
    rule(250, "odd-call", Fatal),
    rule(251, "named-by-title", Warning),
    rule(252, "two-repositories", Warning),
    rule(253, "wave-order", Warning),
    rule(254, "unknown-mode", Warning),
];

impl Rule {
    /// By its code, or by its number with or without zeros: `V012`, `v12`.
    pub(crate) fn find(name: &str) -> Option<&'static Rule> {
        let number = name.strip_prefix(['V', 'v']).and_then(|n| n.parse().ok());
        RULES
            .iter()
            .find(|rule| rule.code == name || Some(rule.number) == number)
    }

    /// Why there is no such rule, with the one that was probably meant.
    pub(crate) fn unknown(name: &str) -> String {
        let names = RULES.iter().map(|rule| rule.code);
        let help = "`--explain` alone lists all";
        match Suggestions::new(names).nearest(name) {
            Some(near) => format!("no rule is called `{name}`; did you mean `{near}`?"),
            None => format!("no rule is called `{name}`; {help}"),
        }
    }

    /// `V012`.
    pub(crate) fn short(&self) -> String {
        format!("V{:03}", self.number)
    }

    /// What `RULES.md` says below the heading of the rule.
    pub(crate) fn page(&self) -> &'static str {
        let heading = format!("\n## {} `{}`\n", self.short(), self.code);
        let Some(start) = PAGES.find(&heading) else {
            return "";
        };
        let page = &PAGES[start + heading.len()..];
        // Examples in Markdown have headings, too.
        let end = page.find("\n## V").unwrap_or(page.len());
        page[..end].trim()
    }

    /// The first sentence of its page.
    pub(crate) fn summary(&self) -> &'static str {
        let first = self.page().split("\n\n").next().unwrap_or_default();
        first.split_inclusive(". ").next().unwrap_or(first).trim()
    }
}

impl Weight {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Fatal | Error => "error",
            Warning => "warning",
        }
    }
}

#[cfg(test)]
mod tests;
