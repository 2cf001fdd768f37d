//! The command line of what a run is drawn as.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RenderFormat {
    /// The Markdown state file, `type: orchestration-state`
    Aiter,
    /// The entry of a run for implementation.md
    Oat,
    /// context.md
    Context,
    /// A table of the tasks
    Table,
    /// The report between waves, and at the end
    Report,
    /// The report as a document
    Json,
    /// The report as one page for a browser, which needs nothing but itself
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    /// What to draw
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: RenderFormat,

    /// The run as it was after record SEQ
    #[arg(long, value_name = "SEQ", conflicts_with = "state")]
    pub(crate) at: Option<u64>,

    /// The plan, or its schedule: adds the order, and what waits for what
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// A state document in place of the run directory; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// oat: which run it is
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) number: u32,
}

/// What a file becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// A state document
    State,
    /// Records for `state-edit record`
    Records,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A Markdown state file; `-` or nothing: stdin
    pub(crate) file: Option<PathBuf>,

    /// What it becomes
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "state")]
    pub(crate) format: ImportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Live {
    /// The plan, or its schedule: adds which wave it is
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
}
