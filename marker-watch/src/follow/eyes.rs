//! What tells that files have changed: inotify where it sees, and nothing where it does not.
//!
//! inotify is used as the kernel has it, by rustix: a crate above it would bring a thread, and a wake-up for each event.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// A change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Of what is in the file that was watched under this number.
    Grown(usize),
    /// Of what it is called, or whether it is called anything.
    Moved(usize),
    /// Of what a folder holds, under this name.
    Entry(PathBuf),
    /// What was called the first is called the second.
    Renamed(PathBuf, PathBuf),
    /// The folder itself has gone, or is called otherwise.
    Folder(PathBuf),
    /// More than could be told: anything may have changed.
    Everything,
}

/// What a watch is on.
#[derive(Debug, Clone)]
enum Seen {
    File(usize),
    Folder(PathBuf),
}

/// Watches files and folders.
#[derive(Debug)]
pub(super) struct Eyes {
    #[cfg(target_os = "linux")]
    inotify: Option<rustix::fd::OwnedFd>,
    seen: HashMap<i32, Seen>,
    folders: HashMap<PathBuf, i32>,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsRawFd, BorrowedFd};
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use super::*;

    /// File systems whose files change without this kernel knowing: NFS, SMB and CIFS, 9p, AFS, Ceph, FUSE, Lustre, GPFS.
    const REMOTE: [u64; 9] = [
        0x6969,
        0x517b,
        0xfe53_4d42,
        0xff53_4d42,
        0x0102_1997,
        0x5346_414f,
        0x00c3_6400,
        0x6573_5546,
        0x0bd0_0bd0,
    ];

    /// Bytes of events that are taken at once.
    const BATCH: usize = 64 << 10;

    impl Eyes {
        /// Eyes that see; `None` of `wanted` and where there is no inotify: blind ones.
        pub(in super::super) fn open(wanted: bool) -> Eyes {
            let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
            Eyes {
                inotify: wanted.then(|| inotify::init(flags).ok()).flatten(),
                seen: HashMap::new(),
                folders: HashMap::new(),
            }
        }

        /// What is readable when something has changed.
        pub(in super::super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
            self.inotify.as_ref().map(AsFd::as_fd)
        }

        /// Watches an open file. Answers its watch; nothing when it cannot be seen.
        pub(in super::super) fn watch_file(&mut self, file: &File, number: usize) -> Option<i32> {
            let inotify = self.inotify.as_ref().filter(|_| is_local(file))?;
            // By its descriptor: the path may be another file's by now.
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            let flags = WatchFlags::MODIFY
                | WatchFlags::ATTRIB
                | WatchFlags::MOVE_SELF
                | WatchFlags::DELETE_SELF;
            let watch = inotify::add_watch(inotify, path, flags).ok()?;
            self.seen.insert(watch, Seen::File(number));
            Some(watch)
        }

        /// Watches what a folder holds. `false` when it cannot be seen.
        pub(in super::super) fn watch_folder(&mut self, folder: &Path) -> bool {
            if self.folders.contains_key(folder) {
                return true;
            }
            let Some(inotify) = &self.inotify else {
                return false;
            };
            let place = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let Ok(opened) = File::open(place) else {
                return false;
            };
            let flags = WatchFlags::CREATE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::DELETE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ONLYDIR;
            let path = format!("/proc/self/fd/{}", opened.as_raw_fd());
            match inotify::add_watch(inotify, path, flags) {
                Ok(watch) => {
                    self.seen.insert(watch, Seen::Folder(folder.to_owned()));
                    self.folders.insert(folder.to_owned(), watch);
                    is_local(&opened)
                }
                Err(_) => false,
            }
        }

        /// Stops watching.
        pub(in super::super) fn forget(&mut self, watch: i32) {
            if let Some(inotify) = &self.inotify {
                // The kernel may have forgotten it before.
                let _ = inotify::remove_watch(inotify, watch);
            }
            self.remove(watch);
        }

        /// Hands over what has changed since the last call.
        pub(in super::super) fn look(&mut self, mut changed: impl FnMut(Change)) {
            let Some(inotify) = self.inotify.take() else {
                return;
            };
            let mut buffer = vec![MaybeUninit::uninit(); BATCH];
            let mut events = Reader::new(&inotify, &mut buffer);
            // Both halves of a renaming have one number, and come one after the other.
            let mut left: Option<(u32, PathBuf)> = None;
            while let Ok(event) = events.next() {
                if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                    changed(Change::Everything);
                }
                let name = event
                    .file_name()
                    .map(|name| OsStr::from_bytes(name.to_bytes()));
                match (self.seen.get(&event.wd()), name) {
                    (Some(Seen::File(number)), _) if event.events() == ReadFlags::MODIFY => {
                        changed(Change::Grown(*number));
                    }
                    (Some(Seen::File(number)), _) => changed(Change::Moved(*number)),
                    (Some(Seen::Folder(folder)), Some(name)) => {
                        let path = folder.join(name);
                        if event.events().contains(ReadFlags::MOVED_FROM) {
                            left = Some((event.cookie(), path.clone()));
                        } else if let Some((cookie, from)) = left.take()
                            && cookie == event.cookie()
                            && event.events().contains(ReadFlags::MOVED_TO)
                        {
                            changed(Change::Renamed(from, path.clone()));
                        }
                        changed(Change::Entry(path));
                    }
                    (Some(Seen::Folder(folder)), None) => changed(Change::Folder(folder.clone())),
                    (None, _) => {}
                }
                if event.events().contains(ReadFlags::IGNORED) {
                    self.remove(event.wd());
                }
                // What is left wakes us again: to ask whether there is more would come before what is to be read.
                if events.is_buffer_empty() && left.is_none() {
                    break;
                }
            }
            self.inotify = Some(inotify);
        }

        fn remove(&mut self, watch: i32) {
            if let Some(Seen::Folder(folder)) = self.seen.remove(&watch) {
                self.folders.remove(&folder);
            }
        }
    }

    fn is_local(file: &File) -> bool {
        let kind = rustix::fs::fstatfs(file).map(|stat| stat.f_type as u64);
        kind.is_ok_and(|kind| !REMOTE.contains(&(kind & 0xffff_ffff)))
    }
}

#[cfg(not(target_os = "linux"))]
impl Eyes {
    /// Blind: everything is looked at in turn.
    pub(super) fn open(_wanted: bool) -> Eyes {
        Eyes {
            seen: HashMap::new(),
            folders: HashMap::new(),
        }
    }

    pub(super) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }

    pub(super) fn watch_file(&mut self, _file: &File, _number: usize) -> Option<i32> {
        None
    }

    pub(super) fn watch_folder(&mut self, _folder: &Path) -> bool {
        false
    }

    pub(super) fn forget(&mut self, _watch: i32) {}

    pub(super) fn look(&mut self, _changed: impl FnMut(Change)) {}
}
