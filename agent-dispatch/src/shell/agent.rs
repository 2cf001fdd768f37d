//! One attempt's process: started, listened to, waited for, and swept up after.

use std::ffi::OsString;
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use schemas::Failure;
use schemas::stream::Dialect;

use super::contain::{self, Containment};
use super::feed::{Fed, Feed};
use super::launcher::Launcher;
use super::launcher::frame::Frames;
use super::launcher::line::{Ending, Heard, Line};
use super::life::Watched;
use super::log::{Log, Tap};
use super::mask::Mask;
use super::outlet::Outlet;
use super::place::{Held, Place};
use super::run_dir::RunDir;
use super::session_log::SessionLog;
use super::talk::Talk;
use super::threads::Threads;
use super::waiter::{GIVE_UP, Progress, Waiter};
use super::{Incoming, output, spawn};
use crate::acp;
use crate::core::{Attempt, Event, Launch};
use crate::worktrees::Footprint;

/// What to start.
pub(super) struct Start {
    pub(super) attempt: Attempt,
    /// Its worktrees.
    pub(super) place: Option<Place>,
    /// Or its project's folder, where it is told what it changes.
    pub(super) footprint: Option<Footprint>,
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
    pub(super) dir: RunDir,
    /// Kept in the file that [`Launch`] names.
    pub(super) prompt: String,
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
    /// What is told of it when it runs; the pid is not known before.
    pub(super) launch: Launch,
    /// The name of its session, where it is given one.
    pub(super) session: Option<String>,
    pub(super) session_log: SessionLog,
}

/// What an attempt reads.
pub(super) enum Input {
    /// Its prompt, then end of file.
    Prompt,
    /// Nothing.
    Nothing,
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
    pub(super) fn terminate(&self) {
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

    /// Tells it what a person says, where it can hear; answers what it asks next.
    pub(super) fn tell(&self, text: &str, is_answer: bool) -> Vec<Event> {
        let talk = self.talk.as_ref();
        talk.map_or_else(Vec::new, |talk| talk.tell(text, is_answer))
    }
}

/// An attempt that runs, and what the loop needs to know of it.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) attempt: Attempt,
    pub(super) child: Child,
    pub(super) launch: Launch,
    /// To be looked after.
    pub(super) watched: Option<Watched>,
    /// The name of its session, where it was given one.
    pub(super) session: Option<String>,
}

/// An attempt's whole life, on a thread of its own: to start a process takes longer than to decide what comes next, and the
/// loop must not wait for it. That it runs, its markers, its exit and its being gone come as events.
pub(super) fn attend(
    start: Start,
    containment: &Arc<Containment>,
    events: &SyncSender<Incoming>,
    threads: &Threads,
) {
    let attempt = start.attempt;
    match begin(start, containment, events, threads) {
        Ok(begun) => begun.listen(threads),
        Err(error) => {
            let _ = events.send(match error.downcast::<Failure>() {
                // The run directory's, for which no attempt is to blame.
                Ok(failure) => Incoming::Failed(failure),
                Err(error) => {
                    let reason = format!("{error:#}");
                    Incoming::Event(Event::LaunchFailed { attempt, reason })
                }
            });
        }
    }
}

/// A process that has been started and not been listened to.
struct Begun {
    process: std::process::Child,
    speaker: output::Speaker,
    tap: Tap,
    pipe: PipeReader,
    said: Option<Receiver<String>>,
    /// The name of frames from behind a launcher.
    nonce: Option<String>,
    waiter: Waiter,
}

