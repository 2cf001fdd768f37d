//! The command line of `checkpoint`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use schemas::time::duration_parser;

use super::Terms;

#[derive(Debug, Args)]
pub(crate) struct Checkpoint {
    #[command(subcommand)]
    pub(crate) action: CheckpointAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointAction {
    /// Hold the run until a person has approved what they are shown
    Create(CheckpointCreate),
    /// Put what is there now before the person, in place of what was shown
    Renew(CheckpointRenew),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum CheckpointKind {
    Phase,
    QualityGate,
    Decision,
    Manual,
}

impl CheckpointKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            CheckpointKind::Phase => "phase",
            CheckpointKind::QualityGate => "quality_gate",
            CheckpointKind::Decision => "decision",
            CheckpointKind::Manual => "manual",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckpointCreate {
    /// Its name
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: String,

    /// What kind of checkpoint it is
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_enum,
        default_value = "manual"
    )]
    pub(crate) kind: CheckpointKind,

    /// A file to approve; one that has changed by then is not approved. May be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Vec<PathBuf>,

    /// It can be approved no later than in this time
    #[arg(long, value_name = "DURATION", value_parser = duration_parser())]
    pub(crate) until: Option<Duration>,

    /// What the person should know
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Args)]
pub(crate) struct CheckpointRenew {
    /// A file to approve; without one the same as before
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Vec<PathBuf>,

    /// It can be approved no later than in this time
    #[arg(long, value_name = "DURATION", value_parser = duration_parser())]
    pub(crate) until: Option<Duration>,

    /// What the person should know; without one as before
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,

    #[command(flatten)]
    pub(crate) terms: Terms,
}
