//! What a review has come to: read from a file or from what a reviewer printed, and held against a threshold.

mod document;
mod markdown;

use std::path::{Path, PathBuf};

use schemas::{Check, CheckStatus, Finding, FindingCounts, GateReview, ReviewResult};

use super::{MAX_FINDINGS, Place, Seen, counted, files, paths};
use crate::git::Git;
use crate::understanding::Found;

use self::document::{Document, Opinion};

/// Largest review that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Severities, the worst first.
const SEVERITIES: [&str; 4] = ["critical", "important", "medium", "minor"];

/// What must have come out.
#[derive(Debug)]
pub(crate) struct Review {
    file: Option<String>,
    /// Its place in `SEVERITIES`.
    threshold: usize,
    max_rounds: u32,
    again: u64,
}

impl Review {
    pub(crate) fn new(
        review: &GateReview,
        has_command: bool,
        problems: &mut Found,
    ) -> Option<Review> {
        let threshold = review.threshold.as_deref().unwrap_or("important");
        let Some(threshold) = SEVERITIES.iter().position(|known| *known == threshold) else {
            let message =
                format!("`{threshold}` is no severity: critical, important, medium, minor");
            problems.push(("review/threshold".to_owned(), message));
            return None;
        };
        if review.file.is_none() && !has_command && review.agent.is_none() {
            let message = "a review needs a file, or a command or an agent that reviews".to_owned();
            problems.push(("review".to_owned(), message));
            return None;
        }
        Some(Review {
            file: review.file.clone(),
            threshold,
            max_rounds: review.max_rounds.unwrap_or(3),
            again: review.review_again_lines.unwrap_or(50),
        })
    }

    pub(super) fn name(&self) -> String {
        self.file.clone().unwrap_or_else(|| "review".to_owned())
    }

    pub(super) fn look(&self, place: &Place<'_>, check: &mut Check) -> Seen {
        match self.rounds(place) {
            Ok(rounds) => self.judge(&rounds, place, check),
            // The reviewer broke, not the work; but no consent either.
            Err(why) => Seen::infrastructure(why),
        }
    }

    /// The reviews of all rounds, the last one last.
    fn rounds(&self, place: &Place<'_>) -> Result<Vec<Round>, String> {
        let Some(pattern) = &self.file else {
            let printed = place.printed.ok_or("the reviewer printed nothing")?;
            let text = match &printed.said {
                // What else an agent says may quote anything, what it was told included.
                Some(said) => schemas::result::final_block(&said.text)
                    .ok_or("the reviewer's answer does not end with its review")?,
                None => schemas::terminal::plain(&printed.stdout),
            };
            let document =
                document::read(&text, None).map_err(|why| format!("the review {why}"))?;
            return Ok(vec![Round {
                file: None,
                document,
            }]);
        };
        let found = files::matching(place.cwd, pattern)?;
        if found.is_empty() {
            return Err(format!("there is no review {pattern}"));
        }
        let mut rounds = Vec::with_capacity(found.len());
        for file in found {
            let shown = file.display().to_string();
            let text = read(&place.cwd.join(&file)).map_err(|why| format!("{shown}: {why}"))?;
            let document =
                document::read(&text, Some(&file)).map_err(|why| format!("{shown} {why}"))?;
            rounds.push(Round {
                file: Some(file),
                document,
            });
        }
        Ok(rounds)
    }

