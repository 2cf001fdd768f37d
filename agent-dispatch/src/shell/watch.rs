//! What comes from outside while the run goes on: signals, and records that others append.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use schemas::{Body, Failure, Record};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Incoming;
use crate::core::{Control, Graph};

/// How often the journal's length is looked at. A stat is microseconds, works on every file system, and needs
/// no second way for those where the kernel does not tell.
const LOOK: Duration = Duration::from_millis(25);

/// Tells every SIGINT, SIGTERM and SIGHUP; a hang-up only when it is not to be ignored, as under nohup.
pub(super) fn signals(events: SyncSender<Incoming>) -> Result<(), Failure> {
    let wanted = [SIGINT, SIGTERM, SIGHUP];
    let mut signals = Signals::new(wanted.iter().filter(|n| **n != SIGHUP || !is_ignored(**n)))
        .map_err(|error| Failure::trouble("cannot listen to signals").because(&error))?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if events.send(Incoming::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Whether whoever started us has told the kernel to ignore a signal. Where it does not say: no.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Tells when the journal is longer than what we have read and written of it.
pub(super) fn journal(path: PathBuf, known: Arc<AtomicU64>, events: SyncSender<Incoming>) {
    thread::spawn(move || {
        let mut told = 0;
        loop {
            thread::sleep(LOOK);
            let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
            if length > known.load(Ordering::Acquire) && length != told {
                told = length;
                if events.send(Incoming::JournalGrew).is_err() {
                    return;
                }
            }
        }
    });
}

/// What a record of somebody else asks of the dispatcher.
pub(super) fn control(record: &Record, graph: &Graph) -> Option<Control> {
    let task_of = |id: &str| graph.specs.iter().position(|spec| spec.id == id);
    Some(match &record.body {
        Body::Answer { task, text, .. } => Control::Answer {
            task: task_of(task)?,
            text: text.clone(),
        },
        Body::Steering { task, text, .. } => Control::Steer {
            task: task_of(task)?,
            text: text.clone(),
        },
        Body::CheckpointApproved { checkpoint, .. } => Control::Approve {
            id: checkpoint.clone(),
        },
        Body::CheckpointRejected {
            checkpoint, reason, ..
        } => Control::Reject {
            id: checkpoint.clone(),
            reason: reason.clone(),
        },
        Body::StateTransition { event, task, .. } => match (event.as_str(), task) {
            ("cancel", Some(task)) => Control::CancelTask {
                task: task_of(task)?,
            },
            ("cancel", None) => Control::CancelRun,
            ("skip", Some(task)) => Control::Skip {
                task: task_of(task)?,
            },
            ("hold", None) => Control::Hold,
            ("release", None) => Control::Release,
            ("retry", Some(task)) => Control::Retry {
                task: task_of(task)?,
            },
            _ => return None,
        },
        Body::QuotaReleased { route, .. } => Control::ReleaseRoute {
            route: route.clone(),
        },
        _ => return None,
    })
}
