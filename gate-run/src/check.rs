//! One check: a gate carried out, and what it came to.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use schemas::{Check, CheckStatus, Finding};

use crate::attempt;
use crate::board::Board;
use crate::cache::Cache;
use crate::diagnosis;
use crate::evidence::{self, MAX_FINDINGS, Place};
use crate::excerpt;
use crate::interrupts::Interrupts;
use crate::output::Printed;
use crate::planned::{Planned, Work};
use crate::standing::Standing;

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
    if let Some(reason) = &planned.ruled_out {
        return Ok(skip(planned, reason.clone()));
    }
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
        let attempt = attempt::all(
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
    before: &[Option<evidence::files::Stamp>],
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
    check.fix = planned
        .fix
        .as_ref()
        .filter(|_| status == CheckStatus::Failed)
        .map(ToString::to_string);
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
        fix: None,
        output_head: None,
        output_tail: None,
        log_file: None,
    }
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
