//! Where the programs are, built from the code as it is now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds all programs of the workspace, once per test process, and returns the folder that they are in.
///
/// Cargo builds the binaries of other packages only when those packages are tested too, and would otherwise let us
/// test stale ones without a word. `E2E_BIN=FOLDER` takes those that are there, installed ones for example.
pub fn bins() -> &'static Path {
    static BINS: OnceLock<PathBuf> = OnceLock::new();
    BINS.get_or_init(|| {
        if let Some(folder) = std::env::var_os("E2E_BIN") {
            let folder = std::fs::canonicalize(folder);
            return folder.expect("E2E_BIN names a folder");
        }
        let this = std::env::current_exe().expect("a test knows its own path");
        let bins = this
            .ancestors()
            .nth(2)
            .expect("tests are in deps/ beside the programs");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--workspace", "--bins", "--quiet"]);
        build.args((!cfg!(debug_assertions)).then_some("--release"));
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let status = build.status().expect("cargo can be started");
        assert!(status.success(), "the programs do not build");
        bins.to_owned()
    })
}
