//! From flags, plan and schedule to what the run is done with: no options left.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::{DoneRule, Failure, Plan, Schedule};

use crate::cli::{Cli, Done};
use crate::core::Limits;

/// Limits of the run. The command line wins over the plan, the plan over our defaults.
pub(crate) fn limits(cli: &Cli, schedule: &Schedule, plan: &Plan) -> Limits {
    let planned = &plan.limits;
    let scheduled = schedule
        .estimate
        .as_ref()
        .map(|estimate| estimate.max_concurrent);
    let jobs = cli
        .jobs
        .or(scheduled)
        .or(planned.max_concurrent)
        .unwrap_or(5)
        .max(1);
    let ms = |duration: Duration| duration.as_millis() as u64;
    Limits {
        jobs: jobs as usize,
        retries: cli.retries.or(planned.retry_limit).unwrap_or(2),
        launch_retries: planned.launch_retries.unwrap_or(1),
        gate_retries: 2,
        require_gates: cli.require_gates,
        bisect: cli.bisect,
        external_retries: 3,
        quota_pause: ms(cli.quota_pause),
        quota_patience: 8,
        max_cost_usd: cli.max_cost_usd.or(planned.max_cost_usd),
        max_tokens: cli.max_tokens.or(planned.max_tokens),
        grace: ms(cli.grace),
        result_grace: ms(cli.result_grace),
        question_grace: ms(cli.question_grace),
        backoff: ms(cli.backoff),
        backoff_max: ms(cli.backoff).max(60_000),
        // Of the run, and of its start: known later.
        seed: 0,
        epoch_ms: 0,
    }
}

/// Milliseconds; 0 is no limit at all, whatever the plan says.
pub(crate) fn milliseconds_or_never(duration: Duration) -> u64 {
    match duration.as_millis() as u64 {
        0 => u64::MAX,
        milliseconds => milliseconds,
    }
}

/// The done rule that the command line asks for.
pub(crate) fn done_rule(done: Done) -> DoneRule {
    match done {
        Done::Exit => DoneRule::Exit,
        Done::Marker => DoneRule::Marker,
        Done::Both => DoneRule::Both,
    }
}

/// The gate program: as it is named, in PATH, or beside this program.
pub(crate) fn gate_program(named: &Path) -> Result<PathBuf, Failure> {
    let beside = || {
        let own = std::env::current_exe().ok()?;
        let path = own.parent()?.join(named);
        (named.components().count() == 1 && path.is_file()).then_some(path)
    };
    which::which(named).ok().or_else(beside).ok_or_else(|| {
        Failure::trouble(format!("cannot find the gate program {}", named.display()))
            .help("put it in PATH, or name it with --gate-program")
    })
}

/// Random, for what must not be guessed or must not repeat. 53 bits: jq reads numbers as doubles.
pub(crate) fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish() & ((1 << 53) - 1)
}
