//! Processes by the mark in their environment.

use std::time::Instant;

use rustix::process::{Pid, Signal};

use super::{MARK, PATIENCE, PAUSE, group_of};

/// SIGKILL to everything that carries a mark that begins so (or is it), until nothing is left.
pub(super) fn end_marked(mark: &str, exact: bool) -> bool {
    let begun = Instant::now();
    let mut any = false;
    loop {
        let found = marked(mark, exact);
        if found.is_empty() || begun.elapsed() > PATIENCE {
            return any;
        }
        any = true;
        for pid in found {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Live processes whose environment carries the mark. A zombie has no environment any more.
fn marked(mark: &str, exact: bool) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id();
    let carries = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| {
            let value = entry
                .strip_prefix(MARK.as_bytes())
                .and_then(|rest| rest.strip_prefix(b"="));
            value.is_some_and(|value| {
                value.split(|byte| *byte == b':').any(|part| {
                    if exact {
                        part == mark.as_bytes()
                    } else {
                        part.starts_with(mark.as_bytes())
                    }
                })
            })
        })
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .filter(carries)
        .filter_map(group_of)
        .collect()
}
