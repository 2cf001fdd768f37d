//! The other side of a launcher: `agent-dispatch __exec` starts the attempt, passes on what it prints, and says how it ended.
//!
//! It ends the attempt when its line to the dispatcher breaks: nobody would hear of it, and another one may be started.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use schemas::{Exit, Failure};

use super::frame::{Frames, Kind, MAX_PAYLOAD, Piece, encode};
use super::lease::Lease;
use super::{BEAT, EndRecord, Packet};
use crate::shell::feed::Feed;
use crate::shell::threads::Threads;
use crate::shell::{contain, environment, life, scratch};

/// Largest packet, in bytes: an argv and an environment, with room.
const MAX_PACKET: usize = 16 << 20;

/// Longest reason why it did not start, in characters: it may quote what it was told to run.
const MAX_ERROR: usize = 4 << 10;

/// How often is looked whether it has read what it was sent.
const PAUSE: Duration = Duration::from_millis(20);

/// After the attempt has exited, how long its output may still come before what holds the pipe is ended.
const LEAK: Duration = Duration::from_millis(100);

/// Runs one attempt. Its exit code says whether there is an end record, and nothing of the attempt.
pub(crate) fn run() -> Result<Exit, Failure> {
    let mut stdin = std::io::stdin();
    let (packet, rest) = packet(&mut stdin)
        .map_err(|error| Failure::input(format!("cannot read what to run: {error:#}")))?;
    let line = Line::new(&packet.nonce);
    line.send(Kind::Hello, b"");
    let end = attempt(&packet, rest, &line);
    let end = end.unwrap_or_else(|error| EndRecord {
        attempt: packet.attempt,
        error: Some(format!("{error:#}").chars().take(MAX_ERROR).collect()),
        ended: schemas::time::now(),
        ..EndRecord::default()
    });
    let text = serde_json::to_vec(&end)
        .map_err(|error| Failure::trouble("cannot write the end record").because(&error))?;
    line.send(Kind::End, &text);
    Ok(Exit::Yes)
}

/// The first line, and what has been read beyond it.
fn packet(stdin: &mut impl Read) -> anyhow::Result<(Packet, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8 << 10];
    let end = loop {
        if let Some(end) = memchr::memchr(b'\n', &bytes) {
            break end;
        }
        if bytes.len() > MAX_PACKET {
            bail!("it is larger than {MAX_PACKET} bytes");
        }
        match stdin.read(&mut buffer)? {
            0 => bail!("the line ended before it came"),
            size => bytes.extend_from_slice(&buffer[..size]),
        }
    };
    let rest = bytes.split_off(end + 1);
    let packet: Packet = serde_json::from_slice(&bytes).context("it is no packet")?;
    if packet.version != Packet::VERSION {
        bail!(
            "it is of version {}, and this program's is {}",
            packet.version,
            Packet::VERSION
        );
    }
    Ok((packet, rest))
}

fn attempt(packet: &Packet, rest: Vec<u8>, line: &Line) -> anyhow::Result<EndRecord> {
    let mark = own_mark(packet);
    let lease = Lease::take(&packet.lease, packet.attempt, &mark)?;
    contain::become_subreaper();
    let folder = Scratch::new(packet)?;
    let (child, outputs) = start(packet, &mark, folder.0.as_ref())?;
    let attempt = Attempt::new(&child, packet, mark.clone());
    let pumps: Vec<_> = outputs
        .into_iter()
        .map(|(kind, pipe)| line.pump(kind, pipe, &attempt))
        .collect();
    let end = wait(child, packet, rest, line, &attempt, pumps);
    lease.close(&end);
    Ok(end)
}

fn wait(
    mut child: Child,
    packet: &Packet,
    rest: Vec<u8>,
    line: &Line,
    attempt: &Attempt,
    pumps: Vec<std::sync::mpsc::Receiver<()>>,
) -> EndRecord {
    listen(packet, rest, child.stdin.take(), attempt.clone());
    let heart = line.beat(attempt);
    attempt.heed_signals();
    let status = child.wait();
    attempt.over.store(true, Ordering::Release);
    let held = pumps
        .iter()
        .any(|pump| pump.recv_timeout(LEAK) == Err(RecvTimeoutError::Timeout));
    let left = contain::sweep_exactly(attempt.pid, &attempt.mark);
    for pump in &pumps {
        let _ = pump.recv_timeout(Duration::from_secs(5));
    }
    drop(heart);
    let status = status.ok();
    EndRecord {
        attempt: packet.attempt,
        exit: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        leaked: held || left,
        error: None,
        ended: schemas::time::now(),
    }
}

/// The mark by which our attempt's processes are known, behind that of whoever started us: on one machine, the
/// dispatcher's sweep finds them too.
fn own_mark(packet: &Packet) -> String {
    format!(
        "x{}",
        schemas::digest([packet.nonce.as_bytes(), packet.mark.as_bytes()])
    )
}

type Outputs = Vec<(Kind, PipeReader)>;

