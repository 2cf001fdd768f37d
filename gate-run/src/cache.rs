//! Checks that have passed and need not be run again, because nothing that they depend on has changed.
//!
//! Only a gate that declares its `inputs` can be found here, and only one that has passed is kept. Whoever can write to
//! the folder can claim a pass: it must not be where the work under review writes.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::{Check, CheckStatus};

use crate::evidence::{Evidence, files};
use crate::planned::{Planned, Work};

/// Largest input that is looked at, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// A folder of results.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Results are kept in this folder, which is made when the first one is.
    pub(crate) fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// Where results are kept when nobody says.
    pub(crate) fn default_folder() -> Option<PathBuf> {
        let named = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let caches = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
        Some(caches?.join("gate-run"))
    }

    /// What the result of a gate hangs on, in one word; `None`: it cannot be kept.
    pub(crate) fn key(planned: &Planned, cwd: &Path) -> Option<String> {
        let Work::Check {
            run: Some(run),
            evidence,
        } = &planned.work
        else {
            return None;
        };
        let repeats =
            |evidence: &Evidence| matches!(evidence, Evidence::Tests(_) | Evidence::Metric(_));
        if planned.inputs.is_empty() || !evidence.iter().all(repeats) {
            return None;
        }
        let globs = schemas::globs(&planned.inputs).ok()?;
        let found = files::walk(cwd, Path::new(""), &globs).ok()?;
        if found.is_empty() {
            return None;
        }
        let mut parts = vec![
            env!("CARGO_PKG_VERSION").to_owned(),
            format!("{:?} {evidence:?}", run.command),
            format!("{:?}", run.env),
            std::env::var("PATH").unwrap_or_default(),
            tool(planned, cwd),
        ];
        for file in found {
            parts.push(file.to_string_lossy().into_owned());
            parts.push(contents(&cwd.join(&file))?);
        }
        Some(schemas::digest(parts.iter().map(String::as_bytes)))
    }

    /// The check as it passed.
    pub(crate) fn get(&self, key: &str, planned: &Planned) -> Option<Check> {
        let text = fs::read(self.file(key)).ok()?;
        let check: Check = serde_json::from_slice(&text).ok()?;
        Some(Check {
            name: planned.name.clone(),
            stage: Some(planned.stage.clone()),
            required: planned.required,
            cached: Some(true),
            duration_ms: 0,
            attempts: None,
            log_file: None,
            ..check
        })
        .filter(|check| check.status == CheckStatus::Passed)
    }

    /// Keeps a check that has passed. That it cannot be kept is no failure of the check.
    pub(crate) fn put(&self, key: &str, check: &Check) {
        if check.status != CheckStatus::Passed {
            return;
        }
        let Ok(text) = serde_json::to_vec(check) else {
            return;
        };
        let (file, fresh) = (
            self.file(key),
            self.file(&format!("{key}.{}", std::process::id())),
        );
        let _ = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&fresh, text))
            .and_then(|()| fs::rename(&fresh, &file));
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

/// The tool by its file: another version has another size or time.
fn tool(planned: &Planned, cwd: &Path) -> String {
    let Some(run) = planned.run() else {
        return String::new();
    };
    let first = match &run.command {
        schemas::Command::Argv(argv) => argv.first().cloned(),
        schemas::Command::Shell(line) => line
            .split_whitespace()
            .find(|word| !word.contains('='))
            .map(str::to_owned),
    };
    let found = first.and_then(|word| which::which_in(word, std::env::var_os("PATH"), cwd).ok());
    let about = found.as_ref().and_then(|path| fs::metadata(path).ok());
    format!(
        "{found:?} {:?}",
        about.map(|about| (about.len(), about.modified().ok()))
    )
}

fn contents(file: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(file)
        .ok()?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    let whole = bytes.len() as u64 <= MAX_FILE;
    whole.then(|| schemas::digest([bytes.as_slice()]))
}
