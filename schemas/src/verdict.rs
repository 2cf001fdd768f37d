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
    /// The gates were not run to their end: what a verdict file says from the start of a run. No consent.
    NotRun,
}

/// One check of a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// For people.
    pub name: String,
    /// `command`, `metric`, `tests`, `review`, `paths`, `clean-tree`, `artifact` or `manual`; more to come.
    pub kind: String,
    /// Of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
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
    /// What a test runner reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestCounts>,
    /// What a review came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewResult>,
    /// How often its command was run; more than once only after infrastructure had failed. Absent: once at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// It passed earlier, and nothing that it depends on has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<bool>,
    /// What it found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why it did not pass, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A command that may mend it, as the gate names it; told when the check did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The beginning of what it printed, at most 4 KiB, when `outputTail` does not reach back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_head: Option<String>,
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
    /// It passed, but left processes behind that held its output and had to be ended.
    Leaked,
    /// It was not run: an earlier one did not pass, or the project has no such command.
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
    /// Of both numbers, such as `%`, `ms` or `KiB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What a test runner reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCounts {
    /// Ran and passed.
    #[serde(default)]
    pub passed: u64,
    /// Ran and did not pass, errors included.
    #[serde(default)]
    pub failed: u64,
    /// Did not run.
    #[serde(default)]
    pub skipped: u64,
}

/// What a review came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewResult {
    /// `approved`, `approved-with-comments` or `changes-requested`; absent when it says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Which review this is; the first is 1.
    #[serde(default)]
    pub round: u32,
    /// How many of its findings no earlier round had.
    #[serde(default)]
    pub new_findings: u32,
    /// Its findings by severity.
    #[serde(default)]
    pub counts: FindingCounts,
}

/// One thing that is wrong with the work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// First column is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was broken, as the tool names it: `E0308`, `no-unused-vars`, `paths/forbidden`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
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
