//! From checks to the verdict: one word, one exit code.

use schemas::{Check, CheckStatus, Exit, FindingCounts, Verdict, VerdictWord};

use crate::standing;

/// The verdict over all checks. A failure outweighs a check that could not run, which outweighs an open question.
pub(crate) fn of(checks: Vec<Check>, stages: &[String]) -> Verdict {
    let has = |wanted: &[CheckStatus]| {
        checks
            .iter()
            .any(|check| check.required && wanted.contains(&check.status))
    };
    let verdict = if has(&[CheckStatus::Failed, CheckStatus::TimedOut]) {
        VerdictWord::Failed
    } else if has(&[CheckStatus::Infrastructure]) {
        VerdictWord::Infrastructure
    } else if has(&[CheckStatus::Manual]) {
        VerdictWord::Manual
    } else {
        VerdictWord::Passed
    };
    let mut findings = FindingCounts::default();
    for finding in checks.iter().flat_map(|check| &check.findings) {
        match finding.severity.as_str() {
            "critical" => findings.critical += 1,
            "important" => findings.important += 1,
            "medium" => findings.medium += 1,
            _ => findings.minor += 1,
        }
    }
    Verdict {
        kind: "verdict".to_owned(),
        version: 1,
        verdict,
        stage: (!stages.is_empty()).then(|| stages.join(",")),
        checks,
        findings,
        attempts: 1,
    }
}

/// What a verdict file says until the gates have been run to their end.
pub(crate) fn not_run(stages: &[String]) -> Verdict {
    Verdict {
        verdict: VerdictWord::NotRun,
        ..of(Vec::new(), stages)
    }
}

/// Whether what needs the check may start: it passed, or the project has no such command and that was allowed.
pub(crate) fn satisfies(check: &Check) -> bool {
    let passed = [
        CheckStatus::Passed,
        CheckStatus::Leaked,
        CheckStatus::Skipped,
    ];
    passed.contains(&check.status)
}

/// The exit code that a verdict means.
pub(crate) fn exit(word: VerdictWord) -> Exit {
    match word {
        VerdictWord::Passed => Exit::Yes,
        VerdictWord::Failed => Exit::No,
        VerdictWord::Infrastructure | VerdictWord::NotRun => Exit::Trouble,
        VerdictWord::Manual => Exit::Waiting,
    }
}

/// Whether nothing after such a check can make the verdict better.
pub(crate) fn settles(check: &Check) -> bool {
    let bad = [
        CheckStatus::Failed,
        CheckStatus::TimedOut,
        CheckStatus::Infrastructure,
    ];
    check.required && bad.contains(&check.status)
}

/// One line about a check, for people.
pub(crate) fn line(check: &Check) -> String {
    let status = status_word(check.status);
    let first = check.name.lines().next().unwrap_or_default();
    let mut name: String = first.chars().take(80).collect();
    if name.len() < check.name.len() {
        name.push('…');
    }
    let cached = check.cached == Some(true);
    let ran = !cached && !matches!(check.status, CheckStatus::Manual | CheckStatus::Skipped);
    let time = schemas::time::for_people(std::time::Duration::from_millis(check.duration_ms));
    let time = match (ran, cached) {
        (true, _) => format!(" ({time})"),
        (false, true) => " (cached)".to_owned(),
        (false, false) => String::new(),
    };
    let reason = check.reason.as_ref().map(|reason| format!(": {reason}"));
    let fix = check.fix.as_ref();
    let fix = fix.map(|fix| format!(" (--fix runs `{}`)", standing::short(fix, 80)));
    let (reason, fix) = (reason.unwrap_or_default(), fix.unwrap_or_default());
    format!("{status:<7} {name}{time}{reason}{fix}")
}

/// The last line, for people.
pub(crate) fn summary(verdict: &Verdict) -> String {
    let word = word(verdict.verdict);
    let kinds = [
        CheckStatus::Passed,
        CheckStatus::Leaked,
        CheckStatus::Failed,
        CheckStatus::TimedOut,
        CheckStatus::Warned,
        CheckStatus::Infrastructure,
        CheckStatus::Manual,
        CheckStatus::Skipped,
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .filter_map(|status| {
            let count = verdict
                .checks
                .iter()
                .filter(|check| check.status == status)
                .count();
            (count > 0).then(|| format!("{count} {}", status_word(status)))
        })
        .collect();
    format!("verdict: {word} ({})", counts.join(", "))
}

/// The answer, as the verdict has it.
pub(crate) fn word(word: VerdictWord) -> &'static str {
    match word {
        VerdictWord::Passed => "passed",
        VerdictWord::Failed => "failed",
        VerdictWord::Infrastructure => "infrastructure",
        VerdictWord::Manual => "manual",
        VerdictWord::NotRun => "not-run",
    }
}

/// As the verdict has it.
pub(crate) fn status_word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed => "passed",
        CheckStatus::Failed => "failed",
        CheckStatus::Warned => "warned",
        CheckStatus::Leaked => "leaked",
        CheckStatus::Skipped => "skipped",
        CheckStatus::TimedOut => "timed-out",
        CheckStatus::Infrastructure => "infrastructure",
        CheckStatus::Manual => "manual",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::planned::{Planned, Work};

    fn decided(checks: &[(CheckStatus, bool)]) -> VerdictWord {
        let work = || Work::Manual {
            reason: String::new(),
        };
        let planned = |required| Planned {
            required,
            ..Planned::new("s", "c".to_owned(), work())
        };
        let checks = checks.iter().map(|(status, required)| Check {
            status: *status,
            ..check::blank(&planned(*required))
        });
        of(checks.collect(), &[]).verdict
    }

    #[test]
    fn the_worst_required_check_decides() {
        use CheckStatus::{Failed, Infrastructure, Manual, Passed, Skipped, TimedOut, Warned};
        assert_eq!(decided(&[]), VerdictWord::Passed);
        assert_eq!(
            decided(&[(Passed, true), (Warned, false)]),
            VerdictWord::Passed
        );
        assert_eq!(
            decided(&[(Manual, true), (Passed, true)]),
            VerdictWord::Manual
        );
        assert_eq!(
            decided(&[(Manual, true), (Infrastructure, true)]),
            VerdictWord::Infrastructure
        );
        assert_eq!(
            decided(&[(Infrastructure, true), (Failed, true)]),
            VerdictWord::Failed
        );
        assert_eq!(
            decided(&[(TimedOut, true), (Skipped, true)]),
            VerdictWord::Failed
        );
        assert_eq!(
            decided(&[(Infrastructure, false), (Manual, false)]),
            VerdictWord::Passed
        );
    }
}
