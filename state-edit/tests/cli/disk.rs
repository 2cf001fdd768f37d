//! Full and read-only disks: code 4, and nothing of what was there is lost.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Call, Run, program, skip};

/// A disk of 64 KiB, for who may mount one.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount(at: &Path) -> Option<Disk<'_>> {
        std::fs::create_dir(at).unwrap();
        run_quietly(
            "mount",
            &["-t", "tmpfs", "-o", "size=64k", "tmpfs", at.to_str()?],
        )
        .then_some(Disk(at))
    }

    fn remount(&self, mode: &str) {
        let mode = format!("remount,{mode}");
        assert!(run_quietly(
            "mount",
            &["-o", &mode, self.0.to_str().unwrap()]
        ));
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        run_quietly("umount", &[self.0.to_str().unwrap()]);
    }
}

fn run_quietly(name: &str, args: &[&str]) -> bool {
    Command::new(name)
        .args(args)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_and_a_read_only_one_take_nothing_away() {
    let run = Run::missing();
    let Some(disk) = Disk::mount(&run.dir) else {
        skip("mounting a small disk is not allowed here");
        return;
    };
    run.start(&["t1"]);
    let mut told = vec![1];
    let call = loop {
        let call = run.call(&["steer", "t1", &"x".repeat(3000)]);
        if call.code != 0 {
            break call;
        }
        told.push(call.record()["seq"].as_u64().unwrap());
        assert!(told.len() < 100);
    };
    call.refused(4, "cannot append to the journal");
    assert!(call.err.contains("No space left"), "{call:?}");

    // A stream of records: those that were told of are there, and no half of one.
    let lines: String = (0..400)
        .map(|n| format!("{{\"type\":\"note\",\"text\":\"{n}\"}}\n"))
        .collect();
    let call = run.with_stdin(&["record"], &lines);
    assert_eq!(call.code, 4, "{call:?}");
    told.extend(call.records().iter().map(|r| r["seq"].as_u64().unwrap()));
    let kept = run.call(&["log"]).records();
    let kept: Vec<u64> = kept.iter().map(|r| r["seq"].as_u64().unwrap()).collect();
    assert_eq!(kept, told);
    let call = run.call(&["verify"]);
    assert_eq!(call.code, 0, "{call:?}");

    disk.remount("ro");
    run.call(&["hold"]).refused(4, "cannot open");
    assert_eq!(run.value("/lastSeq"), *told.last().unwrap());
    assert_eq!(run.call(&["verify"]).code, 0);
    disk.remount("rw,size=1m");
    run.call(&["hold"]).record();
    run.assert_folded();
}

#[test]
fn a_directory_that_cannot_be_made_is_code_4() {
    let run = Run::of(&["t1"]);
    let file = run.dir.join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("run");
    let stdin = std::fs::File::open(file.parent().unwrap()).unwrap();
    let call = Call::of(&program(&below, &["record"]).stdin(stdin).output().unwrap());
    call.refused(3, "cannot read stdin");
    let note = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(note.path(), "{\"type\":\"note\",\"text\":\"a\"}\n").unwrap();
    let args = ["record", note.path().to_str().unwrap()];
    let call = Call::of(&program(&below, &args).output().unwrap());
    call.refused(4, "cannot open the run directory");
}
