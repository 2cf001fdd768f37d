//! A problem: something about the input that its author should know, as data.

use serde::{Deserialize, Serialize};

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, but probably not as meant.
    Warning,
    /// The input is refused.
    Error,
}

/// One problem. All problems of an input are collected; none ends the search for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Stable kebab-case name of the rule, e.g. `unknown-dependency`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, lower case, no final stop.
    pub message: String,
    /// JSON Pointer (RFC 6901) into the document; absent for a problem of the text itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The file as it was named; `<stdin>` for standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// First line is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// First column is 1; columns count characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// Bytes of the source text, for drawing; not on the wire.
    #[serde(skip)]
    pub span: Option<std::ops::Range<usize>>,
}

/// Another place that belongs to a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// Why it belongs to it.
    pub message: String,
    /// JSON Pointer into the same document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The file as it was named, when it is not that of the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// First line is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// First column is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Bytes of the source text, for drawing; not on the wire.
    #[serde(skip)]
    pub span: Option<std::ops::Range<usize>>,
}

impl Problem {
    /// An error at no place yet.
    pub fn error(code: &str, message: impl Into<String>) -> Problem {
        Problem {
            code: code.to_owned(),
            severity: Severity::Error,
            message: message.into(),
            pointer: None,
            file: None,
            line: None,
            column: None,
            help: None,
            related: Vec::new(),
            span: None,
        }
    }

    /// A warning at no place yet.
    pub fn warning(code: &str, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..Problem::error(code, message)
        }
    }

    /// At the value that `pointer` names.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Problem {
        self.pointer = Some(pointer.into());
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// With another place that belongs to it.
    #[must_use]
    pub fn see(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Problem {
        self.related.push(Related {
            message: message.into(),
            pointer: Some(pointer.into()),
            file: None,
            line: None,
            column: None,
            span: None,
        });
        self
    }
}
