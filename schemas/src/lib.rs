#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod branch;
mod command;
mod console;
pub mod document;
mod exit;
mod failure;
mod gate;
mod ids;
pub mod journal;
pub mod machine;
pub mod marker;
mod plan;
mod problem;
mod profile;
pub mod program;
mod record;
mod render;
pub mod report;
pub mod result;
mod schedule;
pub mod source;
mod state;
pub mod stream;
pub mod terminal;
pub mod time;
mod verdict;

#[cfg(feature = "boundary")]
mod boundary;
#[cfg(feature = "boundary")]
pub use boundary::{Boundary, Breach, Malformed, SECRETS, globs};
#[cfg(feature = "pattern")]
pub mod pattern;
#[cfg(feature = "replace")]
pub mod replace;
#[cfg(feature = "validate")]
pub mod schema;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use branch::{name_part, target_branch, work_branch};
pub use command::Command;
pub use console::{Color, Console, Speech};
pub use exit::Exit;
pub use failure::Failure;
pub use gate::{
    Gate, GateBaseline, GateObject, GatePaths, GateReview, GateSource, GateTests, GateThreshold,
    Gates, WhenMissing,
};
pub use ids::{compare_ids, digest};
pub use plan::{
    Autonomy, AutonomyRule, BaselinePolicy, Defaults, Isolation, Limits, OnFailure, Phase, Plan,
    PriorOutcome, Project, Role, RunIf, Task, TaskMode, WorkspaceSetup,
};
pub use problem::{Problem, Related, Severity};
pub use profile::{
    Agents, Authorization, DoneRule, Invocation, Permissions, Profile, ProfileLimits, PromptBy,
    Reports, Steering, TestEndpoint,
};
pub use record::{
    ActivityState, AgentLabel, Artifact, AttemptResult, Body, CountedBy, FailureClass,
    RECORD_TYPES, Record, RunOutcome, StallStep, TaskLabel, Usage,
};
pub use render::render;
pub use schedule::{
    CriticalPath, Entry, Estimate, Lane, ModelTier, Pipeline, Schedule, TaskSlot, Worktree,
};
pub use state::{
    CheckpointState, DecisionEntry, Lock, Progress, ProjectState, Question, RouteState, RunStatus,
    State, TaskState, TaskStatus, Totals, WorkspaceState,
};
pub use terminal::printable;
pub use verdict::{
    Check, CheckStatus, Finding, FindingCounts, Metric, ReviewResult, TestCounts, Verdict,
    VerdictWord,
};

pub use state::{Outcome, Verification};
