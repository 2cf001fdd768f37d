//! Agent profiles: how to start an agent and what counts as its success.

#[cfg(feature = "yaml")]
mod file;
mod invocation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stream::Dialect;

pub use invocation::Invocation;

/// A document of agent profiles, for `--agents FILE`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Program and arguments. `{model}`, `{prompt}` (one element), `{promptFile}` and `{newSession}` (a UUID for the
    /// session that begins) are filled in; an element that is `{autonomy}` becomes the flags of the task's level, one that
    /// is `{command}` the words that the command line gives after `--`. What
    /// cannot be filled in falls away with the flag before it.
    pub argv: Vec<String>,
    /// Program and arguments of an attempt that goes on in an earlier session, `{session}`; absent when the agent cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<Vec<String>>,
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
    /// Whose servers it reaches its model by: part of the route's name. Agents of one provider that share a quota are
    /// held together when they name the same provider and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The variable that names the folder in which it keeps its sessions; `HOME` when absent or not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_home: Option<String>,
    /// Folders in which it keeps logs of its sessions, in files that bear the session's id: one that grows is a sign of life.
    /// `~/` is the home folder, `$NAME/` what a variable says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session_logs: Vec<String>,
    /// Permission and sandbox flags by the autonomy level of the task, 0 (acts alone) to 4 (a person does it).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub autonomy: BTreeMap<u8, Vec<String>>,
    /// The flags of a task that changes nothing, instead of its level's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_only: Vec<String>,
    /// How a message reaches a running attempt; absent: `restart` where there is a follow-up, else `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steer: Option<Steering>,
    /// Profiles that take over when this one's route is held or when it fails twice in the same way.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_many"
    )]
    pub fallback: Vec<String>,
    /// How long it may take for what, where the command line and the task say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ProfileLimits>,
    /// It prints nothing before its end: only its other signs of life count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub buffered: bool,
    /// What it tells about its spending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<Reports>,
    /// For budgets only, where it tells no cost: US dollars of a million tokens. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_million_tokens: Option<f64>,
    /// What shows that it may be used; absent: it needs nothing that could be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// What is answered when it asks for a permission, in dialects in which it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// How it is pointed at a model server on this machine, for tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_endpoint: Option<TestEndpoint>,
}

/// How a message reaches a running attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Steering {
    /// In `ANSWERS_FILE`, and in the next prompt.
    File,
    /// The attempt is ended, and its session goes on with the message.
    Restart,
    /// It hears at once.
    Live,
}

/// Minutes; absent: the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileLimits {
    /// From its start to its first output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_output_minutes: Option<f64>,
    /// Without a sign of life, until it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_minutes: Option<f64>,
    /// Without a sign of life, until it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_minutes: Option<f64>,
    /// The same while a call of a tool is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_minutes: Option<f64>,
    /// Of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
}

/// What an agent tells about its spending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reports {
    /// US dollars.
    #[serde(default)]
    pub cost: bool,
    /// Tokens.
    #[serde(default)]
    pub tokens: bool,
}

/// Any one of these present says that the agent may be used. Values are never looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// Variables of the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Files; `~/` is the home folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// What is answered to an agent that asks for a permission.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permissions {
    /// Yes.
    Allow,
    /// A person is asked.
    #[default]
    Ask,
    /// No.
    Deny,
}

/// How an agent is pointed at a model server; `{url}` and `{key}` are filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestEndpoint {
    /// Put behind the program's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Added to the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// A name, or a list of names.
fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    let names = Option::<Names>::deserialize(from)?;
    Ok(match names {
        None => Vec::new(),
        Some(Names::One(name)) => vec![name],
        Some(Names::Many(names)) => names,
    })
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
