//! How long a marker takes: agents that say when they speak, and a reader that knows when it hears.
//!
//! `marker-clock say GO TIMES PAUSE` is the agent: once the file GO is there, a PROGRESS marker every PAUSE milliseconds,
//! whose text is the time at which it is written, in nanoseconds; DONE at the end. `marker-clock hear GO AGENTS` reads
//! records on stdin, makes the file when so many agents have started, and writes the number of those markers, and how late
//! half of them, 99 of 100, and all of them were, in microseconds.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["hear", go, agents] => match agents.parse() {
            Ok(agents) => hear(Path::new(go), agents),
            Err(_) => return ExitCode::from(2),
        },
        ["say", go, times, pause] => match (times.parse(), pause.parse()) {
            (Ok(times), Ok(pause)) => say(Path::new(go), times, pause),
            _ => return ExitCode::from(2),
        },
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(4),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn say(go: &Path, times: u64, pause: u64) -> std::io::Result<()> {
    let id = std::env::var("TERMINAL_ID").unwrap_or_default();
    while !go.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Not all in the same moment, as agents do not speak.
    let own = u64::from(std::process::id()) * 7919 % pause.max(1);
    std::thread::sleep(Duration::from_millis(own));
    let mut stdout = std::io::stdout();
    for at in 0..times {
        let percent = at * 100 / times;
        let line = format!("[PROGRESS:{id}] {percent}% - {}\n", now());
        stdout.write_all(line.as_bytes())?;
        stdout.flush()?;
        std::thread::sleep(Duration::from_millis(pause));
    }
    writeln!(stdout, "[DONE:{id}] spoke {times} times")
}

fn hear(go: &Path, agents: usize) -> std::io::Result<()> {
    let mut late = Vec::new();
    let mut started = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let heard = now();
        let record: serde_json::Value = serde_json::from_str(&line)?;
        started += usize::from(record["type"] == "attempt-started");
        if started == agents && !go.exists() {
            std::fs::File::create(go)?;
        }
        let written = record["text"]
            .as_str()
            .filter(|_| record["type"] == "progress");
        if let Some(written) = written.and_then(|text| text.parse::<u64>().ok()) {
            late.push(heard.saturating_sub(written) / 1000);
        }
    }
    late.sort_unstable();
    let at = |hundredths: usize| {
        late.get((late.len().max(1) - 1) * hundredths / 100)
            .copied()
    };
    let [half, most, all] = [50, 99, 100].map(|part| at(part).unwrap_or(0));
    writeln!(std::io::stdout(), "{} {half} {most} {all}", late.len())
}
