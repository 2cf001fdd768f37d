//! Names of refs beside the branches, and what keeps a branch from being made.

use std::collections::BTreeSet;

use schemas::name_part as part;

/// Where merges are collected while the target itself is checked out somewhere.
pub(crate) fn staging(plan: &str, target: &str) -> String {
    format!("refs/orchestrate/staging/{}/{target}", part(plan))
}

/// Where a commit is kept that a branch has lost in an attempt; `number` counts from 1.
pub(crate) fn kept(plan: &str, task: &str, attempt: u32, number: u32) -> String {
    let (plan, task) = (part(plan), part(task));
    let more = if number > 1 {
        format!("-{number}")
    } else {
        String::new()
    };
    format!("refs/orchestrate/kept/{plan}/{task}/{attempt}{more}")
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
    fn a_branch_above_or_below_is_in_the_way() {
        let branches = ["orchestrate", "main", "work/p/t1/x", "work/p/t10"];
        let branches: BTreeSet<String> = branches.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(in_the_way("orchestrate/p", &branches), Some("orchestrate"));
        assert_eq!(in_the_way("work/p/t1", &branches), Some("work/p/t1/x"));
        assert_eq!(in_the_way("work/p/t2", &branches), None);
        assert_eq!(in_the_way("mainly/p", &branches), None);
    }
}
