//! Power that fails: the system calls of an edit are recorded, every state that a disk may be in after any of them is made as
//! a real folder, and the program is tried on it.
//!
//! What was not synced may be there or not, in any order: each entry of a folder by itself, and of what was written nothing,
//! all, a part, or zeros. A file's sync makes its bytes durable, and only the sync of its folder its name.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::crash::{strace, traced};
use crate::run::{Call, Run, program};

/// Of a file, by the order in which they were seen.
type Id = usize;

/// What a system call does to the disk.
#[derive(Debug, Clone)]
enum Op {
    Name(PathBuf, Id),
    Rename(PathBuf, PathBuf, Id),
    Remove(PathBuf),
    Folder(PathBuf),
    Write(Id, Vec<u8>),
    Cut(Id, usize),
    Sync(Id),
    SyncFolder(PathBuf),
    /// Somebody hears that it is done.
    Told,
}

/// A folder as it is found after the power has come back. `None` is a folder.
type Found = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What a call did to a folder.
struct Recording {
    names: BTreeMap<PathBuf, Id>,
    before: Found,
    /// As they were before, and empty for new ones.
    files: Vec<Vec<u8>>,
    ops: Vec<Op>,
}

/// Runs the program, and notes what it does under the folder.
fn record(folder: &Path, dir: &Path, args: &[&str]) -> Recording {
    let mut before = Found::new();
    find(folder, folder, &mut before);
    let mut recording = Recording {
        names: BTreeMap::new(),
        files: Vec::new(),
        ops: Vec::new(),
        before,
    };
    for (path, text) in &recording.before {
        if let Some(text) = text {
            recording.names.insert(path.clone(), recording.files.len());
            recording.files.push(text.clone());
        }
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    let options = ["-xx", "-s", "10000000", "-o", log.path().to_str().unwrap()];
    let call = traced(dir, &options, args);
    assert_eq!(call.code, 0, "{call:?}");
    let text = std::fs::read_to_string(log.path()).unwrap();
    let mut reading = Reading {
        folder,
        names: recording.names.clone(),
        sizes: recording.files.iter().map(Vec::len).collect(),
        texts: recording.files.clone(),
        open: HashMap::new(),
        ops: Vec::new(),
    };
    text.lines().for_each(|line| reading.line(line));
    recording.ops = reading.ops;
    recording.files.resize(reading.sizes.len(), Vec::new());
    recording.ops.push(Op::Told);
    recording
}

fn find(folder: &Path, at: &Path, found: &mut Found) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(folder).unwrap().to_owned();
        if path.is_dir() {
            found.insert(name, None);
            find(folder, &path, found);
        } else {
            found.insert(name, Some(std::fs::read(&path).unwrap()));
        }
    }
}

/// An open file or folder.
#[derive(Clone)]
enum Opened {
    File(Id),
    Folder(PathBuf),
}

/// Lines of strace, read.
struct Reading<'a> {
    folder: &'a Path,
    names: BTreeMap<PathBuf, Id>,
    sizes: Vec<usize>,
    texts: Vec<Vec<u8>>,
    open: HashMap<i64, Opened>,
    ops: Vec<Op>,
}

