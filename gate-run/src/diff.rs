//! A diff of git without context, line by line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::git::path_of;

/// Most lines of one file that are named.
const MAX_LINES: usize = 1 << 20;

/// A line that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'d> {
    pub(crate) is_new: bool,
    /// In the new file, or in the old one.
    pub(crate) number: u32,
    pub(crate) text: &'d [u8],
}

/// Hands every line over with its file: the new name, or the old one of a file that is gone.
pub(crate) fn lines<'d>(diff: &'d [u8], mut each: impl FnMut(&Path, Line<'d>)) {
    let (mut file, mut left) = (PathBuf::new(), (0_u32, 0_u32));
    let mut at = (0_u32, 0_u32);
    for line in diff.split(|byte| *byte == b'\n') {
        match (line.first(), left) {
            (Some(b'-'), (1.., _)) => {
                let (number, text) = (at.0, &line[1..]);
                each(
                    &file,
                    Line {
                        is_new: false,
                        number,
                        text,
                    },
                );
                (left.0, at.0) = (left.0 - 1, at.0.saturating_add(1));
            }
            (Some(b'+'), (_, 1..)) => {
                let (number, text) = (at.1, &line[1..]);
                each(
                    &file,
                    Line {
                        is_new: true,
                        number,
                        text,
                    },
                );
                (left.1, at.1) = (left.1 - 1, at.1.saturating_add(1));
            }
            _ => {
                if let Some(path) = line.strip_prefix(b"+++ ").or(line.strip_prefix(b"--- ")) {
                    let path = path.strip_suffix(b"\t").unwrap_or(path);
                    if path != b"/dev/null" {
                        file = path_of(path);
                    }
                } else if let Some(hunk) = line.strip_prefix(b"@@ -") {
                    let (old, new) = ranges(&String::from_utf8_lossy(hunk));
                    (at, left) = ((old.0, new.0), (old.1, new.1));
                }
            }
        }
    }
}

/// The numbers of the new lines, by file.
pub(crate) fn added_lines(diff: &[u8]) -> BTreeMap<PathBuf, Vec<u32>> {
    let mut added: BTreeMap<PathBuf, Vec<u32>> = BTreeMap::new();
    lines(diff, |file, line| {
        if !line.is_new {
            return;
        }
        match added.get_mut(file) {
            Some(numbers) if numbers.len() < MAX_LINES => numbers.push(line.number),
            Some(_) => {}
            None => drop(added.insert(file.to_owned(), vec![line.number])),
        }
    });
    added
}

/// `12,3 +14 @@ …`: start and count of both sides.
fn ranges(hunk: &str) -> ((u32, u32), (u32, u32)) {
    let range = |text: Option<&str>| {
        let text = text.unwrap_or_default().trim_start_matches('+');
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        (start.parse().unwrap_or(0), count.parse().unwrap_or(0))
    };
    let mut parts = hunk.split(' ');
    let old = range(parts.next());
    (old, range(parts.next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &[u8] = b"diff --git a b\n--- a\n+++ a\n@@ -1,2 +1 @@ fn x\n-one\n--- two\n+++ three\n@@ -9,0 +9,2 @@\n+a\n+b\n\
        diff --git c c\n--- c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";

    #[test]
    fn the_new_lines_of_a_diff() {
        let added = added_lines(DIFF);
        assert_eq!(added.len(), 1);
        assert_eq!(added[Path::new("a")], [1, 9, 10]);
    }

    #[test]
    fn lines_that_look_like_headers_are_lines() {
        let mut seen = Vec::new();
        lines(DIFF, |file, line| {
            let sign = if line.is_new { '+' } else { '-' };
            let text = String::from_utf8_lossy(line.text);
            seen.push(format!("{} {sign}{} {text}", file.display(), line.number));
        });
        assert_eq!(
            seen,
            [
                "a -1 one",
                "a -2 -- two",
                "a +1 ++ three",
                "a +9 a",
                "a +10 b",
                "c -1 x"
            ]
        );
    }
}
