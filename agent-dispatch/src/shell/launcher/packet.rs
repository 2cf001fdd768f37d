//! What the shim is told first, and what it says last. One JSON line each.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// All that an attempt needs on the other side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Packet {
    pub(crate) version: u32,
    /// The name of its frames. Not for the agent.
    pub(crate) nonce: String,
    /// The number of the attempt: a lower one is refused where a higher one has been.
    pub(crate) attempt: u32,
    /// Run and task: attempts with the same one exclude each other.
    pub(crate) lease: String,
    /// The mark of its processes.
    pub(crate) mark: String,
    pub(crate) workspace: PathBuf,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) env_remove: Vec<String>,
    /// Only these of the environment there, and what hardly a program does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pass_env: Option<Vec<String>>,
    /// It gets a folder for its temporary files there.
    pub(crate) scratch: bool,
    /// stdout and stderr are one stream.
    pub(crate) merged: bool,
    /// Between asking it to end and ending it, in milliseconds.
    pub(crate) grace_ms: u64,
}

impl Packet {
    /// Of what passes between dispatcher and shim. Another one is refused: both are the same program.
    pub(crate) const VERSION: u32 = 1;
}

/// The end record: what became of the attempt, from the side on which it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndRecord {
    pub(crate) attempt: u32,
    /// Its exit code; absent after a signal, or when it did not start.
    pub(crate) exit: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// Something of it had to be ended after it.
    #[serde(default)]
    pub(crate) leaked: bool,
    /// Why it did not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// RFC 3339.
    pub(crate) ended: String,
}
