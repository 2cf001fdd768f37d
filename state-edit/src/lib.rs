//! state-edit.

use schemas::{Console, Exit, Failure};

/// Runs the program.
pub fn run(_console: &mut Console) -> Result<Exit, Failure> {
    Ok(Exit::Yes)
}
