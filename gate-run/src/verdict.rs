//! From checks to the verdict: one word, one exit code.

use schemas::{Check, CheckStatus, Exit, FindingCounts, Verdict, VerdictWord};

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

/// The exit code that a verdict means.
pub(crate) fn exit(word: VerdictWord) -> Exit {
    match word {
        VerdictWord::Passed => Exit::Yes,
        VerdictWord::Failed => Exit::No,
        VerdictWord::Infrastructure => Exit::Trouble,
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
    let ran = !matches!(check.status, CheckStatus::Manual | CheckStatus::Skipped);
    let time = schemas::time::for_people(std::time::Duration::from_millis(check.duration_ms));
    let time = if ran {
        format!(" ({time})")
    } else {
        String::new()
    };
    let reason = check.reason.as_ref().map(|reason| format!(": {reason}"));
    format!("{status:<7} {name}{time}{}", reason.unwrap_or_default())
}

/// The last line, for people.
pub(crate) fn summary(verdict: &Verdict) -> String {
    let word = match verdict.verdict {
        VerdictWord::Passed => "passed",
        VerdictWord::Failed => "failed",
        VerdictWord::Infrastructure => "infrastructure",
        VerdictWord::Manual => "manual",
    };
    let kinds = [
        CheckStatus::Passed,
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

fn status_word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed => "passed",
        CheckStatus::Failed => "failed",
        CheckStatus::Warned => "warned",
        CheckStatus::Skipped => "skipped",
        CheckStatus::TimedOut => "timed-out",
        CheckStatus::Infrastructure => "infrastructure",
        CheckStatus::Manual => "manual",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(checks: &[(CheckStatus, bool)]) -> VerdictWord {
        let checks = checks.iter().map(|(status, required)| Check {
            name: "c".to_owned(),
            kind: "command".to_owned(),
            status: *status,
            required: *required,
            exit_code: None,
            duration_ms: 0,
            metric: None,
            findings: Vec::new(),
            reason: None,
            output_tail: None,
            log_file: None,
        });
        of(checks.collect(), &[]).verdict
    }

    #[test]
    fn the_worst_required_check_decides() {
        use CheckStatus::{Failed, Infrastructure, Manual, Passed, Skipped, TimedOut, Warned};
        assert_eq!(word(&[]), VerdictWord::Passed);
        assert_eq!(
            word(&[(Passed, true), (Warned, false)]),
            VerdictWord::Passed
        );
        assert_eq!(word(&[(Manual, true), (Passed, true)]), VerdictWord::Manual);
        assert_eq!(
            word(&[(Manual, true), (Infrastructure, true)]),
            VerdictWord::Infrastructure
        );
        assert_eq!(
            word(&[(Infrastructure, true), (Failed, true)]),
            VerdictWord::Failed
        );
        assert_eq!(
            word(&[(TimedOut, true), (Skipped, true)]),
            VerdictWord::Failed
        );
        assert_eq!(
            word(&[(Infrastructure, false), (Manual, false)]),
            VerdictWord::Passed
        );
    }
}
