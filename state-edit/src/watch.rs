//! Waiting for what others write to the journal.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use schemas::journal::JOURNAL;

/// Between two looks where the system tells nothing of changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// Between two looks where it does: it tells nothing of what other machines write to a common disk.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// A watch on a journal. What is written after it began ends the next wait.
pub(crate) struct Watch {
    path: PathBuf,
    told: Option<OwnedFd>,
}

impl Watch {
    pub(crate) fn on(dir: &Path) -> Watch {
        let path = dir.join(JOURNAL);
        let told = told_of(&path);
        Watch { path, told }
    }

    /// Waits for a change, at most so long; says whether stdout still has a reader.
    pub(crate) fn wait(&self, longest: Option<Duration>) -> bool {
        let interval = if self.told.is_some() {
            ELSEWHERE
        } else {
            INTERVAL
        };
        let longest = longest.map_or(interval, |longest| longest.min(interval));
        let timeout = Timespec {
            tv_sec: longest.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let stdout = std::io::stdout();
        let mut fds = vec![PollFd::new(&stdout, PollFlags::empty())];
        fds.extend(
            self.told
                .iter()
                .map(|told| PollFd::new(told, PollFlags::IN)),
        );
        if poll(&mut fds, Some(&timeout)).is_err() {
            return true;
        }
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        let stays = !fds[0].revents().intersects(gone);
        self.forget();
        stays
    }

    /// Takes in what was told, so that the next wait is for what comes.
    fn forget(&self) {
        let mut buffer = [0; 4096];
        while let Some(told) = &self.told
            && rustix::io::read(told, &mut buffer).is_ok_and(|size| size > 0)
        {}
        // Compacting gives the name to another file. Before the next look, so that what is written to it meanwhile is seen.
        if let Some(told) = &self.told {
            follow(told, &self.path);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn told_of(path: &Path) -> Option<OwnedFd> {
    use rustix::fs::inotify::{CreateFlags, init};
    let told = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
    follow(&told, path).then_some(told)
}

/// A file that loses its name has its attributes changed: it has one link less.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn follow(told: &OwnedFd, path: &Path) -> bool {
    use rustix::fs::inotify::{WatchFlags, add_watch};
    add_watch(told, path, WatchFlags::MODIFY | WatchFlags::ATTRIB).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn told_of(_: &Path) -> Option<OwnedFd> {
    None
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn follow(_: &OwnedFd, _: &Path) -> bool {
    false
}
