//! Signals, as something that can be waited for beside input.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schemas::Failure;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGWINCH};

/// Those that end the program.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Signals that have come.
#[derive(Debug)]
pub(crate) struct Interrupts {
    wakes: UnixStream,
    came: Vec<(i32, Arc<AtomicBool>)>,
}

impl Interrupts {
    /// From here on, signals do not end the program by themselves.
    pub(crate) fn new() -> Result<Interrupts, Failure> {
        let failed =
            |error: std::io::Error| Failure::trouble("cannot wait for signals").because(&error);
        let (wakes, writes) = UnixStream::pair().map_err(failed)?;
        wakes.set_nonblocking(true).map_err(failed)?;
        let mut came = Vec::new();
        for signal in ENDING.into_iter().chain([SIGCHLD, SIGWINCH]) {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(failed)?;
            let writes = writes.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(signal, writes).map_err(failed)?;
            came.push((signal, flag));
        }
        Ok(Interrupts { wakes, came })
    }

    /// Readable when one has come.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.wakes.as_fd()
    }

    /// Those that have come since the last call.
    pub(crate) fn take(&mut self) -> Vec<i32> {
        let mut rest = [0; 64];
        while matches!(self.wakes.read(&mut rest), Ok(1..)) {}
        let came = self
            .came
            .iter()
            .filter(|(_, flag)| flag.swap(false, Ordering::AcqRel));
        came.map(|(signal, _)| *signal).collect()
    }
}

/// Whether it ends the program.
pub(crate) fn is_ending(signal: i32) -> bool {
    ENDING.contains(&signal)
}