fn begin(
    mut start: Start,
    containment: &Arc<Containment>,
    events: &SyncSender<Incoming>,
    threads: &Threads,
) -> anyhow::Result<Begun> {
    let tap = Tap {
        mask: start.mask.clone(),
        log: Log::new(start.log.clone()),
    };
    let prompt = start
        .dir
        .create(&start.launch.prompt_file, start.prompt.as_bytes());
    drop(prompt?);
    let held = start.place.take().map(|place| place.open(events));
    let held = held.transpose()?;
    if let Some(footprint) = &start.footprint {
        footprint.begin()?;
    }
    let told = held.iter().flat_map(Held::env);
    let told = told.map(|(name, value)| (name.into(), value.into()));
    start.env.extend(told.collect::<Vec<_>>());
    let outputs = Outputs::new(&start, &tap, threads)?;
    let fed = Fed::new(&start, containment, threads)?;
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
    let speaker = output::Speaker {
        attempt: start.attempt,
        terminal: start.terminal.clone(),
        dialect: start.dialect,
        is_agent: start.is_agent,
        earlier: start.earlier,
        talk: talk.clone(),
    };
    let cgroup = containment.cgroup(&start.terminal);
    let watched = Watched::new(
        process.pid,
        cgroup,
        start.workspace.clone(),
        start.session_log,
    );
    let started = Started {
        attempt: start.attempt,
        child: Child {
            process: process.clone(),
            feed: fed.feed,
            talk,
        },
        launch: Launch {
            pid: process.pid,
            ..start.launch
        },
        watched: start.is_agent.then_some(watched),
        session: start.session,
    };
    // Before anything that it says.
    let _ = events.send(Incoming::Started(Box::new(started)));
    Ok(Begun {
        process: handle,
        speaker,
        tap,
        pipe: outputs.pipe,
        said: outputs.said,
        nonce: start.behind.map(|behind| behind.nonce),
        waiter: Waiter {
            attempt: start.attempt,
            process,
            folder: (start.is_agent && held.is_none()).then_some(start.workspace),
            held,
            footprint: start.footprint,
            terminal: start.terminal,
            begun,
            containment: Arc::clone(containment),
            events: events.clone(),
            progress: Progress::default(),
        },
    })
}

impl Begun {
    /// Until nothing of it is left.
    fn listen(mut self, threads: &Threads) {
        let events = self.waiter.events.clone();
        if let Some(nonce) = self.nonce.take() {
            return self.listen_behind(&nonce, events, threads);
        }
        let listener = output::Listener::new(self.speaker, self.tap, self.said, events);
        match Outlet::new(self.pipe, &mut self.process, &mut self.waiter) {
            Ok(outlet) => listener.listen(outlet),
            // It has no handle: it is waited for as it comes.
            Err(_) => self.waiter.process.kill(),
        }
        let status = self.process.wait();
        self.waiter.exited(status.ok());
        self.waiter.sweep(false);
        self.waiter.gone();
    }

    /// A launcher's exit says nothing of when its output ends: another thread listens.
    fn listen_behind(mut self, nonce: &str, events: SyncSender<Incoming>, threads: &Threads) {
        let (ended, output_ended) = channel::<()>();
        let (reaped, was_reaped) = channel::<()>();
        let ending = Ending::default();
        let (errors, said) = sync_channel(1);
        let line = Line {
            pipe: self.pipe,
            frames: Frames::new(nonce),
            attempt: self.waiter.attempt,
            launcher: self.waiter.process.clone(),
            reaped: Some(was_reaped),
            ending: ending.clone(),
            tap: self.tap.clone(),
            errors,
            events: events.clone(),
            threads: threads.clone(),
            heard: Heard::default(),
        };
        let listener = output::Listener::new(self.speaker, self.tap, Some(said), events);
        threads.run(move || {
            listener.listen(line);
            drop(ended);
        });
        let status = self.process.wait();
        drop(reaped);
        let held = output_ended.recv_timeout(GIVE_UP) == Err(RecvTimeoutError::Timeout);
        let waiter = &mut self.waiter;
        waiter.launcher_exited(status.ok(), &ending, self.said.as_ref());
        waiter.sweep(held);
        if held {
            let _ = output_ended.recv_timeout(GIVE_UP);
        }
        self.waiter.gone();
    }
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
