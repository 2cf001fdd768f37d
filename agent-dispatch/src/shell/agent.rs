//! One attempt's process: started, listened to, waited for, and swept up after.

use std::ffi::OsString;
use std::fs::File;
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use schemas::stream::Dialect;

use super::contain::{self, Containment};
use super::feed::{Fed, Feed};
use super::launcher::Launcher;
use super::launcher::frame::Frames;
use super::launcher::line::{Ending, Heard, Line};
use super::log::{Log, Tap};
use super::mask::Mask;
use super::talk::Talk;
use super::threads::Threads;
use super::waiter::{After, Waiter};
use super::{Incoming, output, spawn};
use crate::acp;
use crate::core::Attempt;

/// What to start.
pub(super) struct Start {
    pub(super) attempt: Attempt,
    /// Where its program is.
    pub(super) program: PathBuf,
    /// Program and arguments.
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) env_remove: Vec<String>,
    /// Of our environment, it gets only these and what hardly a program does without.
    pub(super) pass_env: Option<Vec<String>>,
    /// What must not be seen of what it prints.
    pub(super) mask: Mask,
    pub(super) workspace: PathBuf,
    pub(super) input: Input,
    /// Takes what it prints.
    pub(super) log: PathBuf,
    /// Its marker id and the end of its mark.
    pub(super) terminal: String,
    /// What it prints.
    pub(super) dialect: Dialect,
    /// An agent, not a command of the task's own.
    pub(super) is_agent: bool,
    /// Tokens of its session before this attempt.
    pub(super) earlier: Option<schemas::Usage>,
    /// It runs behind this one.
    pub(super) behind: Option<Behind>,
}

/// What an attempt reads.
pub(super) enum Input {
    /// This, then end of file.
    File(File),
    /// What the protocol has to say.
    Talk(acp::Setup),
}

/// A launcher, and what the shim behind it must know.
pub(super) struct Behind {
    pub(super) launcher: Arc<Launcher>,
    pub(super) nonce: String,
    pub(super) lease: String,
    pub(super) grace: Duration,
}

/// A process of ours. Dropping it ends nothing: its waiter goes on.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// It has been reaped: its number may belong to somebody else.
    pub(super) reaped: Arc<AtomicBool>,
}

impl Process {
    /// SIGTERM to its group.
    fn terminate(&self) {
        if !self.reaped.load(Ordering::Acquire) {
            contain::terminate(self.pid);
        }
    }

    /// SIGKILL to its group. What has left the group is swept when the leader is gone.
    pub(super) fn kill(&self) {
        if !self.reaped.load(Ordering::Acquire) {
            contain::kill(self.pid);
        }
    }
}

/// A started attempt.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) process: Process,
    /// It hears us.
    feed: Option<Arc<Feed>>,
    talk: Option<Arc<Talk>>,
}

impl Child {
    /// Asks it to end: by the protocol, by its shim, by SIGTERM.
    pub(super) fn terminate(&self) {
        if let Some(talk) = &self.talk {
            talk.cancel();
        }
        // A launcher that gets a signal may end its attempt without any grace.
        if !self.feed.as_ref().is_some_and(|feed| feed.terminate()) {
            self.process.terminate();
        }
    }

    pub(super) fn kill(&self) {
        self.process.kill();
    }

    /// Tells it what a person says, where it can hear.
    pub(super) fn tell(&self, text: &str) {
        if let Some(talk) = &self.talk {
            talk.tell(text);
        }
    }
}

