//! Edits to files that people keep, by the real program.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::run::{Call, program, skip};

/// A folder with a file in it.
struct Folder {
    temp: tempfile::TempDir,
}

impl Folder {
    fn with(name: &str, text: &str) -> (Folder, PathBuf) {
        let folder = Folder {
            temp: tempfile::tempdir().unwrap(),
        };
        let path = folder.temp.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.temp.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn call(command: &str, file: &Path, args: &[&str]) -> Call {
    let mut all = vec![command, file.to_str().unwrap()];
    all.extend(args);
    Call::of(&program(Path::new("none"), &all).output().unwrap())
}

#[track_caller]
fn done(command: &str, file: &Path, args: &[&str]) -> String {
    let call = call(command, file, args);
    assert_eq!((call.code, call.err.as_str()), (0, ""), "{call:?}");
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn several_edits_happen_together_or_not_at_all() {
    let (folder, file) = Folder::with("state.yaml", "phase: planning # now\nsteps: []\n");
    let args = ["phase=testing", "progress.done=3", "steps=[\"a\"]"];
    let before = done("set", &file, &args);
    assert_eq!(
        before,
        "phase: testing # now\nsteps:\n  - a\nprogress:\n  done: 3\n"
    );
    call("set", &file, &["phase=x", "steps/9=b", "/steps/9=b"]).refused(1, "/steps has 1 entries");
    call("delete", &file, &["steps", "nothing"]).refused(1, "there is nothing at /nothing");
    call("set", &file, &["phase=x", "--expect", "phase=planning"])
        .refused(1, "phase is \"testing\", expected \"planning\"");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(folder.names(), ["state.yaml"]);
    done("delete", &file, &["steps", "nothing", "--if-present"]);
    assert_eq!(
        call("get", &file, &[]).out,
        "{\"phase\":\"testing\",\"progress\":{\"done\":3}}\n"
    );
    assert_eq!(
        call("get", &file, &["phase", "/progress/done", "--raw"]).out,
        "testing\n3\n"
    );
    call("get", &file, &["phases"]).refused(1, "there is nothing at /phases");
}

#[test]
fn patches_are_those_of_the_standards() {
    let (_folder, file) =
        Folder::with("a.json", "{\n  \"a\": [1, 2],\n  \"b\": {\"c\": null}\n}\n");
    let with_stdin = |command: &str, text: Value| {
        let input = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(input.path(), text.to_string()).unwrap();
        call(command, &file, &[input.path().to_str().unwrap()])
    };
    let moves = json!([
        {"op": "test", "path": "/a/0", "value": 1.0},
        {"op": "add", "path": "/a/1", "value": "x"},
        {"op": "move", "from": "/a/0", "path": "/b/d"},
        {"op": "copy", "from": "/b", "path": "/a/-"},
        {"op": "replace", "path": "/b/c", "value": []},
    ]);
    assert_eq!(with_stdin("patch", moves).code, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        text,
        "{\n  \"a\": [\"x\", 2, {\"c\": null, \"d\": 1}],\n  \"b\": {\"c\": [], \"d\": 1}\n}\n"
    );
    let fails =
        json!([{"op": "remove", "path": "/b"}, {"op": "test", "path": "/a/0", "value": "y"}]);
    with_stdin("patch", fails).refused(1, "operation 1: /a/0 is \"x\", expected \"y\"");
    with_stdin("patch", json!({"a": 1})).refused(3, "not a JSON Patch");
    with_stdin("patch", json!([{"op": "put", "path": ""}])).refused(3, "no operation `put`");
    assert_eq!(
        with_stdin("merge", json!({"b": null, "e": {"f": null, "g": 1}})).code,
        0
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        text,
        "{\n  \"a\": [\"x\", 2, {\"c\": null, \"d\": 1}],\n  \"e\": {\n    \"g\": 1\n  }\n}\n"
    );
}

#[test]
fn a_dry_run_prints_a_diff_that_patch_takes() {
    let lines: String = (0..40)
        .map(|n| format!("k{n}: {n} # about {n}\n"))
        .collect();
    let (folder, file) = Folder::with("many.yaml", &lines);
    let args = ["k2=x", "k3=z", "k30={\"a\": 1}", "new=1", "--dry-run"];
    let dry = call("set", &file, &args);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(
        dry.out
            .contains("-k2: 2 # about 2\n-k3: 3 # about 3\n+k2: x # about 2\n+k3: z # about 3\n"),
        "{}",
        dry.out
    );
    assert_eq!(dry.out.matches("\n@@").count(), 3, "{}", dry.out);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);
    std::fs::write(folder.temp.path().join("diff"), &dry.out).unwrap();
    let copy = Folder::with("many.yaml", &lines);
    let mut patch = std::process::Command::new("patch");
    let patch = patch
        .arg("many.yaml")
        .stdin(std::fs::File::open(folder.temp.path().join("diff")).unwrap());
    let patched = patch.current_dir(copy.0.temp.path()).output().is_ok();
    let edited = done("set", &file, &args[..4]);
    assert_eq!(
        edited,
        lines
            .replace("k2: 2 ", "k2: x ")
            .replace("k3: 3 ", "k3: z ")
            .replace("k30: 30 # about 30\n", "k30: # about 30\n  a: 1\n")
            + "new: 1\n"
    );
    if patched {
        assert_eq!(std::fs::read_to_string(&copy.1).unwrap(), edited);
    } else {
        skip("there is no patch here to take the diff");
    }
}

#[test]
fn what_a_file_is_besides_its_text_stays() {
    let (folder, file) = Folder::with("a.toml", "\u{feff}a = 1\r\nb = 2\r\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.temp.path().join("link.toml");
    symlink("a.toml", &link).unwrap();
    let inode = std::fs::metadata(&file).unwrap().ino();
    done("set", &link, &["a=3"]);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "\u{feff}a = 3\r\nb = 2\r\n"
    );
    assert!(link.symlink_metadata().unwrap().is_symlink());
    let after = std::fs::metadata(&file).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_ne!(after.ino(), inode);
    // Nothing to change: nothing is written.
    let inode = after.ino();
    done("set", &link, &["a=3"]);
    assert_eq!(std::fs::metadata(&file).unwrap().ino(), inode);
    assert_eq!(folder.names(), ["a.toml", "link.toml"]);
}

#[test]
fn input_that_cannot_be_read_is_named_with_its_place() {
    for (name, text, message) in [
        (
            "a.json",
            "{\"a\": 1,\n \"a\": 2}",
            "a.json:2:2: the key `a` stands twice",
        ),
        ("a.json", "{\"a\": }", "a.json:1:7: not JSON"),
        ("a.yaml", "a: 1\nb: ]\n", "a.yaml:2:4"),
        (
            "a.yaml",
            "a: 1\n---\nb: 2\n",
            "a second document begins here",
        ),
        ("a.md", "---\na: [\n---\n", "a.md:"),
        ("a.toml", "a = \n", "not TOML"),
        ("a.txt", "a", "cannot tell the format of"),
    ] {
        let (_folder, file) = Folder::with(name, text);
        let call = call("set", &file, &["a=1"]);
        call.refused(if name == "a.txt" { 2 } else { 3 }, message);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
    let (folder, file) = Folder::with("a.json", "{}");
    call("set", &folder.temp.path().join("none.json"), &["a=1"]).refused(3, "cannot read");
    call("set", &file, &["a"]).refused(2, "write PATH=VALUE");
    call("set", &file, &["a=1.10"]).refused(2, "would be written as the number 1.1");
    assert_eq!(
        done("set", &file, &["a=1.10", "--string"]),
        "{\n  \"a\": \"1.10\"\n}"
    );
    call("set", &file, &["a=[1,"]).refused(2, "[1, is no JSON");
    std::fs::write(&file, b"\xff").unwrap();
    call("get", &file, &["a"]).refused(3, "not UTF-8 in line 1");
}

/// As many processes, each with so many edits; `STATE_EDIT_TORTURE=1` has the long version.
const SHORT: (usize, usize) = (8, 12);
const LONG: (usize, usize) = (64, 500);

#[test]
fn of_many_processes_on_one_file_no_edit_is_lost() {
    let (processes, edits) = if std::env::var_os("STATE_EDIT_TORTURE").is_some() {
        LONG
    } else {
        SHORT
    };
    let (folder, file) = Folder::with("counts.yaml", "# counted\nall: []\n");
    std::thread::scope(|scope| {
        for process in 0..processes {
            let file = &file;
            scope.spawn(move || {
                for edit in 0..edits {
                    let entry = format!("all={}", process * edits + edit);
                    assert_eq!(call("append", file, &[&entry]).code, 0);
                }
            });
        }
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# counted\nall:\n  - "), "{text}");
    let all: Value = serde_json::from_str(&call("get", &file, &["all"]).out).unwrap();
    let mut seen: Vec<u64> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    // Each process's edits are in its order.
    for process in 0..processes {
        let own: Vec<u64> = seen
            .iter()
            .copied()
            .filter(|n| *n as usize / edits == process)
            .collect();
        assert!(own.is_sorted(), "{own:?}");
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..(processes * edits) as u64).collect::<Vec<_>>());
    assert_eq!(folder.names(), ["counts.yaml"]);
}
