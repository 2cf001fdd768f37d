//! `state-edit`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("state-edit", state_edit::run)
}
