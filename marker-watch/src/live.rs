//! Everything that may still say something: pipes, panes, a command, files that are followed. One thread waits for all of it, and
//! sleeps while nothing comes.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use schemas::Failure;
use signal_hook::consts::{SIGCHLD, SIGWINCH};

use crate::buffer::Buffer;
use crate::command::{Running, Status};
use crate::follow::Follower;
use crate::follow::bookmarks::Keeper;
use crate::intake::{Ending, Intake, Opening};
use crate::interrupts::{self, Interrupts};
use crate::listening::Listening;
use crate::pane::Pane;

/// What a command that was told to end has for it, and what a command's last words have after its end.
const GRACE: Duration = Duration::from_secs(5);
const LAST_WORDS: Duration = Duration::from_millis(300);

/// All of it.
pub(crate) struct Live {
    pub(crate) pipes: Vec<Pipe>,
    pub(crate) follower: Option<Follower>,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) command: Option<Running>,
    /// Kept open: their pipes are among the others.
    pub(crate) panes: Vec<Pane>,
    /// What the command prints is shown.
    pub(crate) passes: bool,
    buffer: Buffer,
    status: Option<Status>,
    /// The signal that ends us, and when patience ends.
    leaving: Option<(i32, Instant)>,
    typing: bool,
}

/// One open end.
pub(crate) struct Pipe {
    end: OwnedFd,
    stream: usize,
    is_command: bool,
    /// A pane's: an end of file before its writer has come is none.
    is_pane: bool,
}

impl Pipe {
    fn new(end: OwnedFd, stream: usize) -> Pipe {
        Pipe {
            end,
            stream,
            is_command: false,
            is_pane: false,
        }
    }
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Nothing more comes, or nothing more is wanted.
    Closed,
    /// The time was over.
    Late,
    Signal(i32),
}

impl Live {
    pub(crate) fn new(follower: Option<Follower>, keeper: Option<Keeper>, passes: bool) -> Live {
        Live {
            pipes: Vec::new(),
            follower,
            keeper,
            command: None,
            panes: Vec::new(),
            passes,
            buffer: Buffer::new(),
            status: None,
            leaving: None,
            typing: true,
        }
    }

    pub(crate) fn add_pipe(&mut self, end: OwnedFd, opening: Opening, intake: &mut dyn Intake) {
        enlarge(&end);
        let stream = intake.begin(opening);
        self.pipes.push(Pipe::new(end, stream));
    }

    pub(crate) fn add_command(
        &mut self,
        mut running: Running,
        name: &str,
        intake: &mut dyn Intake,
    ) {
        let is_terminal = running.takes_input();
        let stream = intake.begin(Opening {
            name,
            is_terminal,
            ..Opening::default()
        });
        self.pipes.extend(running.output.take().map(|end| Pipe {
            is_command: true,
            ..Pipe::new(end, stream)
        }));
        self.command = Some(running);
    }

    pub(crate) fn add_pane(
        &mut self,
        mut pane: Pane,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        let stream = intake.begin(Opening {
            name: &pane.name,
            is_terminal: true,
            ..Opening::default()
        });
        intake.piece(stream, &std::mem::take(&mut pane.history))?;
        self.pipes.extend(pane.pipe.take().map(|pipe| Pipe {
            is_pane: true,
            ..Pipe::new(pipe.into(), stream)
        }));
        self.panes.push(pane);
        Ok(())
    }

