//! What is seen on a terminal: the program with a real one, and a small emulator that keeps its screen.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;

use crate::sandbox::{Sandbox, plan};

const COLUMNS: u16 = 60;

/// A pseudo-terminal, and all that was written to it.
struct Terminal {
    keyboard: File,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// The terminal, and the end of it that a program gets.
    fn new() -> (Terminal, File) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = File::from(rustix::fs::open(path, flags, Mode::empty()).unwrap());
        let size = Winsize {
            ws_row: 20,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size).unwrap();
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(size @ 1..) = screen.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..size]);
            }
        });
        (Terminal { keyboard, written }, slave)
    }

    fn lines(&self) -> Vec<String> {
        let written = self.written.lock().unwrap().clone();
        screen(&String::from_utf8_lossy(&written))
    }

    fn shows(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

/// The lines of a screen that never scrolls, after all of this was written to it.
fn screen(written: &str) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                rest.next();
                let end = |c: &char| c.is_ascii_alphabetic();
                let number: String = rest.clone().take_while(|c| !end(c)).collect();
                let which = rest.by_ref().find(end);
                match which {
                    Some('A') => row -= number.parse().unwrap_or(1).min(row),
                    Some('B') => row += number.parse().unwrap_or(1),
                    Some('K') if number == "2" => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => {
                        lines[row].truncate(column);
                        lines.truncate(row + 1);
                    }
                    other => panic!("the emulator does not know {other:?}"),
                }
            }
            c => {
                if column == usize::from(COLUMNS) {
                    (row, column) = (row + 1, 0);
                }
                if lines.len() <= row {
                    lines.resize(row + 1, Vec::new());
                }
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        if lines.len() <= row {
            lines.resize(row + 1, Vec::new());
        }
    }
    lines
        .into_iter()
        .map(|line| line.into_iter().collect())
        .collect()
}

#[test]
fn a_control_c_over_the_bars_leaves_nothing_of_them() {
    let sandbox = Sandbox::new();
    let works = "echo \"[PROGRESS:$TERMINAL_ID] 40% - a message that is longer than the terminal is wide\"; sleep 600";
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "project": "a", "command": works},
        {"id": "t2", "title": "two", "project": "b", "command": works}
    ]));
    sandbox.write("schedule.json", &schedule.to_string());
    let (mut terminal, stderr) = Terminal::new();
    let mut command = sandbox.command();
    let command = command
        .args(["schedule.json", "--jobs", "2"])
        .env("TERM", "xterm");
    let streams = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = streams.stderr(stderr).spawn().unwrap();
    sandbox.wait_until(|| {
        let lines = terminal.lines();
        let bars = lines.iter().filter(|line| line.contains("40%")).count();
        bars == 2 && lines.last().is_some_and(|line| line.starts_with("all ["))
    });
    // What the terminal does with the key; the signal goes to the program in front, which here is not ours.
    terminal.keyboard.write_all(b"\x03").unwrap();
    sandbox.wait_until(|| {
        terminal
            .written
            .lock()
            .unwrap()
            .windows(2)
            .any(|two| two == b"^C")
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    sandbox.wait_until(|| terminal.shows("0 of 2 tasks settled"));
    let lines = terminal.lines().join("\n");
    assert!(
        lines.contains("stopping: agents are asked to end"),
        "{lines}"
    );
    for piece in ["all [", "working", "40%", "^C"] {
        assert!(!lines.contains(piece), "{piece} is left in\n{lines}");
    }
}
