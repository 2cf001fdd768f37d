//! Signs of life of agents that print nothing: CPU time of the whole tree, files that are written, and a log of the session
//! that grows.
//!
//! Many agents are silent until they end, and a watchdog that looks at output alone ends healthy ones.

use std::cell::LazyCell;
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

/// Whom to look after. Never locked while somebody is looked at, which may take long: the loop must not wait for it.
#[derive(Clone, Default)]
pub(super) struct Lives {
    watched: Arc<Mutex<BTreeMap<Attempt, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    /// Absent while it is looked at.
    watched: Option<Watched>,
    /// Its session has become known since.
    session: Option<String>,
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

    fn lives(&mut self, walk: Duration, processes: &LazyCell<Processes>) -> bool {
        let group = self.cgroup.as_deref().and_then(contain::cpu_time);
        let (used, now) = match group {
            Some(used) => (used, Instant::now()),
            None => (processes.tree_time(self.pid), processes.seen),
        };
        let since = now.saturating_duration_since(self.looked).as_secs_f64();
        // A process that has ended takes its time out of the sum of a tree.
        let works = used.saturating_sub(self.cpu).as_secs_f64() > since * SHARE;
        (self.cpu, self.looked) = (used, now);
        if works || self.walked.0.elapsed() < walk {
            return works;
        }
        let (_, last) = std::mem::replace(&mut self.walked, (Instant::now(), SystemTime::now()));
        !touched::since(&self.workspace, last).is_empty() || self.log.grew(last)
    }
}

impl Lives {
    pub(super) fn watch(&self, attempt: Attempt, watched: Watched) {
        let entry = Entry {
            watched: Some(watched),
            session: None,
        };
        self.lock().insert(attempt, entry);
    }

    /// Its session is known, and with it the name of its log.
    pub(super) fn know(&self, attempt: Attempt, session: &str) {
        if let Some(entry) = self.lock().get_mut(&attempt) {
            entry.session = Some(session.to_owned());
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
                // Read once for all of them, and only when one has no group that tells.
                let processes = LazyCell::new(Processes::read as fn() -> Processes);
                let attempts: Vec<Attempt> = lives.lock().keys().copied().collect();
                for attempt in attempts {
                    let Some(mut watched) = lives.take(attempt) else {
                        continue;
                    };
                    let is_alive = watched.lives(walk, &processes);
                    lives.put_back(attempt, watched);
                    let event = Incoming::Event(Event::Alive { attempt });
                    if is_alive && events.send(event).is_err() {
                        return;
                    }
                }
            }
        });
    }

    fn take(&self, attempt: Attempt) -> Option<Watched> {
        let mut lives = self.lock();
        let entry = lives.get_mut(&attempt)?;
        let mut watched = entry.watched.take()?;
        if let Some(session) = entry.session.take() {
            watched.log.know(session);
        }
        Some(watched)
    }

    /// It may be over meanwhile.
    fn put_back(&self, attempt: Attempt, watched: Watched) {
        if let Some(entry) = self.lock().get_mut(&attempt) {
            entry.watched = Some(watched);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Attempt, Entry>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CPU time of a process and all that descend from it, where the kernel tells.
pub(super) fn tree_time(leader: u32) -> Duration {
    Processes::read().tree_time(leader)
}

/// All processes at one moment: parent and time of each.
struct Processes {
    seen: Instant,
    known: BTreeMap<u32, (u32, u64)>,
}

impl Processes {
    fn read() -> Processes {
        let mut known = BTreeMap::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let text = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            known.extend(parent_and_ticks(&text).map(|found| (pid, found)));
        }
        Processes {
            seen: Instant::now(),
            known,
        }
    }

    fn tree_time(&self, leader: u32) -> Duration {
        let mut family = vec![leader];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            next += 1;
            let children = self.known.iter().filter(|(_, (of, _))| *of == parent);
            family.extend(children.map(|(pid, _)| *pid));
        }
        let times = family.iter().filter_map(|pid| self.known.get(pid));
        let ticks: u64 = times.map(|(_, ticks)| ticks).sum();
        // A tick is a hundredth of a second wherever Linux runs.
        Duration::from_millis(ticks * 10)
    }
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
    #[test]
    fn the_loop_goes_on_while_somebody_is_looked_at() {
        let (lives, attempt) = (Lives::default(), Attempt { task: 0, number: 1 });
        let log = SessionLog::new(&[], |_| None);
        lives.watch(attempt, Watched::new(1, None, PathBuf::new(), log));
        let looked_at = lives.take(attempt).unwrap();
        assert!(lives.take(attempt).is_none());
        lives.know(attempt, "0a1b2c3d");
        lives.put_back(attempt, looked_at);
        let looked_at = lives.take(attempt).unwrap();
        lives.forget(attempt);
        lives.put_back(attempt, looked_at);
        assert!(lives.lock().is_empty(), "it does not come back");
    }
}
