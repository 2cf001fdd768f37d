//! agent-dispatch.

#[cfg_attr(not(test), expect(dead_code, reason = "wired in the next step"))]
mod core;

use schemas::{Console, Exit, Failure};

/// Runs the program.
pub fn run(_console: &mut Console) -> Result<Exit, Failure> {
    Ok(Exit::Yes)
}
