//! The work under review as text, for reviewers that may read but run nothing: read-only modes of some agents have no
//! shell, and would see of a change what its files are now, and not what was changed.

use std::path::Path;
use std::time::Duration;

use crate::git::Git;

/// Most that is shown, in bytes. A prompt may have to be an argument, of which the kernel takes 128 KiB.
const MOST: usize = 48 << 10;

/// Longest that git may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What has changed since the work left `base`, or is uncommitted, in a fence; absent where git cannot tell or nothing is.
pub(crate) fn work(folder: &Path, base: Option<&str>) -> Option<String> {
    let git = Git::open(folder, PATIENCE).ok()?;
    let since = match base {
        Some(base) => git.fork_point(base).ok()??,
        None => git.commit("HEAD").ok()?,
    };
    let mut text = String::from_utf8_lossy(&git.diff_to_read(&since).ok()?).into_owned();
    for (state, path) in git.status().ok()? {
        if state == "??" {
            text.push_str(&format!("new, and not known to git: {}\n", path.display()));
        }
    }
    (!text.is_empty()).then(|| fenced(&text))
}

/// Nothing in it ends the fence, or is more than text.
fn fenced(text: &str) -> String {
    let mut shown = String::new();
    let mut left_out = 0;
    for line in text.lines() {
        // A tab is no harm, and a diff without its tabs is another one.
        let parts: Vec<String> = line.split('\t').map(schemas::printable).collect();
        let line = parts.join("\t");
        if left_out > 0 || shown.len() + line.len() > MOST {
            left_out += 1;
            continue;
        }
        shown.push_str(&line);
        shown.push('\n');
    }
    if left_out > 0 {
        shown.push_str(&format!("({left_out} lines more)\n"));
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}diff\n{shown}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_ends_the_fence_and_its_length_is_bounded() {
        let told = fenced("+```\n+\tcode\u{1b}[2J\0\n+````\n");
        assert!(
            told.starts_with("`````diff\n") && told.ends_with("\n`````\n"),
            "{told}"
        );
        assert!(
            told.contains("+\tcode") && !told.contains(['\u{1b}', '\0']),
            "{told}"
        );
        let long = fenced(&"+ a line of some length\n".repeat(10_000));
        assert!(long.len() < MOST + 100);
        assert!(
            long.contains(" lines more)\n```\n"),
            "{}",
            &long[long.len() - 60..]
        );
    }
}
