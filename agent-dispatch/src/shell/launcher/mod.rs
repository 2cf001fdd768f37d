//! Where an attempt runs: behind a prefix of the user's (`ssh host`, `srun -Q -n1`, `bwrap ...`), that starts this program
//! as a shim on the other side.
//!
//! The contract is the attempt's own end record: it succeeded only when the shim says so, with the number of the attempt.
//! What the launcher says is no evidence, not even exit 0: some engines answer so when a node was lost. Nothing from a
//! plan is put on the launcher's command line but `{workspace}`, where it is asked for: ssh hands its words to a shell. The
//! packet with all else goes through its stdin.

pub(super) mod frame;
pub(super) mod lease;
pub(super) mod line;
mod packet;
pub(crate) mod shim;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::Failure;

pub(super) use packet::{EndRecord, Packet};

/// How often the shim says that it is there.
pub(super) const BEAT: Duration = Duration::from_secs(5);

/// So long it may say nothing, once it has spoken, before it is taken for lost.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// After the end record, how long the launcher may take to end.
pub(super) const LINGER: Duration = Duration::from_secs(10);

/// Stands for the attempt's folder.
const WORKSPACE: &str = "{workspace}";

/// The prefix and the shim.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    program: PathBuf,
    words: Vec<String>,
    /// This program, as the other side names it.
    shim: PathBuf,
}

impl Launcher {
    /// From what a person typed. The shim is this very program unless another path is given.
    pub(crate) fn new(prefix: &str, shim: Option<&Path>) -> Result<Launcher, Failure> {
        let words = shlex::split(prefix).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| {
            Failure::usage(format!(
                "cannot take {prefix:?} as a launcher: no words, or an open quote"
            ))
        })?;
        let takes_one_word = |word: &String| {
            let flags = word
                .strip_prefix('-')
                .and_then(|flags| flags.strip_suffix('c'));
            flags.is_some_and(|flags| flags.chars().all(|flag| flag.is_ascii_lowercase()))
        };
        if words.last().is_some_and(takes_one_word) {
            // It would run this program without the word that makes it a shim, which waits for a schedule then.
            let message = format!("cannot take {prefix:?} as a launcher: two words come after it");
            return Err(Failure::usage(message).help("after sh -c: 'exec \"$0\" \"$@\"'"));
        }
        let program = which::which(&words[0])
            .map_err(|_| Failure::trouble(format!("cannot find the launcher {}", words[0])))?;
        let shim = match shim {
            Some(shim) => shim.to_owned(),
            None => std::env::current_exe().map_err(|error| {
                Failure::trouble("cannot find this program's own path").because(&error)
            })?,
        };
        Ok(Launcher {
            program,
            words,
            shim,
        })
    }

    /// Program and arguments for an attempt in a folder. Its name comes from a plan, and may have to pass a shell.
    pub(super) fn command(&self, workspace: &Path) -> anyhow::Result<(PathBuf, Vec<OsString>)> {
        let folder = workspace.to_string_lossy();
        let is_asked_for = self.words.iter().any(|word| word.contains(WORKSPACE));
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=".contains(c);
        anyhow::ensure!(
            !is_asked_for || folder.chars().all(is_plain),
            "cannot put the folder {folder:?} on a launcher's command line: a shell there may take it for more than a name"
        );
        let words = self
            .words
            .iter()
            .map(|word| word.replace(WORKSPACE, &folder));
        let shim = [self.shim.clone().into_os_string(), "__exec".into()];
        let words = words.map(OsString::from).chain(shim);
        Ok((self.program.clone(), words.collect()))
    }
}
