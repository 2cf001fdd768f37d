//! One check: a gate carried out, and what it came to.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use schemas::{Check, CheckStatus, Command, Console, Finding};

use crate::metric;
use crate::output::{Output, Printed};
use crate::planned::{Planned, Run, Work};
use crate::process::{End, Ended, Inbox, Launch};
use crate::tally;
use schemas::terminal::plain;

/// Bytes of output that a verdict carries.
const TAIL: usize = 4 << 10;

/// Lines of output that a finding quotes.
const QUOTED: usize = 10;

/// What is the same for all checks.
pub(crate) struct Surroundings {
    /// Absolute.
    pub(crate) cwd: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) log_dir: Option<PathBuf>,
    pub(crate) metrics: Option<PathBuf>,
    pub(crate) allow_no_tests: bool,
    pub(crate) console: Console,
}

/// The signal that ended all of it.
pub(crate) struct Interrupted(pub(crate) i32);

/// How it stands with a check, so far.
struct Standing {
    status: CheckStatus,
    reason: Option<String>,
}

impl Standing {
    fn new(status: CheckStatus, reason: impl Into<String>) -> Standing {
        Standing {
            status,
            reason: Some(reason.into()),
        }
    }
}

/// Carries one gate out. `number` is its place among the gates, from 1.
pub(crate) fn carry_out(
    planned: &Planned,
    number: usize,
    here: &Surroundings,
    inbox: &mut Inbox,
) -> Result<Check, Interrupted> {
    let started = Instant::now();
    let mut check = blank(planned);
    let (run, metric) = match &planned.work {
        Work::Manual { reason } => {
            check.status = CheckStatus::Manual;
            check.reason = Some(reason.clone());
            return Ok(check);
        }
        Work::Command(run) => (Some(run), None),
        Work::Metric {
            assertion,
            source,
            run,
        } => (run.as_ref(), Some((assertion, source))),
    };
    let mut standing = Standing {
        status: CheckStatus::Passed,
        reason: None,
    };
    let mut printed = None;
    let mut cwd = here.cwd.clone();
    if let Some(run) = run {
        cwd = run.cwd.as_ref().map_or(cwd, |folder| here.cwd.join(folder));
        let log = here
            .log_dir
            .as_ref()
            .map(|dir| dir.join(log_name(number, &planned.name)));
        match start(run, &cwd, log.as_deref(), here, inbox) {
            Err(why) => standing = Standing::new(CheckStatus::Infrastructure, why),
            Ok((ended, output)) => {
                if let End::Interrupted(signal) = ended.end {
                    return Err(Interrupted(signal));
                }
                if let End::Exited(code) = ended.end {
                    check.exit_code = Some(code);
                }
                standing = judge(ended, &output, run, here);
                check.log_file = log.map(|log| log.display().to_string());
                check.output_tail = tail(&output.tail);
                printed = Some(output);
            }
        }
    }
    if let (CheckStatus::Passed, Some((assertion, source))) = (standing.status, metric) {
        let measured = metric::measure(
            &assertion.name,
            source,
            &cwd,
            here.metrics.as_deref(),
            printed.as_ref(),
        );
        check.metric = Some(assertion.metric(measured.as_ref().ok().copied()));
        match measured {
            Ok(value) if assertion.holds(value) => {}
            Ok(value) => standing = Standing::new(CheckStatus::Failed, assertion.missed(value)),
            Err(why) => {
                let reason = format!("no value for {}: {why}", assertion.name);
                standing = Standing::new(CheckStatus::Failed, reason);
            }
        }
    }
    check.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let fails = matches!(standing.status, CheckStatus::Failed | CheckStatus::TimedOut);
    if fails {
        let reason = standing.reason.as_deref().unwrap_or_default();
        check.findings = vec![finding(planned, reason, printed.as_ref())];
    }
    check.status = match standing.status {
        _ if fails && !planned.required => CheckStatus::Warned,
        status => status,
    };
    check.reason = standing.reason;
    Ok(check)
}

/// A check that is not carried out, because one before it did not pass.
pub(crate) fn skip(planned: &Planned) -> Check {
    Check {
        status: CheckStatus::Skipped,
        reason: Some("an earlier check did not pass".to_owned()),
        ..blank(planned)
    }
}

fn blank(planned: &Planned) -> Check {
    Check {
        name: planned.name.clone(),
        kind: planned.work.kind().to_owned(),
        status: CheckStatus::Passed,
        required: planned.required,
        exit_code: None,
        duration_ms: 0,
        metric: None,
        findings: Vec::new(),
        reason: None,
        output_tail: None,
        log_file: None,
    }
}

