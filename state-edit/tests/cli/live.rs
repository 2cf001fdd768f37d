//! `watch`, in a terminal of its own.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;

use crate::run::{Run, program, question, settled};

/// The program at a terminal, and what it has drawn.
struct Terminal {
    master: OwnedFd,
    child: Child,
    drawn: String,
}

impl Terminal {
    fn with(run: &Run, args: &[&str], rows: u16, columns: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // Or the program would hold its own terminal open.
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let child = program(&run.dir, args)
            .stdout(Stdio::from(slave))
            .spawn()
            .unwrap();
        let terminal = Terminal {
            master,
            child,
            drawn: String::new(),
        };
        terminal.resize(rows, columns);
        terminal
    }

    fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.master, size).unwrap();
    }

    /// Reads until all of a frame is there that fits; gives what came since the last frame that did.
    fn frame(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let mut buffer = [0; 4096];
        loop {
            let frames: Vec<&str> = self.drawn.split("\u{1b}[J").collect();
            if let Some(frame) = frames.iter().find(|frame| fits(frame)) {
                let frame = (*frame).to_owned();
                self.drawn.clear();
                return frame;
            }
            let size = rustix::io::read(&self.master, &mut buffer).unwrap();
            self.drawn
                .push_str(&String::from_utf8_lossy(&buffer[..size]));
        }
    }
}

#[test]
fn watch_shows_what_happens_fits_its_terminal_and_ends_with_the_run() {
    let run = Run::of(&["t1", "t2"]);
    let mut terminal = Terminal::with(&run, &["watch"], 24, 100);
    terminal.frame(|frame| frame.contains("t2 Title of t2") && frame.contains("queue"));

    run.record(&[question("t2")]);
    terminal.frame(|frame| frame.contains("t2 asks: which?"));

    // A terminal that became small: no line of a frame is longer, and there are no more of them.
    terminal.resize(8, 40);
    run.record(&[json!({"type": "progress", "task": "t1", "percent": 45, "text": "on the way"})]);
    let frame = terminal.frame(|frame| {
        let lines: Vec<&str> = frame.lines().collect();
        frame.contains("t2 asks")
            && lines
                .iter()
                .all(|line| line.trim_end().chars().count() < 40)
    });
    assert!(frame.lines().count() <= 8, "{frame}");

    run.call(&["compact"]).refused(1, "a dispatcher is at work");
    run.record(&[
        settled("t1", "succeeded"),
        settled("t2", "succeeded"),
        json!({"type": "run-finished", "outcome": "succeeded"}),
    ]);
    terminal.frame(|frame| frame.contains("completed") && frame.contains("2/2"));
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn watch_ends_when_its_terminal_is_closed_and_wants_one() {
    let run = Run::of(&["t1"]);
    run.call(&["watch"]).refused(2, "stdout is none");
    let mut terminal = Terminal::with(&run, &["watch"], 24, 80);
    terminal.frame(|frame| frame.contains("t1 Title of t1"));
    let Terminal {
        master, mut child, ..
    } = terminal;
    drop(master);
    run.call(&["hold"]).record();
    child.wait().unwrap();
}
