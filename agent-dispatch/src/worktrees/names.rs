//! Names of branches and folders, made from names of plans and tasks.

use std::collections::BTreeSet;

/// Longest part of a name that is made from an id, in bytes: file names end at 255.
const LONGEST: usize = 100;

/// All work branches lie below it.
pub(crate) const WORK: &str = "orchestrate/work";

/// The branch that work goes to where none is named.
pub(crate) fn target(plan: &str) -> String {
    format!("orchestrate/{}", part(plan))
}

/// The branch that a task works on. Not below the target's name: git keeps branches as files, and no file is a folder.
pub(crate) fn branch(plan: &str, task: &str) -> String {
    format!("{WORK}/{}/{}", part(plan), part(task))
}

/// Where merges are collected while the target itself is checked out somewhere.
pub(crate) fn staging(plan: &str, target: &str) -> String {
    format!("refs/orchestrate/staging/{}/{target}", part(plan))
}

/// Where commits are kept that a branch has lost: how often it has lost some counts from 1.
pub(crate) fn kept(plan: &str, task: &str, attempt: u32) -> String {
    format!(
        "refs/orchestrate/kept/{}/{}/{attempt}",
        part(plan),
        part(task)
    )
}

/// An id as one part of a name of git's and as a file name. What had to be changed gets a digest, so that two ids never
/// become one name.
pub(crate) fn part(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut name: String = id.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    while name.contains("..") {
        name = name.replace("..", ".");
    }
    name.truncate(LONGEST);
    let trimmed = name.trim_start_matches(['.', '-']).trim_end_matches('.');
    let trimmed = trimmed.strip_suffix(".lock").unwrap_or(trimmed);
    if trimmed == id && !trimmed.is_empty() {
        return trimmed.to_owned();
    }
    let digest = schemas::digest([id.as_bytes()]);
    let kept = if trimmed.is_empty() { "id" } else { trimmed };
    format!("{kept}-{}", &digest[..8])
}

/// A branch that there is and that keeps one of this name from being made: git keeps branches as files in folders.
pub(crate) fn in_the_way<'a>(name: &str, branches: &'a BTreeSet<String>) -> Option<&'a str> {
    let above = name.match_indices('/').map(|(at, _)| &name[..at]);
    let above = above.filter_map(|prefix| branches.get(prefix)).next();
    let below = format!("{name}/");
    let below = branches
        .range(below.clone()..)
        .next()
        .filter(|other| other.starts_with(&below));
    above.or(below).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_names_that_git_and_file_systems_take_and_no_two_the_same() {
        let ids = [
            "t1", "p01-t02", "a b", "a-b", "a:b", "..", ".hidden", "-f", "x.lock", "x", "ü", "a/b",
            "a~1", "a..b", "a.", "@{u}",
        ];
        let names: Vec<String> = ids.iter().map(|id| part(id)).collect();
        assert_eq!(names[0], "t1");
        assert_eq!(names[1], "p01-t02");
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "{names:?}"
        );
        for name in &names {
            let good =
                !name.starts_with(['.', '-']) && !name.ends_with('.') && !name.ends_with(".lock");
            assert!(
                good && !name.contains("..") && !name.contains('/'),
                "{name}"
            );
        }
        assert!(part(&"x".repeat(500)).len() < 120);
    }

    #[test]
    fn a_branch_above_or_below_is_in_the_way() {
        let branches = ["orchestrate", "main", "work/p/t1/x", "work/p/t10"];
        let branches: BTreeSet<String> = branches.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(in_the_way("orchestrate/p", &branches), Some("orchestrate"));
        assert_eq!(in_the_way("work/p/t1", &branches), Some("work/p/t1/x"));
        assert_eq!(in_the_way("work/p/t2", &branches), None);
        assert_eq!(in_the_way("mainly/p", &branches), None);
    }
}
