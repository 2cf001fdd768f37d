//! The floor for any program that starts commands: `true`, so many times, so many at once, and nothing else. Each is
//! started with a pipe for its output (`posix_spawn`, no shell), read to the end, and waited for.
//!
//! `spawn-floor SLOTS TIMES`

use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let [slots, times] = numbers[..] else {
        return ends("usage: spawn-floor SLOTS TIMES", 2);
    };
    let Some(program) = find("true") else {
        return ends("spawn-floor: true is not in PATH", 4);
    };
    let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..slots {
            scope.spawn(|| {
                while begun.fetch_add(1, Ordering::Relaxed) < times {
                    ended.fetch_add(u64::from(start(&program)), Ordering::Relaxed);
                }
            });
        }
    });
    match ended.into_inner() == times {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn ends(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}

/// A bare name would cost the fast way to start a program.
fn find(name: &str) -> Option<std::path::PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn start(program: &std::path::Path) -> bool {
    let child = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let Ok(mut child) = child else { return false };
    let mut output = Vec::new();
    let read = child
        .stdout
        .take()
        .is_some_and(|mut pipe| pipe.read_to_end(&mut output).is_ok());
    child.wait().is_ok_and(|status| status.success()) && read
}
