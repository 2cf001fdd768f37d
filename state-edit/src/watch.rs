//! Waiting for what others write to the journal.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use schemas::journal::JOURNAL;

/// Between two looks where the system tells nothing of changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// Between two looks where it does: it tells nothing of what other machines write to a common disk.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// A watch on a journal. What is written after it began ends the next wait.
pub(crate) struct Watch {
    told: Option<OwnedFd>,
}

impl Watch {
    pub(crate) fn on(dir: &Path) -> Watch {
        let told = told_of(&dir.join(JOURNAL));
        Watch { told }
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
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn told_of(path: &Path) -> Option<OwnedFd> {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let told = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
    add_watch(&told, path, WatchFlags::MODIFY).ok()?;
    Some(told)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn told_of(_: &Path) -> Option<OwnedFd> {
    None
}
