//! The JSON Schemas of the contract, compiled when they are needed.

mod wording;

use jsonschema::{Registry, Resource, ValidationError, Validator};
use serde_json::Value;

use crate::{Failure, Problem};

/// The kinds of contract documents, by the name of their schema.
pub const KINDS: &[(&str, &str)] = &[
    ("plan", include_str!("../plan.schema.json")),
    ("schedule", include_str!("../schedule.schema.json")),
    ("record", include_str!("../record.schema.json")),
    ("verdict", include_str!("../verdict.schema.json")),
    ("state", include_str!("../state.schema.json")),
    ("problem", include_str!("../problem.schema.json")),
    ("gates", include_str!("../gates.schema.json")),
    ("agents", include_str!("../agents.schema.json")),
];

/// What the name of every schema begins with: `urn:orchestrate:plan`.
const NAMESPACE: &str = "urn:orchestrate:";

/// A compiled schema of one kind.
pub struct Schema {
    validator: Validator,
    /// All schemas by kind: the compiled one refers to others, and their descriptions are the help.
    texts: Vec<(&'static str, Value)>,
}

impl Schema {
    /// Compiles the schema of `kind`; the schemas refer to each other as `urn:orchestrate:KIND`.
    pub fn of(kind: &str) -> Result<Schema, Failure> {
        let broken = |error: &dyn std::error::Error| {
            Failure::trouble(format!("cannot compile the schema of {kind}")).because(error)
        };
        let mut texts = Vec::new();
        let mut registry = Registry::new();
        for (name, text) in KINDS {
            let schema: Value = serde_json::from_str(text).map_err(|error| broken(&error))?;
            let resource = Resource::from_contents(schema.clone());
            registry = registry
                .add(format!("{NAMESPACE}{name}"), resource)
                .map_err(|error| broken(&error))?;
            texts.push((*name, schema));
        }
        let Some((_, schema)) = texts.iter().find(|(name, _)| *name == kind) else {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(Failure::usage(format!("no such kind: {kind}"))
                .help(format!("the kinds are {}", names.join(", "))));
        };
        let registry = registry.prepare().map_err(|error| broken(&error))?;
        let validator = jsonschema::draft202012::options()
            .with_registry(&registry)
            .build(schema)
            .map_err(|error| broken(&error))?;
        Ok(Schema { validator, texts })
    }

    /// Everything in which `document` is not of the schema.
    pub fn problems(&self, document: &Value) -> Vec<Problem> {
        self.validator
            .iter_errors(document)
            .map(|error| wording::problem(&error, self.site(&error)))
            .collect()
    }

    /// Whether `document` is of the schema; much quicker than asking for the problems.
    pub fn accepts(&self, document: &Value) -> bool {
        self.validator.is_valid(document)
    }

    /// The object of the schema whose keyword was violated.
    fn site(&self, error: &ValidationError<'_>) -> Option<&Value> {
        let location = error.absolute_keyword_location()?.as_str();
        let (kind, pointer) = location.strip_prefix(NAMESPACE)?.split_once('#')?;
        let (parent, _keyword) = pointer.rsplit_once('/')?;
        let (_, schema) = self.texts.iter().find(|(name, _)| *name == kind)?;
        schema.pointer(parent)
    }
}

#[cfg(test)]
mod tests;
