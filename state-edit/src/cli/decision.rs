//! The command line of decisions.

use std::time::Duration;

use clap::{Args, Subcommand};
use schemas::time;

#[derive(Debug, Args)]
pub(crate) struct Decision {
    #[command(subcommand)]
    pub(crate) action: DecisionAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DecisionAction {
    /// Note what was decided
    Log(DecisionLog),
    /// Ask for a decision: what comes of it depends on its level
    ///
    /// Levels 0 and 1 take the suggestion at once, level 1 for people to see in the inbox's log. Level 2 waits until its
    /// time is over and then takes the suggestion. Levels 3 and 4 wait for a person, however long.
    Ask(DecisionAsk),
    /// Decide what is open
    Take(DecisionTake),
    /// Wait until it is decided, and print how; what is over time is decided by its suggestion
    Wait(DecisionWait),
}

#[derive(Debug, Args)]
pub(crate) struct DecisionLog {
    /// What
    pub(crate) text: String,

    /// 0 (nobody need know) to 4 (only a person may)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    pub(crate) level: Option<u8>,

    /// The task that it is about
    #[arg(long, value_name = "ID")]
    pub(crate) task: Option<String>,

    #[command(flatten)]
    pub(crate) terms: super::Terms,
}

#[derive(Debug, Args)]
pub(crate) struct DecisionAsk {
    /// Its name
    pub(crate) name: String,

    /// What is to be decided
    pub(crate) text: String,

    /// 0 to 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    pub(crate) level: u8,

    /// What there is to choose from; may be repeated
    #[arg(long = "option", value_name = "TEXT")]
    pub(crate) options: Vec<String>,

    /// What is best, as far as is known
    #[arg(long, value_name = "TEXT")]
    pub(crate) suggest: Option<String>,

    /// Level 2: so long a person may decide
    #[arg(long, value_name = "DURATION", value_parser = time::duration_parser())]
    pub(crate) timeout: Option<Duration>,

    /// The task that it is about
    #[arg(long, value_name = "ID")]
    pub(crate) task: Option<String>,

    #[command(flatten)]
    pub(crate) terms: super::Terms,
}

#[derive(Debug, Args)]
pub(crate) struct DecisionTake {
    /// Its name
    pub(crate) name: String,

    /// What is decided: one of its options, where it has any
    pub(crate) text: String,

    #[command(flatten)]
    pub(crate) terms: super::Terms,
}

#[derive(Debug, Args)]
pub(crate) struct DecisionWait {
    /// Its name
    pub(crate) name: String,

    /// No longer than this
    #[arg(long, value_name = "DURATION", value_parser = time::duration_parser())]
    pub(crate) timeout: Option<Duration>,
}
