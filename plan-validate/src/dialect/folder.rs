//! The files of a folder that a layout asks for, and no others: a folder may be a whole repository.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use schemas::{Failure, compare_ids};

use crate::dialect::Layout;
use crate::dialect::material::Text;

/// Largest file of a folder.
const LARGEST: u64 = MOST as u64;

/// Most that is read of one folder, or of one text in a dialect.
pub(super) const MOST: usize = 64 << 20;

/// Most files that are read of one folder.
const MOST_FILES: usize = 10_000;

/// The paths below `root` that match a pattern, numbers in names as numbers. What cannot be listed is not there.
pub(super) fn matching(root: &Path, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for step in pattern.split('/') {
        let mut next = Vec::new();
        for folder in &found {
            if !step.contains('*') {
                let path = join(folder, step);
                if root.join(&path).exists() {
                    next.push(path);
                }
                continue;
            }
            let names = fs::read_dir(root.join(folder)).into_iter().flatten();
            let mut names: Vec<String> = names
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .filter(|name| is_match(step, name))
                // One more than that is refused where it is read.
                .take(MOST_FILES + 1)
                .collect();
            names.sort_by(|a, b| compare_ids(a, b));
            next.extend(names.iter().map(|name| join(folder, name)));
        }
        found = next;
    }
    found.retain(|path| root.join(path).is_file());
    found
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// `*` is any text without `/`; one of them in a name.
fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len()
                && name.starts_with(before)
                && name.ends_with(after)
        }
    }
}

/// Reads every file of a layout. `prefix` stands before the names of files at the top: that of `a.plan.md` is `a.`.
pub(super) fn read(root: &Path, prefix: &str, layout: &Layout) -> Result<Vec<Text>, Failure> {
    let mut texts: Vec<Text> = Vec::new();
    let mut size = 0;
    for pattern in layout.files {
        let pattern = match pattern.contains('/') {
            true => (*pattern).to_owned(),
            false => format!("{prefix}{pattern}"),
        };
        for path in matching(root, &pattern) {
            if texts.iter().any(|text| text.path == path) {
                continue;
            }
            let text = text(root, path, prefix)?;
            size += text.text.len();
            texts.push(text);
            if size > MOST || texts.len() > MOST_FILES {
                return Err(Failure::input(format!(
                    "cannot read {}: more than 64 MiB or {MOST_FILES} files",
                    root.display()
                )));
            }
        }
    }
    Ok(texts)
}

fn text(root: &Path, path: String, prefix: &str) -> Result<Text, Failure> {
    let full = match root.as_os_str().is_empty() {
        true => Path::new(&path).to_owned(),
        false => root.join(&path),
    };
    let text = read_file(&full)?;
    let path = path.strip_prefix(prefix).unwrap_or(&path).to_owned();
    let name = full.display().to_string();
    Ok(Text { path, name, text })
}

/// Reads a file that stands beside the one that was named. May be empty.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::input(format!("cannot read {name}")).because(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::input(format!(
            "cannot read {name}: larger than 64 MiB"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::input(format!("cannot read {name}: not UTF-8 in line {line}"))
    })?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map_or(text.clone(), str::to_owned))
}
