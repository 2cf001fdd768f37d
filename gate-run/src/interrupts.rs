//! The signals that end gate-run, for everybody who waits in `poll`.

use std::io::{self, PipeReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Tells of the first signal and of the second: the latter asks for an end at once.
#[derive(Debug)]
pub(crate) struct Interrupts {
    /// The first signal that came; 0: none.
    signal: Arc<AtomicI32>,
    /// Each hangs up when its signal has come, and stays so: whoever looks later sees it as well.
    pipes: [PipeReader; 2],
}

impl Interrupts {
    /// Listens for the signals from here on.
    pub(crate) fn listen() -> io::Result<Interrupts> {
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let ((first, to_first), (second, to_second)) = (io::pipe()?, io::pipe()?);
        let signal = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&signal);
        thread::Builder::new().spawn(move || {
            let mut ends = vec![to_second, to_first];
            for signal in signals.forever() {
                let _ = seen.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                ends.pop();
            }
        })?;
        Ok(Interrupts {
            signal,
            pipes: [first, second],
        })
    }

    /// The signal that wants all of this to end.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// What hangs up when the next signal comes, after so many; `None`: no further one matters.
    pub(crate) fn after(&self, seen: usize) -> Option<&PipeReader> {
        self.pipes.get(seen)
    }

    /// Waits; `true` when a signal came before the time was over.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let until = Instant::now().checked_add(time);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let mut polled = [PollFd::new(&self.pipes[0], PollFlags::IN)];
            match poll(&mut polled, left.map(timespec).as_ref()) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return self.signal().is_some(),
            }
        }
    }
}

/// A time as `poll` takes it.
pub(crate) fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
