//! One route to a model in the state of a run.

use serde::{Deserialize, Serialize};

use crate::FailureClass;

/// A route (agent, provider, model) that is or was held. One that has served an attempt since is not listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteState {
    /// Nothing is started on it.
    pub held: bool,
    /// RFC 3339: held until then; absent when a person must act first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// `quota`, `auth` or `billing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// In the agent's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often it was held without an attempt that it served in between.
    #[serde(default)]
    pub holds: u32,
}
