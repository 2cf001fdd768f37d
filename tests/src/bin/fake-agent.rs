//! An agent that does what a small text file says: one instruction a line, from the file named by its argument or by
//! `FAKE_SCRIPT`. `$NAME` in an instruction is taken from the environment.
//!
//! | instruction | what it does |
//! |---|---|
//! | `say TEXT` | prints a line |
//! | `print-bytes N` | prints N bytes without a line's end |
//! | `wait FILE` | goes on when the file is there |
//! | `touch FILE`, `append FILE TEXT` | makes a file, adds a line to one |
//! | `read-stdin FILE` | copies stdin to a file |
//! | `sleep MS` | is silent for a while |
//! | `ignore TERM` | does not end at SIGTERM |
//! | `fork CMD` | starts a background process in its own group |
//! | `daemon CMD` | starts one in another session, with init as its parent |
//! | `hold-pipe` | starts one that keeps stdout open |
//! | `kill SIG` | sends itself a signal (TERM, KILL, INT, HUP, ABRT) |
//! | `exit N` | ends |
//! | `attempt N: INSTRUCTION` | does it in that attempt only |
//!
//! Empty lines and lines that begin with `#` are passed over. At the end of the file it exits with 0.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process, setsid};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((first, rest)) if first == "--daemon" => detach(&rest.join(" ")),
        Some((script, _)) => play(Path::new(script)),
        None => match std::env::var_os("FAKE_SCRIPT") {
            Some(script) => play(Path::new(&script)),
            None => Err(io::Error::other("which script?")),
        },
    };
    result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "fake-agent: {error}");
        ExitCode::from(99)
    })
}

fn play(script: &Path) -> io::Result<ExitCode> {
    let text = std::fs::read_to_string(script)
        .map_err(|error| io::Error::other(format!("{}: {error}", script.display())))?;
    let attempt = std::env::var("ATTEMPT").unwrap_or_default();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let instruction = match line
            .strip_prefix("attempt ")
            .and_then(|l| l.split_once(':'))
        {
            Some((number, instruction)) if number.trim() == attempt => instruction.trim(),
            Some(_) => continue,
            None => line,
        };
        if let Some(code) = perform(&expand(instruction))? {
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does one instruction. Gives the exit code when it is the last.
fn perform(instruction: &str) -> io::Result<Option<u8>> {
    let (verb, rest) = instruction.split_once(' ').unwrap_or((instruction, ""));
    match verb {
        "say" => {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{rest}")?;
            stdout.flush()?;
        }
        "print-bytes" => print_bytes(number(rest)?)?,
        "wait" => {
            while !Path::new(rest).exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        "touch" => drop(File::create(rest)?),
        "append" => {
            let (file, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let mut file = OpenOptions::new().create(true).append(true).open(file)?;
            // One write: several agents may append to one file.
            file.write_all(format!("{text}\n").as_bytes())?;
        }
        "read-stdin" => drop(io::copy(&mut io::stdin().lock(), &mut File::create(rest)?)?),
        "sleep" => std::thread::sleep(Duration::from_millis(number(rest)?)),
        "ignore" => {
            let seen = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal_hook::consts::SIGTERM, seen)?;
        }
        "fork" => spawn(Command::new("sh").args(["-c", rest]).stdout(Stdio::null()))?,
        "daemon" => {
            let this = std::env::current_exe()?;
            let mut between = Command::new(this);
            between.args(["--daemon", rest]).stdout(Stdio::null());
            between
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
        }
        "hold-pipe" => spawn(Command::new("sleep").arg("600"))?,
        "kill" => kill_process(getpid(), signal(rest)?)?,
        "exit" => return Ok(Some(number(rest)? as u8)),
        _ => return Err(io::Error::other(format!("unknown instruction {verb}"))),
    }
    Ok(None)
}

fn spawn(command: &mut Command) -> io::Result<()> {
    // Not waited for: that is the point.
    command.stdin(Stdio::null()).spawn().map(drop)
}

/// The process between: it leaves the session and the family, starts the command and ends.
fn detach(line: &str) -> io::Result<ExitCode> {
    setsid()?;
    spawn(Command::new("sh").args(["-c", line]))?;
    Ok(ExitCode::SUCCESS)
}

fn print_bytes(count: u64) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let chunk = [b'x'; 1 << 16];
    let mut left = count;
    while left > 0 {
        let size = left.min(chunk.len() as u64) as usize;
        stdout.write_all(&chunk[..size])?;
        left -= size as u64;
    }
    stdout.flush()
}

fn number(text: &str) -> io::Result<u64> {
    let wrong = |_| io::Error::other(format!("not a number: {text}"));
    text.trim().parse().map_err(wrong)
}

fn signal(name: &str) -> io::Result<Signal> {
    Ok(match name {
        "TERM" => Signal::TERM,
        "KILL" => Signal::KILL,
        "INT" => Signal::INT,
        "HUP" => Signal::HUP,
        "ABRT" => Signal::ABORT,
        _ => return Err(io::Error::other(format!("unknown signal {name}"))),
    })
}

/// `$NAME` and `${NAME}` from the environment; empty when it is not set.
fn expand(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let inside = after.strip_prefix('{').unwrap_or(after);
        let end = inside
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(inside.len());
        let (name, tail) = inside.split_at(end);
        if name.is_empty() {
            expanded.push('$');
        } else {
            expanded.push_str(&std::env::var(name).unwrap_or_default());
        }
        rest = match after.starts_with('{') {
            true => tail.strip_prefix('}').unwrap_or(tail),
            false => tail,
        };
    }
    expanded.push_str(rest);
    expanded
}
