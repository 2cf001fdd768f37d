//! The end of an attempt in its worktree: what it left uncommitted becomes a commit of its branch, and its branch is where
//! its work is. Nothing is stashed, and nothing is thrown away.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::bail;
use schemas::Boundary;

use super::git::Git;
use super::halfway;
use super::names;
use super::repository::Repository;
use super::tree::{Tree, git_dir};
use crate::core::Commit;

/// Longest first line of a commit's message, in characters.
const SUBJECT: usize = 72;

/// Commits and files that are told, at most.
const MOST: usize = 200;

/// Whose work it is.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) plan: &'a str,
    pub(crate) task: &'a str,
    pub(crate) title: &'a str,
    pub(crate) attempt: u32,
    /// Globs that are added to the list of files with secrets, or taken out of it.
    pub(crate) secrets: &'a [String],
    /// The agent said that it was done.
    pub(crate) done: bool,
}

/// What an attempt has left in one worktree.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) commits: Vec<Commit>,
    /// Relative to the repository's top.
    pub(crate) files: Vec<String>,
    /// What people should know of.
    pub(crate) notes: Vec<String>,
    /// Why it is no work of this task.
    pub(crate) astray: Option<String>,
}

/// Takes stock. `base` is what the work began from, `start` what the worktree held when the attempt began.
pub(crate) fn take_stock(
    tree: &Tree,
    repository: &Repository,
    work: &Work<'_>,
    (base, start): (&str, &str),
) -> anyhow::Result<Left> {
    let mut left = Left::default();
    let standing = match tree.verify(repository) {
        Ok(standing) => standing,
        Err(error) => {
            left.astray = Some(format!("its worktree is gone: {error:#}"));
            return Ok(left);
        }
    };
    let git = standing.git;
    let made = commit_leftovers(&git, work, &mut left.notes)?;
    let full = tree.full_branch();
    let head = match &made {
        Some(made) => Some(made.clone()),
        None => git.commit("HEAD")?,
    };
    let Some(head) = head else {
        git.quiet().must(&["checkout", "--quiet", &tree.branch])?;
        left.astray = Some("its worktree was left on a branch without commits".to_owned());
        return Ok(left);
    };
    let on = git.run(&["symbolic-ref", "--quiet", "HEAD"])?;
    let on = String::from_utf8_lossy(&on.stdout).trim().to_owned();
    let tip = match on == full {
        true => Some(head.clone()),
        false => git.commit(&full)?,
    };
    let unfinished = halfway::end(&git)?;
    let mut keep = |commit: &str| -> anyhow::Result<()> {
        let name = kept(&git, work, commit)?;
        let short = &commit[..commit.len().min(10)];
        left.notes.push(format!("{name} keeps {short}"));
        Ok(())
    };
    let is_off = !git.holds(&head, base)?;
    if unfinished || is_off {
        let place = if on.is_empty() {
            "a detached HEAD"
        } else {
            &on
        };
        let reason = match unfinished {
            true => "its worktree was left in the middle of a rebase".to_owned(),
            false => format!(
                "its worktree was left on {place}, which does not hold what its work began from"
            ),
        };
        let branch = tip.clone();
        let branch = branch.filter(|tip| git.holds(tip, base).unwrap_or(false));
        let back = branch.unwrap_or_else(|| start.to_owned());
        for lost in std::iter::once(head).chain(tip) {
            if !git.holds(&back, &lost)? {
                keep(&lost)?;
            }
        }
        let quiet = git.quiet();
        quiet.must(&["checkout", "--quiet", "--detach"])?;
        quiet.must(&["update-ref", &full, &back])?;
        quiet.must(&["checkout", "--quiet", &tree.branch])?;
        left.astray = Some(reason);
        return Ok(left);
    }
    for lost in [Some(start.to_owned()), tip.clone()].into_iter().flatten() {
        // That it holds its base has been seen.
        if lost != base && !git.holds(&head, &lost)? {
            keep(&lost)?;
        }
    }
    if on != full {
        // It went to a branch of its own making: that is its work, and it is brought home.
        git.must(&[
            "update-ref",
            "-m",
            "agent-dispatch: its work is here",
            &full,
            &head,
        ])?;
        git.must(&[
            "symbolic-ref",
            "-m",
            "agent-dispatch: back on its branch",
            "HEAD",
            &full,
        ])?;
    }
    left.commits = commits(&git, (start, &head), &repository.tip_ref, made.as_deref())?;
    // One that found all of the work done by an attempt that was interrupted has that work to show.
    let since = if head == start { base } else { start };
    let names = git.names(&[
        "diff",
        "--name-only",
        "--no-ext-diff",
        "--no-renames",
        "-z",
        since,
        &head,
    ])?;
    let names = names
        .iter()
        .take(MOST)
        .map(|name| name.to_string_lossy().into_owned());
    left.files = names.collect();
    Ok(left)
}

