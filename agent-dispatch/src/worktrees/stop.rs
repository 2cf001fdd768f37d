//! How gits, and all else that merges run, are ended from another thread.

use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::shell::contain;

/// Stops what runs, from another thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Stopping>);

#[derive(Debug, Default)]
struct Stopping {
    /// 0: go on; 1: begin nothing more; 2: nothing goes on.
    level: AtomicU32,
    /// Leaders of the process groups that run.
    running: Mutex<Vec<u32>>,
}

impl Stop {
    /// Nothing more is begun; what runs comes to its end, for it does not take long.
    pub(crate) fn terminate(&self) {
        self.0.level.fetch_max(1, Ordering::Release);
    }

    pub(crate) fn kill(&self) {
        self.0.level.store(2, Ordering::Release);
        for pid in self.running().iter() {
            if let Some(group) = Pid::from_raw(*pid as i32) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    /// Runs a command in a process group of its own that can be ended from here; answers how it ended.
    pub(crate) fn watch(&self, expression: &duct::Expression) -> anyhow::Result<ExitStatus> {
        let expression = expression.unchecked().before_spawn(|command| {
            // A Ctrl-C at the terminal is ours to answer.
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        });
        let mut leaders = contain::leaders();
        let mut running = self.running();
        if self.0.level.load(Ordering::Acquire) > 1 {
            bail!("stopped");
        }
        let handle = expression.start().context("cannot start it")?;
        let pid = handle.pids().first().copied().unwrap_or_default();
        running.push(pid);
        leaders.insert(pid);
        drop(running);
        drop(leaders);
        let status = handle.wait().map(|output| output.status);
        self.running().retain(|known| *known != pid);
        contain::leaders().remove(&pid);
        status.context("cannot wait for it")
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.level.load(Ordering::Acquire) > 0
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.0.level.load(Ordering::Acquire) > 1
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        let running = self.0.running.lock();
        running.unwrap_or_else(PoisonError::into_inner)
    }
}
