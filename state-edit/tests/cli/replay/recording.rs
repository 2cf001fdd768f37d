//! The system calls of an edit, read from what strace writes.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::crash::traced;

/// Of a file, by the order in which they were seen.
pub(super) type Id = usize;

/// What a system call does to the disk.
#[derive(Debug, Clone)]
pub(super) enum Op {
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
pub(super) type Found = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What a call did to a folder.
pub(super) struct Recording {
    pub(super) names: BTreeMap<PathBuf, Id>,
    pub(super) before: Found,
    /// As they were before, and empty for new ones.
    pub(super) files: Vec<Vec<u8>>,
    pub(super) ops: Vec<Op>,
}

/// Runs the program, and notes what it does under the folder.
pub(super) fn record(folder: &Path, dir: &Path, args: &[&str]) -> Recording {
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
