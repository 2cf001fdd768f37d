//! How a branch comes into its target: by a merge, by its commits one by one, as one commit, or put on top. Everything
//! happens in a worktree that nobody else uses, on no branch at all: what does not come to its end leaves no trace.

use anyhow::bail;
use clap::ValueEnum;

use super::git::{Answer, Git};
use super::halfway;
use super::leftovers::subject;

/// How work is merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// A merge commit; where that conflicts, its commits one by one
    #[default]
    Merge,
    /// Its commits one by one
    CherryPick,
    /// All of it as one commit
    Squash,
    /// Its commits on top of the target, without saying where they come from
    Rebase,
}

/// What is to be merged.
pub(crate) struct Branch<'a> {
    pub(crate) task: &'a str,
    pub(crate) title: &'a str,
    pub(crate) name: &'a str,
    pub(crate) target: &'a str,
    /// The commit that its work began from.
    pub(crate) base: Option<&'a str>,
    /// Its tip.
    pub(crate) work: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Tried {
    /// The worktree holds it, by this means.
    In(&'static str),
    /// It was in the target before.
    Already,
    /// The branch has no commits of its own.
    Empty,
    Conflict(Vec<String>),
    /// A hook, or a file in the way.
    Refused(String),
}

/// Tries it on the commit that the worktree holds, `tip`.
pub(crate) fn apply(
    git: &Git,
    strategy: Strategy,
    tip: &str,
    branch: &Branch<'_>,
) -> anyhow::Result<Tried> {
    let range = format!("{tip}..{}", branch.work);
    let list = git.read(&["rev-list", "--reverse", "--first-parent", &range])?;
    let ids: Vec<&str> = list.lines().collect();
    if ids.is_empty() {
        return Ok(match branch.base == Some(branch.work) {
            true => Tried::Empty,
            false => Tried::Already,
        });
    }
    let base = fork(git, tip, branch.work)?;
    let mut copied = Vec::new();
    // Else nothing has come into the target meanwhile.
    if base != tip {
        copied = copies(git, &base, tip)?;
        if is_in(git, tip, branch, &ids, &copied)? {
            return Ok(Tried::Already);
        }
    }
    match strategy {
        Strategy::Merge => match merge(git, branch)? {
            // What a person would meet who merges it: those are told, also when the commits do not fit either.
            Tried::Conflict(files) => {
                reset(git, tip)?;
                match pick(git, &ids, &copied)? {
                    Tried::Conflict(_) => Ok(Tried::Conflict(files)),
                    other => Ok(other),
                }
            }
            other => Ok(other),
        },
        Strategy::CherryPick => {
            let tried = pick(git, &ids, &copied)?;
            or_merge(git, tip, branch, tried)
        }
        Strategy::Squash => squash(git, tip, branch),
        Strategy::Rebase => {
            let tried = rebase(git, tip, branch)?;
            or_merge(git, tip, branch, tried)
        }
    }
}

/// Where its commits do not fit one by one: what somebody has resolved by a merge is in that merge, and in none of them.
fn or_merge(git: &Git, tip: &str, branch: &Branch<'_>, tried: Tried) -> anyhow::Result<Tried> {
    let range = format!("{tip}..{}", branch.work);
    let merges = ["rev-list", "--merges", "--max-count=1", &range];
    if !matches!(tried, Tried::Conflict(_)) || git.read(&merges)?.is_empty() {
        return Ok(tried);
    }
    reset(git, tip)?;
    merge(git, branch)
}

/// Back to a commit, whatever was left half done. Files that git ignores stay, as build caches do.
pub(crate) fn reset(git: &Git, commit: &str) -> anyhow::Result<()> {
    let quiet = git.quiet();
    halfway::end(&quiet)?;
    quiet.must(&["checkout", "--quiet", "--force", "--detach", commit])?;
    quiet.must(&["clean", "-ffdq"])
}

fn merge(git: &Git, branch: &Branch<'_>) -> anyhow::Result<Tried> {
    let first = subject(&format!("merge({})", branch.task), branch.title);
    let message = format!(
        "{first}\n\nMerge branch '{}' into {}",
        branch.name, branch.target
    );
    let args = [
        "merge",
        "--no-ff",
        "--no-squash",
        "--commit",
        "--no-edit",
        "-m",
        &message,
        branch.work,
    ];
    let answer = git.run(&args)?;
    ended(git, answer, "merge", "merge")
}

fn squash(git: &Git, tip: &str, branch: &Branch<'_>) -> anyhow::Result<Tried> {
    let answer = git.run(&["merge", "--squash", "--no-edit", branch.work])?;
    if !answer.is_ok() {
        return ended(git, answer, "squash", "merge --squash");
    }
    if git.run(&["diff", "--cached", "--quiet"])?.is_ok() {
        return Ok(Tried::Already);
    }
    let range = format!("{tip}..{}", branch.work);
    let list = git.read(&["log", "--reverse", "--no-merges", "--format=* %s", &range])?;
    let first = subject(&format!("feat({})", branch.task), branch.title);
    // A later look sees by this that it is in.
    let message = format!("{first}\n\n{list}\n\nBranch-Commit: {}\n", branch.work);
    let answer = git.run_with(&["commit", "--quiet", "--file=-"], message.into())?;
    ended(git, answer, "squash", "commit")
}

fn rebase(git: &Git, tip: &str, branch: &Branch<'_>) -> anyhow::Result<Tried> {
    let git = git
        .clone()
        .config("rebase.autoStash=false")
        .config("rebase.updateRefs=false");
    git.quiet()
        .must(&["checkout", "--quiet", "--detach", branch.work])?;
    let args = [
        "rebase",
        "--quiet",
        "--empty=drop",
        "--keep-empty",
        "--reapply-cherry-picks",
        tip,
    ];
    let answer = git.run(&args)?;
    ended(&git, answer, "rebase", "rebase")
}

/// Along the first parents: a merge inside the branch is picked as what it changed there.
fn pick(git: &Git, ids: &[&str], copied: &[String]) -> anyhow::Result<Tried> {
    for id in ids {
        if copied.iter().any(|known| known == id) {
            continue;
        }
        let mut args = vec!["cherry-pick", "-x", "--allow-empty"];
        if git.commit(&format!("{id}^2"))?.is_some() {
            args.extend(["--mainline", "1"]);
        }
        args.push(id);
        let answer = git.run(&args)?;
        if answer.is_ok() {
            continue;
        }
        match ended(git, answer, "cherry-pick", "cherry-pick")? {
            // One that has nothing left to change stops it, too; one that was made empty is kept.
            Tried::Refused(_) if is_void(git, id)? => git.must(&["cherry-pick", "--skip"])?,
            other => return Ok(other),
        }
    }
    Ok(Tried::In("cherry-pick"))
}

fn is_void(git: &Git, id: &str) -> anyhow::Result<bool> {
    let picking = git.commit("CHERRY_PICK_HEAD")?.is_some();
    let nothing_left = git.run(&["diff", "--cached", "--quiet"])?.is_ok();
    let was_empty = git
        .run(&["diff", "--quiet", &format!("{id}^"), id])?
        .is_ok();
    Ok(picking && nothing_left && !was_empty)
}

/// Where the branch left the target.
fn fork(git: &Git, tip: &str, work: &str) -> anyhow::Result<String> {
    let base = git.run(&["merge-base", tip, work])?;
    if !base.is_ok() {
        bail!("its branch has no history in common with the target");
    }
    Ok(String::from_utf8_lossy(&base.stdout).trim().to_owned())
}

/// Commits that were copied into the target since then: picked with `-x`, or squashed.
fn copies(git: &Git, base: &str, tip: &str) -> anyhow::Result<Vec<String>> {
    let log = git.read(&["log", "--format=%B", &format!("{base}..{tip}")])?;
    let picked = log.lines().filter_map(|line| {
        let squashed = line
            .strip_prefix("Branch-Commit: ")
            .map(|id| format!("{id} squashed"));
        let picked = line.strip_prefix("(cherry picked from commit ");
        squashed.or(picked
            .and_then(|id| id.strip_suffix(')'))
            .map(str::to_owned))
    });
    Ok(picked.collect())
}

/// Whether all of the branch is in the target: itself, or in copies.
fn is_in(
    git: &Git,
    tip: &str,
    branch: &Branch<'_>,
    ids: &[&str],
    copied: &[String],
) -> anyhow::Result<bool> {
    if copied
        .iter()
        .any(|known| *known == format!("{} squashed", branch.work))
    {
        return Ok(true);
    }
    let equal = git.read(&["cherry", tip, branch.work])?;
    let equal: Vec<&str> = equal
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .collect();
    for id in ids {
        // git takes all empty commits for equal; each is there for what it says.
        let there = copied.iter().any(|known| known == id)
            || (equal.contains(id)
                && !git
                    .run(&["diff", "--quiet", &format!("{id}^"), id])?
                    .is_ok());
        if !there {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Success, a conflict with its files, something in the way of this branch alone; or a failure of git's.
fn ended(git: &Git, answer: Answer, how: &'static str, command: &str) -> anyhow::Result<Tried> {
    if answer.is_ok() {
        return Ok(Tried::In(how));
    }
    let unmerged = git.names(&["diff", "--name-only", "--diff-filter=U", "-z"])?;
    if !unmerged.is_empty() {
        let files = unmerged
            .iter()
            .map(|name| name.to_string_lossy().into_owned());
        return Ok(Tried::Conflict(files.collect()));
    }
    match answer.code {
        Some(1) => Ok(Tried::Refused(answer.complaint())),
        _ => bail!("git {command} failed: {}", answer.complaint()),
    }
}
