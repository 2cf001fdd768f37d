//! What lies beside the journal: logs, verdicts, commits. What is not there is left out; what lies outside of the run
//! directory is never read, whatever a record says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use schemas::{Verdict, WorkspaceState};

use crate::render::story::Story;

/// Bytes of a log that are looked at, from its end.
const TAIL: u64 = 8 << 10;

/// Lines of a log that are shown: of a task that came to nothing, and of one that is done.
const LINES: [usize; 2] = [40, 12];

/// Largest verdict that is read.
const VERDICT: u64 = 4 << 20;

/// With more tasks than this, commits are not compared.
const COMPARED: usize = 200;

pub(super) struct Evidence {
    dir: Option<PathBuf>,
    compares: bool,
}

/// One file of a diff.
pub(super) struct Changed {
    pub(super) name: String,
    pub(super) added: u64,
    pub(super) removed: u64,
}

impl Evidence {
    pub(super) fn of(dir: &Path, tasks: usize) -> Evidence {
        Evidence {
            dir: dir.canonicalize().ok(),
            compares: tasks <= COMPARED,
        }
    }

    fn open(&self, file: &str) -> Option<File> {
        let dir = self.dir.as_ref()?;
        let path = dir.join(file).canonicalize().ok()?;
        let inside = path.starts_with(dir) && path.metadata().ok()?.is_file();
        inside.then(|| File::open(path).ok())?
    }

    /// The last lines of a log, as text.
    pub(super) fn tail(&self, file: &str, long: bool) -> Option<String> {
        let mut log = self.open(file)?;
        let size = log.metadata().ok()?.len();
        log.seek(SeekFrom::Start(size.saturating_sub(TAIL))).ok()?;
        let mut bytes = Vec::new();
        log.take(TAIL).read_to_end(&mut bytes).ok()?;
        // The first line is not whole where the beginning was left out.
        let from = if size > TAIL {
            bytes
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1)
        } else {
            0
        };
        let text = schemas::terminal::plain(&bytes[from..]);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let shown = lines.len().saturating_sub(LINES[usize::from(!long)]);
        let text = lines[shown..].join("\n");
        (!text.trim().is_empty()).then_some(text)
    }

    pub(super) fn verdict(&self, file: &str) -> Option<Verdict> {
        let mut text = String::new();
        self.open(file)?
            .take(VERDICT)
            .read_to_string(&mut text)
            .ok()?;
        serde_json::from_str(&text).ok()
    }

    /// What a task's work changed, by git.
    pub(super) fn diff(&self, place: &WorkspaceState, story: &Story) -> Option<Vec<Changed>> {
        let (repository, base) = (place.repository.as_deref()?, place.base.as_deref()?);
        let work = story.work.as_deref().or(place.merged.as_deref())?;
        let is_commit = |id: &str| {
            (7..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if !self.compares || !is_commit(base) || !is_commit(work) {
            return None;
        }
        let output = Command::new("git")
            .args([
                "-C",
                repository,
                "diff",
                "--numstat",
                "--no-ext-diff",
                "--no-textconv",
                base,
                work,
                "--",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let file = |line: &str| {
            let mut parts = line.splitn(3, '\t');
            let mut count = || parts.next().map(|count| count.parse().unwrap_or(0));
            let (added, removed) = (count()?, count()?);
            Some(Changed {
                added,
                removed,
                name: parts.next()?.to_owned(),
            })
        };
        output
            .status
            .success()
            .then(|| text.lines().filter_map(file).collect())
    }
}
