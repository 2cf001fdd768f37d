//! Writers that are killed before any system call, and disks that refuse any of them: a file is the old one or the new one, a
//! journal has every record that was told of. What power that fails leaves is in `replay.rs`.
//!
//! `strace` does the killing and the refusing, and tells which calls there are.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Call, Run, skip};

const OLD: &str = "# kept\nphase: old\n";
const NEW: &str = "# kept\nphase: new\n";

pub(crate) fn strace() -> bool {
    let there = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        skip("there is no strace here that may trace");
    }
    there
}

/// The program under strace, with its options.
pub(crate) fn traced(dir: &Path, options: &[&str], args: &[&str]) -> Call {
    let mut command = Command::new("strace");
    command
        .args(options)
        .arg(env!("CARGO_BIN_EXE_state-edit"))
        .args(args)
        .env("ORCHESTRATE_DIR", dir)
        .env("USER", "me")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    Call::of(&command.output().unwrap())
}

/// One system call: its name, which one of that name, and its line.
struct Step {
    name: String,
    nth: usize,
    line: String,
}

/// The calls that a run of the program makes from the first that names the folder on.
fn steps(dir: &Path, folder: &Path, args: &[&str]) -> Vec<Step> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let path = log.path().to_str().unwrap();
    let call = traced(dir, &["-y", "-s", "1000000", "-o", path], args);
    assert_eq!(call.code, 0, "{call:?}");
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut steps = Vec::new();
    let text = std::fs::read_to_string(log.path()).unwrap();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('(') else {
            continue;
        };
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let nth = counts
            .entry(name.to_owned())
            .and_modify(|n| *n += 1)
            .or_insert(1);
        if !steps.is_empty()
            || line.contains(folder.to_str().unwrap()) && !line.starts_with("execve")
        {
            steps.push(Step {
                name: name.to_owned(),
                nth: *nth,
                line: line.to_owned(),
            });
        }
    }
    assert!(steps.len() > 10, "{text}");
    steps
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.reset();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("state.yaml")
    }

    fn reset(&self) {
        std::fs::write(self.file(), OLD).unwrap();
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn names(&self) -> usize {
        std::fs::read_dir(self.0.path()).unwrap().count()
    }
}

#[test]
fn a_writer_killed_before_any_system_call_leaves_the_old_file_or_the_new_one() {
    if !strace() {
        return;
    }
    let folder = Folder::new();
    let file = folder.file();
    let args = ["set", file.to_str().unwrap(), "phase=new"];
    let none = Path::new("none");
    let steps = steps(none, folder.0.path(), &args);
    let mut seen = [0; 2];
    for step in &steps {
        folder.reset();
        let inject = format!("inject={}:signal=SIGKILL:when={}", step.name, step.nth);
        traced(none, &["-o", "/dev/null", "-e", &inject], &args);
        let text = folder.text();
        assert!(
            text == OLD || text == NEW,
            "killed before {}: {text:?}",
            step.line
        );
        seen[usize::from(text == NEW)] += 1;
        // At most one file is left over, and the next edit takes it away.
        assert!(folder.names() <= 2, "killed before {}", step.line);
        let again = ["set", args[1], "phase=again"];
        assert_eq!(
            Call::of(&crate::run::program(none, &again).output().unwrap()).code,
            0
        );
        assert_eq!(
            (folder.text(), folder.names()),
            (NEW.replace("new", "again"), 1),
            "after {}",
            step.line
        );
    }
    assert!(seen[0] > 5 && seen[1] > 0, "{seen:?}");
}

