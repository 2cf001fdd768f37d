//! The command line of `lock`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use schemas::time::duration_parser;

/// Run a command under a named lock, or take, prolong, give back, list or seize one
///
/// COMMAND is run when the lock is free, the lock is prolonged while it runs and given back when it ends; its exit
/// code is the exit code. Who loses the lock all the same has COMMAND ended. A lock is free again when it was given
/// back, when its time is over, or when its process has ended.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "state-edit lock NAME [OPTIONS] -- COMMAND...\n       state-edit lock <acquire|refresh|release|list|steal> ..."
)]
pub(crate) struct Lock {
    #[command(subcommand)]
    pub(crate) action: Option<LockAction>,

    /// The lock
    #[arg(required = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: Option<String>,

    #[command(flatten)]
    terms: LockTerms,

    #[command(flatten)]
    how: LockWait,

    /// What is run
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LockAction {
    /// Take the lock, and keep it until it is released or its time is over
    Acquire(Acquire),
    /// Let the time of a lock that one has begin anew
    Refresh(Refresh),
    /// Give a lock back
    Release(LockName),
    /// Print the locks, one per line: name, owner, times, process, and whether it is held, expired or dead
    List,
    /// Take a lock from whoever has it
    Steal(Steal),
}

impl Lock {
    /// The lock under which the command is to be run; none where an action was named.
    pub(crate) fn take(self) -> Option<(LockTake, Vec<String>)> {
        let name = LockName {
            name: self.name?,
            terms: self.terms,
        };
        let how = self.how;
        Some((LockTake { name, how }, self.command))
    }
}

#[derive(Debug, Args)]
pub(crate) struct LockTake {
    #[command(flatten)]
    pub(crate) name: LockName,

    #[command(flatten)]
    pub(crate) how: LockWait,
}

#[derive(Debug, Args)]
pub(crate) struct LockWait {
    /// So long it is held without being prolonged
    #[arg(long, value_name = "DURATION", default_value = "60m", value_parser = duration_parser())]
    pub(crate) ttl: Duration,

    /// Wait so long for it to become free
    #[arg(long, value_name = "DURATION", value_parser = duration_parser())]
    pub(crate) wait: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct LockName {
    /// The lock
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) terms: LockTerms,
}

#[derive(Debug, Args)]
pub(crate) struct LockTerms {
    /// Who has it; otherwise $USER, $LOGNAME or the number of the user
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) owner: Option<String>,

    /// Heed and write the `Locked-By: TIME` line of this Markdown file, too; it counts for 60 minutes
    #[arg(long, value_name = "FILE")]
    pub(crate) milestone: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Acquire {
    #[command(flatten)]
    pub(crate) take: LockTake,

    /// The lock ends with this process, such as "$$"
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Refresh {
    #[command(flatten)]
    pub(crate) name: LockName,

    /// So long it is held from now
    #[arg(long, value_name = "DURATION", default_value = "60m", value_parser = duration_parser())]
    pub(crate) ttl: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Steal {
    #[command(flatten)]
    pub(crate) name: LockName,

    /// Why it is taken
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    /// So long it is held
    #[arg(long, value_name = "DURATION", default_value = "60m", value_parser = duration_parser())]
    pub(crate) ttl: Duration,

    /// The lock ends with this process, such as "$$"
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
}
