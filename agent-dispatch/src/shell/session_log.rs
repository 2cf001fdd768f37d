//! The log that an agent's program keeps of its session: it grows also when nothing is printed, and the file bears the name
//! of the session, so that another agent's is not taken for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Entries that are looked at, at most: some keep every session they ever had.
const MOST_ENTRIES: usize = 20_000;

/// Of a random id, some names bear no more than its beginning.
const SHORT: usize = 8;

/// Where the logs of a session lie.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionLog {
    folders: Vec<PathBuf>,
    session: Option<String>,
}

impl SessionLog {
    /// Of the folders that a profile names, those of which the place is known.
    pub(super) fn new(named: &[String], variable: impl Fn(&str) -> Option<String>) -> SessionLog {
        let folders = named.iter().filter_map(|named| place(named, &variable));
        SessionLog {
            folders: folders.collect(),
            session: None,
        }
    }

    pub(super) fn know(&mut self, session: String) {
        self.session = Some(session);
    }

    /// Whether it has grown since.
    pub(super) fn grew(&self, since: SystemTime) -> bool {
        let Some(session) = self.session.as_deref().filter(|id| id.len() >= SHORT) else {
            return false;
        };
        let session = told_apart(session);
        let mut left = MOST_ENTRIES;
        self.folders
            .iter()
            .any(|folder| grew(folder, session, since, &mut left))
    }
}

/// As much of an id as tells its session from others. Ids that begin with the time have the same beginning when sessions
/// begin together: of these, only the whole will do.
fn told_apart(session: &str) -> &str {
    let is_random = session.len() == 36 && session.get(14..15) == Some("4");
    session
        .get(..SHORT)
        .filter(|_| is_random)
        .unwrap_or(session)
}

fn grew(folder: &Path, session: &str, since: SystemTime, left: &mut usize) -> bool {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if grew(&entry.path(), session, since, left) {
                return true;
            }
        } else if entry.file_name().to_string_lossy().contains(session) {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|time| time >= since) {
                return true;
            }
        }
    }
    false
}

/// `~/` is the home folder, `$NAME/` what a variable says; a folder whose variable is not set is nowhere.
fn place(named: &str, variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(inner) = named.strip_prefix("~/") {
        return Some(PathBuf::from(variable("HOME")?).join(inner));
    }
    match named.strip_prefix('$') {
        Some(rest) => {
            let (name, inner) = rest.split_once('/').unwrap_or((rest, ""));
            Some(PathBuf::from(variable(name)?).join(inner))
        }
        None => Some(PathBuf::from(named)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_log_of_this_session_counts_and_only_when_it_grows() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".x/chats");
        fs::create_dir_all(&folder).unwrap();
        let variable = |name: &str| (name == "HOME").then(|| home.path().display().to_string());
        let named = ["$X_HOME/chats".to_owned(), "~/.x".to_owned()];
        let mut log = SessionLog::new(&named, variable);
        let since = SystemTime::now() - Duration::from_secs(10);
        let write = |name: &str| fs::write(folder.join(name), "x").unwrap();
        write("chat-5d2f0c1e.jsonl");
        assert!(!log.grew(since), "no session is known");
        log.know("01936f2a-7b3c-7d11-8000-000000000001".to_owned());
        write("01936f2a-7b3c-7d22-8000-000000000002.jsonl");
        assert!(!log.grew(since), "another one's, begun in the same minute");
        log.know("0a1b2c3d-4e5f-4a6b-8c7d-000000000003".to_owned());
        assert!(!log.grew(since), "another one's");
        write("chat-0a1b2c3d.jsonl");
        assert!(log.grew(since));
        assert!(!log.grew(SystemTime::now() + Duration::from_secs(10)));
    }
}