impl Reading<'_> {
    fn line(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once('(') else {
            return;
        };
        let Some((args, result)) = rest.rsplit_once(" = ") else {
            return;
        };
        let result = result.split(' ').next().unwrap();
        let result: i64 = match result.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).unwrap_or(-1),
            None => result.parse().unwrap_or(-1),
        };
        if result < 0 {
            return;
        }
        let strings = strings(args);
        let paths: Vec<Option<PathBuf>> = strings.iter().map(|text| self.inside(text)).collect();
        let fd = args.split([',', ')']).next().unwrap().trim();
        let fd: i64 = fd.parse().unwrap_or(-1);
        match (name, paths.as_slice()) {
            ("open" | "openat" | "creat", [Some(path), ..]) => self.opened(result, path, args),
            ("open" | "openat" | "creat" | "socket", _) => drop(self.open.remove(&result)),
            ("close", _) => drop(self.open.remove(&fd)),
            ("write" | "pwrite64", _) if fd == 1 => self.ops.push(Op::Told),
            ("write" | "pwrite64", _) => {
                if let Some(id) = self.file(fd) {
                    assert_ne!(name, "pwrite64", "only appends are known here");
                    self.write(id, strings[0][..result as usize].to_vec());
                }
            }
            ("copy_file_range" | "sendfile", _) => self.copy(name, args, result as usize),
            ("ftruncate", _) => {
                if let Some(id) = self.file(fd) {
                    let size = args
                        .split([',', ')'])
                        .nth(1)
                        .unwrap()
                        .trim()
                        .parse()
                        .unwrap();
                    self.cut(id, size);
                }
            }
            ("fsync" | "fdatasync", _) => match self.open.get(&fd).cloned() {
                Some(Opened::File(id)) => self.ops.push(Op::Sync(id)),
                Some(Opened::Folder(path)) => self.ops.push(Op::SyncFolder(path)),
                None => {}
            },
            ("rename" | "renameat" | "renameat2", [Some(from), Some(to)]) => {
                let id = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), id);
                self.ops.push(Op::Rename(from.clone(), to.clone(), id));
            }
            ("unlink" | "unlinkat", [Some(path)]) => {
                self.names.remove(path);
                self.ops.push(Op::Remove(path.clone()));
            }
            ("mkdir" | "mkdirat", [Some(path)]) => self.ops.push(Op::Folder(path.clone())),
            ("link" | "linkat" | "symlink" | "mmap2" | "writev" | "pwritev", [Some(_), ..]) => {
                panic!("{name} is not known here: {line}")
            }
            _ => {}
        }
    }

    /// The path in the folder that a string names.
    fn inside(&self, text: &[u8]) -> Option<PathBuf> {
        let path = Path::new(std::str::from_utf8(text).ok()?);
        let inside = path.strip_prefix(self.folder).ok()?;
        Some(inside.to_owned())
    }

    fn opened(&mut self, fd: i64, path: &Path, args: &str) {
        let known = self.names.get(path).copied();
        let opened = match known {
            Some(id) => {
                if args.contains("O_TRUNC") {
                    self.cut(id, 0);
                }
                Opened::File(id)
            }
            None if args.contains("O_CREAT") => {
                let id = self.sizes.len();
                self.sizes.push(0);
                self.texts.push(Vec::new());
                self.names.insert(path.to_owned(), id);
                self.ops.push(Op::Name(path.to_owned(), id));
                Opened::File(id)
            }
            None => Opened::Folder(path.to_owned()),
        };
        self.open.insert(fd, opened);
    }

    fn file(&self, fd: i64) -> Option<Id> {
        match self.open.get(&fd)? {
            Opened::File(id) => Some(*id),
            Opened::Folder(_) => None,
        }
    }

    fn write(&mut self, id: Id, data: Vec<u8>) {
        self.texts[id].extend(&data);
        self.sizes[id] += data.len();
        self.ops.push(Op::Write(id, data));
    }

    fn cut(&mut self, id: Id, size: usize) {
        if self.sizes[id] != size {
            self.texts[id].truncate(size);
            self.sizes[id] = size;
            self.ops.push(Op::Cut(id, size));
        }
    }

    /// A whole file is copied, from its beginning: what comes next is what the other has not yet.
    fn copy(&mut self, name: &str, args: &str, size: usize) {
        let numbers: Vec<i64> = args
            .split(',')
            .filter_map(|part| part.trim().parse().ok())
            .collect();
        let (from, to) = match name {
            "copy_file_range" => (numbers[0], numbers[1]),
            _ => (numbers[1], numbers[0]),
        };
        if let (Some(from), Some(to)) = (self.file(from), self.file(to)) {
            let at = self.sizes[to];
            let data = self.texts[from][at..at + size].to_vec();
            if !data.is_empty() {
                self.write(to, data);
            }
        }
    }
}

/// The strings of a call, which `-xx` writes in hexadecimal digits.
fn strings(args: &str) -> Vec<Vec<u8>> {
    let digits = |text: &str| {
        let pairs = text.split("\\x").skip(1);
        let bytes = pairs.map(|pair| u8::from_str_radix(&pair[..2], 16));
        bytes.collect::<Result<Vec<u8>, _>>().unwrap_or_default()
    };
    args.split('"').skip(1).step_by(2).map(digits).collect()
}

/// How much of what was written to a file, and not synced, is there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Nothing,
    All,
    Begun,
    Half,
    AllButOne,
    /// Its length, and not its bytes.
    Zeros,
}

const PARTS: [Part; 6] = [
    Part::Nothing,
    Part::All,
    Part::Begun,
    Part::Half,
    Part::AllButOne,
    Part::Zeros,
];

impl Recording {
    /// Every folder that may be found, and whether somebody had been told before.
    fn found(&self) -> BTreeMap<Found, bool> {
        let mut states = BTreeMap::new();
        for end in 0..=self.ops.len() {
            self.found_after(&self.ops[..end], &mut states);
        }
        states
    }

