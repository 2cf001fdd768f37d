//! What git was in the middle of when an agent ended.

use super::git::Git;
use super::tree;

/// Ends what goes over several commits, where it stands: the branch and the commits stay as they are. Answers whether that
/// was a rebase: what is there of one is not the work, the branch still is.
pub(super) fn end(git: &Git) -> anyhow::Result<bool> {
    let git_dir = tree::git_dir(git.folder());
    let is_there = |name: &str| git_dir.join(name).exists();
    if is_there("sequencer") {
        // `revert` has the same.
        git.must(&["cherry-pick", "--quit"])?;
    }
    if is_there("rebase-merge") {
        git.must(&["rebase", "--quit"])?;
        return Ok(true);
    }
    if is_there("rebase-apply") {
        let command = match is_there("rebase-apply/applying") {
            true => "am",
            false => "rebase",
        };
        git.must(&[command, "--quit"])?;
        return Ok(command == "rebase");
    }
    Ok(false)
}
