//! `marker-watch`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    schemas::program::run("marker-watch", marker_watch::run)
}
