//! What the command line names as a source: a file, a folder, a glob, stdin, each with the id that its records carry.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use schemas::{Failure, compare_ids};

/// Folders within folders, at most.
const MAX_DEPTH: usize = 16;

/// Ends of names of what a rotation has packed: no text.
const PACKED: [&str; 7] = ["gz", "xz", "bz2", "zst", "lz4", "zip", "br"];

/// One source as it was named.
#[derive(Debug)]
pub(crate) struct Source {
    /// The id that was given to it: `NAME=FILE`. Such a source owns this id and no other.
    pub(crate) name: Option<String>,
    pub(crate) what: What,
}

/// Where it is read.
#[derive(Debug)]
pub(crate) enum What {
    Stdin,
    /// May not be there yet.
    File(PathBuf),
    /// Everything in it, however deep.
    Folder(PathBuf),
    Glob(Glob),
}

/// Files whose path fits.
#[derive(Debug)]
pub(crate) struct Glob {
    /// The folder before the first special character.
    pub(crate) base: PathBuf,
    /// How many folders deep it can fit below that.
    depth: usize,
    fits: GlobMatcher,
}

impl Source {
    /// From a word of the command line.
    pub(crate) fn parse(word: &OsStr) -> Result<Source, Failure> {
        let (name, path) = split_name(word);
        let path = Path::new(path);
        let what = if path == Path::new("-") {
            What::Stdin
        } else if path.is_dir() {
            What::Folder(path.to_owned())
        } else if is_glob(path) && fs::symlink_metadata(path).is_err() {
            What::Glob(Glob::parse(path)?)
        } else {
            What::File(path.to_owned())
        };
        Ok(Source { name, what })
    }

    /// Whether there may be several files in it.
    pub(crate) fn is_many(&self) -> bool {
        matches!(self.what, What::Folder(_) | What::Glob(_))
    }

    /// Whether this file is one of it.
    pub(crate) fn covers(&self, file: &Path) -> bool {
        match &self.what {
            What::Stdin => false,
            What::File(path) => path == file,
            What::Folder(folder) => file.starts_with(folder) && !is_packed(file),
            What::Glob(glob) => glob.fits.is_match(file) && !is_packed(file),
        }
    }

    /// Whether files of it may be in this folder, or below.
    pub(crate) fn enters(&self, folder: &Path) -> bool {
        let within = |base: &Path, depth: usize| {
            let below = folder.strip_prefix(base).ok();
            below.is_some_and(|rest| rest.components().count() <= depth)
        };
        match &self.what {
            What::Stdin | What::File(_) => false,
            What::Folder(base) => within(base, MAX_DEPTH),
            What::Glob(glob) => within(&glob.base, glob.depth),
        }
    }

    /// The folder where looking begins.
    pub(crate) fn base(&self) -> &Path {
        let base = match &self.what {
            What::Stdin => return Path::new(""),
            What::File(path) => path.parent().unwrap_or(Path::new("")),
            What::Folder(folder) => folder,
            What::Glob(glob) => &glob.base,
        };
        if base.as_os_str().is_empty() {
            Path::new(".")
        } else {
            base
        }
    }

    /// Its files, in the order of their names as people order them. A folder is entered where a path with it would be named.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        if let What::File(path) = &self.what {
            return vec![path.clone()];
        }
        let mut found = Vec::new();
        let base = match &self.what {
            What::Glob(glob) => glob.base.as_path(),
            _ => self.base(),
        };
        self.walk(base, &mut |_| (), &mut |file| found.push(file));
        found.sort_by(|a, b| compare_ids(&a.to_string_lossy(), &b.to_string_lossy()));
        found
    }

    /// Tells every folder before what is in it, and every file that is one of this source.
    pub(crate) fn walk(
        &self,
        folder: &Path,
        entered: &mut dyn FnMut(&Path),
        file: &mut dyn FnMut(PathBuf),
    ) {
        if !self.enters(folder) {
            return;
        }
        entered(folder);
        let place = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        // What cannot be read holds nothing for us; a folder may go while we walk.
        let Ok(entries) = fs::read_dir(place) else {
            return;
        };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            // Links to folders are not entered: they may lead back.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.walk(&path, entered, file),
                Ok(_) if self.covers(&path) && path.is_file() => file(path),
                _ => {}
            }
        }
    }
}

impl Glob {
    fn parse(path: &Path) -> Result<Glob, Failure> {
        let text = path.to_string_lossy();
        let plain = |part: &Component| !is_glob(Path::new(part.as_os_str()));
        let base: PathBuf = path.components().take_while(plain).collect();
        let rest = path.components().count() - base.components().count();
        let is_endless = path.components().any(|part| {
            part.as_os_str()
                .as_bytes()
                .windows(2)
                .any(|two| two == b"**")
        });
        let glob = GlobBuilder::new(&text).literal_separator(true).build();
        let glob =
            glob.map_err(|error| Failure::usage(format!("no glob: {text}")).because(&error))?;
        Ok(Glob {
            depth: if is_endless { MAX_DEPTH } else { rest - 1 },
            base,
            fits: glob.compile_matcher(),
        })
    }
}

/// `NAME=FILE`: a name as markers may have it, unless there is a file of that whole name.
fn split_name(word: &OsStr) -> (Option<String>, &OsStr) {
    let bytes = word.as_bytes();
    let fits = |name: &[u8]| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:@#+".contains(byte);
        !name.is_empty() && name.iter().all(plain)
    };
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) if fits(&bytes[..at]) && at + 1 < bytes.len() && !Path::new(word).exists() => {
            let name = String::from_utf8_lossy(&bytes[..at]).into_owned();
            (Some(name), OsStr::from_bytes(&bytes[at + 1..]))
        }
        _ => (None, word),
    }
}

fn is_glob(path: &Path) -> bool {
    path.as_os_str()
        .as_bytes()
        .iter()
        .any(|byte| b"*?[{".contains(byte))
}

fn is_packed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| PACKED.iter().any(|packed| end == *packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(word: &str) -> Source {
        Source::parse(OsStr::new(word)).expect("a source")
    }

    #[test]
    fn a_name_is_told_from_a_file() {
        for (word, name, path) in [
            ("t1=logs/a.log", Some("t1"), "logs/a.log"),
            ("logs/a=b.log", None, "logs/a=b.log"),
            ("=a", None, "=a"),
            ("a=", None, "a="),
            ("t1=a=b", Some("t1"), "a=b"),
        ] {
            let source = source(word);
            assert_eq!(source.name.as_deref(), name, "{word}");
            assert_eq!(source.files(), [PathBuf::from(path)], "{word}");
        }
        assert!(matches!(source("t=-").what, What::Stdin));
    }

    #[test]
    fn a_glob_is_looked_for_where_it_can_fit() {
        let one = source("logs/*/a?.log");
        assert_eq!(one.base(), Path::new("logs"));
        assert!(one.covers(Path::new("logs/t1/a1.log")) && !one.covers(Path::new("logs/a1.log")));
        assert!(one.enters(Path::new("logs/t1")) && !one.enters(Path::new("logs/t1/deep")));
        assert!(!one.covers(Path::new("logs/t1/a1.log.gz")));
        let any = source("/var/**/*.log");
        assert!(any.covers(Path::new("/var/a/b/c.log")) && any.enters(Path::new("/var/a/b/c")));
        let here = source("*.log");
        assert_eq!(here.base(), Path::new("."));
        assert!(here.covers(Path::new("a.log")));
        assert!(Source::parse(OsStr::new("a{b")).is_err());
    }
}
