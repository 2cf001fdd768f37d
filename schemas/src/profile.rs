//! Agent profiles: how to start an agent and what counts as its success.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stream::Dialect;

/// A document of agent profiles, for `--agents FILE`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agents {
    /// `"agents"`; may be absent in files that people write by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Profiles by name.
    pub agents: BTreeMap<String, Profile>,
}

impl Agents {
    /// The profiles that are there without any file, as data (`schemas/agents.json`).
    pub fn built_in() -> Agents {
        serde_json::from_str(include_str!("../agents.json"))
            .expect("the built-in profiles are of their type: the contract test reads them")
    }
}

/// How to run one kind of agent. In a plan's `agents`, or in a file for `--agents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Program and arguments; `{model}`, `{prompt}` (one argv element) and `{promptFile}` are filled in.
    pub argv: Vec<String>,
    /// How the prompt travels.
    #[serde(default)]
    pub prompt_by: PromptBy,
    /// What counts as success.
    #[serde(default)]
    pub done: DoneRule,
    /// What it prints.
    #[serde(default)]
    pub dialect: Dialect,
    /// Added to the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Removed from the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_remove: Vec<String>,
    /// Taken for tasks that name no model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// How the prompt travels to the agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptBy {
    /// On stdin, then end of file. Any size.
    #[default]
    Stdin,
    /// As a file: `{promptFile}` in argv, `PROMPT_FILE` in the environment.
    File,
    /// As one element of argv: `{prompt}`. A prompt over 100 KiB travels as a file instead.
    Argument,
}

/// What counts as the success of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DoneRule {
    /// Exit 0 by itself: for commands, whose exit code is their result.
    Exit,
    /// A DONE marker, whatever the exit code.
    Marker,
    /// A DONE marker and exit 0. The default: an exit code alone is no evidence.
    #[default]
    Both,
}
