//! GNU make's jobserver: a pipe with a token for each thing that may run at once, of which every client holds one more.
//!
//! As a server we take a token for each running attempt and pass the pool on: what make, cargo or ninja start inside an
//! attempt takes its tokens from there, and all agents together run no more than the pool holds. As a client, under `make -j`,
//! we do the same with the pool of whoever started us.
//!
//! A client that is killed takes its tokens with it, and a faulty one puts back more than it took. When nothing of ours
//! runs, nobody can hold any: then the pool is filled anew.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::FdFlags;

use crate::cli;

/// What a token is when we make it. A client puts back what it took.
const TOKEN: u8 = b'+';

/// A pool of tokens.
#[derive(Debug)]
pub(crate) struct Pool {
    take: File,
    put: File,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Ours, with so many tokens. `auth` names it to clients.
    Own {
        size: usize,
        auth: String,
        fifo: Option<PathBuf>,
    },
    /// Of whoever started us.
    Theirs,
}

impl Pool {
    /// A pool of our own. `folder` takes the named pipe.
    pub(crate) fn serve(
        kind: cli::Jobserver,
        size: usize,
        folder: impl FnOnce() -> std::io::Result<PathBuf>,
    ) -> anyhow::Result<Option<Pool>> {
        let (take, put, auth, fifo) = match kind {
            cli::Jobserver::Off => return Ok(None),
            cli::Jobserver::Pipe => {
                let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
                // Clients find it by number: it must outlive the start of a program.
                for end in [
                    rustix::fd::AsFd::as_fd(&reader),
                    rustix::fd::AsFd::as_fd(&writer),
                ] {
                    rustix::io::fcntl_setfd(end, FdFlags::empty())
                        .context("cannot pass the jobserver's pipe on")?;
                }
                let number = |fd: &dyn std::os::fd::AsRawFd| fd.as_raw_fd();
                let auth = format!("{},{}", number(&reader), number(&writer));
                (
                    File::from(std::os::fd::OwnedFd::from(reader)),
                    File::from(std::os::fd::OwnedFd::from(writer)),
                    auth,
                    None,
                )
            }
            cli::Jobserver::Fifo => {
                let path = folder()
                    .context("cannot make the jobserver's folder")?
                    .join("jobserver");
                // Words of MAKEFLAGS end there.
                let has_blank = path.to_string_lossy().contains(char::is_whitespace);
                ensure!(
                    !has_blank,
                    "make cannot read the path {path:?}: it has a blank"
                );
                // Of a dispatcher that was killed.
                let _ = std::fs::remove_file(&path);
                make(&path).with_context(|| format!("cannot make {}", path.display()))?;
                // Both ways: a pipe that nobody else has open must not make us wait.
                let open = || OpenOptions::new().read(true).write(true).open(&path);
                let ends = open().and_then(|take| Ok((take, open()?)));
                let (take, put) =
                    ends.with_context(|| format!("cannot open {}", path.display()))?;
                (take, put, format!("fifo:{}", path.display()), Some(path))
            }
        };
        let kind = Kind::Own { size, auth, fifo };
        let mut pool = Pool { take, put, kind };
        pool.refill();
        Ok(Some(pool))
    }

    /// The pool that MAKEFLAGS names, when it is there.
    pub(crate) fn inherited() -> Option<Pool> {
        let flags = std::env::var("MAKEFLAGS").ok()?;
        let (take, put) = ends(&flags)?;
        let is_pipe =
            |path: &Path| std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
        if !is_pipe(&take) || !is_pipe(&put) {
            return None;
        }
        // Opened anew: a number is nothing that can be closed twice. And without waiting: of a make that has ended, a named
        // pipe may be left that nobody else will ever open.
        let mut open = OpenOptions::new();
        open.custom_flags(OFlags::NONBLOCK.bits() as i32);
        Some(Pool {
            take: open.clone().read(true).open(take).ok()?,
            put: open.write(true).open(put).ok()?,
            kind: Kind::Theirs,
        })
    }

    /// What tells clients of it. One of ours; theirs is in the environment already.
    pub(crate) fn makeflags(&self) -> Option<String> {
        match &self.kind {
            Kind::Own { size, auth, .. } => Some(format!(" -j{size} --jobserver-auth={auth}")),
            Kind::Theirs => None,
        }
    }

    /// Whether we run one thing without a token: whoever started us holds one for us.
    pub(crate) fn has_implicit(&self) -> bool {
        matches!(self.kind, Kind::Theirs)
    }

    /// Another handle, for the thread that waits.
    pub(crate) fn taker(&self) -> std::io::Result<File> {
        self.take.try_clone()
    }

    /// Another handle, for who took a token and has no use for it.
    pub(crate) fn putter(&self) -> std::io::Result<File> {
        self.put.try_clone()
    }