/// Makes a ref that holds a commit, of a name that is free: earlier runs of the plan have theirs.
fn kept(git: &Git, work: &Work<'_>, commit: &str) -> anyhow::Result<String> {
    let none = "0".repeat(commit.len());
    for number in 1.. {
        let name = names::kept(work.plan, work.task, work.attempt, number);
        match git.commit(&name)? {
            Some(known) if known == commit => return Ok(name),
            Some(_) => {}
            None => {
                git.must(&["update-ref", &name, commit, &none])?;
                return Ok(name);
            }
        }
    }
    bail!("no name is free for what its branch has lost")
}

/// Commits everything but secrets. Answers the commit, if there was anything.
pub(crate) fn commit_leftovers(
    git: &Git,
    work: &Work<'_>,
    notes: &mut Vec<String>,
) -> anyhow::Result<Option<String>> {
    let status = [
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--no-renames",
    ];
    let mut changed = git.names(&status)?;
    // git would keep of it that it was there, and nothing that is in it.
    let nested = |name: &mut OsString| name.as_bytes().ends_with(b"/");
    for name in changed.extract_if(.., nested) {
        let shown = path_of(&name).to_string_lossy().into_owned();
        let text = format!(
            "not committed, for it is a repository of its own: {}",
            schemas::printable(&shown)
        );
        notes.push(text);
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let secrets = secrets(work.secrets)?;
    let is_secret = |name: &&OsString| secrets.is_secret(Path::new(path_of(name)));
    let (kept_out, taken): (Vec<_>, Vec<_>) = changed.iter().partition(is_secret);
    let list = |names: &[&OsString]| {
        let mut text = Vec::new();
        for name in names {
            text.extend_from_slice(path_of(name).as_bytes());
            text.push(0);
        }
        text
    };
    if !kept_out.is_empty() {
        let shown = kept_out.iter().map(|name| path_of(name).to_string_lossy());
        let shown = shown.collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "not committed, for it may hold secrets: {}",
            schemas::printable(&shown)
        ));
        let staged = kept_out
            .iter()
            .filter(|name| !matches!(name.as_bytes().first(), Some(b' ' | b'?')));
        let staged: Vec<&OsString> = staged.copied().collect();
        if !staged.is_empty() {
            let reset = [
                "--literal-pathspecs",
                "reset",
                "--quiet",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
            ];
            git.run_with(&reset, list(&staged))?;
        }
    }
    if taken.is_empty() {
        return Ok(None);
    }
    // What is staged as it is may be of a file that is neither here nor in the index any more: git would not find it.
    let is_open = |name: &&OsString| name.as_bytes().get(1) != Some(&b' ');
    let open: Vec<&OsString> = taken.into_iter().filter(is_open).collect();
    if !open.is_empty() {
        let add = [
            "--literal-pathspecs",
            "add",
            "--all",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
        ];
        let added = git.run_with(&add, list(&open))?;
        added.succeeded("add")?;
    }
    let in_merge = git_dir(git.folder()).join("MERGE_HEAD").exists();
    if !in_merge && git.run(&["diff", "--cached", "--quiet"])?.is_ok() {
        return Ok(None);
    }
    commit(git, &message(work), notes)?;
    git.commit("HEAD")
}

