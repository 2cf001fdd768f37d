//! Where the gates come from: stdin, a file, the project's own file, or a commit that the work cannot change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::Failure;
use schemas::document::{self, Input};

use crate::cli::Cli;
use crate::evidence::tampering::Tampering;
use crate::git::Git;

/// What a project's own gates are called.
const FILES: [&str; 3] = ["gates.yaml", "gates.yml", "gates.json"];

/// Stages that are git's hooks: what comes on stdin there are no gates.
const HOOKS: [&str; 9] = [
    "pre-push",
    "pre-commit",
    "pre-merge-commit",
    "commit-msg",
    "prepare-commit-msg",
    "post-commit",
    "post-checkout",
    "post-merge",
    "pre-rebase",
];

/// How long git may take to tell of a commit.
const PATIENCE: Duration = Duration::from_secs(60);

/// The gates as they stand, and the commit they are from.
pub(crate) struct Origin {
    pub(crate) input: Input,
    pub(crate) trusted: Option<Trusted>,
}

/// A commit that what is wanted is read from.
pub(crate) struct Trusted {
    pub(crate) commit: String,
    pub(crate) tampering: Tampering,
}

/// The file that the gates are in: the named one, or the project's own where stdin cannot hold any.
pub(crate) fn file(cli: &Cli) -> Option<PathBuf> {
    let named = cli.file.clone().or_else(|| cli.gates.clone());
    let hook = cli
        .stage
        .iter()
        .any(|stage| HOOKS.contains(&stage.as_str()));
    let needed = hook || cli.gates_from.is_some() || document::would_wait(None);
    if named.is_some() || !needed {
        return named;
    }
    let found = |name: &&str| match &cli.gates_from {
        // The work may have taken it away.
        Some(commit) => in_commit(commit, &cli.cwd.join(name)).is_ok_and(|found| found.1.is_some()),
        None => cli.cwd.join(name).is_file(),
    };
    FILES
        .iter()
        .find(|name| found(name))
        .map(|name| cli.cwd.join(name))
}

/// Reads the gates, of the commit that `--gates-from` names when it names one.
pub(crate) fn read(file: Option<&Path>, cli: &Cli) -> Result<Origin, Failure> {
    let Some(name) = &cli.gates_from else {
        let input = document::read(file)?;
        return Ok(Origin {
            input,
            trusted: None,
        });
    };
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        let failure =
            Failure::usage("--gates-from needs a file: what comes on stdin is in no commit");
        return Err(failure);
    };
    let cannot = |why: String| {
        Failure::trouble(format!("cannot read the gates of {name}"))
            .because(&*Box::<dyn std::error::Error>::from(why))
    };
    let ((commit, path), text) = in_commit(name, file).map_err(cannot)?;
    let shown = format!("{name}:{}", path.display());
    let Some(text) = text else {
        return Err(Failure::input(format!("there is no {shown}")));
    };
    let text =
        String::from_utf8(text).map_err(|_| Failure::input(format!("{shown} is not UTF-8")))?;
    if text.trim().is_empty() {
        return Err(Failure::input(format!("{shown} is empty")));
    }
    Ok(Origin {
        input: Input { name: shown, text },
        trusted: Some(Trusted {
            commit,
            tampering: Tampering {
                definitions: path,
                promises: Vec::new(),
            },
        }),
    })
}

type Found = ((String, PathBuf), Option<Vec<u8>>);

/// A file as a commit has it: the commit's id, its path there, and its text.
fn in_commit(commit: &str, file: &Path) -> Result<Found, String> {
    let whole = std::path::absolute(file).map_err(|error| error.to_string())?;
    let folder = whole
        .parent()
        .filter(|folder| folder.is_dir())
        .unwrap_or(Path::new("."));
    let git = Git::open(folder, PATIENCE)?;
    let commit = git.commit(commit)?;
    let folder = std::fs::canonicalize(folder).map_err(|error| error.to_string())?;
    let path = folder.join(whole.file_name().unwrap_or_default());
    let path = path
        .strip_prefix(git.top())
        .map_err(|_| "the file is outside of the work tree".to_owned())?;
    let text = git.show(&commit, path)?;
    Ok(((commit, path.to_path_buf()), text))
}
