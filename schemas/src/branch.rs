//! Names of the branches of a run: whatever the ids hold, git and file systems take them.

/// Longest part of a name that is made from an id, in bytes: file names end at 255.
const LONGEST: usize = 100;

/// The branch that the work of a plan is merged into: `orchestrate/<plan>`.
pub fn target_branch(plan: &str) -> String {
    format!("orchestrate/{}", name_part(plan))
}

/// The branch that a task works on: `orchestrate/work/<plan>/<task>`. Not below the target's: git keeps branches as files,
/// and no file is a folder.
pub fn work_branch(plan: &str, task: &str) -> String {
    format!("orchestrate/work/{}/{}", name_part(plan), name_part(task))
}

/// An id as one part of a name of git's, and as the name of a file. What had to be changed gets a digest, so that two ids
/// never become one name.
pub fn name_part(id: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut name: String = id.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    while name.contains("..") {
        name = name.replace("..", ".");
    }
    name.truncate(name.floor_char_boundary(LONGEST));
    let trimmed = name.trim_start_matches(['.', '-']).trim_end_matches('.');
    let trimmed = trimmed.strip_suffix(".lock").unwrap_or(trimmed);
    if trimmed == id && !trimmed.is_empty() {
        return trimmed.to_owned();
    }
    let digest = crate::digest([id.as_bytes()]);
    let kept = if trimmed.is_empty() { "id" } else { trimmed };
    format!("{kept}-{}", &digest[..8])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn plain_ids_stay_as_they_are() {
        assert_eq!(target_branch("orch-abc123"), "orchestrate/orch-abc123");
        assert_eq!(
            work_branch("orch-abc123", "t1.2"),
            "orchestrate/work/orch-abc123/t1.2"
        );
        assert_eq!(name_part("größe_1"), "größe_1");
    }

    #[test]
    fn what_git_refuses_is_spelt_otherwise_and_stays_unlike_all_others() {
        let ids = [
            "", ".", "..", "a..b", "...a", "-a", "a.lock", "a", "a b", "a-b", "a/b", "a~1", "a^",
            "a:b", "a\\b", "a@{1}", "a*", "[a]", "a\u{7f}", "a.", "\n", ".hidden", "@{u}",
        ];
        let names: BTreeSet<String> = ids.iter().map(|id| name_part(id)).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        for name in &names {
            let begins = !name.is_empty() && !name.starts_with(['.', '-']);
            let ends = !name.ends_with('.') && !name.ends_with(".lock");
            assert!(begins && ends && !name.contains(".."), "{name}");
            let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            assert!(name.chars().all(plain), "{name}");
        }
        assert!(name_part(&"ü".repeat(500)).len() < 120);
    }
}
