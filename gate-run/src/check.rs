//! One check: a gate carried out, and what it came to.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use schemas::{Check, CheckStatus, Finding, WhenMissing};

use crate::board::Board;
use crate::cache::Cache;
use crate::diagnosis;
use crate::evidence::{self, MAX_FINDINGS, Place};
use crate::excerpt;
use crate::interrupts::Interrupts;
use crate::output::{Output, Printed};
use crate::planned::{Planned, Run, Work};
use crate::process::{self, End, Ended, Launch};
use crate::standing::{self, Standing};

/// What is the same for all checks.
pub(crate) struct Surroundings {
    /// Absolute.
    pub(crate) cwd: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    /// How often infrastructure may fail before it counts, and how long to wait the first time.
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    pub(crate) log_dir: Option<PathBuf>,
    pub(crate) metrics: Option<PathBuf>,
    pub(crate) base: Option<String>,
    /// The commit that what is wanted is read from.
    pub(crate) trusted: Option<String>,
    pub(crate) allow_no_tests: bool,
    pub(crate) record: bool,
    pub(crate) strict: bool,
    pub(crate) cache: Option<Cache>,
    /// Several checks run at once: lines say whose they are.
    pub(crate) parallel: bool,
    pub(crate) board: Board,
}

/// A signal ended it, and all the others.
pub(crate) struct Interrupted;

/// Carries one gate out. `number` is its place among the gates, from 1.
pub(crate) fn carry_out(
    planned: &Planned,
    number: usize,
    here: &Surroundings,
    interrupts: &Interrupts,
) -> Result<Check, Interrupted> {
    let started = Instant::now();
    let mut check = blank(planned);
    let (run, evidence) = match &planned.work {
        Work::Manual { reason } => {
            check.status = CheckStatus::Manual;
            check.reason = Some(reason.clone());
            return Ok(check);
        }
        Work::Check { run, evidence } => (run.as_ref(), evidence),
    };
    let cwd = planned
        .cwd
        .as_ref()
        .map_or_else(|| here.cwd.clone(), |folder| here.cwd.join(folder));
    let key = here.cache.as_ref().and_then(|_| Cache::key(planned, &cwd));
    let kept = here.cache.as_ref().zip(key.as_ref());
    if let Some(check) = kept.and_then(|(cache, key)| cache.get(key, planned)) {
        return Ok(check);
    }
    let before: Vec<_> = evidence
        .iter()
        .map(|evidence| evidence.before(&cwd))
        .collect();
    let (mut standing, mut printed, start) = (Standing::passed(), None, SystemTime::now());
    if let Some(run) = run {
        let log = here
            .log_dir
            .as_ref()
            .map(|dir| dir.join(log_name(number, &planned.name)));
        let attempt = attempts(
            planned,
            run,
            &cwd,
            log.as_deref(),
            here,
            interrupts,
            &mut check,
        )?;
        (standing, printed) = attempt;
        if let Some(printed) = &printed {
            check.log_file = log.map(|log| log.display().to_string());
            check.output_tail = excerpt::tail(&printed.tail);
            check.output_head = if printed.short {
                None
            } else {
                excerpt::head(&printed.head)
            };
        }
    }
    let place = Place {
        cwd: &cwd,
        metrics: here.metrics.as_deref(),
        base: here.base.as_deref(),
        trusted: here.trusted.as_deref(),
        allow_no_tests: here.allow_no_tests,
        record: here.record,
        patience: planned.timeout.unwrap_or(here.timeout),
        started: run.map(|_| start),
        printed: printed.as_ref(),
    };
    let ran = matches!(
        standing.status,
        CheckStatus::Passed | CheckStatus::Leaked | CheckStatus::Failed
    );
    if ran {
        look(evidence, &before, &place, &mut standing, &mut check);
    }
    check.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    settle(planned, standing, printed.as_ref(), &cwd, here, &mut check);
    // A check that changes its own inputs has passed for inputs that are gone.
    if let Some((cache, key)) =
        kept.filter(|(_, key)| Cache::key(planned, &cwd).as_ref() == Some(key))
    {
        cache.put(key, &check);
    }
    Ok(check)
}

/// Looks at all the evidence. A command that failed stays failed, whatever its report says; the report says why.
fn look(
    evidence: &[evidence::Evidence],
    before: &[Option<evidence::tests::Stamp>],
    place: &Place<'_>,
    standing: &mut Standing,
    check: &mut Check,
) {
    let failed = standing.status == CheckStatus::Failed;
    for (evidence, before) in evidence.iter().zip(before) {
        if failed && !matches!(evidence, evidence::Evidence::Tests(_)) {
            continue;
        }
        let seen = evidence.look(place, before.as_ref(), check);
        check.findings.extend(seen.findings);
        if failed {
            continue;
        }
        match (seen.status, seen.reason) {
            (CheckStatus::Passed, reason) => standing.reason = standing.reason.take().or(reason),
            (status, reason) if standing.is_better_than(status) => {
                *standing = Standing {
                    status,
                    reason,
                    again: false,
                };
            }
            _ => {}
        }
    }
}

