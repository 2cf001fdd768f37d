//! A file of profiles for `--agents`: JSON or YAML, and what is wrong with it in its place.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Agents, Profile};
use crate::{Console, Exit, Failure, Problem, document, render, source, yaml};

impl Agents {
    /// Reads the profiles of a file. Everything that is wrong with it is shown, then it fails with code 3.
    pub fn read(file: &Path, console: &Console) -> Result<Agents, Failure> {
        let (source, value, mut problems) = yaml::or_json(document::read(Some(file))?);
        let agents = value.and_then(|value| {
            check(&value, &mut problems);
            let read = serde_json::from_value(value);
            let wrong = |error: serde_json::Error| {
                // What was found has a place; this has none.
                if problems.is_empty() {
                    problems.push(Problem::error("agents", error.to_string()).at(""));
                }
            };
            read.map_err(wrong).ok()
        });
        if let Some(agents) = agents.filter(|_| problems.is_empty()) {
            return Ok(agents);
        }
        source.place(&mut problems);
        console.block(&render(&problems, &source, console.has_color()));
        Err(Failure::told(Exit::Input))
    }
}

/// Looks for what is wrong with the parts of the document: each has a place, which an error of the whole has not.
fn check(document: &Value, problems: &mut Vec<Problem>) {
    let is_agents = |kind: &Value| kind.is_null() || kind == "agents";
    if document.get("kind").is_some_and(|kind| !is_agents(kind)) {
        let message = "this is a document of another kind: agent profiles have the kind agents";
        problems.push(Problem::error("kind", message).at("/kind"));
        return;
    }
    let is_known = |version: &Value| version.is_null() || version == 1;
    if document
        .get("version")
        .is_some_and(|version| !is_known(version))
    {
        let message = "this version of agent profiles is unknown";
        problems.push(Problem::error("version", message).at("/version"));
    }
    let Some(Value::Object(profiles)) = document.get("agents") else {
        let message = "this is no document of agent profiles: it has no `agents` by name";
        problems.push(Problem::error("agents", message).at(""));
        return;
    };
    for (name, profile) in profiles {
        let pointer = format!("/agents/{}", source::escape(name));
        match profile {
            Value::Object(fields) => check_profile(&pointer, fields, problems),
            _ => {
                let message = format!("the profile {name} is no object");
                problems.push(Problem::error("profile", message).at(&pointer));
            }
        }
    }
}

fn check_profile(pointer: &str, fields: &Map<String, Value>, problems: &mut Vec<Problem>) {
    if !fields.contains_key("argv") {
        let message = "a profile needs `argv`, its program and arguments";
        problems.push(Problem::error("argv", message).at(pointer));
    }
    for (key, value) in fields {
        // Each field by itself: the first that is wrong must not hide the others.
        let mut alone = json!({ "argv": ["program"] });
        alone[key] = value.clone();
        let read: Result<Profile, _> = serde_json::from_value(alone);
        let problem = match read {
            Err(error) => format!("`{key}`: {error}"),
            Ok(profile) if profile.argv.first().is_none_or(String::is_empty) => {
                "`argv`: there is no program".to_owned()
            }
            Ok(_) => continue,
        };
        let place = format!("{pointer}/{}", source::escape(key));
        problems.push(Problem::error("profile", problem).at(&place));
    }
}
