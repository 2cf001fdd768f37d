//! Replacing a file: its readers find the old one or the new one, whatever happens meanwhile.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use crate::Failure;

/// Replaces what a file holds: temporary file in the same folder, fsync, rename, fsync of the folder. Permissions,
/// owner and symbolic links stay. Fails with code 4.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes).map_err(|error| {
        let failed = format!("cannot write {}", path.display());
        Failure::trouble(failed).because(&error)
    })
}

/// Makes a file that there is not yet, whole or not at all. Fails with code 4, also where there is one.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let made = || {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // As any program makes a file; the user's mask takes its share.
        let mode = std::fs::Permissions::from_mode(0o666);
        let mut fresh = tempfile::Builder::new()
            .prefix(".new-")
            .permissions(mode)
            .tempfile_in(folder)?;
        fresh.write_all(bytes)?;
        fresh.as_file().sync_all()?;
        fresh.persist_noclobber(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    made().map_err(|error: io::Error| {
        Failure::trouble(format!("cannot write {}", path.display())).because(&error)
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The file that a link leads to: a rename would put a file in the link's place.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let before = path.metadata()?;
    let mut fresh = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)?;
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
    fresh.persist(&path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