/// The last words: what is not required warns, what is strict fails, and what failed has a finding.
fn settle(
    planned: &Planned,
    standing: Standing,
    printed: Option<&Printed>,
    cwd: &Path,
    here: &Surroundings,
    check: &mut Check,
) {
    let strict =
        here.strict && matches!(standing.status, CheckStatus::Leaked | CheckStatus::Skipped);
    let status = if strict {
        CheckStatus::Failed
    } else {
        standing.status
    };
    let fails = matches!(status, CheckStatus::Failed | CheckStatus::TimedOut);
    if fails && let Some(printed) = printed {
        diagnosis::add(printed, cwd, &mut check.findings);
    }
    let severe = |severity: &str| matches!(severity, "critical" | "important");
    if fails
        && !check
            .findings
            .iter()
            .any(|finding| severe(&finding.severity))
    {
        let reason = standing.reason.as_deref().unwrap_or_default();
        check
            .findings
            .insert(0, excerpt::finding(&planned.name, reason, printed));
    }
    if !planned.required {
        for finding in &mut check.findings {
            "minor".clone_into(&mut finding.severity);
        }
    }
    if check.findings.len() > MAX_FINDINGS {
        let more = check.findings.len() - MAX_FINDINGS;
        check.findings.truncate(MAX_FINDINGS);
        check.findings.push(Finding {
            severity: "minor".to_owned(),
            message: format!("and {more} more"),
            ..Finding::default()
        });
    }
    check.status = if fails && !planned.required {
        CheckStatus::Warned
    } else {
        status
    };
    check.reason = standing.reason;
}

/// A check that is not carried out.
pub(crate) fn skip(planned: &Planned, reason: String) -> Check {
    Check {
        status: CheckStatus::Skipped,
        reason: Some(reason),
        ..blank(planned)
    }
}

/// A check before anything is known.
pub(crate) fn blank(planned: &Planned) -> Check {
    Check {
        name: planned.name.clone(),
        kind: planned.kind().to_owned(),
        stage: Some(planned.stage.clone()),
        status: CheckStatus::Passed,
        required: planned.required,
        exit_code: None,
        duration_ms: 0,
        metric: None,
        tests: None,
        review: None,
        attempts: None,
        cached: None,
        findings: Vec::new(),
        reason: None,
        output_head: None,
        output_tail: None,
        log_file: None,
    }
}

/// Runs the command, and again after its surroundings have failed, later each time.
fn attempts(
    planned: &Planned,
    run: &Run,
    cwd: &Path,
    log: Option<&Path>,
    here: &Surroundings,
    interrupts: &Interrupts,
    check: &mut Check,
) -> Result<(Standing, Option<Printed>), Interrupted> {
    let (mut attempt, mut wait) = (1, here.backoff);
    loop {
        let (standing, printed) = match start(planned, run, cwd, log, here, interrupts) {
            Err(standing) => (standing, None),
            Ok((ended, printed)) => {
                if ended.end == End::Interrupted {
                    return Err(Interrupted);
                }
                check.exit_code = match ended.end {
                    End::Exited(code) => Some(code),
                    _ => None,
                };
                let limit = planned.timeout.unwrap_or(here.timeout);
                let standing = standing::judge(ended, &printed, run, limit, here.allow_no_tests);
                (standing, Some(printed))
            }
        };
        check.attempts = (attempt > 1).then_some(attempt);
        if !standing.again || attempt > here.retries {
            return Ok((standing, printed));
        }
        let why = standing.reason.unwrap_or_default();
        let pause = schemas::time::for_people(wait);
        here.board
            .info(&format!("{}: {why}; again in {pause}", planned.name));
        if interrupts.pause(wait) {
            return Err(Interrupted);
        }
        attempt += 1;
        wait = wait.saturating_mul(2);
    }
}

/// Starts the command and waits for its end; otherwise says why it could not be run.
fn start(
    planned: &Planned,
    run: &Run,
    cwd: &Path,
    log: Option<&Path>,
    here: &Surroundings,
    interrupts: &Interrupts,
) -> Result<(Ended, Printed), Standing> {
    let cannot = |why: String| Standing::new(CheckStatus::Infrastructure, why);
    if !cwd.is_dir() {
        return Err(cannot(format!("there is no folder {}", cwd.display())));
    }
    if let (Some(when), Some(what)) = (run.when_missing, crate::project::missing(&run.command, cwd))
    {
        return Err(missing(when, what));
    }
    let argv = run.command.argv();
    let Some((program, args)) = argv.split_first() else {
        return Err(cannot("the command is empty".to_owned()));
    };
    let found = run
        .program
        .iter()
        .try_for_each(|wanted| locate(wanted, run, cwd).map(drop));
    let located = found
        .and_then(|()| locate(program, run, cwd))
        .map_err(|why| match run.when_missing {
            Some(when) => missing(when, why),
            None => cannot(why),
        })?;
    let launch = Launch {
        program: located,
        args,
        cwd,
        env: &run.env,
        timeout: planned.timeout.unwrap_or(here.timeout),
        grace: here.grace,
    };
    let file = match log {
        None => None,
        Some(log) => Some(
            File::create(log)
                .map_err(|error| cannot(format!("cannot write {}: {error}", log.display())))?,
        ),
    };
    let label = match here.parallel {
        true => format!("{} | ", standing::short(&planned.name, 24)),
        false => "  | ".to_owned(),
    };
    let board = (!here.board.console().is_quiet()).then(|| (here.board.clone(), label));
    let mut output = Output::new(file, board);
    let ended = process::run(&launch, &mut output, interrupts);
    let printed = output.close();
    let ended = ended.map_err(|error| cannot(format!("cannot run {program}: {error}")))?;
    Ok((ended, printed))
}

fn missing(when: WhenMissing, why: String) -> Standing {
    match when {
        WhenMissing::Skip => Standing::new(CheckStatus::Skipped, why),
        WhenMissing::Fail => Standing::new(CheckStatus::Failed, why),
    }
}

fn locate(program: &str, run: &Run, cwd: &Path) -> Result<PathBuf, String> {
    let path = match run.env.get("PATH") {
        Some(path) => Some(OsString::from(path)),
        None => std::env::var_os("PATH"),
    };
    which::which_in(program, path, cwd).map_err(|_| format!("program not found: {program}"))
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