    fn found_after(&self, ops: &[Op], states: &mut BTreeMap<Found, bool>) {
        let mut durable = self.before.clone();
        // Entries that are durable, by id; and those that may be.
        let mut names = self.names.clone();
        let mut loose: Vec<&Op> = Vec::new();
        let mut synced = self.files.clone();
        let mut written: BTreeMap<Id, Vec<&Op>> = BTreeMap::new();
        let mut told = false;
        durable.retain(|_, text| text.is_none());
        for op in ops {
            match op {
                Op::Name(..) | Op::Rename(..) | Op::Remove(_) | Op::Folder(_) => loose.push(op),
                Op::Write(id, _) | Op::Cut(id, _) => written.entry(*id).or_default().push(op),
                Op::Sync(id) => {
                    let ops = written.remove(id).unwrap_or_default();
                    synced[*id] = after(&synced[*id], &ops);
                }
                Op::SyncFolder(folder) => {
                    let (here, elsewhere) =
                        loose.into_iter().partition(|op| folder_of(op) == folder);
                    loose = elsewhere;
                    let here: Vec<&Op> = here;
                    here.iter()
                        .for_each(|op| apply(op, &mut names, &mut durable));
                }
                Op::Told => told = true,
            }
        }
        assert!(loose.len() < 8, "too many entries for all their subsets");
        let variants: Vec<BTreeMap<Id, Part>> = variants(&written);
        for subset in 0..1_u32 << loose.len() {
            let (mut names, mut found) = (names.clone(), durable.clone());
            let chosen = loose
                .iter()
                .enumerate()
                .filter(|(at, _)| subset >> at & 1 == 1);
            chosen.for_each(|(_, op)| apply(op, &mut names, &mut found));
            for variant in &variants {
                let mut found = found.clone();
                for (path, id) in &names {
                    let ops = written.get(id).map(Vec::as_slice).unwrap_or_default();
                    let text = partly(&synced[*id], ops, variant.get(id).copied());
                    found.insert(path.clone(), Some(text));
                }
                // What is in a folder that is not there is not there.
                let folders: Vec<PathBuf> = found.keys().cloned().collect();
                let there = |path: &Path| {
                    let parent = path.parent().unwrap_or(Path::new(""));
                    parent == Path::new("") || folders.iter().any(|it| it == parent)
                };
                found.retain(|path, _| there(path));
                *states.entry(found).or_default() |= told;
            }
        }
    }
}

fn folder_of(op: &Op) -> &Path {
    let path = match op {
        Op::Name(path, _) | Op::Rename(_, path, _) | Op::Remove(path) | Op::Folder(path) => path,
        _ => unreachable!("only entries are asked for"),
    };
    path.parent().unwrap_or(Path::new(""))
}

fn apply(op: &Op, names: &mut BTreeMap<PathBuf, Id>, found: &mut Found) {
    match op {
        Op::Name(path, id) => drop(names.insert(path.clone(), *id)),
        Op::Rename(from, to, id) => {
            names.remove(from);
            names.insert(to.clone(), *id);
        }
        Op::Remove(path) => drop(names.remove(path)),
        Op::Folder(path) => drop(found.insert(path.clone(), None)),
        _ => {}
    }
}

/// Every part of every file with all of the others, with nothing of them, and with the same part of them.
fn variants(written: &BTreeMap<Id, Vec<&Op>>) -> Vec<BTreeMap<Id, Part>> {
    let mut variants = vec![BTreeMap::new()];
    for part in PARTS {
        variants.push(written.keys().map(|id| (*id, part)).collect());
        for other in [Part::Nothing, Part::All] {
            variants.extend(written.keys().map(|one| {
                let choose = |id: &Id| if id == one { part } else { other };
                written.keys().map(|id| (*id, choose(id))).collect()
            }));
        }
    }
    variants
}

fn after(text: &[u8], ops: &[&Op]) -> Vec<u8> {
    let mut text = text.to_vec();
    for op in ops {
        match op {
            Op::Write(_, data) => text.extend(data),
            Op::Cut(_, size) => text.truncate(*size),
            _ => {}
        }
    }
    text
}

fn partly(text: &[u8], ops: &[&Op], part: Option<Part>) -> Vec<u8> {
    let whole = after(text, ops);
    let common = text.iter().zip(&whole).take_while(|(a, b)| a == b).count();
    let new = whole.len() - common;
    let size = match part {
        None | Some(Part::All) => return whole,
        Some(Part::Nothing) => return text.to_vec(),
        Some(Part::Begun) => 1,
        Some(Part::Half) => new / 2,
        Some(Part::AllButOne) => new.saturating_sub(1),
        Some(Part::Zeros) => 0,
    };
    let mut torn = whole[..common + size.min(new)].to_vec();
    if part == Some(Part::Zeros) {
        torn.resize(whole.len(), 0);
    }
    torn
}

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
