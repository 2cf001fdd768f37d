//! What commands a project has, by its manifests.

mod detect;
#[cfg(test)]
mod tests;

pub(crate) use detect::detect;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use schemas::Command;
use serde_json::Value;

/// Largest manifest that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Why the project has no such command; `None`: it has, or nobody can say without running it.
pub(crate) fn missing(command: &Command, folder: &Path) -> Option<String> {
    let words: Vec<&str> = match command {
        Command::Argv(argv) => argv.iter().map(String::as_str).collect(),
        Command::Shell(line) => line.split_whitespace().collect(),
    };
    let (program, rest) = words.split_first()?;
    let target = rest.iter().find(|word| !word.starts_with('-')).copied();
    match (*program, target) {
        ("npm" | "pnpm" | "yarn" | "bun", Some("run" | "run-script")) => {
            let at = rest.iter().position(|word| word.starts_with("run"))?;
            let script = rest[at + 1..].iter().find(|word| !word.starts_with('-'))?;
            no_script(folder, script)
        }
        ("npm" | "pnpm" | "yarn", Some("test" | "t")) => no_script(folder, "test"),
        ("make", Some(target)) => no_target(folder, &MAKEFILES, target),
        ("just", Some(recipe)) => no_target(folder, &JUSTFILES, recipe),
        _ => None,
    }
}

const MAKEFILES: [&str; 3] = ["GNUmakefile", "Makefile", "makefile"];
const JUSTFILES: [&str; 3] = [".justfile", "justfile", "Justfile"];

fn no_script(folder: &Path, script: &str) -> Option<String> {
    let Some(manifest) = read(&folder.join("package.json")) else {
        return Some("there is no package.json".to_owned());
    };
    let manifest: Value = serde_json::from_str(&manifest).ok()?;
    let found = manifest
        .get("scripts")
        .and_then(|scripts| scripts.get(script));
    let real = found
        .and_then(Value::as_str)
        .is_some_and(|line| !is_placeholder(line));
    (!real).then(|| format!("package.json has no script `{script}`"))
}

/// What `npm init` writes where there are no tests.
fn is_placeholder(script: &str) -> bool {
    script.contains("no test specified")
}

fn no_target(folder: &Path, files: &[&str], target: &str) -> Option<String> {
    let Some((file, text)) = first(folder, files) else {
        return Some(format!("there is no {}", files.get(1).unwrap_or(&"")));
    };
    let (targets, all) = targets(&text);
    (all && !targets.iter().any(|known| known == target))
        .then(|| format!("{file} has no `{target}`"))
}

/// The targets of a Makefile or the recipes of a justfile, and whether there can be no others.
fn targets(text: &str) -> (Vec<String>, bool) {
    let (mut targets, mut all) = (Vec::new(), true);
    for line in text.lines() {
        let elsewhere = ["include ", "-include ", "import ", "mod "]
            .iter()
            .any(|start| line.starts_with(start));
        if elsewhere || line.starts_with('%') || line.starts_with('$') {
            all = false;
        }
        let begins =
            line.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@'));
        let Some((left, right)) = line.split_once(':').filter(|_| begins) else {
            continue;
        };
        // `NAME := value` sets a variable.
        if right.starts_with('=') || left.contains('=') {
            continue;
        }
        targets.extend(
            left.trim_start_matches('@')
                .split_whitespace()
                .map(str::to_owned),
        );
    }
    (targets, all)
}

fn first(folder: &Path, files: &[&str]) -> Option<(String, String)> {
    files
        .iter()
        .find_map(|file| Some(((*file).to_owned(), read(&folder.join(file))?)))
}

fn read(file: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(file)
        .ok()?
        .take(MAX_FILE)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}
