//! What a stream adds up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ErrorClass, Reset};
use crate::record::Usage;

/// What a stream has said so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The session that can be taken up again.
    pub session: Option<String>,
    /// The model that answered, as the program names it.
    pub model: Option<String>,
    /// The final result, or else the assistant's last message that is not blank. Of a long one, the end.
    pub last_text: Option<String>,
    /// Tokens. `input` is all that was read, what came from a cache included, and `output` all that was written, reasoning
    /// included, whichever way the program counts.
    pub usage: Usage,
    /// [`Report::usage`] counts the whole session, not this run: take off what was known before a follow-up.
    pub usage_is_cumulative: bool,
    /// What this run cost in US dollars, where the program says so.
    pub cost_usd: Option<f64>,
    /// What went wrong, in the program's own words. Gone when the program recovered.
    pub error: Option<StreamError>,
    /// The program waits to ask the model again, for this reason. Gone as soon as it is answered.
    pub retrying: Option<StreamError>,
    /// Calls of tools that have not come back, with the name of the tool.
    pub open_tools: BTreeMap<String, String>,
    /// How many calls of tools there were.
    pub tool_calls: u64,
    /// A call was refused for lack of permission: what the agent says of its success is no evidence.
    pub refused_tool: bool,
    /// The program said its last word.
    pub saw_result: bool,
    /// What that word was; absent when there was none, or it does not say.
    pub is_success: Option<bool>,
}

/// An error of the program or of its model, as the program tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamError {
    /// What kind it is.
    pub class: ErrorClass,
    /// In the program's words.
    pub message: String,
    /// When it may be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
}

impl StreamError {
    /// What a program says on stderr, when it tells of a known kind of error. Tools do not write there; an agent that
    /// prints text does, so this is for the dialects that are not text.
    pub fn in_stderr(text: &str) -> Option<StreamError> {
        let error = text.lines().map(|line| StreamError::new(None, "", line));
        error
            .into_iter()
            .find(|error| error.class != ErrorClass::Other)
    }
}
