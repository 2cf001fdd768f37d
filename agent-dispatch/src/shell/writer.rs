//! Records on stdout, from a thread of its own: a reader that is slow must not hold up the agents.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::{self, JoinHandle};

use super::Incoming;

/// Writes lines in order, each flushed when nothing waits behind it.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn new(events: SyncSender<Incoming>) -> Writer {
        let (lines, queue) = channel();
        let thread = thread::spawn(move || write(&queue, &events));
        Writer {
            lines: Some(lines),
            thread: Some(thread),
        }
    }

    pub(super) fn write(&self, line: String) {
        if let Some(lines) = &self.lines {
            let _ = lines.send(line);
        }
    }

    /// Waits until everything is out, or the reader gone.
    pub(super) fn close(mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(queue: &Receiver<String>, events: &SyncSender<Incoming>) {
    let mut stdout = std::io::stdout().lock();
    while let Ok(line) = queue.recv() {
        let mut text = line;
        text.push('\n');
        while let Ok(more) = queue.try_recv() {
            text.push_str(&more);
            text.push('\n');
        }
        if stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .is_err()
        {
            // Nobody hears any more: a request to stop. The journal goes on having everything.
            let _ = events.try_send(Incoming::ReaderGone);
            return;
        }
    }
}
