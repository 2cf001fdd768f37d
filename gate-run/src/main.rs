//! `gate-run`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("gate-run", gate_run::run)
}
