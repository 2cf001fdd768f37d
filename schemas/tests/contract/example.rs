//! The files under `examples/`, and what their types make of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemas::{Agents, Gates, Plan, Problem, Record, Schedule, State, Verdict};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) struct Example {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Example {
    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    pub(crate) fn stem(&self) -> &str {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str());
        stem.expect("examples have plain names")
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "ndjson")
    }

    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// Its documents: one, or one on each line of a stream.
    pub(crate) fn documents(&self) -> Vec<Value> {
        if !self.is_stream() {
            return vec![self.document()];
        }
        let lines = self.text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON on every line"))
            .collect()
    }

    /// Where it must fail: `tasks.0.id--missing.json` at `/tasks/0/id`, `root--…` at the document itself.
    pub(crate) fn pointer(&self) -> String {
        let (place, _what) = self.stem().split_once("--").expect("PLACE--WHAT.json");
        match place {
            "root" => String::new(),
            place => format!("/{}", place.replace('.', "/")),
        }
    }
}

pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    schemas::schema::KINDS.iter().map(|(kind, _)| *kind)
}

pub(crate) fn schema_text(kind: &str) -> &'static str {
    let found = schemas::schema::KINDS
        .iter()
        .find(|(name, _)| *name == kind);
    found.expect("a kind").1
}

pub(crate) fn examples(kind: &str, what: &str) -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(kind)
        .join(what);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| Example {
            text: std::fs::read_to_string(&path).expect("a readable file"),
            path,
        })
        .collect()
}

/// The document read into its type and written again.
pub(crate) fn rewritten(kind: &str, text: &str) -> Result<Value, serde_json::Error> {
    fn through<T: DeserializeOwned + Serialize>(text: &str) -> Result<Value, serde_json::Error> {
        // By way of text, as between two programs.
        let document: T = serde_json::from_str(text)?;
        serde_json::from_str(&serde_json::to_string(&document)?)
    }
    match kind {
        "plan" => through::<Plan>(text),
        "schedule" => {
            let written = through::<Schedule>(text)?;
            through::<Plan>(&written["plan"].to_string())?;
            Ok(written)
        }
        "record" => {
            let record = Record::parse(text)?;
            serde_json::from_str(&record.to_line())
        }
        "verdict" => through::<Verdict>(text),
        "state" => through::<State>(text),
        "problem" => through::<Problem>(text),
        "gates" => through::<Gates>(text),
        "agents" => through::<Agents>(text),
        other => panic!("no type is known for {other}"),
    }
}

/// Pointers to all values of a document.
pub(crate) fn pointers(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    schemas::source::scan(&document.to_string(), |pointer, _| {
        found.insert(pointer.to_owned());
    });
    found
}
