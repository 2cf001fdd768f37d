//! Where a path leads, and which folders tell when that changes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::eyes::Eyes;
use super::followed::Identity;
use crate::source::{Source, What};

/// What is at a path now.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then(|| Identity::of(&metadata))
}

/// Watches the folder of a path, or the nearest one above it that is there, and that of what it links to. Answers whether
/// all of it can be seen, and the folder of what it links to.
pub(super) fn watch(eyes: &mut Eyes, path: &Path) -> (bool, Option<PathBuf>) {
    let exists = |folder: &&Path| folder.as_os_str().is_empty() || folder.is_dir();
    let folder = path.ancestors().skip(1).find(exists);
    let mut sees = folder.is_some_and(|folder| eyes.watch_folder(folder));
    let target = fs::read_link(path)
        .and_then(|_| fs::canonicalize(path))
        .ok();
    let beyond = target.as_deref().and_then(Path::parent).map(Path::to_owned);
    if let Some(folder) = &beyond {
        sees &= eyes.watch_folder(folder);
    }
    (sees, beyond)
}

/// Whether a folder is on the way to where a source begins.
pub(super) fn is_above(folder: &Path, source: &Source) -> bool {
    match &source.what {
        What::Stdin => false,
        What::File(path) => path.starts_with(folder),
        What::Folder(base) => base.starts_with(folder),
        What::Glob(glob) => glob.base.starts_with(folder),
    }
}

/// Opens a file; raises the limit of open files once it is met.
pub(super) fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            let limit = getrlimit(Resource::Nofile);
            let raised = Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            };
            setrlimit(Resource::Nofile, raised)?;
            File::open(path)
        }
        other => other,
    }
}

/// The file of this identity in the folder of a path: it was renamed there.
pub(super) fn renamed(path: &Path, wanted: Identity) -> Option<PathBuf> {
    let folder = path.parent()?;
    let place = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(place).ok()?.flatten();
    let mut paths = entries.map(|entry| folder.join(entry.file_name()));
    paths.find(|path| identity(path) == Some(wanted))
}
