//! Disks that have no room or may not be written: code 4, and nothing that was done is lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Sandbox, skip};

use crate::plan::{plan, task};

/// A small file system of its own, in a folder of the sandbox.
pub(crate) struct Tmpfs {
    folder: PathBuf,
}

impl Tmpfs {
    /// `None`, with a word about it, where this is not allowed.
    pub(crate) fn mount(sandbox: &Sandbox, size: &str, test: &str) -> Option<Tmpfs> {
        let folder = sandbox.path().join("small");
        std::fs::create_dir(&folder).expect("folders can be made in the sandbox");
        let tmpfs = Tmpfs { folder };
        let options = format!("size={size}");
        if !run(
            "mount",
            &["-t", "tmpfs", "-o", &options, "tmpfs"],
            &tmpfs.folder,
        ) {
            skip(test, "a tmpfs can only be mounted by root");
            return None;
        }
        Some(tmpfs)
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        assert!(run("mount", &["-o", &options], &self.folder));
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        run("umount", &["-l"], &self.folder);
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> bool {
    let mut command = Command::new(program);
    let output = command.args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

/// Eight tasks in a row, each of which tells a log outside of the run that it ran, and prints a good deal more than a page of the disk.
pub(crate) fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let log = sandbox.path().join("log");
    sandbox.env(
        "LOG",
        log.to_str().expect("temporary folders have plain names"),
    );
    let command = "echo $TASK_ID >>$LOG; seq 10000";
    let tasks = (1..=8).map(|n| {
        let before = format!("t{}", n - 1);
        let depends_on: &[&str] = if n > 1 { &[&before] } else { &[] };
        task(&format!("t{n}"), depends_on, command)
    });
    sandbox.write("plan.json", &plan(tasks));
    sandbox
}

pub(crate) const RUN: &str =
    "plan-validate --quiet plan.json | plan-schedule --quiet | agent-dispatch --dir small/run";

#[test]
fn a_disk_without_any_room_lets_nothing_begin() {
    let sandbox = prepared();
    let Some(_tmpfs) = Tmpfs::mount(&sandbox, "1m", "a disk without room") else {
        return;
    };
    // `head` says that it could not write everything, which was the intention.
    sandbox.sh("head -c 2M /dev/zero >small/filler 2>/dev/null");
    let ran = sandbox.sh(RUN).expect(4).says("No space left on device");
    assert_eq!(ran.stdout, "");
    assert_eq!(sandbox.read("log"), "");
    sandbox.sh("rm small/filler").expect(0);
    sandbox.sh(RUN).expect(0);
}

#[test]
fn a_read_only_run_directory_lets_nothing_begin() {
    let sandbox = prepared();
    let Some(tmpfs) = Tmpfs::mount(&sandbox, "1m", "a read-only run directory") else {
        return;
    };
    tmpfs.remount("ro");
    let ran = sandbox.sh(RUN).expect(4).says("small/run");
    assert_eq!(ran.stdout, "");
    assert_eq!(sandbox.read("log"), "");
    tmpfs.remount("rw");
    sandbox.sh(RUN).expect(0);
}

#[test]
fn a_run_directory_that_becomes_read_only_keeps_what_it_has() {
    let sandbox = prepared();
    let Some(tmpfs) = Tmpfs::mount(&sandbox, "1m", "a run directory that becomes read-only") else {
        return;
    };
    // A file that is open for writing keeps a file system from becoming read-only, so it is done between two runs.
    sandbox.sh("mkdir stop && sed 's/seq 10000/seq 10000; test $TASK_ID != t4/g' plan.json >stop/plan.json").expect(0);
    let first = RUN.replace("plan.json", "stop/plan.json") + " --retries 0";
    sandbox.sh(&first).expect(1);
    tmpfs.remount("ro");
    sandbox.sh(RUN).expect(4);
    sandbox
        .sh("state-edit --dir small/run show >/dev/null")
        .expect(0);
    tmpfs.remount("rw");
    sandbox.sh("state-edit --dir small/run verify").expect(0);
}
