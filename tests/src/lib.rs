//! What the end-to-end tests stand on: the programs as they are built now, a folder of one's own to run them in, and
//! the proof that nothing of it is left afterwards.

mod bins;
pub mod console;
pub mod model;
mod processes;
mod sandbox;

pub use bins::bins;
pub use processes::{Marked, until};
pub use sandbox::{Ran, Running, Sandbox};

/// Says that this machine cannot run a test. `scripts/test` counts it as skipped, so that it is not taken for a pass.
pub fn skip(test: &str, reason: &str) {
    use std::io::Write;
    let line = format!("{test}: {reason}\n");
    let _ = std::io::stderr().write_all(format!("skipped: {line}").as_bytes());
    if let Some(path) = std::env::var_os("SKIPPED_FILE")
        && let Ok(mut file) = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
    {
        let _ = file.write_all(line.as_bytes());
    }
}
