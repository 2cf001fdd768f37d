//! Panes of tmux, where it is installed.

use std::path::Path;
use std::process::Command;

use crate::support::{Running, append, program, skip, wait_until};

/// A server of our own.
struct Tmux(tempfile::TempDir);

impl Tmux {
    /// With a shell that has nothing of the user's.
    fn start() -> Option<Tmux> {
        let here = Command::new("tmux").arg("-V").output();
        if !here.is_ok_and(|output| output.status.success()) {
            skip("panes of tmux", "tmux is not installed");
            return None;
        }
        let tmux = Tmux(tempfile::tempdir().expect("a folder"));
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "12",
            "-s",
            "w",
            "env -i PS1=': ' TERM=screen sh",
        ]);
        // What is typed before its prompt would be shown before it, too.
        tmux.wait_for(":");
        Some(tmux)
    }

    fn run(&self, args: &[&str]) -> String {
        let output = self.command("tmux").args(args).output().expect("tmux runs");
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("TMUX_TMPDIR", self.0.path()).env_remove("TMUX");
        command
    }

    fn type_in(&self, line: &str) {
        self.run(&["send-keys", "-t", "w", "-l", line]);
        self.run(&["send-keys", "-t", "w", "Enter"]);
    }

    fn wait_for(&self, text: &str) {
        wait_until(text, || {
            self.run(&["capture-pane", "-p", "-S", "-", "-t", "w"])
                .lines()
                .any(|line| line == text)
        });
    }

    fn watch(&self, args: &[&str]) -> Running {
        let mut command = program(Path::new("/"), args);
        command.env("TMUX_TMPDIR", self.0.path());
        Running::of(command)
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command("tmux").arg("kill-server").output();
    }
}

#[test]
fn history_first_then_what_comes_none_lost_none_doubled() {
    let Some(tmux) = Tmux::start() else { return };
    // Many more lines than the pane has, while it is being taken up.
    tmux.type_in("i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo \"[PROGRESS:t] 1% - $i\"; done; echo th''e end");
    tmux.run(&["set-option", "-g", "history-limit", "50000"]);
    wait_until("some lines are there", || {
        tmux.run(&["display-message", "-p", "-t", "w", "#{history_size}"])
            .trim()
            != "0"
    });
    let running = tmux.watch(&["--tmux", "w"]);
    let mut before = 0;
    loop {
        let text = running.texts(1).remove(0);
        let number: u32 = text.parse().unwrap_or_else(|_| panic!("{text}"));
        // The first ones may have left the history before we came.
        assert!(
            before == 0 || number == before + 1,
            "{number} after {before}"
        );
        before = number;
        if number == 4000 {
            break;
        }
    }
    assert!(running.stop().records.is_empty());
    assert_eq!(
        tmux.run(&["display-message", "-p", "-t", "w", "#{pane_pipe}"])
            .trim(),
        "0",
        "it is let go"
    );
}

#[test]
fn a_pane_that_is_cleared_resized_and_scrolled() {
    let Some(tmux) = Tmux::start() else { return };
    tmux.type_in("echo '[PROGRESS:t] 1% - be''fore'");
    tmux.wait_for("[PROGRESS:t] 1% - before");
    let running = tmux.watch(&["--tmux", "w"]);
    assert_eq!(running.texts(1), ["before"]);
    tmux.type_in("clear; printf '\\033c'; echo '[PROGRESS:t] 2% - cl''eared'");
    assert_eq!(running.texts(1), ["cleared"]);
    tmux.run(&["resize-window", "-t", "w", "-x", "30", "-y", "5"]);
    tmux.type_in("echo '[PROGRESS:t] 3% - a line that is longer than th''e pane is wide'");
    assert_eq!(
        running.texts(1),
        ["a line that is longer than the pane is wide"]
    );
    tmux.run(&["copy-mode", "-t", "w"]);
    tmux.run(&["send-keys", "-t", "w", "-X", "page-up"]);
    tmux.run(&["clear-history", "-t", "w"]);
    tmux.run(&["copy-mode", "-q", "-t", "w"]);
    tmux.run(&["resize-window", "-t", "w", "-x", "100", "-y", "20"]);
    tmux.type_in("echo '[DONE:t] af''ter'; exit");
    let ended = running.end();
    assert_eq!(ended.texts(), ["after"]);
    assert_eq!(ended.code, Some(0), "the pane is gone, and so are we");
}

#[test]
fn a_pane_that_is_not_there_or_not_free() {
    let Some(tmux) = Tmux::start() else { return };
    let ended = tmux.watch(&["--tmux", "nobody"]).end();
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.contains("cannot read the pane nobody"),
        "{}",
        ended.stderr
    );
    tmux.run(&["pipe-pane", "-t", "w", "cat >/dev/null"]);
    let ended = tmux.watch(&["--tmux", "w"]).end();
    assert_eq!(ended.code, Some(4));
    assert!(
        ended.stderr.contains("something else has a pipe to it"),
        "{}",
        ended.stderr
    );
}

#[test]
fn bars_in_a_pane_that_is_resized_leave_nothing_behind() {
    let Some(tmux) = Tmux::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("a.log");
    let words = "words that reach farther than a narrow pane is wide";
    append(
        &log,
        &format!("[PROGRESS:t1] 40% - {words}\n[QUESTION:t2] {words}?\n"),
    );
    tmux.type_in(&format!(
        "echo be''fore; '{}' --format bars --on question 'echo to''ld' --follow '{}'",
        env!("CARGO_BIN_EXE_marker-watch"),
        log.display()
    ));
    let screen = || tmux.run(&["capture-pane", "-p", "-S", "-", "-t", "w"]);
    let rows = |screen: &str, start: &str| {
        let rows = screen.lines().filter(|line| line.starts_with(start));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let is_drawn = |is_wide: bool| {
        let rows = rows(&screen(), "t1");
        rows.len() == 1 && rows[0].contains('[') == is_wide
    };
    wait_until("it is drawn", || is_drawn(true));
    for _ in 0..2 {
        tmux.run(&["resize-window", "-t", "w", "-x", "40"]);
        wait_until("it is narrow", || is_drawn(false));
        tmux.run(&["resize-window", "-t", "w", "-x", "90"]);
        wait_until("it is wide", || is_drawn(true));
    }
    tmux.run(&["send-keys", "-t", "w", "C-c"]);
    // What was there before is there again, with what was said meanwhile, and with the last picture.
    wait_until("it has ended", || rows(&screen(), "before").len() == 1);
    let screen = screen();
    for start in ["told", "t1", "t2"] {
        assert_eq!(rows(&screen, start).len(), 1, "{start}: {screen}");
    }
}
