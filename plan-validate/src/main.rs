//! `plan-validate`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("plan-validate", plan_validate::run)
}