/// Starts the command and waits for its end; otherwise says why it could not be run.
fn start(
    run: &Run,
    cwd: &Path,
    log: Option<&Path>,
    here: &Surroundings,
    inbox: &mut Inbox,
) -> Result<(Ended, Printed), String> {
    if !cwd.is_dir() {
        return Err(format!("there is no folder {}", cwd.display()));
    }
    let argv = run.command.argv();
    let (program, args) = argv.split_first().ok_or("the command is empty")?;
    if let Some(wanted) = &run.program {
        locate(wanted, run, cwd)?;
    }
    let launch = Launch {
        program: locate(program, run, cwd)?,
        args,
        cwd,
        env: &run.env,
        timeout: run.timeout.unwrap_or(here.timeout),
        grace: here.grace,
    };
    let file = match log {
        None => None,
        Some(log) => Some(
            File::create(log)
                .map_err(|error| format!("cannot write {}: {error}", log.display()))?,
        ),
    };
    let console = (!here.console.is_quiet()).then(|| here.console.clone());
    let output = Output::new(file, console);
    let ended = inbox.run(&launch, &output);
    let printed = output.close();
    let ended = ended.map_err(|error| format!("cannot run {program}: {error}"))?;
    Ok((ended, printed))
}

fn locate(program: &str, run: &Run, cwd: &Path) -> Result<PathBuf, String> {
    let path = match run.env.get("PATH") {
        Some(path) => Some(OsString::from(path)),
        None => std::env::var_os("PATH"),
    };
    which::which_in(program, path, cwd).map_err(|_| format!("program not found: {program}"))
}

/// What the end of a command says about the work, or that it says nothing.
fn judge(ended: Ended, printed: &Printed, run: &Run, here: &Surroundings) -> Standing {
    use CheckStatus::{Failed, Infrastructure, Passed, TimedOut};
    let shell = matches!(run.command, Command::Shell(_));
    let standing = match ended.end {
        End::TimedOut => {
            let limit = schemas::time::for_people(run.timeout.unwrap_or(here.timeout));
            Standing::new(TimedOut, format!("took longer than {limit} and was ended"))
        }
        End::Exited(0) if !here.allow_no_tests && ran_no_test(printed) => {
            Standing::new(Failed, "no test was run")
        }
        End::Exited(0) => match &printed.log_error {
            Some(error) => Standing::new(Infrastructure, format!("cannot write the log: {error}")),
            None if ended.left_behind => Standing::new(Passed, "left processes behind"),
            None => Standing {
                status: Passed,
                reason: None,
            },
        },
        End::Exited(code @ (126 | 127)) => Standing::new(
            Infrastructure,
            format!("exit code {code}: a program was not found or cannot be run"),
        ),
        // A shell tells in its exit code which signal ended what it ran.
        End::Exited(code @ (137 | 143)) if shell => signalled(code - 128),
        End::Exited(code) => Standing::new(Failed, format!("exit code {code}")),
        End::Signalled(signal) => signalled(signal),
        End::Interrupted(_) => Standing::new(Infrastructure, "interrupted"),
    };
    match standing {
        Standing {
            status: Failed | TimedOut,
            reason: Some(reason),
        } if ended.left_behind => {
            Standing::new(standing.status, format!("{reason}; left processes behind"))
        }
        standing => standing,
    }
}

/// A crash is the work's own; a signal from outside (out of memory, an operator) says nothing about it.
fn signalled(signal: i32) -> Standing {
    const CRASHES: [Signal; 7] = [
        Signal::SEGV,
        Signal::ABORT,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
        Signal::TRAP,
        Signal::SYS,
    ];
    if CRASHES.iter().any(|crash| crash.as_raw() == signal) {
        return Standing::new(CheckStatus::Failed, format!("crashed (signal {signal})"));
    }
    Standing::new(
        CheckStatus::Infrastructure,
        format!("killed from outside (signal {signal})"),
    )
}

fn ran_no_test(printed: &Printed) -> bool {
    // Of a longer output the reports that count may be gone.
    printed.whole
        && [&printed.stdout, &printed.stderr]
            .into_iter()
            .any(|bytes| may_tell(bytes))
        && tally::no_test_ran(&[plain(&printed.stdout), plain(&printed.stderr)].join("\n"))
}

fn may_tell(bytes: &[u8]) -> bool {
    tally::may_tell(&String::from_utf8_lossy(bytes))
}

fn finding(planned: &Planned, reason: &str, printed: Option<&Printed>) -> Finding {
    let mut message = format!("{}: {reason}", planned.name);
    let quoted = printed.map(|printed| {
        let stderr = tail(&printed.stderr);
        stderr.or_else(|| tail(&printed.stdout)).unwrap_or_default()
    });
    for line in quoted.unwrap_or_default().lines().take(QUOTED) {
        message.push('\n');
        message.extend(line.chars().take(200));
    }
    Finding {
        severity: if planned.required {
            "important"
        } else {
            "minor"
        }
        .to_owned(),
        message,
        file: None,
        line: None,
    }
}

/// The last 4 KiB, from the start of a line when something is left out; `None` when nothing was printed.
fn tail(bytes: &[u8]) -> Option<String> {
    let text = plain(&bytes[bytes.len().saturating_sub(TAIL)..]);
    let mut from = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let cut = bytes.len() >= TAIL || from > 0;
    let mut text = &text[from..];
    if cut
        && let Some((_, rest)) = text.split_once('\n')
        && !rest.is_empty()
    {
        text = rest;
    }
    let text = text.trim_end();
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// `01-npm-test.log`
fn log_name(number: usize, name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().take(60) {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    format!("{number:02}-{}.log", slug.trim_end_matches('-'))
}
