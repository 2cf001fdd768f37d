//! Gates: what must hold before work counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Command, Profile};

/// A gate document: gates by stage, as a plan's own `gates` has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gates {
    /// `"gates"`; may be absent in files that people write by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Gates by stage name; names are free.
    #[serde(default)]
    pub gates: BTreeMap<String, Vec<Gate>>,
    /// Agent profiles by name, for reviews.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, Profile>,
}

/// One gate, as it was written.
///
/// As a bare string it is an assertion (`coverage >= 80%`), a command, or a statement for a person, not yet told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    /// A bare string.
    Text(String),
    /// An object, whose fields say what it is.
    Object(Box<GateObject>),
}

/// A gate that says what it is. It has at least one of `command`, `assert`, `tests`, `paths`, `cleanTree`, `artifact`,
/// `review` and `manual`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateObject {
    /// For people, and for `needs` of others; derived from the rest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Passes when it exits 0, and what stands beside it (`assert`, `tests`, `review`) holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    /// `NAME OP NUMBER[UNIT]`, OP one of `>= > <= < == !=`; `NAME OP baseline`, with a `baseline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assert: Option<String>,
    /// Where the number of the assertion comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<GateSource>,
    /// The stored value that the number is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<GateBaseline>,
    /// The least coverage that the command must measure, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<GateThreshold>,
    /// What a test runner must have reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<GateTests>,
    /// Which files may have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<GatePaths>,
    /// `true`: nothing is uncommitted or untracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_tree: Option<bool>,
    /// A file, or a folder with files, that is there and not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// A JSON Schema that the artifact, as JSON or YAML, must be valid against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What a review must have come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<GateReview>,
    /// A statement that a person must confirm. Never run, never passed silently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<String>,
    /// When it applies: names that are asked for, with `==`, `>=`, `!`, `&&`, `||`. Where nobody can tell, it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// May mend what the check finds; never run unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Command>,
    /// `false`: a failure only warns. Absent: `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// `skip` or `fail`: what it comes to when the project has no such command. Absent: it could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_missing: Option<WhenMissing>,
    /// Names of gates that must have passed before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Names of resources (a port, a database) that only one check at a time may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<String>,
    /// Globs of the files that the result depends on; with them it may be taken from the cache.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Seconds; the program's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
    /// Relative to where the gate runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Added to the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// The least coverage, in percent: of lines, or by name (`lines`, `functions`, `branches`, `statements`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a threshold is a number, or numbers by name")]
pub enum GateThreshold {
    /// Of lines.
    Lines(f64),
    /// By name.
    Named(BTreeMap<String, f64>),
}

/// What a check comes to whose command the project does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenMissing {
    /// It is skipped, and that is said.
    Skip,
    /// It fails.
    Fail,
}

/// Where the number of an assertion comes from: a file or the gate's own command, and the place in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateSource {
    /// Read this file, relative to where the gate runs; absent: what the command printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How to read it; told from its content when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The first capture group (or the whole match) of the last match is the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// JSON Pointer to the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// A stored value that a number is compared with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateBaseline {
    /// A JSON object of numbers by the name of their metric, relative to where the gate runs.
    pub file: String,
    /// By how much the number may be worse, in its own unit; absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

/// What a test runner must have reported: at least one test, and no failure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateTests {
    /// The report, relative to where the gate runs; absent: what the command printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// How to read it; told from its content when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How many tests must have been run; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
}

/// Which files may have changed since a commit: globs relative to the top of the work tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatePaths {
    /// The commit to compare with, unless the call says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// A file that names what has changed, each name ended by NUL or by the end of its line, in place of asking git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Nothing else may have changed; empty: anything may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// These may not have changed, also where they are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
    /// Added to the built-in list of files with secrets; `!GLOB` takes out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Most files that may have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u64>,
    /// Most lines that may have been added and taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lines: Option<u64>,
    /// Largest file that may have been added or changed, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_file_bytes: Option<u64>,
}

/// What a review must have come to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateReview {
    /// The review, or a glob of the reviews of all rounds; absent: what the command printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The profile of the agent that reviews, instead of a command: one of the document's `agents`, or a built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it is told to look at beside the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The mildest severity that does not pass; absent: `important`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// After so many rounds a person must look; absent: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rounds: Option<u32>,
    /// A change of so many lines since the review asks for another; absent: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_again_lines: Option<u64>,
}

/// As it was written: a bare string stays one.
impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Gate::Text(text) => text.serialize(serializer),
            Gate::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Gate, D::Error> {
        deserializer.deserialize_any(GateVisitor)
    }
}

struct GateVisitor;

impl<'de> Visitor<'de> for GateVisitor {
    type Value = Gate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a gate: a string or an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Gate, E> {
        if text.trim().is_empty() {
            return Err(E::custom("the gate is empty"));
        }
        Ok(Gate::Text(text.trim().to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Gate, A::Error> {
        let object = GateObject::deserialize(MapAccessDeserializer::new(map))?;
        let says_what = object.command.is_some()
            || object.assert.is_some()
            || object.tests.is_some()
            || object.paths.is_some()
            || object.clean_tree == Some(true)
            || object.artifact.is_some()
            || object.review.is_some()
            || object.manual.is_some();
        if !says_what {
            return Err(A::Error::custom(
                "a gate needs one of: command, assert, tests, paths, cleanTree, artifact, review, manual",
            ));
        }
        Ok(Gate::Object(Box::new(object)))
    }
}