    pub(crate) fn put(&mut self, token: u8) {
        put(&self.put, token);
    }

    /// Nothing of ours runs. Of somebody else's pool we know nothing.
    pub(crate) fn refill(&mut self) {
        let Kind::Own { size, .. } = self.kind else {
            return;
        };
        while let Ok(there @ 1..) = rustix::io::ioctl_fionread(&self.take) {
            let mut tokens = vec![0; there.min(4096) as usize];
            if self.take.read(&mut tokens).is_err() {
                break;
            }
        }
        let _ = self.put.write_all(&vec![TOKEN; size]);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Kind::Own {
            fifo: Some(path), ..
        } = &self.kind
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes a named pipe, for nobody else.
#[cfg(not(target_os = "macos"))]
fn make(path: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, Mode, mkfifoat};
    Ok(mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?)
}

/// The call is not to be had there without unsafe code; the program is always there.
#[cfg(target_os = "macos")]
fn make(path: &Path) -> std::io::Result<()> {
    let mut command = std::process::Command::new("mkfifo");
    let status = command.args(["-m", "600"]).arg(path).status()?;
    let failed = || std::io::Error::other(format!("mkfifo ended with {status}"));
    status.success().then_some(()).ok_or_else(failed)
}

/// Waits for a token.
pub(crate) fn take(mut pool: &File) -> std::io::Result<u8> {
    let mut token = [0];
    loop {
        match pool.read(&mut token) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(token[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut waited = [PollFd::new(&pool, PollFlags::IN)];
                let _ = rustix::event::poll(&mut waited, None);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Puts a token back. Never into a full pipe, in which a faulty client has put more than there were: that would be to wait
/// for ever.
pub(crate) fn put(mut pool: &File, token: u8) {
    let mut room = [PollFd::new(&pool, PollFlags::OUT)];
    if rustix::event::poll(&mut room, Some(&Timespec::default())) == Ok(1) {
        let _ = pool.write(&[token]);
    }
}

/// Both ends, as files. Of several jobservers the last one counts; negative numbers are a way to say that there is none.
fn ends(flags: &str) -> Option<(PathBuf, PathBuf)> {
    let auth = flags.split_whitespace().rev().find_map(|word| {
        word.strip_prefix("--jobserver-auth=")
            .or_else(|| word.strip_prefix("--jobserver-fds="))
    })?;
    if let Some(path) = auth.strip_prefix("fifo:") {
        return Some((PathBuf::from(path), PathBuf::from(path)));
    }
    let (take, put) = auth.split_once(',')?;
    let path = |number: &str| {
        let number: u32 = number.parse().ok()?;
        Some(PathBuf::from(format!("/dev/fd/{number}")))
    };
    Some((path(take)?, path(put)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_jobserver_counts_and_negative_numbers_are_none() {
        let pair = |take: &str, put: &str| Some((PathBuf::from(take), PathBuf::from(put)));
        let table = [
            (" -j4 --jobserver-auth=3,4", pair("/dev/fd/3", "/dev/fd/4")),
            ("--jobserver-fds=3,4 -j", pair("/dev/fd/3", "/dev/fd/4")),
            (" -j --jobserver-auth=fifo:/tmp/x", pair("/tmp/x", "/tmp/x")),
            (
                "--jobserver-auth=3,4 --jobserver-auth=5,6",
                pair("/dev/fd/5", "/dev/fd/6"),
            ),
            ("--jobserver-auth=-2,-2", None),
            ("-k", None),
            ("", None),
        ];
        for (flags, expected) in table {
            assert_eq!(ends(flags), expected, "{flags:?}");
        }
    }

    #[test]
    fn a_path_that_make_cannot_read_is_refused() {
        let folder = || Ok(PathBuf::from("/tmp/a b"));
        let refused = Pool::serve(cli::Jobserver::Fifo, 1, folder).unwrap_err();
        assert!(refused.to_string().contains("blank"), "{refused}");
    }

    #[test]
    fn lost_tokens_come_back_and_surplus_ones_go() {
        for kind in [cli::Jobserver::Pipe, cli::Jobserver::Fifo] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_owned();
            let mut pool = Pool::serve(kind, 3, || Ok(path)).unwrap().unwrap();
            let there = |pool: &Pool| rustix::io::ioctl_fionread(&pool.take).unwrap();
            assert_eq!(there(&pool), 3);
            let taker = pool.taker().unwrap();
            take(&taker).unwrap();
            take(&taker).unwrap();
            assert_eq!(there(&pool), 1, "a client was killed");
            pool.refill();
            assert_eq!(there(&pool), 3);
            (0..500).for_each(|_| pool.put(b'!'));
            pool.refill();
            assert_eq!(there(&pool), 3);
        }
    }
}
