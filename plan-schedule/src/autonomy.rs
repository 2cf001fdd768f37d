//! How much a task may decide alone: its own level, else what the plan says of the files that it may touch.

use std::collections::HashMap;

use crate::network::Network;
use schemas::pattern::Pattern;

/// The level of every task; empty where the plan says nothing.
#[derive(Debug, Default)]
pub(crate) struct Levels(Vec<Option<u8>>);

impl Levels {
    pub(crate) fn new(network: &Network<'_>) -> Levels {
        let own = |task: u32| network.tasks[task as usize].autonomy;
        let Some(autonomy) = &network.plan.autonomy else {
            return Levels(network.numbers().map(own).collect());
        };
        let rules: Vec<(Pattern, u8)> = autonomy
            .overrides
            .iter()
            .flat_map(|rule| {
                Pattern::read("", &rule.pattern)
                    .into_iter()
                    .map(|pattern| (pattern, rule.level))
            })
            .collect();
        let mut known: HashMap<(&str, &str), u8> = HashMap::new();
        let level = |task: u32| {
            if let Some(own) = own(task) {
                return Some(own);
            }
            let paths = &network.tasks[task as usize].paths;
            if rules.is_empty() || paths.is_empty() {
                return Some(autonomy.default_level);
            }
            let folder = network
                .project(task)
                .map_or("", |project| network.projects.folder(project));
            let of_path = paths.iter().map(|path| {
                let level = known.entry((folder, path));
                *level.or_insert_with(|| of_path(folder, path, &rules, autonomy.default_level))
            });
            of_path.max()
        };
        Levels(network.numbers().map(level).collect())
    }

    pub(crate) fn of(&self, task: u32) -> Option<u8> {
        self.0.get(task as usize).copied().flatten()
    }
}

/// The highest level of all overrides that can match one of the path's files; the default too, unless each of its files
/// is matched by one. Overrides are patterns of paths as a person thinks of them: from the project's folder, or from above.
fn of_path(folder: &str, path: &str, rules: &[(Pattern, u8)], default: u8) -> u8 {
    let mut level = None;
    let read = |folder| {
        Pattern::read(folder, path)
            .into_iter()
            .map(Pattern::into_file)
    };
    for (inside, whole) in read("").zip(read(folder)) {
        let mut is_held = false;
        for (rule, rule_level) in rules {
            if rule.meets(&inside) || rule.meets(&whole) {
                level = level.max(Some(*rule_level));
                is_held |= rule.holds(&inside) || rule.holds(&whole);
            }
        }
        if !is_held {
            level = level.max(Some(default));
        }
    }
    level.unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_level_that_can_match_wins() {
        let rule = |pattern: &str, level| (Pattern::read("", pattern).remove(0), level);
        let rules = [
            rule("**/auth/**", 3),
            rule("tests/**", 0),
            rule("shop/db/*.sql", 4),
        ];
        let level = |path: &str| of_path("./shop", path, &rules, 1);
        assert_eq!(level("src/page.ts"), 1);
        assert_eq!(level("src/auth/login.ts"), 3);
        // Both match; some of its files only one.
        assert_eq!(level("tests/auth/login.ts"), 3);
        assert_eq!(level("tests/unit.ts"), 0);
        assert_eq!(level("tests/"), 3);
        assert_eq!(level("{tests/a.ts,src/b.ts}"), 1);
        // A part of its files.
        assert_eq!(level("src/**"), 3);
        // From above the project.
        assert_eq!(level("db/0001.sql"), 4);
    }
}
