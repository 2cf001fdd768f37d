//! Every console block of every README does what it says.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Sandbox, console};

#[test]
fn the_project() {
    check("README.md");
}

#[test]
fn schemas() {
    check("schemas/README.md");
}

#[test]
fn plan_validate() {
    check("plan-validate/README.md");
}

#[test]
fn plan_schedule() {
    check("plan-schedule/README.md");
}

#[test]
fn agent_dispatch() {
    check("agent-dispatch/README.md");
}

#[test]
fn marker_watch() {
    check("marker-watch/README.md");
}

#[test]
fn gate_run() {
    check("gate-run/README.md");
}

#[test]
fn state_edit() {
    check("state-edit/README.md");
}

#[test]
fn the_scripts() {
    check("scripts/README.md");
}

#[test]
fn the_tests() {
    check("tests/README.md");
}

#[test]
fn every_folder_at_the_top_has_a_manual_that_is_checked_here() {
    let mut missing = Vec::new();
    let this = include_str!("docs.rs");
    for entry in std::fs::read_dir(root()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().join("Cargo.toml").exists()
            && !this.contains(&format!("check(\"{name}/README.md\")"))
        {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the blocks of one README, each in a folder of its own, and tells all that is not as promised.
fn check(readme: &str) {
    let path = root().join(readme);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{readme}: {e}"));
    let mut wrong = String::new();
    for block in console::blocks(&text) {
        let sandbox = Sandbox::new();
        match path.parent() {
            // Scripts are started from the top, as the project's own README does.
            _ if readme == "README.md" || readme == "scripts/README.md" => {
                link_everything(&sandbox);
            }
            Some(folder) => copy(&folder.join("examples"), &sandbox),
            None => {}
        }
        for step in &block {
            let ran = sandbox.merged(&step.command);
            if let Some(difference) = step.difference(&ran.stdout, ran.code) {
                wrong.push_str(&format!("{readme}:{}\n{difference}\n", step.line));
            }
        }
    }
    assert!(wrong.is_empty(), "not as promised:\n\n{wrong}");
}

/// A program's manual is read with its examples at hand.
fn copy(examples: &Path, sandbox: &Sandbox) {
    if examples.exists() {
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(examples.join(".")).arg(sandbox.path());
        assert!(copy.status().is_ok_and(|status| status.success()));
    }
}

/// The project's own README and that of the scripts are read at its top: everything is where it is there, and what is written stays here.
fn link_everything(sandbox: &Sandbox) {
    let entries = std::fs::read_dir(root()).expect("the project has a folder");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && name != "target" {
            symlink(entry.path(), sandbox.path().join(name)).expect("links can be made");
        }
    }
}
