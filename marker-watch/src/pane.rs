//! A pane of tmux: what it has shown so far, then what it shows.
//!
//! The pipe is opened and the history captured by one call of tmux: its server does nothing in between, so that what the
//! history ends with is where the pipe begins.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::OFlags;
use schemas::Failure;
use tempfile::TempDir;

/// A pane that is listened to.
#[derive(Debug)]
pub(crate) struct Pane {
    /// As it was asked for.
    pub(crate) name: String,
    /// tmux's own name for it, which stays the same when panes are moved.
    id: String,
    /// What it has shown so far.
    pub(crate) history: Vec<u8>,
    /// What it shows from then on; taken by who reads it.
    pub(crate) pipe: Option<File>,
    /// Where the pipe is.
    _folder: TempDir,
}

impl Pane {
    pub(crate) fn open(target: &str) -> Result<Pane, Failure> {
        let facts = tmux(
            &[
                "display-message",
                "-p",
                "-t",
                target,
                "#{pane_id} #{pane_pipe}",
            ],
            target,
        )?;
        let facts = String::from_utf8_lossy(&facts).trim().to_owned();
        let Some((id, pipe)) = facts.split_once(' ').filter(|(id, _)| id.starts_with('%')) else {
            return Err(Failure::input(format!(
                "cannot read the pane {target}: there is no such pane"
            )));
        };
        if pipe == "1" {
            let help = format!("end it with: tmux pipe-pane -t {id}");
            return Err(Failure::trouble(format!(
                "cannot read the pane {target}: something else has a pipe to it"
            ))
            .help(help));
        }
        let failed = |error: std::io::Error| {
            Failure::trouble(format!("cannot read the pane {target}")).because(&error)
        };
        let folder = tempfile::Builder::new()
            .prefix("marker-watch-")
            .tempdir()
            .map_err(failed)?;
        let path = folder.path().join("pane");
        let made = Command::new("mkfifo")
            .args(["-m", "600"])
            .arg(&path)
            .status()
            .map_err(failed)?;
        if !made.success() {
            return Err(Failure::trouble(format!(
                "cannot make a pipe at {}",
                path.display()
            )));
        }
        // Open before there is a writer: it must not wait for us, nor we for it.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&path)
            .map_err(failed)?;
        let answer = tmux(&begin(id, &path), target)?;
        Ok(Pane {
            name: target.to_owned(),
            id: id.to_owned(),
            history: history(&answer),
            pipe: Some(pipe),
            _folder: folder,
        })
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // The pane may have gone, and tmux with it.
        let _ = Command::new("tmux")
            .args(["pipe-pane", "-t", &self.id])
            .output();
    }
}

/// Opens the pipe, and shows the history with where the cursor is.
fn begin<'a>(id: &'a str, path: &Path) -> Vec<std::borrow::Cow<'a, str>> {
    let quoted = path.display().to_string().replace('\'', r"'\''");
    let cat = format!("exec cat >'{quoted}'");
    let mut args: Vec<std::borrow::Cow<str>> = Vec::new();
    args.extend(["pipe-pane", "-O", "-t", id].map(Into::into));
    args.push(cat.into());
    args.extend([";", "capture-pane", "-p", "-e", "-J", "-S", "-", "-t", id].map(Into::into));
    args.extend(
        [
            ";",
            "display-message",
            "-p",
            "-t",
            id,
            "#{cursor_y} #{pane_height}",
        ]
        .map(Into::into),
    );
    args
}

/// What was captured, as it would have been printed: the line that the cursor is in comes last, and has no end yet.
fn history(answer: &[u8]) -> Vec<u8> {
    let text = answer.strip_suffix(b"\n").unwrap_or(answer);
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let cursor = lines
        .pop()
        .and_then(|line| std::str::from_utf8(line).ok())
        .and_then(|line| {
            let (row, height) = line.split_once(' ')?;
            Some((row.parse::<usize>().ok()?, height.parse::<usize>().ok()?))
        });
    let below = cursor.map_or(0, |(row, height)| height.saturating_sub(row + 1));
    let current = lines.len().saturating_sub(below + 1);
    let mut shown = Vec::with_capacity(text.len());
    let mut put = |line: &[u8], end: &[u8]| {
        let kept = line
            .iter()
            .rposition(|byte| *byte != b' ')
            .map_or(0, |at| at + 1);
        shown.extend_from_slice(&line[..kept]);
        shown.extend_from_slice(end);
    };
    for (at, line) in lines.iter().enumerate() {
        if at < current || at > current && !line.trim_ascii().is_empty() {
            put(line, b"\r\n");
        }
    }
    if let Some(line) = lines.get(current) {
        put(line, b"");
    }
    shown
}

fn tmux<S: AsRef<str>>(args: &[S], target: &str) -> Result<Vec<u8>, Failure> {
    let args = args.iter().map(AsRef::as_ref);
    let output = Command::new("tmux").args(args).output();
    let output = output.map_err(|error| Failure::trouble("cannot start tmux").because(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = schemas::printable(said.trim());
    Err(Failure::input(format!(
        "cannot read the pane {target}: {said}"
    )))
}

#[cfg(test)]
mod tests {
    use super::history;

    #[test]
    fn the_line_of_the_cursor_comes_last_and_stays_open() {
        let text = |answer: &str| String::from_utf8_lossy(&history(answer.as_bytes())).into_owned();
        assert_eq!(text("one\ntwo \n$ ty\n\n\n2 5\n"), "one\r\ntwo\r\n$ ty");
        assert_eq!(text("one\nhere\nbelow\n1 3\n"), "one\r\nbelow\r\nhere");
        assert_eq!(text("\n\n0 2\n"), "");
        assert_eq!(text(""), "");
    }
}
