//! The JSON Schemas of the contract, compiled when they are needed.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::source::escape;
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

/// A compiled schema of one kind.
pub struct Schema {
    validator: Validator,
}

impl Schema {
    /// Compiles the schema of `kind`; the schemas refer to each other by file name.
    pub fn of(kind: &str) -> Result<Schema, Failure> {
        let broken = |error: &dyn std::error::Error| {
            Failure::trouble(format!("cannot compile the schema of {kind}")).because(error)
        };
        let mut resources = Vec::new();
        let mut wanted = None;
        for (name, text) in KINDS {
            let schema: Value = serde_json::from_str(text).map_err(|error| broken(&error))?;
            if *name == kind {
                wanted = Some(schema.clone());
            }
            resources.push((format!("urn:orchestrate:{name}"), schema));
        }
        let Some(schema) = wanted else {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(Failure::usage(format!("no such kind: {kind}"))
                .help(format!("the kinds are {}", names.join(", "))));
        };
        let mut registry = jsonschema::Registry::new();
        for (uri, schema) in resources {
            registry = registry
                .add(uri, jsonschema::Resource::from_contents(schema))
                .map_err(|error| broken(&error))?;
        }
        let registry = registry.prepare().map_err(|error| broken(&error))?;
        let validator = jsonschema::draft202012::options()
            .with_registry(&registry)
            .build(&schema)
            .map_err(|error| broken(&error))?;
        Ok(Schema { validator })
    }

    /// Everything in which `document` is not of the schema.
    pub fn problems(&self, document: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        for error in self.validator.iter_errors(document) {
            let mut pointer = error.instance_path().as_str().to_owned();
            let message = match error.kind() {
                ValidationErrorKind::Required { property } => {
                    let name = property.as_str().unwrap_or_default();
                    pointer.push('/');
                    pointer.push_str(&escape(name));
                    format!("`{name}` is missing")
                }
                // Values of strangers may be huge; the place shows them.
                _ => error.masked_with("it").to_string(),
            };
            let mut problem = Problem::error("schema", message);
            problem.pointer = Some(pointer);
            problems.push(problem);
        }
        problems
    }
}
