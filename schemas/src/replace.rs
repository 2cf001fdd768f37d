//! Replacing a file: its readers find the old one or the new one, whatever happens meanwhile.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::Failure;

/// Who else may write the file at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Nobody: whoever calls holds a lock. The temporary file always has the same name, so that the next writer takes away
    /// what a killed one left.
    Locked,
    /// Anybody: each has a temporary file of its own.
    Any,
}

/// Replaces what a file holds: temporary file in the same folder, fsync, rename, fsync of the folder. Permissions,
/// owner and symbolic links stay. Fails with code 4.
pub fn replace(path: &Path, bytes: &[u8], writers: Writers) -> Result<(), Failure> {
    write(path, bytes, writers).map_err(|error| failure(path, &error))
}

/// Makes a file that there is not yet, whole or not at all. Fails with code 4, also where there is one.
pub fn create(path: &Path, bytes: &[u8], writers: Writers) -> Result<(), Failure> {
    make(path, bytes, writers).map_err(|error| failure(path, &error))
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::trouble(format!("cannot write {}", path.display())).because(error)
}

fn make(path: &Path, bytes: &[u8], writers: Writers) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // As any program makes a file; the user's mask takes its share.
    let mut fresh = temporary(folder, path, writers, Some(0o666))?;
    fresh.write_all(bytes)?;
    fresh.as_file().sync_all()?;
    let folder = File::open(folder)?;
    fresh.persist_noclobber(path).map_err(|error| error.error)?;
    folder.sync_all()
}

fn write(path: &Path, bytes: &[u8], writers: Writers) -> io::Result<()> {
    // The file that a link leads to: a rename would put a file in the link's place.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let before = path.metadata()?;
    let mut fresh = temporary(folder, &path, writers, None)?;
    fresh.write_all(bytes)?;
    let file = fresh.as_file();
    file.set_permissions(before.permissions())?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))?;
        // Changing the owner takes away what only an owner may grant.
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()?;
    // Opened before anything has changed: from here on only the sync itself can fail.
    let folder = File::open(folder)?;
    fresh.persist(&path).map_err(|error| error.error)?;
    folder.sync_all()
}

fn temporary(
    folder: &Path,
    path: &Path,
    writers: Writers,
    mode: Option<u32>,
) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    if let Some(mode) = mode {
        builder.permissions(Permissions::from_mode(mode));
    }
    if writers == Writers::Any {
        return builder.prefix(".new-").tempfile_in(folder);
    }
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    // A digest: a name may be as long as names may be.
    let name = format!(".new-{}", crate::digest([name]));
    match std::fs::remove_file(folder.join(&name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    builder.prefix(&name).rand_bytes(0).tempfile_in(folder)
}