    /// Until everything is over, or one of the reasons to end has come.
    pub(crate) fn run(
        &mut self,
        listening: &mut Listening,
        deadline: Option<Instant>,
        mut interrupts: Interrupts,
    ) -> Result<Over, Failure> {
        self.wake_follower(listening)?;
        let over = loop {
            listening.tick()?;
            self.keep(listening, false)?;
            if let Some(over) = self.is_over(listening, deadline) {
                break over;
            }
            let ready = self.wait(&interrupts, listening, deadline)?;
            if ready.reader_has_gone {
                listening.outlet.reader = schemas::document::Reader::Gone;
                break Over::Closed;
            }
            if ready.signals {
                listening.outlet.resized();
                for signal in interrupts.take() {
                    self.interrupted(signal);
                }
            }
            if ready.typed {
                self.hand_on_typing();
            }
            self.read_pipes(&ready.pipes, listening)?;
            let is_due =
                |follower: &Follower| follower.deadline().is_some_and(|at| at <= Instant::now());
            if ready.files || self.follower.as_ref().is_some_and(is_due) {
                self.wake_follower(listening)?;
            }
        };
        self.finish(listening, over)?;
        Ok(over)
    }

    fn wake_follower(&mut self, listening: &mut Listening) -> Result<(), Failure> {
        if let Some(follower) = &mut self.follower {
            follower.wake(listening)?;
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.touch();
        }
        Ok(())
    }

    fn is_over(&mut self, listening: &Listening, deadline: Option<Instant>) -> Option<Over> {
        let now = Instant::now();
        if listening.is_over() {
            return Some(Over::Closed);
        }
        if let Some((signal, patience)) = self.leaving
            && (self.command.is_none() || self.status.is_some() || now >= patience)
        {
            return Some(Over::Signal(signal));
        }
        if self.pipes.is_empty() && self.follower.is_none() {
            return Some(Over::Closed);
        }
        deadline
            .is_some_and(|deadline| now >= deadline)
            .then_some(Over::Late)
    }

    /// Sleeps until there is something to do.
    fn wait(
        &self,
        interrupts: &Interrupts,
        listening: &Listening,
        deadline: Option<Instant>,
    ) -> Result<Ready, Failure> {
        let stdout = io::stdout();
        let stdin = io::stdin();
        let mut fds = vec![
            PollFd::new(&stdout, PollFlags::empty()),
            PollFd::from_borrowed_fd(interrupts.descriptor(), PollFlags::IN),
        ];
        let files = self.follower.as_ref().and_then(Follower::descriptor);
        let files = files.map(|files| {
            fds.push(PollFd::from_borrowed_fd(files, PollFlags::IN));
            fds.len() - 1
        });
        let typed = self
            .command
            .as_ref()
            .filter(|command| self.typing && command.takes_input());
        let typed = typed.map(|_| {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
            fds.len() - 1
        });
        let first = fds.len();
        fds.extend(
            self.pipes
                .iter()
                .map(|pipe| PollFd::new(&pipe.end, PollFlags::IN)),
        );
        let patience = self.leaving.map(|(_, patience)| patience);
        let follower = self.follower.as_ref().and_then(Follower::deadline);
        let keeper = self.keeper.as_ref().and_then(Keeper::deadline);
        let until = [deadline, patience, follower, keeper, listening.deadline()];
        let until = until.into_iter().flatten().min();
        let timeout = until.map(|until| {
            // Rounded up: who wakes a little early only goes to sleep again.
            let left = until.saturating_duration_since(Instant::now()) + Duration::from_micros(50);
            Timespec::try_from(left).unwrap_or(Timespec {
                tv_sec: 3600,
                tv_nsec: 0,
            })
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Failure::trouble("cannot wait for input").because(&error)),
        }
        let came = |at: usize| !fds[at].revents().is_empty();
        let gone = PollFlags::ERR | PollFlags::NVAL;
        Ok(Ready {
            reader_has_gone: fds[0].revents().intersects(gone),
            signals: came(1),
            files: files.is_some_and(came),
            typed: typed.is_some_and(came),
            pipes: (first..fds.len())
                .filter(|at| came(*at))
                .map(|at| at - first)
                .collect(),
        })
    }