/// Which files hold secrets. `!GLOB` takes some out of the list.
pub(crate) fn secrets(globs: &[String]) -> anyhow::Result<Boundary> {
    Boundary::new(&[], &[], globs)
        .map_err(|(list, at, why)| anyhow::anyhow!("glob {at} of {list} is none: {why}"))
}

/// What a line of `git status` is about.
fn path_of(line: &OsString) -> &std::ffi::OsStr {
    std::ffi::OsStr::from_bytes(line.as_bytes().get(3..).unwrap_or_default())
}

/// A hook that refuses is heard: its objection is told. The work is kept all the same, on its own branch.
fn commit(git: &Git, message: &str, notes: &mut Vec<String>) -> anyhow::Result<()> {
    let git = git.identified()?;
    let refused = git.run_with(&["commit", "--quiet", "--file=-"], message.into())?;
    if refused.is_ok() {
        return Ok(());
    }
    let again = ["commit", "--quiet", "--no-verify", "--file=-"];
    let kept = git.run_with(&again, message.into())?;
    if !kept.is_ok() {
        bail!("cannot commit what it left: {}", kept.complaint());
    }
    notes.push(format!(
        "committed on its branch though a hook refused: {}",
        refused.complaint()
    ));
    Ok(())
}

fn message(work: &Work<'_>) -> String {
    let kind = if work.done { kind(work.title) } else { "chore" };
    let text = match work.done {
        true => work.title.to_owned(),
        false => format!("keep what attempt {} left of {}", work.attempt, work.title),
    };
    subject(&format!("{kind}({})", work.task), &text)
}

/// A conventional first line: `feat(t3): refresh tokens`.
pub(crate) fn subject(prefix: &str, text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = schemas::printable(&format!("{prefix}: {words}"));
    if line.chars().count() <= SUBJECT {
        return line;
    }
    let cut: String = line.chars().take(SUBJECT - 1).collect();
    format!("{}…", cut.trim_end())
}

/// What kind of change a title tells of.
fn kind(title: &str) -> &'static str {
    let first = title
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    match first.to_lowercase().as_str() {
        "fix" | "repair" | "mend" | "correct" => "fix",
        "doc" | "docs" | "document" | "describe" => "docs",
        "test" | "tests" => "test",
        "refactor" | "rename" | "simplify" => "refactor",
        "speed" | "optimise" | "optimize" => "perf",
        _ => "feat",
    }
}

/// Those of the target, which it may have merged, are others' work.
fn commits(
    git: &Git,
    (start, head): (&str, &str),
    target: &str,
    made: Option<&str>,
) -> anyhow::Result<Vec<Commit>> {
    let most = format!("--max-count={MOST}");
    let format = "--format=%H %s";
    let log = git.read(&[
        "log",
        "--reverse",
        &most,
        format,
        head,
        "--not",
        start,
        target,
    ])?;
    let commits = log
        .lines()
        .filter_map(|line| line.split_once(' ').or(Some((line, ""))));
    let commits = commits
        .filter(|(id, _)| !id.is_empty())
        .map(|(id, subject)| Commit {
            id: id.to_owned(),
            subject: schemas::printable(subject),
            leftovers: made == Some(id),
        });
    Ok(commits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_conventional_line_of_72_characters() {
        assert_eq!(
            subject("feat(t3)", "Refresh  tokens\nof JWT"),
            "feat(t3): Refresh tokens of JWT"
        );
        let long = subject("feat(t3)", &"wort ".repeat(40));
        assert!(long.chars().count() <= 72 && long.ends_with('…'), "{long}");
        assert_eq!(kind("Fix the login"), "fix");
        assert_eq!(kind("Store prices"), "feat");
    }
}
