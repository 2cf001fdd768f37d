//! The pipe that an attempt prints to, read by the thread that waits for the attempt: its exit and its output's end are two
//! events, and either may come first. What keeps the pipe open after the exit is ended, and then its output ends too.

use std::io::{PipeReader, Read};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::waiter::{GIVE_UP, LEAK, Waiter};

/// More than any pipe holds: who prints so much after the sweep was not ended by it.
const PIPE: usize = 1 << 20;

/// Reads until nobody holds the other end any more.
pub(super) struct Outlet<'a> {
    pipe: PipeReader,
    process: &'a mut Child,
    waiter: &'a mut Waiter,
    /// Readable when the process has exited; gone when that is known.
    exit: Option<OwnedFd>,
    /// Since the exit, or since what held the pipe was ended.
    since: Instant,
    swept: bool,
    /// Bytes read since the sweep.
    rest: usize,
}

impl Outlet<'_> {
    pub(super) fn new<'a>(
        pipe: PipeReader,
        process: &'a mut Child,
        waiter: &'a mut Waiter,
    ) -> std::io::Result<Outlet<'a>> {
        Ok(Outlet {
            pipe,
            exit: Some(exit(waiter.process.pid)?),
            process,
            waiter,
            since: Instant::now(),
            swept: false,
            rest: 0,
        })
    }

    /// Waits until there is something to read; answers whether there ever will be.
    fn waits(&mut self) -> std::io::Result<bool> {
        loop {
            let left = match (&self.exit, self.swept) {
                (Some(_), _) => None,
                (None, false) => Some(LEAK.saturating_sub(self.since.elapsed())),
                (None, true) => Some(GIVE_UP.saturating_sub(self.since.elapsed())),
            };
            let (readable, exited) = match wait(&self.pipe, self.exit.as_ref(), left) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            if exited {
                self.exit = None;
                let status = self.process.wait();
                self.waiter.exited(status.ok());
                self.since = Instant::now();
            }
            // Who goes on printing is not waited for any longer than who only holds the pipe.
            let in_time = left != Some(Duration::ZERO);
            if readable && in_time {
                return Ok(true);
            }
            if self.swept {
                return Ok(readable && self.rest < PIPE);
            }
            if !exited {
                self.waiter.sweep(!readable);
                (self.swept, self.since) = (true, Instant::now());
            }
        }
    }
}

impl Read for Outlet<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.waits()? {
            return Ok(0);
        }
        let size = self.pipe.read(buffer)?;
        if self.swept {
            self.rest += size;
        }
        Ok(size)
    }
}

/// Whether there is something to read, and whether it has exited; neither when the time is over.
fn wait(
    pipe: &PipeReader,
    exit: Option<&OwnedFd>,
    left: Option<Duration>,
) -> rustix::io::Result<(bool, bool)> {
    let timeout = left.map(|left| Timespec::try_from(left).unwrap_or_default());
    let pipe = PollFd::new(pipe, PollFlags::IN);
    // The pipe twice where there is nothing else to wait for: one shape of the call is enough.
    let other = exit.map_or_else(|| pipe.clone(), |exit| PollFd::new(exit, PollFlags::IN));
    let mut fds = [pipe, other];
    poll(&mut fds, timeout.as_ref())?;
    let [pipe, other] = fds.map(|fd| !fd.revents().is_empty());
    Ok((pipe, other && exit.is_some()))
}

#[cfg(target_os = "linux")]
fn exit(pid: u32) -> std::io::Result<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(std::io::ErrorKind::NotFound)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Where the kernel has no handle of a process, a thread waits for it, without taking its status.
#[cfg(not(target_os = "linux"))]
fn exit(pid: u32) -> std::io::Result<OwnedFd> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(std::io::ErrorKind::NotFound)?;
    let (reader, writer) = std::io::pipe()?;
    std::thread::spawn(move || {
        let _ = waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        drop(writer);
    });
    Ok(OwnedFd::from(reader))
}