    fn interrupted(&mut self, signal: i32) {
        match (signal, &mut self.command) {
            (SIGCHLD, Some(command)) => self.status = self.status.or_else(|| command.status()),
            (SIGWINCH, Some(command)) => command.resize(),
            (signal, Some(command)) if interrupts::is_ending(signal) => {
                if self.leaving.is_some() {
                    command.kill();
                } else {
                    command.signal(signal);
                }
                self.leaving = Some((signal, Instant::now() + GRACE));
            }
            (signal, None) if interrupts::is_ending(signal) => {
                self.leaving = Some((signal, Instant::now()));
            }
            _ => {}
        }
    }

    fn hand_on_typing(&mut self) {
        let mut typed = [0; 4096];
        let size = read(io::stdin(), &mut typed).unwrap_or(0);
        self.typing = size > 0;
        if let Some(command) = &mut self.command {
            command.type_in(&typed[..size]);
        }
    }

    fn read_pipes(&mut self, ready: &[usize], listening: &mut Listening) -> Result<(), Failure> {
        let mut closed = Vec::new();
        for &at in ready {
            let pipe = &self.pipes[at];
            match read(&pipe.end, self.buffer.all()) {
                Ok(0) if pipe.is_pane && !pipe_is_closed(pipe) => {}
                Ok(0) => closed.push(at),
                Ok(size) => {
                    let piece = self.buffer.first(size);
                    if pipe.is_command && self.passes {
                        // A closed stderr is no reason to end: the records go elsewhere.
                        let _ = io::stderr().write_all(piece);
                    }
                    listening.piece(pipe.stream, piece)?;
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                // A terminal whose command has exited says so.
                Err(Errno::IO) if pipe.is_command => closed.push(at),
                Err(error) => return Err(Failure::input("cannot read the stream").because(&error)),
            }
        }
        for at in closed.into_iter().rev() {
            let pipe = self.pipes.remove(at);
            self.close(&pipe, listening)?;
        }
        Ok(())
    }

    fn close(&mut self, pipe: &Pipe, listening: &mut Listening) -> Result<(), Failure> {
        let mut status = (None, None);
        if let Some(command) = self.command.as_mut().filter(|_| pipe.is_command) {
            let end = Instant::now() + LAST_WORDS;
            self.status = self.status.or_else(|| command.status());
            // Its words have ended, and it will in a moment.
            while self.status.is_none() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
                self.status = command.status();
            }
            status = self.status.unwrap_or(status);
        }
        let (code, signal) = status;
        listening.end(pipe.stream, Ending::Exited { code, signal })
    }

    /// Remembers how far files were read.
    fn keep(&mut self, listening: &Listening, at_once: bool) -> Result<(), Failure> {
        if let (Some(keeper), Some(follower)) = (&mut self.keeper, &self.follower) {
            keeper.keep(at_once, || {
                follower.bookmarks(listening.outlet.seq(), listening)
            })?;
        }
        Ok(())
    }

    fn finish(&mut self, listening: &mut Listening, over: Over) -> Result<(), Failure> {
        if let Some(command) = &mut self.command
            && self.status.is_none()
            && over != Over::Closed
        {
            command.kill();
        }
        self.keep(listening, true)?;
        // What is left of a followed file will be read again where that is remembered.
        let is_remembered = self.keeper.is_some();
        for pipe in std::mem::take(&mut self.pipes) {
            match self.status {
                Some(_) if pipe.is_command => self.close(&pipe, listening)?,
                _ => listening.end(pipe.stream, Ending::Closed)?,
            }
        }
        if let Some(follower) = self.follower.take()
            && !is_remembered
        {
            follower.finish(listening)?;
        }
        self.panes.clear();
        Ok(())
    }
}

/// What has come.
struct Ready {
    reader_has_gone: bool,
    signals: bool,
    files: bool,
    typed: bool,
    /// By their places.
    pipes: Vec<usize>,
}

/// Whether everybody who could write has gone.
fn pipe_is_closed(pipe: &Pipe) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(pipe.end.as_fd(), PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::HUP)
}

/// More fits into the pipe: fewer changes between who writes and who reads.
fn enlarge(pipe: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}
