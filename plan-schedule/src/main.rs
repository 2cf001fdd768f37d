//! `plan-schedule`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("plan-schedule", plan_schedule::run)
}
