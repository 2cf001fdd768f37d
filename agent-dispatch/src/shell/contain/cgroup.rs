//! A control group of its own for each agent: the one means that a process cannot leave by forking, by a session of its
//! own or by throwing its environment away, and that the kernel ends as a whole.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{PATIENCE, PAUSE};

/// The groups of one run; each attempt's lies in it.
#[derive(Debug, Clone)]
pub(super) struct Cgroup {
    run: PathBuf,
}

impl Cgroup {
    /// The run's group, made, where this machine has a version 2 hierarchy that we may write to. It needs no controllers.
    pub(super) fn new(run_mark: &str) -> Option<Cgroup> {
        let run = candidates().into_iter().find_map(|parent| {
            let run = parent.join(name(run_mark));
            let made = match fs::create_dir(&run) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return None,
                _ => run,
            };
            // Linux 5.14 and later.
            made.join("cgroup.kill").exists().then_some(made)
        })?;
        Some(Cgroup { run })
    }

    /// The folder of the run's group, for the warden.
    pub(super) fn folder(&self) -> &Path {
        &self.run
    }

    /// Makes an attempt's group. What comes back stands before the attempt's argv: a shell that enters the group and
    /// becomes the program. To write the pid after the start would be too late for what it has forked by then, and a
    /// hook between fork and exec would cost every start its fast path.
    pub(super) fn enter(&self, session: &str, terminal: &str) -> std::io::Result<Vec<OsString>> {
        let folder = self.attempt(session, terminal);
        // With the run's own, which the warden of a dispatcher that was killed may just have removed.
        fs::create_dir_all(&folder)?;
        let script = r#"echo $$ >"$0" && exec "$@""#;
        let procs = folder.join("cgroup.procs").into_os_string();
        Ok(vec!["/bin/sh".into(), "-c".into(), script.into(), procs])
    }

    pub(super) fn attempt(&self, session: &str, terminal: &str) -> PathBuf {
        self.run.join(format!("{session}-{terminal}"))
    }

    /// The run has ended: its groups are empty.
    pub(super) fn remove(&self) {
        end(&self.run);
    }
}

/// Ends all that is in a group and below it, and removes it. Answers whether there was anything, and none is left now.
pub(super) fn end(folder: &Path) -> bool {
    if !folder.exists() {
        return false;
    }
    let any = is_populated(folder);
    let begun = Instant::now();
    while is_populated(folder) && begun.elapsed() < PATIENCE {
        let _ = fs::write(folder.join("cgroup.kill"), "1");
        std::thread::sleep(PAUSE);
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
    any
}

/// Ends what one dispatcher has left in the run's group. Another may be at work in it by now.
pub(super) fn end_session(run: &Path, session: &str) {
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_own = name.to_string_lossy().starts_with(&format!("{session}-"));
        if is_own && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            end(&entry.path());
        }
    }
    let _ = fs::remove_dir(run);
}

/// Ends what an earlier dispatcher has left of a run.
pub(super) fn fence(run_mark: &str) -> bool {
    let folders = candidates().into_iter();
    folders.fold(false, |any, parent| end(&parent.join(name(run_mark))) | any)
}

/// CPU time of all that is and was in a group.
pub(super) fn cpu_time(folder: &Path) -> Option<Duration> {
    let text = fs::read_to_string(folder.join("cpu.stat")).ok()?;
    let used = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))?;
    used.parse().ok().map(Duration::from_micros)
}

fn is_populated(folder: &Path) -> bool {
    let events = fs::read_to_string(folder.join("cgroup.events")).unwrap_or_default();
    events.lines().any(|line| line == "populated 1")
}

fn name(run_mark: &str) -> String {
    format!("orchestrate-{run_mark}")
}

/// Where groups may be made: below our own first, as a service manager delegates it, then at the top.
fn candidates() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let Some(mount) = mounts.lines().find_map(mount_point) else {
        return Vec::new();
    };
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let own = own.filter(|path| !path.is_empty() && !path.contains(".."));
    let mut folders: Vec<PathBuf> = own.map(|path| mount.join(path)).into_iter().collect();
    folders.push(mount);
    folders
}

/// Of a line of mountinfo, when it is a version 2 hierarchy.
fn mount_point(line: &str) -> Option<PathBuf> {
    let (mount, kind) = line.split_once(" - ")?;
    let is_v2 = kind.starts_with("cgroup2 ");
    let point = mount.split(' ').nth(4).filter(|_| is_v2)?;
    Some(PathBuf::from(point.replace("\\040", " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_2_hierarchy_is_known_by_its_type() {
        let line = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        assert_eq!(
            mount_point(line),
            Some(PathBuf::from("/sys/fs/cgroup/unified"))
        );
        let old = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu";
        assert_eq!(mount_point(old), None);
    }
}