#[test]
fn a_disk_that_refuses_any_system_call_leaves_the_old_file_or_says_so() {
    if !strace() {
        return;
    }
    let folder = Folder::new();
    let file = folder.file();
    let args = ["set", file.to_str().unwrap(), "phase=new"];
    let none = Path::new("none");
    let errors = |name: &str| match name {
        "openat" | "open" => vec!["ENOSPC", "EROFS", "EACCES", "EMFILE"],
        "write" | "pwrite64" => vec!["ENOSPC", "EDQUOT", "EIO"],
        "fsync" | "fdatasync" => vec!["EIO", "ENOSPC"],
        "rename" | "renameat" | "renameat2" => vec!["EACCES", "EROFS", "ENOSPC"],
        "fchmod" | "chmod" | "fchown" | "flock" => vec!["EPERM"],
        _ => vec![],
    };
    let mut refused = 0;
    for step in steps(none, folder.0.path(), &args) {
        for error in errors(&step.name) {
            folder.reset();
            let inject = format!("inject={}:error={error}:when={}", step.name, step.nth);
            let call = traced(none, &["-o", "/dev/null", "-e", &inject], &args);
            let text = folder.text();
            // The last sync, that of the folder, comes when the new file has its name already: it is told all the same.
            let renamed = text == NEW && step.name == "fsync";
            assert!(
                text == OLD || renamed || call.code == 0,
                "{error} of {}: {text:?}",
                step.line
            );
            assert!(
                call.code == 0 || matches!(call.code, 3 | 4) && !call.err.is_empty(),
                "{error} of {}: {call:?}",
                step.line
            );
            assert!(
                call.code != 0 || text == NEW,
                "{error} of {}: {call:?}",
                step.line
            );
            assert_eq!(folder.names(), 1, "{error} of {}", step.line);
            refused += usize::from(call.code != 0);
        }
    }
    assert!(refused > 8, "{refused}");
}

#[test]
fn a_journal_has_what_was_told_whenever_its_writer_is_killed() {
    if !strace() {
        return;
    }
    let run = Run::of(&["t1"]);
    let journal = run.dir.join("journal.ndjson");
    let before = std::fs::read(&journal).unwrap();
    let saved = std::fs::read(run.dir.join("state.json")).unwrap();
    let reset = || {
        for entry in std::fs::read_dir(&run.dir).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&journal, &before).unwrap();
        std::fs::write(run.dir.join("state.json"), &saved).unwrap();
    };
    let args = ["steer", "t1", "go on"];
    let steps = steps(&run.dir, &run.dir, &args);
    for step in &steps {
        reset();
        let inject = format!("inject={}:signal=SIGKILL:when={}", step.name, step.nth);
        let call = traced(&run.dir, &["-o", "/dev/null", "-e", &inject], &args);
        let records = run.call(&["log"]).records().len();
        assert!(records == 1 || records == 2, "killed before {}", step.line);
        assert!(
            call.out.is_empty() || records == 2,
            "killed before {}",
            step.line
        );
        assert_eq!(run.call(&["verify"]).code, 0, "killed before {}", step.line);
        assert_eq!(run.call(&["hold"]).code, 0, "after {}", step.line);
    }
}

#[test]
fn a_journal_is_the_old_one_or_the_new_one_whenever_its_compaction_is_killed() {
    if !strace() {
        return;
    }
    let whole = Run::missing();
    let notes: Vec<_> = (1..=3)
        .map(|n| serde_json::json!({"type": "note", "text": format!("note {n}")}))
        .collect();
    whole.record(&notes);
    let before = whole.call(&["log"]).out;
    let fresh = || {
        let run = Run::missing();
        std::fs::create_dir(&run.dir).unwrap();
        for entry in std::fs::read_dir(&whole.dir).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), run.dir.join(entry.file_name())).unwrap();
        }
        run
    };
    let run = fresh();
    let mut compacted = 0;
    for step in steps(&run.dir, &run.dir, &["compact"]) {
        let run = fresh();
        let inject = format!("inject={}:signal=SIGKILL:when={}", step.name, step.nth);
        traced(&run.dir, &["-o", "/dev/null", "-e", &inject], &["compact"]);
        assert_eq!(
            run.call(&["log"]).out,
            before,
            "killed before {}",
            step.line
        );
        assert_eq!(run.call(&["verify"]).code, 0, "killed before {}", step.line);
        let journal = std::fs::read_to_string(run.dir.join("journal.ndjson")).unwrap();
        compacted += usize::from(journal.contains("compacted"));
        assert_eq!(run.call(&["hold"]).record()["seq"], 4);
        assert_eq!(run.call(&["compact"]).code, 0, "after {}", step.line);
        assert_eq!(run.call(&["log"]).out.lines().count(), 4);
        assert_eq!(run.call(&["verify"]).code, 0, "after {}", step.line);
    }
    assert!(compacted > 0);
}
