//! Processes of a test, found by a mark in their environment: groups and sessions can be left, an environment is
//! inherited by whatever is started.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A value that only the processes of one sandbox carry.
#[derive(Debug, Clone)]
pub struct Marked {
    entry: Vec<u8>,
}

impl Marked {
    /// The name of the variable.
    pub const NAME: &str = "E2E_MARK";

    /// Processes with this value.
    pub fn new(value: &str) -> Marked {
        Marked {
            entry: format!("{}={value}", Marked::NAME).into_bytes(),
        }
    }

    /// Those alive now, each with its command line. None where there is no /proc.
    pub fn alive(&self) -> Vec<(i32, String)> {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let mut alive = Vec::new();
        for process in processes.flatten() {
            let Some(pid) = process.file_name().to_str().and_then(|n| n.parse().ok()) else {
                continue;
            };
            // A zombie has no environment any more, so what is found here runs.
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            if environment.split(|b| *b == 0).any(|e| e == self.entry) {
                let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                alive.push((pid, line.trim().to_owned()));
            }
        }
        alive
    }

    /// Ends what is alive, by pid, until nothing is.
    pub fn kill(&self) {
        until(Duration::from_secs(10), || {
            let alive = self.alive();
            for (pid, _) in &alive {
                if let Some(pid) = Pid::from_raw(*pid) {
                    // It may have ended by itself meanwhile.
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            alive.is_empty()
        });
    }
}

/// Looks again and again until `holds`, at most for `limit`. Says whether it came to hold.
pub fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