fn start(
    packet: &Packet,
    mark: &str,
    scratch: Option<&PathBuf>,
) -> anyhow::Result<(Child, Outputs)> {
    let workspace = &packet.workspace;
    // An engine may start us in a folder of its own, and an agent at work there is a disaster.
    std::env::set_current_dir(workspace)
        .with_context(|| format!("cannot enter {} there", workspace.display()))?;
    let (name, args) = packet.argv.split_first().context("its argv is empty")?;
    let program = which::which_in(name, std::env::var_os("PATH"), workspace)
        .with_context(|| format!("cannot find the program {name} there"))?;
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let mut outputs = vec![(Kind::Output, reader)];
    let errors = if packet.merged {
        writer.try_clone().context("cannot make a pipe")?
    } else {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        outputs.push((Kind::Errors, reader));
        writer
    };
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(OwnedFd::from(writer))
        .stderr(OwnedFd::from(errors))
        .process_group(0);
    if let Some(names) = &packet.pass_env {
        command.env_clear().envs(environment::passed(names));
    }
    for name in &packet.env_remove {
        command.env_remove(name);
    }
    if let Some(folder) = scratch {
        command.env("TMPDIR", folder);
    }
    command.envs(packet.env.iter().map(|(name, value)| (name, value)));
    let outer = std::env::var(contain::MARK).unwrap_or_default();
    let whole = if outer.split(':').any(|part| part == packet.mark) {
        format!("{outer}:{mark}")
    } else {
        format!("{}:{mark}", packet.mark)
    };
    command.env(contain::MARK, whole);
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {name} there"))?;
    Ok((child, outputs))
}

/// What runs, for those who may have to end it.
#[derive(Clone)]
struct Attempt {
    pid: u32,
    mark: String,
    grace: Duration,
    over: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
}

impl Attempt {
    fn new(child: &Child, packet: &Packet, mark: String) -> Attempt {
        Attempt {
            pid: child.id(),
            mark,
            grace: Duration::from_millis(packet.grace_ms),
            over: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// Asks it to end, and ends it when it does not.
    fn terminate(&self) {
        if self.over.load(Ordering::Acquire) || self.asked.swap(true, Ordering::AcqRel) {
            return;
        }
        contain::terminate(self.pid);
        let attempt = self.clone();
        thread::spawn(move || {
            thread::sleep(attempt.grace);
            attempt.kill();
        });
    }

    fn kill(&self) {
        if !self.over.load(Ordering::Acquire) {
            contain::kill(self.pid);
        }
    }

    fn heed_signals(&self) {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]) else {
            return;
        };
        let attempt = self.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                attempt.terminate();
            }
        });
    }
}

/// Passes input on, and hears what is to be done. The line's end is the dispatcher's.
fn listen(packet: &Packet, rest: Vec<u8>, input: Option<ChildStdin>, attempt: Attempt) {
    let mut frames = Frames::new(&packet.nonce);
    // By a thread of its own: while an attempt does not read, we must hear that it is to end.
    let input = input.map(|input| {
        let pipe = PipeWriter::from(OwnedFd::from(input));
        Feed::new(pipe, None, &Threads::default())
    });
    thread::spawn(move || {
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Frame(Kind::Input, bytes) => {
                if let Some(input) = &input {
                    // So much is never cut off: the dispatcher waits, and has a bound of its own.
                    while input.is_full() && !attempt.over.load(Ordering::Acquire) {
                        thread::sleep(PAUSE);
                    }
                    input.write(bytes);
                }
            }
            Piece::Frame(Kind::EndOfInput, _) => {
                if let Some(input) = &input {
                    input.end();
                }
            }
            Piece::Frame(Kind::Terminate, _) => attempt.terminate(),
            _ => {}
        };
        frames.feed(&rest, &mut take);
        let mut stdin = std::io::stdin().lock();
        let mut buffer = vec![0; MAX_PAYLOAD];
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => break,
                Ok(size) => frames.feed(&buffer[..size], &mut take),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        attempt.kill();
    });
}

/// Our end of the line.
#[derive(Clone)]
struct Line {
    nonce: String,
    stdout: Arc<Mutex<std::io::Stdout>>,
}

impl Line {
    fn new(nonce: &str) -> Line {
        Line {
            nonce: nonce.to_owned(),
            stdout: Arc::new(Mutex::new(std::io::stdout())),
        }
    }

    fn send(&self, kind: Kind, payload: &[u8]) -> bool {
        let frame = encode(&self.nonce, kind, payload);
        let mut stdout = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        stdout
            .write_all(&frame)
            .and_then(|()| stdout.flush())
            .is_ok()
    }

    /// Passes a stream on; the answer hears when it has ended.
    fn pump(
        &self,
        kind: Kind,
        mut pipe: PipeReader,
        attempt: &Attempt,
    ) -> std::sync::mpsc::Receiver<()> {
        let (line, attempt) = (self.clone(), attempt.clone());
        let (ended, end) = channel();
        thread::spawn(move || {
            let _ended: Sender<()> = ended;
            let mut buffer = vec![0; MAX_PAYLOAD];
            loop {
                match pipe.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(size) => {
                        if !line.send(kind, &buffer[..size]) {
                            attempt.kill();
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        });
        end
    }

    /// Says that we are there as long as the answer lives.
    fn beat(&self, attempt: &Attempt) -> Sender<()> {
        let (line, attempt) = (self.clone(), attempt.clone());
        let (alive, over) = channel::<()>();
        thread::spawn(move || {
            while over.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                let used = life::tree_time(attempt.pid);
                if !line.send(Kind::Beat, used.as_millis().to_string().as_bytes()) {
                    attempt.kill();
                }
            }
        });
        alive
    }
}

/// A folder for temporary files, gone with the attempt.
struct Scratch(Option<PathBuf>);

impl Scratch {
    fn new(packet: &Packet) -> anyhow::Result<Scratch> {
        if !packet.scratch || packet.env.iter().any(|(name, _)| name == "TMPDIR") {
            return Ok(Scratch(None));
        }
        let folder = scratch::one(&schemas::digest([packet.nonce.as_bytes()]));
        Ok(Scratch(Some(
            folder.context("cannot make its folder for temporary files")?,
        )))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