    fn judge(&self, rounds: &[Round], place: &Place<'_>, check: &mut Check) -> Seen {
        let Some((last, earlier)) = rounds.split_last() else {
            return Seen::infrastructure("there is no review");
        };
        let (review, round) = (
            &last.document,
            u32::try_from(rounds.len()).unwrap_or(u32::MAX),
        );
        let new = new_findings(review, earlier);
        check.review = Some(ReviewResult {
            verdict: review.opinion.map(|opinion| opinion.word().to_owned()),
            round,
            new_findings: new,
            counts: counts(review),
        });
        let blocking: u32 = review.counts[..=self.threshold].iter().sum();
        let refused = review.opinion == Some(Opinion::ChangesRequested);
        if blocking == 0 && !refused {
            return match self.changed_since(review, rounds, place) {
                Ok(None) => Seen {
                    findings: findings(last),
                    ..Seen::passed()
                },
                Ok(Some(stale)) => Seen::failed(stale, findings(last)),
                Err(why) => Seen::infrastructure(why),
            };
        }
        let mut reason = if blocking > 0 {
            format!(
                "{} at or above {}",
                counted(blocking.into(), "finding"),
                SEVERITIES[self.threshold]
            )
        } else {
            "changes were requested".to_owned()
        };
        if round > 1 {
            reason.push_str(&format!("; round {round}, {new} new"));
        }
        let diverges = earlier.split_last().is_some_and(|(before, earlier)| {
            new > 0 && new >= new_findings(&before.document, earlier)
        });
        if diverges {
            reason.push_str(": they do not converge");
        }
        let mut seen = Seen::failed(reason, findings(last));
        if round >= self.max_rounds {
            seen.status = CheckStatus::Manual;
            let reason = seen.reason.take().unwrap_or_default();
            seen.reason = Some(format!(
                "{reason}; after {} a person must look",
                counted(round.into(), "round")
            ));
        }
        seen
    }

    /// Why it must be reviewed again.
    fn changed_since(
        &self,
        review: &Document,
        rounds: &[Round],
        place: &Place<'_>,
    ) -> Result<Option<String>, String> {
        let Some(commit) = &review.commit else {
            return Ok(None);
        };
        let git = Git::open(place.cwd, place.patience)?;
        let commit = git
            .commit(commit)
            .map_err(|why| format!("the review is of a commit that is not here: {why}"))?;
        let own: Vec<PathBuf> = rounds
            .iter()
            .filter_map(|round| {
                let whole = std::fs::canonicalize(place.cwd.join(round.file.as_ref()?)).ok()?;
                Some(whole.strip_prefix(git.top()).ok()?.to_path_buf())
            })
            .collect();
        let changes = git.changes(&commit)?;
        let lines: u64 = changes
            .iter()
            .filter(|change| !own.contains(&change.path))
            .map(|change| change.lines)
            .sum();
        Ok((lines >= self.again).then(|| {
            format!(
                "{} changed since the review of {}: review again",
                counted(lines, "line"),
                paths::short(&commit)
            )
        }))
    }
}

/// Whether a text is a review that agrees with itself.
#[cfg(test)]
pub(crate) fn read_any(text: &str) -> Result<(), String> {
    document::read(text, None).map(drop)
}

/// One review.
struct Round {
    file: Option<PathBuf>,
    document: Document,
}

fn read(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read it: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err("larger than 4 MiB".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn counts(review: &Document) -> FindingCounts {
    let [critical, important, medium, minor] = review.counts;
    FindingCounts {
        critical,
        important,
        medium,
        minor,
    }
}

fn findings(round: &Round) -> Vec<Finding> {
    let findings = round.document.findings.iter().take(MAX_FINDINGS).cloned();
    findings.collect()
}

/// How many findings no earlier review had; lines and other numbers move, words stay.
fn new_findings(review: &Document, earlier: &[Round]) -> u32 {
    let key = |finding: &Finding| {
        let mut key = format!("{:?} {}", finding.file, finding.message.to_lowercase());
        key.retain(|c| c.is_alphabetic());
        key
    };
    let known: std::collections::BTreeSet<String> = earlier
        .iter()
        .flat_map(|round| round.document.findings.iter().map(key))
        .collect();
    let new = review
        .findings
        .iter()
        .filter(|finding| !known.contains(&key(finding)));
    u32::try_from(new.count()).unwrap_or(u32::MAX)
}
