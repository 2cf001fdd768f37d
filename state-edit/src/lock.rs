//! `lock`: named locks, kept in the journal, where taking one is one step that nobody comes between.
//!
//! Always true:
//!   (1) Of two that want a lock the journal has one first, and the other is refused.
//!   (2) A lock is free when it was released, when its time is over by more than clocks may differ, or when the
//!       process that it hangs on has ended on this machine. Nothing else but `steal` takes it from its owner.
//!   (3) The `seq` of the record by which a lock was taken names its holder: who prolongs or releases it by that
//!       number cannot meet somebody else's.

mod claim;
mod held;
mod milestone;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use schemas::{Body, Console, Exit, Failure, State, document, time};
use serde::Serialize;

use crate::cli::{Lock, LockAction, LockName, LockTake};
use crate::process::Process;
use crate::store;
use crate::watch::Watch;
use claim::{Claim, Standing};
use milestone::Milestone;

/// While somebody else has the lock, so often it is looked whether their process has ended.
const LOOK: Duration = Duration::from_secs(1);

/// Runs `lock`.
pub(crate) fn run(console: &Console, dir: &Path, mut args: Lock) -> Result<Exit, Failure> {
    let Some(action) = args.action.take() else {
        let whole = args.take();
        let (take, command) = whole.ok_or_else(|| Failure::usage("lock needs a NAME"))?;
        return held::run(console, dir, &take, &command);
    };
    let line = match action {
        LockAction::List => return list(dir),
        LockAction::Acquire(it) => {
            let claim = claim(&it.take.name, it.take.how.ttl, it.pid)?;
            acquire(console, dir, &it.take, &claim)?.line
        }
        LockAction::Refresh(it) => {
            let claim = claim(&it.name, it.ttl, None)?;
            let milestone = Milestone::of(&it.name);
            let line = change(console, dir, |state, now| claim.refresh(state, None, now))?;
            milestone.stamp(&time::now())?;
            line
        }
        LockAction::Release(name) => {
            let claim = claim(&name, Duration::ZERO, None)?;
            let line = change(console, dir, |state, _| claim.release(state, None))?;
            Milestone::of(&name).clear()?;
            line
        }
        LockAction::Steal(it) => {
            let claim = claim(&it.name, it.ttl, it.pid)?;
            let line = change(console, dir, |state, now| {
                claim.steal(state, &it.reason, now)
            })?;
            Milestone::of(&it.name).stamp(&time::now())?;
            line
        }
    };
    store::print(&[line])?;
    Ok(Exit::Yes)
}

/// A lock that was taken.
struct Taken {
    seq: u64,
    line: String,
}

fn claim(name: &LockName, ttl: Duration, pid: Option<u32>) -> Result<Claim, Failure> {
    let owner = store::editor(name.terms.owner.clone());
    let process = pid.map(Process::here);
    if let Some(process) = &process
        && !crate::process::is_alive(process.pid)
    {
        return Err(Failure::usage(format!(
            "there is no process {}",
            process.pid
        )));
    }
    Ok(Claim {
        name: name.name.clone(),
        // A service or a container may have a user and no name for it.
        owner: owner.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
        ttl,
        process,
    })
}

/// Takes the lock, when need be after having waited for it.
fn acquire(
    console: &Console,
    dir: &Path,
    args: &LockTake,
    claim: &Claim,
) -> Result<Taken, Failure> {
    let milestone = Milestone::of(&args.name);
    let until = args.how.wait.map(|wait| Instant::now() + wait);
    // Before the first look, so that what is written after it ends the wait.
    let watch = until.map(|_| Watch::on(dir));
    let mut told = false;
    loop {
        // Who wants a lock needs no run: one that begins later finds it in the journal.
        let taken = store::change_or_begin(console, dir, |state| {
            let now = SystemTime::now();
            let body = claim.acquire(state, now)?;
            if !matches!(body, Body::LockAcquired { from: Some(_), .. }) {
                milestone.check(now)?;
            }
            Ok(vec![body])
        })
        .map(last);
        let (refused, until, watch) = match (taken, until, &watch) {
            (Err(refused), Some(until), Some(watch)) if refused.exit == Exit::No => {
                (refused, until, watch)
            }
            (taken, ..) => {
                let line = taken?;
                return stamped(console, dir, claim, &milestone, line);
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(refused);
        }
        if !told {
            console.info(&format!("waiting: {}", refused.message));
            told = true;
        }
        watch.wait(Some(left.min(LOOK)));
    }
}

/// The lock with its milestone's line. A lock that the file does not show would not be heeded by who looks there.
fn stamped(
    console: &Console,
    dir: &Path,
    claim: &Claim,
    milestone: &Milestone,
    line: String,
) -> Result<Taken, Failure> {
    let seq = seq_of(&line);
    if let Err(failure) = milestone.stamp(&time::now()) {
        change(console, dir, |state, _| claim.release(state, Some(seq)))?;
        return Err(failure);
    }
    Ok(Taken { seq, line })
}

fn seq_of(line: &str) -> u64 {
    schemas::Record::parse(line).map_or(0, |record| record.seq)
}

/// One step: judges on the state as it is, appends, syncs; gives the record's line.
fn change(
    console: &Console,
    dir: &Path,
    decide: impl FnOnce(&State, SystemTime) -> Result<Body, Failure>,
) -> Result<String, Failure> {
    // The time is taken inside the lock: one from before might be older than the record that it is compared with.
    let lines = store::change(console, dir, |state| {
        Ok(vec![decide(state, SystemTime::now())?])
    })?;
    Ok(last(lines))
}

fn last(lines: Vec<String>) -> String {
    lines.into_iter().next_back().unwrap_or_default()
}

/// One lock as `list` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    lock: &'a str,
    standing: Standing,
    #[serde(flatten)]
    held: &'a schemas::Lock,
}

fn list(dir: &Path) -> Result<Exit, Failure> {
    if !dir.join(schemas::journal::JOURNAL).exists() {
        return Ok(Exit::Yes);
    }
    let (state, _) = schemas::journal::view(dir)?;
    let mut text = String::new();
    for (name, held) in &state.locks {
        let standing = claim::standing(held, SystemTime::now());
        let listed = Listed {
            lock: name,
            standing,
            held,
        };
        let line = serde_json::to_string(&listed)
            .map_err(|error| Failure::trouble("cannot write a lock as JSON").because(&error))?;
        text.push_str(&line);
        text.push('\n');
    }
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}
