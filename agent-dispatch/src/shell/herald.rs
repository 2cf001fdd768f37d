//! Commands that are told of events (`--on`): beside the run, in order, never in its way.
//!
//! One thread for each entry, so that a slow command holds up no other; between it and the loop a queue that drops what
//! does not fit, because the loop must not wait. What a command starts is marked and ended with it.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use schemas::{Record, State};

use super::contain::{self, Containment};
use super::log::{Log, Tap};
use super::mask::Mask;
use super::output;
use super::threads::Threads;
use super::{Run, run_dir::RunDir};
use crate::notice::{self, Notice};

/// Events that wait for one command.
const QUEUE: usize = 1024;

/// Time of one command.
const LIMIT: Duration = Duration::from_secs(30);

/// Time of all commands that are left when the run has ended.
const LAST: Duration = Duration::from_secs(30);

/// How often is looked whether it is time to stop.
const LOOK: Duration = Duration::from_millis(20);

/// What was killed and is not gone after this time is left to the last sweep.
const KILL_END: Duration = Duration::from_secs(5);

/// After the end of a command, how long is waited for the rest of its words.
const WORDS_END: Duration = Duration::from_millis(500);

/// Tells commands what happens.
pub(super) struct Herald {
    dir: PathBuf,
    criers: Vec<Crier>,
    warnings: Receiver<String>,
    /// No further command is started, the running ones are ended.
    stop: Arc<AtomicBool>,
}

/// One entry of `--on`, as the loop sees it.
struct Crier {
    notice: Notice,
    queue: SyncSender<News>,
    /// Events that did not reach it.
    lost: Arc<AtomicUsize>,
}

/// What one command is told.
struct News {
    line: String,
    env: Vec<(&'static str, String)>,
}

impl Herald {
    pub(super) fn new(
        run: &Run,
        containment: &Arc<Containment>,
        threads: &Threads,
        mask: &Mask,
    ) -> Herald {
        let (warn, warnings) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let start = |(number, notice): (usize, &Notice)| {
            let (queue, news) = sync_channel(QUEUE);
            let lost = Arc::new(AtomicUsize::new(0));
            let log = Log::new(run.dir.whole(&RunDir::notice_log(number + 1)));
            let teller = Teller {
                command: notice.command.clone(),
                name: format!("on.{}", number + 1),
                containment: Arc::clone(containment),
                threads: threads.clone(),
                tap: Tap {
                    mask: mask.clone(),
                    log,
                },
                warn: Some(warn.clone()),
                stop: Arc::clone(&stop),
                lost: Arc::clone(&lost),
            };
            threads.run(move || teller.live(&news));
            Crier {
                notice: notice.clone(),
                queue,
                lost,
            }
        };
        Herald {
            dir: run.dir.path().to_owned(),
            criers: run.notices.iter().enumerate().map(start).collect(),
            warnings,
            stop,
        }
    }

