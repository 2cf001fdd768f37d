//! The verdict: what `gate-run` answers.

use serde::{Deserialize, Serialize};

/// May it pass?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// `"verdict"`.
    pub kind: String,
    /// 1.
    pub version: u32,
    /// The answer.
    pub verdict: VerdictWord,
    /// The stage that was asked for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// One entry per gate, in the order of the document.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// How many findings, by severity.
    #[serde(default)]
    pub findings: FindingCounts,
    /// How often the gates were run for this verdict.
    #[serde(default = "one")]
    pub attempts: u32,
}

fn one() -> u32 {
    1
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictWord {
    /// Every required check passed.
    Passed,
    /// A required check failed.
    Failed,
    /// A required check could not be run: no statement about the work.
    Infrastructure,
    /// Everything that can be run passed; a person must confirm the rest.
    Manual,
}

/// One check of a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// For people.
    pub name: String,
    /// `command`, `metric` or `manual`; more to come.
    pub kind: String,
    /// How it ended.
    pub status: CheckStatus,
    /// Whether the verdict depends on it.
    pub required: bool,
    /// Of its command; absent when it did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// What was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// What it found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why it did not pass, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The end of what it printed, at most 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tail: Option<String>,
    /// All that it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It does not, and is not required.
    Warned,
    /// It was not run, because an earlier one failed.
    Skipped,
    /// It took too long and was ended.
    TimedOut,
    /// It could not be run.
    Infrastructure,
    /// A person must say.
    Manual,
}

/// A number that was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// As the assertion names it.
    pub name: String,
    /// What was measured; `null` when there was no number.
    pub value: Option<f64>,
    /// `>= > <= < == !=`.
    pub op: String,
    /// What it was compared with.
    pub threshold: f64,
}

/// One thing that is wrong with the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `critical`, `important`, `medium` or `minor`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// Where, relative to where the gate ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// First line is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How many findings, by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingCounts {
    /// Must be mended.
    #[serde(default)]
    pub critical: u32,
    /// Must be mended.
    #[serde(default)]
    pub important: u32,
    /// Should be mended.
    #[serde(default)]
    pub medium: u32,
    /// May be mended.
    #[serde(default)]
    pub minor: u32,
}
