//! Nothing is uncommitted, untracked or hidden.

use schemas::Finding;

use super::{Place, Seen, counted};
use crate::git::Git;

pub(super) fn look(place: &Place<'_>) -> Seen {
    let looked = Git::open(place.cwd, place.patience).and_then(|git| {
        let hidden = git
            .hidden()?
            .into_iter()
            .map(|path| ("hidden".to_owned(), path));
        Ok(git.status()?.into_iter().chain(hidden).collect::<Vec<_>>())
    });
    let entries = match looked {
        Ok(entries) => entries,
        Err(why) => return Seen::infrastructure(why),
    };
    if entries.is_empty() {
        return Seen::passed();
    }
    let reason = format!("{} not as committed", counted(entries.len() as u64, "file"));
    let findings = entries.into_iter().map(|(letters, path)| Finding {
        severity: "important".to_owned(),
        message: meaning(&letters),
        file: Some(path.display().to_string()),
        rule: Some("clean-tree".to_owned()),
        ..Finding::default()
    });
    Seen::failed(reason, findings.collect())
}

/// The letters of `git status` in words.
fn meaning(letters: &str) -> String {
    let word = match letters {
        "??" => "untracked",
        "hidden" => "hidden from git (assume-unchanged or skip-worktree)",
        "UU" | "AA" | "DD" | "AU" | "UA" | "DU" | "UD" => "in conflict",
        _ if letters.contains('D') => "deleted, not committed",
        _ if letters.contains('A') => "added, not committed",
        _ => "changed, not committed",
    };
    word.to_owned()
}
