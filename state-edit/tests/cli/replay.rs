//! Power that fails: the system calls of an edit are recorded, every state that a disk may be in after any of them is made as
//! a real folder, and the program is tried on it.
//!
//! What was not synced may be there or not, in any order: each entry of a folder by itself, and of what was written nothing,
//! all, a part, or zeros. A file's sync makes its bytes durable, and only the sync of its folder its name.

mod disk;
mod recording;

use std::path::Path;

use serde_json::json;

use crate::crash::strace;
use crate::run::{Call, Run, program};
use recording::{Op, Recording, record};

/// Makes every folder that may be found and looks at it with the program, until something is wrong. Answers how many there are.
fn replay(
    recording: &Recording,
    look: impl Fn(&Path, bool) -> Result<(), String>,
) -> Result<usize, String> {
    let states = recording.found();
    for (found, told) in &states {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in found {
            match text {
                Some(text) => std::fs::write(folder.path().join(path), text).unwrap(),
                None => std::fs::create_dir(folder.path().join(path)).unwrap(),
            }
        }
        if let Err(what) = look(folder.path(), *told) {
            let sizes: Vec<_> = found
                .iter()
                .map(|(path, text)| (path, text.as_ref().map(Vec::len)))
                .collect();
            return Err(format!("{what}\n  found (told: {told}): {sizes:?}"));
        }
    }
    Ok(states.len())
}

/// Nothing is wrong with any folder that may be found; and without a sync of that kind something would be.
#[track_caller]
fn check(
    mut recording: Recording,
    least: usize,
    needed: &[fn(&Op) -> bool],
    look: impl Fn(&Path, bool) -> Result<(), String>,
) {
    match replay(&recording, &look) {
        Ok(count) => assert!(count >= least, "only {count} states"),
        Err(what) => panic!("{what}"),
    }
    let ops = recording.ops.clone();
    for (nth, is_needed) in needed.iter().enumerate() {
        recording.ops = ops.iter().filter(|op| !is_needed(op)).cloned().collect();
        assert!(recording.ops.len() < ops.len(), "sync {nth} is not there");
        let found = replay(&recording, &look);
        assert!(found.is_err(), "without sync {nth} nothing is wrong");
    }
}

const FILE: fn(&Op) -> bool = |op| matches!(op, Op::Sync(_));
const FOLDER: fn(&Op) -> bool = |op| matches!(op, Op::SyncFolder(_));

fn call(dir: &Path, args: &[&str]) -> Call {
    Call::of(&program(dir, args).output().unwrap())
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

#[test]
fn a_file_is_the_old_one_or_the_new_one() {
    if !strace() {
        return;
    }
    const OLD: &str = "# kept\nphase: old\n";
    const NEW: &str = "# kept\nphase: new\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.yaml");
    std::fs::write(&file, OLD).unwrap();
    let none = Path::new("none");
    let args = ["set", file.to_str().unwrap(), "phase=new"];
    let recording = record(folder.path(), none, &args);
    check(recording, 4, &[FILE, FOLDER], |folder, told| {
        let file = folder.join("state.yaml");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        ensure(text == NEW || text == OLD && !told, || format!("{text:?}"))?;
        let again = call(none, &["set", file.to_str().unwrap(), "phase=again"]);
        ensure(again.code == 0, || format!("{again:?}"))?;
        let names = std::fs::read_dir(folder).unwrap().count();
        ensure(names == 1, || format!("{names} files are left"))
    });
}

/// The records, when the journal is whole and goes on.
fn records(dir: &Path) -> Result<String, String> {
    let (log, verify) = (call(dir, &["log"]), call(dir, &["verify"]));
    ensure(log.code == 0, || format!("{log:?}"))?;
    ensure(verify.code == 0, || format!("{verify:?}"))?;
    let next = call(dir, &["decision", "log", "go on"]);
    ensure(next.code == 0, || format!("{next:?}"))?;
    Ok(log.out)
}

#[test]
fn a_journal_has_what_was_told() {
    if !strace() {
        return;
    }
    let run = Run::of(&["t1"]);
    let folder = run.dir.parent().unwrap().canonicalize().unwrap();
    let recording = record(&folder, &folder.join("run"), &["steer", "t1", "go on"]);
    check(recording, 10, &[FILE], |folder, told| {
        let log = records(&folder.join("run"))?;
        let count = log.lines().count();
        ensure(count == 2 || count == 1 && !told, || log)
    });
}

#[test]
fn a_journal_that_begins_is_there_when_it_was_told() {
    if !strace() {
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap();
    let args = ["lock", "acquire", "m1", "--owner", "a"];
    let recording = record(&folder, &folder.join("run"), &args);
    check(recording, 20, &[FILE, FOLDER], |folder, told| {
        let dir = folder.join("run");
        let acquired = call(&dir, &args);
        let fresh = acquired.code == 0;
        let held = acquired.code == 1 && acquired.err.contains("a has the lock m1");
        ensure(held || fresh && !told, || format!("{acquired:?}"))?;
        records(&dir).map(drop)
    });
}

#[test]
fn a_journal_is_the_old_one_or_the_compacted_one() {
    if !strace() {
        return;
    }
    let run = Run::missing();
    let notes: Vec<_> = (1..=3)
        .map(|n| json!({"type": "note", "text": format!("note {n}")}))
        .collect();
    run.record(&notes);
    let before = run.call(&["log"]).out;
    let folder = run.dir.parent().unwrap().canonicalize().unwrap();
    let recording = record(&folder, &folder.join("run"), &["compact"]);
    check(recording, 20, &[FILE, FOLDER], |folder, _| {
        let dir = folder.join("run");
        let log = records(&dir)?;
        ensure(log == before, || log)?;
        let again = call(&dir, &["compact"]);
        ensure(again.code == 0, || format!("{again:?}"))?;
        let log = call(&dir, &["log"]).out;
        ensure(log.starts_with(&before), || log)
    });
}
