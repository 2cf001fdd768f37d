//! Gates: what must hold before work counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Command;

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
}

/// One gate: a command, a metric that is compared, or a statement for a person.
///
/// On the wire an object, or a string: an assertion (`coverage >= 80%`), a command, or a statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gate {
    /// For people; derived from the rest when absent.
    pub name: Option<String>,
    /// The gate as a bare string, not yet told apart.
    pub text: Option<String>,
    /// Passes when it exits 0 (and the assertion holds, when there is one).
    pub command: Option<Command>,
    /// `NAME OP NUMBER[%]`, OP one of `>= > <= < == !=`.
    pub assert: Option<String>,
    /// Where the number of the assertion comes from.
    pub from: Option<GateSource>,
    /// A statement that a person must confirm. Never run, never passed silently.
    pub manual: Option<String>,
    /// `false`: a failure only warns.
    pub required: bool,
    /// Seconds; the program's default when absent.
    pub timeout_seconds: Option<f64>,
    /// Relative to where the gate runs.
    pub cwd: Option<String>,
    /// Added to the environment.
    pub env: BTreeMap<String, String>,
}

/// Where the number of an assertion comes from: a file or the gate's own command, and the place in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateSource {
    /// Read this file, relative to where the gate runs; absent: what the command printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The first capture group (or the whole match) of the last match is the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// JSON Pointer to the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GateObject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Command>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assert: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<GateSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manual: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cwd: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
}

/// As it was written: a bare string stays one.
impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = &self.text {
            return text.serialize(serializer);
        }
        let object = GateObject {
            name: self.name.clone(),
            command: self.command.clone(),
            assert: self.assert.clone(),
            from: self.from.clone(),
            manual: self.manual.clone(),
            required: Some(self.required),
            timeout_seconds: self.timeout_seconds,
            cwd: self.cwd.clone(),
            env: self.env.clone(),
        };
        object.serialize(serializer)
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
        Ok(Gate {
            text: Some(text.trim().to_owned()),
            required: true,
            ..Gate::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Gate, A::Error> {
        let object = GateObject::deserialize(MapAccessDeserializer::new(map))?;
        if object.command.is_none() && object.assert.is_none() && object.manual.is_none() {
            return Err(A::Error::custom(
                "a gate needs one of: command, assert, manual",
            ));
        }
        Ok(Gate {
            name: object.name,
            text: None,
            command: object.command,
            assert: object.assert,
            from: object.from,
            manual: object.manual,
            required: object.required.unwrap_or(true),
            timeout_seconds: object.timeout_seconds,
            cwd: object.cwd,
            env: object.env,
        })
    }
}
