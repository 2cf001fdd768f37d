//! Processes of this machine, and of others as far as a lock names them.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// A process by all that tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// In clock ticks of its machine; `None` where the machine does not say.
    pub(crate) start: Option<String>,
    pub(crate) host: String,
}

impl Process {
    /// A process of this machine.
    pub(crate) fn here(pid: u32) -> Process {
        Process {
            pid,
            start: start_of(pid),
            host: host(),
        }
    }
}

/// This machine's name.
pub(crate) fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Whether a process of this machine lives.
pub(crate) fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Somebody else's process is alive, too.
    pid.is_some_and(|pid| matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM)))
}

/// When a process began, in clock ticks since the machine did.
pub(crate) fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before the last parenthesis may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_a_start_that_stays() {
        let me = Process::here(std::process::id());
        assert!(is_alive(me.pid) && me.start.is_some());
        assert_eq!(me, Process::here(me.pid));
        assert_ne!(me.start, start_of(1));
    }
}