/// Starts an agent. Its markers, its exit and its being gone come as events.
pub(super) fn start(
    mut start: Start,
    containment: &Arc<Containment>,
    events: &SyncSender<Incoming>,
    threads: &Threads,
) -> anyhow::Result<Child> {
    let tap = Tap {
        mask: start.mask.clone(),
        log: Log::new(start.log.clone()),
    };
    let outputs = Outputs::new(&start, &tap, threads)?;
    let fed = Fed::new(&mut start, containment, threads)?;
    // File times may be coarser than the clock's.
    let begun = SystemTime::now() - Duration::from_millis(20);
    let streams = spawn::Streams {
        stdin: fed.stdin,
        stdout: outputs.stdout,
        stderr: outputs.stderr,
    };
    let (handle, process) = spawn::spawn(&start, containment, streams)?;
    let talk = fed.setup.zip(fed.feed.clone());
    let talk = talk.map(|(setup, feed)| Talk::open(setup, feed, start.attempt, events.clone()));
    let (ended, output_ended) = channel::<()>();
    let (reaped, was_reaped) = channel::<()>();
    let hearing = Hearing {
        talk: talk.clone(),
        tap,
        pipe: outputs.pipe,
        said: outputs.said,
        process: process.clone(),
        reaped: was_reaped,
        ended,
    };
    let after = hearing.begin(&start, events, threads);
    let waiter = Waiter {
        attempt: start.attempt,
        process: process.clone(),
        after,
        output_ended,
        folder: start.is_agent.then_some(start.workspace),
        terminal: start.terminal,
        begun,
        containment: Arc::clone(containment),
        events: events.clone(),
    };
    threads.run(move || {
        let status = handle.wait().map(|output| output.status).ok();
        drop(reaped);
        waiter.gone(status);
    });
    Ok(Child {
        process,
        feed: fed.feed,
        talk,
    })
}

/// The ends of the pipes that it prints to.
struct Outputs {
    pipe: PipeReader,
    /// What is said on stderr at its end, where that is a stream of its own.
    said: Option<Receiver<String>>,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

impl Outputs {
    fn new(start: &Start, tap: &Tap, threads: &Threads) -> anyhow::Result<Outputs> {
        let (pipe, writer) = std::io::pipe().context("cannot make a pipe")?;
        // One pipe for both streams, as a terminal has. A launcher's own words must not come between the frames.
        let merged = start.dialect == Dialect::Text && start.behind.is_none();
        let (errors, said) = if merged {
            (writer.try_clone().context("cannot make a pipe")?, None)
        } else {
            let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
            let ((ended, said), tap) = (sync_channel(1), tap.clone());
            threads.run(move || output::drain(reader, tap, &ended));
            (writer, Some(said))
        };
        Ok(Outputs {
            pipe,
            said,
            stdout: OwnedFd::from(writer),
            stderr: OwnedFd::from(errors),
        })
    }
}

/// What a thread needs to listen to it.
struct Hearing {
    talk: Option<Arc<Talk>>,
    tap: Tap,
    pipe: PipeReader,
    said: Option<Receiver<String>>,
    process: Process,
    reaped: Receiver<()>,
    ended: Sender<()>,
}

impl Hearing {
    /// Begins to listen; answers how it will be known how the attempt ended.
    fn begin(self, start: &Start, events: &SyncSender<Incoming>, threads: &Threads) -> After {
        let speaker = output::Speaker {
            attempt: start.attempt,
            terminal: start.terminal.clone(),
            dialect: start.dialect,
            is_agent: start.is_agent,
            earlier: start.earlier,
            talk: self.talk,
        };
        let (ended, tap, events) = (self.ended, self.tap, events.clone());
        let Some(behind) = &start.behind else {
            let (said, pipe) = (self.said, self.pipe);
            let listener = output::Listener::new(speaker, tap, said, events);
            threads.run(move || {
                listener.listen(pipe);
                drop(ended);
            });
            return After::Itself;
        };
        let ending = Ending::default();
        let (errors, said) = sync_channel(1);
        let line = Line {
            pipe: self.pipe,
            frames: Frames::new(&behind.nonce),
            attempt: start.attempt,
            launcher: self.process,
            reaped: Some(self.reaped),
            ending: ending.clone(),
            tap: tap.clone(),
            errors,
            events: events.clone(),
            threads: threads.clone(),
            heard: Heard::default(),
        };
        let listener = output::Listener::new(speaker, tap, Some(said), events);
        threads.run(move || {
            listener.listen(line);
            drop(ended);
        });
        After::Launcher(ending, self.said)
    }
}
