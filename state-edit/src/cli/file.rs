//! The command line of edits to files.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::file::Format;

/// Conditions of an edit to a file.
#[derive(Debug, Args)]
pub(crate) struct FileTerms {
    /// Only when the file has this value there; `null` for none. May be repeated: all must hold
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) expect: Vec<Assignment>,

    /// Print what would change as a diff, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Make the file where it is missing, and sections of a Markdown file that are
    #[arg(long)]
    pub(crate) create: bool,

    /// The file's format [default: by the end of its name]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
}

/// A place and what is to be there.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) path: String,
    pub(crate) value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Assignment, String> {
        let (path, value) = text
            .split_once('=')
            .ok_or("there is no `=`: write PATH=VALUE, such as /status=done")?;
        Ok(Assignment {
            path: path.to_owned(),
            value: value.to_owned(),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The file
    pub(crate) file: PathBuf,

    /// Places: JSON Pointers, or keys with dots between them; without one the whole
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Strings without quotes
    #[arg(long, short)]
    pub(crate) raw: bool,

    /// The file's format [default: by the end of its name]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The file
    pub(crate) file: PathBuf,

    /// Places with their new values: JSON, or a bare word for a string; `-` reads a string from stdin
    #[arg(value_name = "PATH=VALUE", required = true)]
    pub(crate) values: Vec<Assignment>,

    /// Every value is a string, also `true` and `1.10`
    #[arg(long, short)]
    pub(crate) string: bool,

    #[command(flatten)]
    pub(crate) terms: FileTerms,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The file
    pub(crate) file: PathBuf,

    /// Places
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,

    /// Also when there is nothing at one of them
    #[arg(long)]
    pub(crate) if_present: bool,

    #[command(flatten)]
    pub(crate) terms: FileTerms,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The file
    pub(crate) file: PathBuf,

    /// The patch; `-` or nothing: stdin
    pub(crate) patch: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) terms: FileTerms,
}
