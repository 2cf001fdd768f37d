//! `agent-dispatch`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("agent-dispatch", agent_dispatch::run)
}
