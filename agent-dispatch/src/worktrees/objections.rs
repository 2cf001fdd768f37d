//! What is never merged, whatever gates say: secrets, and conflicts that nobody has solved.

use std::path::Path;

use anyhow::bail;

use super::git::Git;
use super::leftovers;

/// What keeps work out of its target.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) message: String,
}

/// Secrets that any of its commits brings in, also one that a later commit takes out again.
pub(super) fn secrets(
    git: &Git,
    tip: &str,
    work: &str,
    globs: &[String],
) -> anyhow::Result<Vec<Found>> {
    let secrets = leftovers::secrets(globs)?;
    let range = format!("{tip}..{work}");
    let args = [
        "log",
        "--format=",
        "--name-only",
        "--diff-filter=AMRC",
        "-c",
        "--no-renames",
        "-z",
        &range,
    ];
    let mut names = git.names(&args)?;
    names.sort();
    names.dedup();
    let names = names.iter().map(|name| name.to_string_lossy());
    let secret = names.filter(|name| secrets.is_secret(Path::new(name.trim_start_matches('\n'))));
    let found = secret.map(|name| Found {
        file: Some(name.trim_start_matches('\n').to_owned()),
        line: None,
        message:
            "may hold secrets, and is in a commit of the branch: rewrite the commit without it"
                .to_owned(),
    });
    Ok(found.collect())
}

/// Files into which a range brings markers of a conflict that nobody solved. git itself finds the lines and knows the
/// attribute `conflict-marker-size`; a lone `=======` underlines a title.
pub(super) fn markers(git: &Git, from: &str, to: &str) -> anyhow::Result<Vec<Found>> {
    let git = git
        .clone()
        .config("core.whitespace=-trailing-space,-space-before-tab,-blank-at-eof");
    let answer = git.run(&["diff", "--check", "--no-ext-diff", "--no-color", from, to])?;
    // 2: it has found something.
    if !matches!(answer.code, Some(0 | 2)) {
        bail!("git diff --check failed: {}", answer.complaint());
    }
    let text = String::from_utf8_lossy(&answer.stdout);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_suffix(": leftover conflict marker"));
    let mut found: Vec<Found> = Vec::new();
    for (file, line) in lines.filter_map(|line| line.rsplit_once(':')) {
        let number: u32 = line.parse().unwrap_or(1);
        if found
            .last()
            .is_some_and(|known| known.file.as_deref() == Some(file))
        {
            continue;
        }
        let shown = git.run(&["show", &format!("{to}:{file}")])?;
        let mut lines = shown.stdout.split(|byte| *byte == b'\n');
        let marked = lines.nth(number.saturating_sub(1) as usize);
        if marked.is_some_and(|line| matches!(line.first(), Some(b'<' | b'>' | b'|'))) {
            found.push(Found {
                file: Some(file.to_owned()),
                line: Some(number),
                message: "a marker of a conflict that nobody solved".to_owned(),
            });
        }
    }
    Ok(found)
}
