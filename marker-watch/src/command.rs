//! A command that is run and listened to, with pipes or with a terminal of its own.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{self, OptionalActions, Termios};
use schemas::Failure;

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    /// What it prints.
    pub(crate) output: Option<OwnedFd>,
    /// Its terminal, which takes what is typed and how large the window is.
    terminal: Option<pty_process::blocking::Pty>,
    /// Our own terminal, as it was.
    before: Option<Termios>,
}

/// How it has ended.
pub(crate) type Status = (Option<i32>, Option<i32>);

impl Running {
    /// Starts it. Its stdin is ours.
    pub(crate) fn start(argv: &[OsString], with_terminal: bool) -> Result<Running, Failure> {
        let Some((program, args)) = argv.split_first() else {
            return Err(Failure::usage("no command"));
        };
        let name = program.to_string_lossy();
        let failed = |error: &dyn std::error::Error| {
            Failure::trouble(format!("cannot start {name}")).because(error)
        };
        if with_terminal {
            let (terminal, inside) =
                pty_process::blocking::open().map_err(|error| failed(&error))?;
            let _ = terminal.resize(size());
            let output = std::os::fd::AsFd::as_fd(&terminal).try_clone_to_owned();
            let output = output.map_err(|error| failed(&error))?;
            let command = pty_process::blocking::Command::new(program).args(args);
            let child = command.spawn(inside).map_err(|error| failed(&error))?;
            return Ok(Running {
                child,
                output: Some(output),
                terminal: Some(terminal),
                before: raw(),
            });
        }
        let (output, words) = io::pipe().map_err(|error| failed(&error))?;
        let errors = words.try_clone().map_err(|error| failed(&error))?;
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::inherit())
            .stdout(words)
            .stderr(errors);
        let child = command.spawn().map_err(|error| failed(&error))?;
        Ok(Running {
            child,
            output: Some(output.into()),
            terminal: None,
            before: None,
        })
    }

    /// Whether what is typed is to be handed on to it.
    pub(crate) fn takes_input(&self) -> bool {
        self.terminal.is_some()
    }

    /// Hands on what was typed; nothing is the end of it.
    pub(crate) fn type_in(&mut self, bytes: &[u8]) {
        const END: &[u8] = &[0x04];
        if let Some(terminal) = &mut self.terminal {
            // It may have exited.
            let _ = terminal.write_all(if bytes.is_empty() { END } else { bytes });
        }
    }

    /// The window has another size.
    pub(crate) fn resize(&self) {
        if let Some(terminal) = &self.terminal {
            let _ = terminal.resize(size());
        }
    }

    /// How it has ended, once it has.
    pub(crate) fn status(&mut self) -> Option<Status> {
        let status = self.child.try_wait().ok()??;
        Some((status.code(), status.signal()))
    }

    /// Hands on a signal.
    pub(crate) fn signal(&self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Keys go to the command as they are typed. Answers the settings before, where stdin is a terminal.
fn raw() -> Option<Termios> {
    let stdin = io::stdin();
    let before = termios::tcgetattr(&stdin)
        .ok()
        .filter(|_| stdin.is_terminal())?;
    let mut settings = before.clone();
    settings.make_raw();
    termios::tcsetattr(&stdin, OptionalActions::Now, &settings).ok()?;
    Some(before)
}

/// That of the terminal that we are on.
fn size() -> pty_process::Size {
    let size = termios::tcgetwinsize(io::stderr()).or_else(|_| termios::tcgetwinsize(io::stdin()));
    match size {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => {
            pty_process::Size::new(size.ws_row, size.ws_col)
        }
        _ => pty_process::Size::new(24, 80),
    }
}
