//! Commands that are told of events: beside the reading, in order, never in its way.
//!
//! One thread for each, so that a slow command holds up no other; between it and the reading a queue that drops what does not
//! fit.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use schemas::{Console, Failure, Record};

use crate::notice::{Means, News, Notice, Pace};
use crate::outlet;

/// Events that wait for one command.
const QUEUE: usize = 1024;

/// Time of one command.
const LIMIT: Duration = Duration::from_secs(30);

/// Time of all that are left at the end.
const LAST: Duration = Duration::from_secs(30);

/// Tells commands what happens.
#[derive(Debug, Default)]
pub(crate) struct Herald(Vec<Crier>);

/// One of them.
#[derive(Debug)]
struct Crier {
    notice: Notice,
    pace: Pace,
    queue: Option<SyncSender<News>>,
    lost: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Herald {
    pub(crate) fn new(notices: Vec<Notice>, console: &Console) -> Result<Herald, Failure> {
        let crier = |notice: Notice| {
            let lost = Arc::new(AtomicUsize::new(0));
            let mut crier = Crier {
                pace: Pace::default(),
                queue: None,
                lost,
                thread: None,
                notice,
            };
            if let Means::Command(command) = &crier.notice.means {
                let (queue, news) = sync_channel(QUEUE);
                let (command, console) = (command.clone(), console.clone());
                let spawned = thread::Builder::new().spawn(move || live(&command, &news, &console));
                crier.thread = Some(
                    spawned.map_err(|e| Failure::trouble("cannot start a thread").because(&e))?,
                );
                crier.queue = Some(queue);
            }
            Ok(crier)
        };
        notices
            .into_iter()
            .map(crier)
            .collect::<Result<_, Failure>>()
            .map(Herald)
    }

    /// A record was written.
    pub(crate) fn tell(&mut self, record: &Record, line: &str, source: &str) {
        let Some(now) = (!self.0.is_empty()).then(Instant::now) else {
            return;
        };
        let kind = record.body.kind();
        for crier in &mut self.0 {
            if crier.notice.fits(&kind, &record.body) {
                let news = crier
                    .pace
                    .take(now, record, News::new(record, line, source));
                news.into_iter().for_each(|news| crier.send(news));
            }
        }
    }

    /// When something that waits may be told.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0
            .iter()
            .filter_map(|crier| crier.pace.deadline())
            .min()
    }

    /// Tells what has waited long enough.
    pub(crate) fn tick(&mut self) {
        for crier in &mut self.0 {
            for news in crier.pace.due(Some(Instant::now())) {
                crier.send(news);
            }
        }
    }

    /// Tells the rest, and waits until everybody has been told, for a limited time.
    pub(crate) fn close(mut self, console: &Console) {
        let end = Instant::now() + LAST;
        for crier in &mut self.0 {
            for news in crier.pace.due(None) {
                crier.send(news);
            }
            crier.queue = None;
        }
        for crier in self.0 {
            let Some(thread) = crier.thread else { continue };
            while !thread.is_finished() && Instant::now() < end {
                thread::sleep(Duration::from_millis(5));
            }
            let lost = crier.lost.load(Ordering::Relaxed);
            if let Means::Command(command) = &crier.notice.means
                && lost > 0
            {
                console.warn(&format!(
                    "--on: {lost} events were not told to `{command}`, it takes too long"
                ));
            }
        }
    }
}

impl Crier {
    fn send(&self, news: News) {
        match &self.queue {
            None => outlet::ring(),
            Some(queue) => {
                if queue.try_send(news).is_err() {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// One command, on its thread.
fn live(command: &str, queue: &Receiver<News>, console: &Console) {
    let mut warned = false;
    while let Ok(news) = queue.recv() {
        if let Err(why) = tell(command, news)
            && !std::mem::replace(&mut warned, true)
        {
            let short = command.lines().next().unwrap_or_default();
            console.warn(&format!("--on: `{short}` {why} (told once)"));
        }
    }
}

/// Runs it once. Answers why it did not end well.
fn tell(command: &str, news: News) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("cannot be started: {error}");
    let mut child = start(command, &news).map_err(cannot)?;
    let pid = Pid::from_child(&child);
    let stdin = child.stdin.take();
    let (exited, exit) = channel();
    // A record may be larger than a pipe, and nobody has to read it.
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all((news.line + "\n").as_bytes())));
    thread::spawn(move || exited.send(child.wait()));
    match exit.recv_timeout(LIMIT) {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("ended with {}", how(status))),
        Ok(Err(error)) => Err(format!("cannot be waited for: {error}")),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            let _ = kill_process_group(pid, Signal::KILL);
            Err("took too long and was ended".to_owned())
        }
    }
}

fn start(command: &str, news: &News) -> std::io::Result<Child> {
    let words = std::io::stderr();
    let mut sh = Command::new("sh");
    sh.args(["-c", command])
        .envs(news.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        // stdout is data: what it prints is for people.
        .stdout(std::os::fd::AsFd::as_fd(&words).try_clone_to_owned()?)
        // Its own group: a Ctrl-C at the terminal is for us, and may be what it tells.
        .process_group(0);
    sh.spawn()
}

fn how(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}
