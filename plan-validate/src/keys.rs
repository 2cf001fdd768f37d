//! The keys that a plan knows, and what a key that it does not know was probably meant to be.
//!
//! Unknown keys are never an error: they travel on. Only one that is *almost* a known key is worth a word,
//! since `dependson` would be passed over in silence.

use std::borrow::Cow;

pub(crate) const PLAN: &[&str] = &[
    "planId",
    "summary",
    "createdAt",
    "projects",
    "tasks",
    "executionOrder",
    "phases",
    "parallelGroups",
    "checkpoints",
    "gates",
    "autonomy",
    "limits",
    "defaults",
    "roles",
    "workspace",
    "agents",
    "metadata",
];

pub(crate) const PROJECT: &[&str] = &[
    "name",
    "path",
    "techStack",
    "description",
    "repo",
    "baseBranch",
    "alias",
    "gates",
    "ownership",
    "workspace",
];

pub(crate) const TASK: &[&str] = &[
    "id",
    "project",
    "projects",
    "title",
    "description",
    "dependsOn",
    "complexity",
    "estimatedMinutes",
    "phase",
    "priority",
    "mode",
    "agent",
    "model",
    "role",
    "skills",
    "command",
    "paths",
    "forbiddenPaths",
    "acceptance",
    "gates",
    "autonomy",
    "readOnly",
    "sensitive",
    "resources",
    "ports",
    "isolation",
    "maxCostUsd",
    "maxTokens",
    "timeoutMinutes",
    "fixLimit",
    "onFailure",
    "runIf",
    "outcome",
    "externalIds",
    "metadata",
];

pub(crate) const PHASE: &[&str] = &["id", "title", "order", "checkpoint", "parallel"];

pub(crate) const DEFAULTS: &[&str] = &["agent", "model", "isolation"];

pub(crate) const LIMITS: &[&str] = &[
    "maxConcurrent",
    "fixLimit",
    "retryLimit",
    "launchRetries",
    "stallMinutes",
    "timeoutMinutes",
    "maxCostUsd",
    "maxTokens",
];

/// What other dialects call things.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("dependencies", "dependsOn"),
    ("depends", "dependsOn"),
    ("deps", "dependsOn"),
    ("blockedby", "dependsOn"),
    ("addblockedby", "dependsOn"),
    ("needs", "dependsOn"),
    ("acceptancecriteria", "acceptance"),
    ("estimate", "estimatedMinutes"),
    ("minutes", "estimatedMinutes"),
    ("timeout", "timeoutMinutes"),
    ("stack", "techStack"),
    ("order", "executionOrder"),
    ("waves", "executionOrder"),
];

/// A key that is not known but almost is.
pub(crate) struct Misspelt<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) meant: &'static str,
}

/// The known key that was probably meant.
pub(crate) fn meant(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    if key.len() > 40 || key.starts_with("x-") || key.starts_with("x_") {
        return None;
    }
    let plain = plain(key);
    if let Some(same) = known.iter().find(|known| self::plain(known) == plain) {
        return Some(same);
    }
    if let Some((_, word)) = OTHER_WORDS.iter().find(|(other, _)| *other == plain) {
        return known.iter().find(|known| *known == word).copied();
    }
    let near = |known: &&&str| {
        let allowed = match known.len() {
            0..5 => 0,
            5..9 => 1,
            _ => 2,
        };
        known.len().abs_diff(plain.len()) <= allowed
            && strsim::osa_distance(&self::plain(known), &plain) <= allowed
    };
    known.iter().find(near).copied()
}

fn plain(key: &str) -> String {
    key.chars()
        .filter(|c| *c != '_' && *c != '-' && *c != ' ')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_told_from_free_fields() {
        let table = [
            ("dependson", Some("dependsOn")),
            ("depends_on", Some("dependsOn")),
            ("dependencies", Some("dependsOn")),
            ("blockedBy", Some("dependsOn")),
            ("desciption", Some("description")),
            ("estimatedMinute", Some("estimatedMinutes")),
            ("Title", Some("title")),
            ("titel", Some("title")),
            ("idx", None),
            ("tags", None),
            ("owner", None),
            ("x-dependson", None),
            ("customField", None),
        ];
        for (key, expected) in table {
            assert_eq!(meant(key, TASK), expected, "{key}");
        }
        assert_eq!(meant("execution_order", PLAN), Some("executionOrder"));
        assert_eq!(meant("dependencies", PLAN), None);
    }
}