    /// A record is journaled, and the state has it.
    pub(super) fn tell(&self, record: &Record, line: &str, state: &State) {
        if self.criers.is_empty() {
            return;
        }
        let kind = record.body.kind();
        for crier in &self.criers {
            let occasion = &crier.notice.occasion;
            if !occasion.fits(&kind, record, state) {
                continue;
            }
            let news = News {
                line: line.to_owned(),
                env: vec![
                    ("RECORD_TYPE", kind.clone()),
                    ("TASK_ID", record.body.task().unwrap_or_default().to_owned()),
                    ("RUN_DIR", self.dir.display().to_string()),
                    ("PRIORITY", notice::priority(&record.body).to_owned()),
                    ("MESSAGE", occasion.message(&kind, record, state)),
                ],
            };
            if crier.queue.try_send(news).is_err() {
                crier.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What went wrong since the last call.
    pub(super) fn warning(&self) -> Option<String> {
        self.warnings.try_recv().ok()
    }

    /// Waits until everybody has been told, for a limited time and until a person has no patience left. Answers what went
    /// wrong.
    pub(super) fn close(self, mut interrupted: impl FnMut() -> bool) -> Vec<String> {
        let mut warnings = Vec::new();
        let begun = Instant::now();
        let lost = |crier: Crier| (crier.notice.command, crier.lost);
        // The queues end here: who has told everything, ends.
        let lost: Vec<_> = self.criers.into_iter().map(lost).collect();
        loop {
            match self.warnings.recv_timeout(LOOK) {
                Ok(warning) => warnings.push(warning),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if begun.elapsed() > LAST || interrupted() {
                self.stop.store(true, Ordering::Release);
            }
        }
        for (command, lost) in lost {
            let count = lost.load(Ordering::Relaxed);
            if count > 0 {
                warnings.push(format!(
                    "--on: {count} events were not told to `{command}`, it takes too long"
                ));
            }
        }
        warnings
    }
}

/// One entry of `--on`, on its thread.
struct Teller {
    /// For `sh -c`.
    command: String,
    /// The end of its mark.
    name: String,
    containment: Arc<Containment>,
    threads: Threads,
    tap: Tap,
    /// `None` once it has been warned of.
    warn: Option<Sender<String>>,
    stop: Arc<AtomicBool>,
    lost: Arc<AtomicUsize>,
}

impl Teller {
    fn live(mut self, queue: &Receiver<News>) {
        // Kept until the end: whoever waits for us waits for all of these to go.
        let here = self.warn.clone();
        while let Ok(news) = queue.recv() {
            if self.stop.load(Ordering::Acquire) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            } else if let Err(why) = self.tell(news)
                && let Some(warn) = self.warn.take()
            {
                let _ = warn.send(format!("--on: `{}` {why} (told once)", self.command));
            }
        }
        drop(here);
    }

    /// Runs the command once. Answers why it did not end well.
    fn tell(&self, news: News) -> Result<(), String> {
        let cannot = |error: std::io::Error| format!("cannot be started: {error}");
        let (words, pipe) = std::io::pipe().map_err(cannot)?;
        let mut child = self.start(&news, pipe).map_err(cannot)?;
        let pid = child.id();
        if let Some(mut stdin) = child.stdin.take() {
            // A record may be larger than a pipe, and nobody has to read it.
            self.threads.run(move || {
                let _ =
                    std::io::Write::write_all(&mut stdin, format!("{}\n", news.line).as_bytes());
            });
        }
        let (ended, said) = sync_channel(1);
        let tap = self.tap.clone();
        self.threads.run(move || output::drain(words, tap, &ended));
        let (exited, exit) = channel();
        self.threads.run(move || {
            let _ = exited.send(child.wait());
        });
        let status = self.wait(pid, &exit);
        contain::leaders().remove(&pid);
        self.containment.sweep(pid, &self.name);
        let how = match status {
            Some(Ok(status)) if status.success() => return Ok(()),
            Some(Ok(status)) => format!("ended with {status}"),
            Some(Err(error)) => return Err(format!("cannot be waited for: {error}")),
            None => "took too long and was ended".to_owned(),
        };
        let said = said.recv_timeout(WORDS_END).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Err(last.map_or(how.clone(), |line| format!("{how}: {}", line.trim())))
    }

    fn start(&self, news: &News, words: std::io::PipeWriter) -> std::io::Result<Child> {
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .envs(news.env.iter().map(|(name, value)| (name, value)))
            .env(contain::MARK, self.containment.mark(&self.name))
            .stdin(Stdio::piped())
            .stdout(words.try_clone()?)
            .stderr(words);
        // Its own group: a Ctrl-C at the terminal is for us, and may be what it tells.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut leaders = contain::leaders();
        let child = command.spawn()?;
        leaders.insert(child.id());
        Ok(child)
    }

    /// Until it exits; `None` when it had to be ended.
    fn wait(
        &self,
        pid: u32,
        exit: &Receiver<std::io::Result<ExitStatus>>,
    ) -> Option<std::io::Result<ExitStatus>> {
        let begun = Instant::now();
        loop {
            match exit.recv_timeout(LOOK) {
                Ok(status) => return Some(status),
                Err(_) if begun.elapsed() > LIMIT || self.stop.load(Ordering::Acquire) => {
                    contain::kill(pid);
                    let _ = exit.recv_timeout(KILL_END);
                    return None;
                }
                Err(_) => {}
            }
        }
    }
}
