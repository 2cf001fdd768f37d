//! A file that must be there, hold something, and be valid against a schema.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use schemas::Finding;
use serde_json::Value;

use super::{Place, Seen, counted};

/// Largest artifact that is read to be compared with a schema, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Most files of a folder that are looked at: one that holds something is enough.
const MAX_ENTRIES: usize = 10_000;

pub(super) fn look(file: &Path, schema: Option<&Path>, place: &Place<'_>) -> Seen {
    let whole = place.cwd.join(file);
    let failed = |what: &str| {
        let finding = Finding {
            severity: "important".to_owned(),
            message: what.to_owned(),
            file: Some(file.display().to_string()),
            rule: Some("artifact".to_owned()),
            ..Finding::default()
        };
        Seen::failed(what, vec![finding])
    };
    let about = match fs::metadata(&whole) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return failed("there is no such file");
        }
        Err(error) => {
            return Seen::infrastructure(format!("cannot look at {}: {error}", file.display()));
        }
    };
    if about.is_dir() {
        return match (schema, holds_something(&whole)) {
            (Some(_), _) => failed("a folder cannot be compared with a schema"),
            (None, true) => Seen::passed(),
            (None, false) => failed("the folder has no file that holds anything"),
        };
    }
    if about.len() == 0 {
        return failed("the file is empty");
    }
    let Some(schema) = schema else {
        return Seen::passed();
    };
    match errors(&whole, &place.cwd.join(schema)) {
        Err(why) => Seen::infrastructure(why),
        Ok(Err(why)) => failed(&why),
        Ok(Ok(errors)) if errors.is_empty() => Seen::passed(),
        Ok(Ok(errors)) => {
            let reason = format!(
                "{} against {}",
                counted(errors.len() as u64, "error"),
                schema.display()
            );
            let findings = errors.into_iter().map(|message| Finding {
                severity: "important".to_owned(),
                message,
                file: Some(file.display().to_string()),
                rule: Some("artifact/schema".to_owned()),
                ..Finding::default()
            });
            Seen::failed(reason, findings.collect())
        }
    }
}

fn holds_something(folder: &Path) -> bool {
    let (mut folders, mut left) = (vec![folder.to_path_buf()], MAX_ENTRIES);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            left -= 1;
            match entry.metadata() {
                Ok(about) if about.is_file() && about.len() > 0 => return true,
                Ok(about) if about.is_dir() => folders.push(entry.path()),
                _ => {}
            }
            if left == 0 {
                return false;
            }
        }
    }
    false
}

/// The outer error: nobody can say. The inner one: the artifact is no document.
fn errors(file: &Path, schema: &Path) -> Result<Result<Vec<String>, String>, String> {
    let cannot = |why: String| format!("cannot use the schema {}: {why}", schema.display());
    let schema_document = read(schema).map_err(cannot)?;
    let validator =
        jsonschema::validator_for(&schema_document).map_err(|error| cannot(error.to_string()))?;
    let document = match read(file) {
        Ok(document) => document,
        Err(why) => return Ok(Err(why)),
    };
    let errors = validator.iter_errors(&document).take(super::MAX_FINDINGS);
    Ok(Ok(errors
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() {
                "/".to_owned()
            } else {
                place
            };
            let mut message: String = error.to_string().chars().take(300).collect();
            message.insert_str(0, &format!("{place}: "));
            message
        })
        .collect()))
}

fn read(file: &Path) -> Result<Value, String> {
    let mut text = String::new();
    let opened = File::open(file).map(|file| file.take(MAX_FILE + 1));
    opened
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| format!("cannot read it: {error}"))?;
    if text.len() as u64 > MAX_FILE {
        return Err("larger than 64 MiB".to_owned());
    }
    let yaml = file
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    if !yaml {
        return serde_json::from_str(&text).map_err(|error| format!("it is not JSON: {error}"));
    }
    let (_, value) = schemas::yaml::parse(file.display().to_string(), text);
    value.map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone());
        format!("it is not YAML: {}", first.unwrap_or_default())
    })
}
