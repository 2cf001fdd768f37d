//! Records on stdout, from a thread of its own: neither a reader that is slow nor a disk that is must hold up the agents.
//!
//! What must survive a power cut is made durable here before anybody reads of it, all that has come meanwhile by one sync.
//! The start of an attempt does not wait for that: its record is written before, so that it survives us, and what does not
//! survive the machine is not missed by an attempt that does not either. A later record is never durable without an earlier
//! one. Where attempts outlive the machine, behind a launcher, the loop itself syncs before it starts one.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Incoming;

/// Before a sync, so that what comes together shares it: at least, and at most. Between them, four times what the last one
/// took: whoever makes a file on the same disk meanwhile waits for it, and every attempt makes one.
const TOGETHER: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(10));

/// Writes lines in order, each flushed when nothing waits behind it.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Option<Sender<Line>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

struct Line {
    text: String,
    /// The journal is synced before.
    durable: bool,
}

impl Writer {
    pub(super) fn new(journal: File, events: SyncSender<Incoming>) -> Writer {
        let (lines, queue) = channel();
        let thread = thread::spawn(move || write(&queue, &journal, &events));
        Writer {
            lines: Some(lines),
            thread: Some(thread),
        }
    }

    pub(super) fn write(&self, text: String, durable: bool) {
        if let Some(lines) = &self.lines {
            let _ = lines.send(Line { text, durable });
        }
    }

    /// Waits until everything is out, or the reader gone. Fails when the journal could not be synced, which nobody may have
    /// heard of: the loop had ended. Nobody may receive events any more then, or we might wait for room among them.
    pub(super) fn close(mut self) -> std::io::Result<()> {
        self.lines = None;
        let thread = self.thread.take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or(Ok(())))
    }
}

fn write(
    queue: &Receiver<Line>,
    journal: &File,
    events: &SyncSender<Incoming>,
) -> std::io::Result<()> {
    let (mut reader, mut took) = (true, Duration::ZERO);
    while let Ok(first) = queue.recv() {
        let (mut at_once, mut after) = (String::new(), String::new());
        for line in std::iter::once(first).chain(queue.try_iter()) {
            // What an agent says of its progress goes out at once, unless something that must be durable stands before it.
            let text = if after.is_empty() && !line.durable {
                &mut at_once
            } else {
                &mut after
            };
            text.push_str(&line.text);
            text.push('\n');
        }
        reader = reader && say(&at_once, events);
        if !after.is_empty() {
            thread::sleep((took * 4).clamp(TOGETHER.0, TOGETHER.1));
            for line in queue.try_iter() {
                after.push_str(&line.text);
                after.push('\n');
            }
            let begun = Instant::now();
            if let Err(error) = journal.sync_data() {
                let kind = error.kind();
                let _ = events.send(Incoming::JournalLost(error));
                return Err(kind.into());
            }
            took = begun.elapsed();
            reader = reader && say(&after, events);
        }
    }
    Ok(())
}

/// Answers whether anybody hears.
fn say(text: &str, events: &SyncSender<Incoming>) -> bool {
    let mut stdout = std::io::stdout().lock();
    let said = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    if said.is_err() {
        // Nobody hears any more: a request to stop, which must not be lost among agents that talk much. The journal goes
        // on having everything.
        let _ = events.send(Incoming::ReaderGone);
    }
    said.is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn a_sync_that_failed_is_told_also_when_the_loop_has_ended() {
        // A pipe cannot be synced.
        let (_reader, pipe) = std::io::pipe().unwrap();
        let (events, incoming) = sync_channel(0);
        let writer = Writer::new(OwnedFd::from(pipe).into(), events);
        writer.write(String::new(), true);
        drop(incoming);
        assert!(writer.close().is_err());
    }
}
