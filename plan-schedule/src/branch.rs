//! The name of a branch for a task: whatever the ids hold, git takes it.

/// `orchestrate/<plan>/<task>`; a part that git would refuse is spelt otherwise, and stays unlike all others.
pub(crate) fn branch(plan: &str, task: &str) -> String {
    format!("orchestrate/{}/{}", part(plan), part(task))
}

fn part(id: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain: String = id
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    let plain = plain.trim_matches(['.', '-']).replace("..", "-");
    let is_lock = plain.ends_with(".lock");
    if plain == id && !plain.is_empty() && !is_lock {
        return plain;
    }
    // Two ids that look alike now must not share a branch.
    let digest = schemas::digest([id.as_bytes()]);
    format!(
        "{plain}{}{}",
        if plain.is_empty() { "" } else { "-" },
        &digest[..8]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ids_stay_as_they_are() {
        assert_eq!(
            branch("orch-abc123", "t1.2"),
            "orchestrate/orch-abc123/t1.2"
        );
        assert_eq!(part("größe_1"), "größe_1");
    }

    #[test]
    fn what_git_refuses_is_spelt_otherwise() {
        for id in [
            "", ".", "..", "a..b", "...a", "-a", "a.lock", "a b", "a/b", "a~1", "a^", "a:b",
            "a\\b", "a@{1}", "a*", "[a]", "a\u{7f}", "a.", "\n",
        ] {
            let part = part(id);
            assert!(!part.is_empty() && !part.contains("..") && !part.ends_with(".lock"));
            assert!(
                !part.starts_with(['.', '-']) && !part.ends_with('.'),
                "{part}"
            );
            assert!(
                part.chars()
                    .all(|c| c.is_alphanumeric() || "-_.".contains(c)),
                "{part}"
            );
        }
        assert_ne!(part("a b"), part("a/b"));
        assert_ne!(part("a b"), part("a-b"));
    }
}
