//! Signs of life of agents that print nothing: CPU time of the whole tree, files that are written, and a log of the session
//! that grows.
//!
//! Many agents are silent until they end, and a watchdog that looks at output alone ends healthy ones.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::Incoming;
use super::contain;
use super::session_log::SessionLog;
use super::touched;
use crate::core::{Attempt, Event};

/// Looking is cheap, and need not be done more often.
const LOOK: Duration = Duration::from_secs(5);

/// A walk through the folder is not: only when nothing else moves.
const WALK: Duration = Duration::from_secs(30);

/// Of one core, from which on CPU time is a sign of life: a program that only waits uses less.
const SHARE: f64 = 0.05;

/// Whom to look after.
#[derive(Clone, Default)]
pub(super) struct Lives {
    watched: Arc<Mutex<BTreeMap<Attempt, Watched>>>,
}

/// An agent that is looked after.
#[derive(Debug)]
pub(super) struct Watched {
    pid: u32,
    cgroup: Option<PathBuf>,
    workspace: PathBuf,
    log: SessionLog,
    cpu: Duration,
    looked: Instant,
    walked: (Instant, SystemTime),
}

impl Watched {
    pub(super) fn new(
        pid: u32,
        cgroup: Option<PathBuf>,
        workspace: PathBuf,
        log: SessionLog,
    ) -> Watched {
        Watched {
            pid,
            cgroup,
            workspace,
            log,
            cpu: Duration::ZERO,
            looked: Instant::now(),
            walked: (Instant::now(), SystemTime::now()),
        }
    }

    fn lives(&mut self, walk: Duration) -> bool {
        let used = self.cgroup.as_deref().and_then(contain::cpu_time);
        let used = used.or_else(|| tree_time(self.pid)).unwrap_or_default();
        let since = self.looked.elapsed().as_secs_f64();
        // A process that has ended takes its time out of the sum of a tree.
        let works = used.saturating_sub(self.cpu).as_secs_f64() > since * SHARE;
        (self.cpu, self.looked) = (used, Instant::now());
        if works || self.walked.0.elapsed() < walk {
            return works;
        }
        let (_, last) = std::mem::replace(&mut self.walked, (Instant::now(), SystemTime::now()));
        !touched::since(&self.workspace, last).is_empty() || self.log.grew(last)
    }
}

impl Lives {
    pub(super) fn watch(&self, attempt: Attempt, watched: Watched) {
        self.lock().insert(attempt, watched);
    }

    /// Its session is known, and with it the name of its log.
    pub(super) fn know(&self, attempt: Attempt, session: &str) {
        if let Some(watched) = self.lock().get_mut(&attempt) {
            watched.log.know(session.to_owned());
        }
    }

    pub(super) fn forget(&self, attempt: Attempt) {
        self.lock().remove(&attempt);
    }

    /// Looks after all of them, as long as somebody listens. `patience` is the shortest silence that ends an attempt.
    pub(super) fn look(&self, patience: Duration, events: SyncSender<Incoming>) {
        let pause = LOOK.min(patience / 4).max(Duration::from_millis(100));
        let walk = WALK.min(patience / 2);
        let lives = self.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(pause);
                let alive: Vec<Attempt> = lives
                    .lock()
                    .iter_mut()
                    .filter_map(|(attempt, watched)| watched.lives(walk).then_some(*attempt))
                    .collect();
                for attempt in alive {
                    let event = Incoming::Event(Event::Alive { attempt });
                    if events.send(event).is_err() {
                        return;
                    }
                }
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Attempt, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CPU time of a process and all that descend from it, where the kernel tells.
pub(super) fn tree_time(leader: u32) -> Option<Duration> {
    let mut all: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let text = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        all.extend(parent_and_ticks(&text).map(|found| (pid, found)));
    }
    let mut family = vec![leader];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        next += 1;
        let children = all.iter().filter(|(_, (of, _))| *of == parent);
        family.extend(children.map(|(pid, _)| *pid));
    }
    let ticks: u64 = family
        .iter()
        .filter_map(|pid| all.get(pid))
        .map(|(_, ticks)| ticks)
        .sum();
    // A tick is a hundredth of a second wherever Linux runs.
    Some(Duration::from_millis(ticks * 10))
}

/// Of `/proc/PID/stat`: the parent, and the time in user and kernel mode with that of children that were waited for.
fn parent_and_ticks(stat: &str) -> Option<(u32, u64)> {
    // The name of the program may hold anything, also blanks and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>());
    let ticks = ticks.sum::<Result<u64, _>>().ok()?;
    Some((fields.get(1)?.parse().ok()?, ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194304 1 2 0 0 30 20 5 5 20 0 1 0 99 0 0";
        assert_eq!(parent_and_ticks(stat), Some((7, 60)));
        assert_eq!(parent_and_ticks("42 (x) S"), None);
    }
}
