//! The `Locked-By: TIME` line of a milestone's file, by which leads without this program tell each other.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use schemas::document::MAX_DOCUMENT;
use schemas::{Failure, time};

use crate::cli::LockName;
use crate::file::rewrite;

/// So long such a line counts.
const COUNTS: Duration = Duration::from_secs(60 * 60);

const KEY: &str = "Locked-By:";

/// A milestone's file, where one was named.
pub(super) struct Milestone(Option<PathBuf>);

impl Milestone {
    pub(super) fn of(name: &LockName) -> Milestone {
        Milestone(name.terms.milestone.clone())
    }

    /// Fails with code 1 while the file says that somebody has the milestone.
    pub(super) fn check(&self, now: SystemTime) -> Result<(), Failure> {
        let Some((text, path)) = self.read()? else {
            return Ok(());
        };
        let Some(stamp) = stamp_of(&text) else {
            return Ok(());
        };
        // A time in words that nobody can read is not older than the file.
        let since = read_time(stamp).or_else(|| path.metadata().ok()?.modified().ok());
        let age = since.and_then(|since| now.duration_since(since).ok());
        if age.is_some_and(|age| age >= COUNTS) {
            return Ok(());
        }
        let shown = path.display();
        Err(Failure::no(format!("{shown} is locked: {KEY} {stamp}"))
            .help("the line counts for 60 minutes; who knows that it is left over removes it"))
    }

    /// Writes the line, or its time anew.
    pub(super) fn stamp(&self, time: &str) -> Result<(), Failure> {
        match &self.0 {
            Some(path) => rewrite(path, |text| Ok(with(text, time))),
            None => Ok(()),
        }
    }

    /// Removes the line.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        match &self.0 {
            Some(path) => rewrite(path, |text| Ok(without(text))),
            None => Ok(()),
        }
    }

    fn read(&self) -> Result<Option<(String, &PathBuf)>, Failure> {
        let Some(path) = &self.0 else { return Ok(None) };
        let failed = || format!("cannot read {}", path.display());
        let size = path
            .metadata()
            .map_err(|e| Failure::input(failed()).because(&e))?
            .len();
        if size > MAX_DOCUMENT {
            return Err(Failure::input(format!("{}: it is too large", failed())));
        }
        let text =
            std::fs::read_to_string(path).map_err(|e| Failure::input(failed()).because(&e))?;
        Ok(Some((text, path)))
    }
}

/// The value of the line; `None` when there is none.
fn stamp_of(text: &str) -> Option<&str> {
    text.lines().find_map(value)
}

fn value(line: &str) -> Option<&str> {
    line.strip_prefix(KEY).map(str::trim)
}

fn read_time(stamp: &str) -> Option<SystemTime> {
    let text = stamp.replacen(' ', "T", 1);
    time::parse(&text).or_else(|| time::parse(&format!("{text}Z")))
}

/// The text with the line: in its place, or below the title.
fn with(text: &str, time: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut written = false;
    let mut fresh = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        match value(line) {
            Some(_) if !written => {
                let kept = if line.ends_with('\n') { end } else { "" };
                fresh.push_str(&format!("{KEY} {time}{kept}"));
                written = true;
            }
            _ => fresh.push_str(line),
        }
    }
    if written {
        return fresh;
    }
    let title = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at, line))
    });
    let below = title.filter(|(_, line)| line.starts_with("# ") && line.ends_with('\n'));
    let at = below.map(|(at, _)| at).next().unwrap_or(0);
    let (before, after) = text.split_at(at);
    format!("{before}{KEY} {time}{end}{after}")
}

fn without(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| value(line).is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_comes_below_the_title_and_leaves_without_a_trace() {
        for text in [
            "",
            "no title",
            "# M1\n\n| Status | planning |\n",
            "---\na: 1\n---\n# M1\r\n\r\ntext",
        ] {
            let locked = with(text, "2026-01-01T12:00:00Z");
            assert_eq!(stamp_of(&locked), Some("2026-01-01T12:00:00Z"), "{text}");
            assert_eq!(without(&locked), text);
            assert_eq!(
                with(&locked, "later"),
                locked.replace("2026-01-01T12:00:00Z", "later")
            );
        }
        assert_eq!(with("# M1\nx\n", "t"), "# M1\nLocked-By: t\nx\n");
    }

    #[test]
    fn times_are_read_in_the_forms_that_people_write() {
        for text in [
            "2026-01-01T12:00:00Z",
            "2026-01-01 12:00:00",
            "2026-01-01T12:00:00.5Z",
        ] {
            assert!(read_time(text).is_some(), "{text}");
        }
        assert!(read_time("lead-1").is_none());
    }
}
