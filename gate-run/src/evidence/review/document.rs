//! One review, read liberally and believed only when all that it says of itself agrees.

use std::path::Path;

use schemas::Finding;
use serde_json::Value;

use super::SEVERITIES;
use super::markdown;

/// What a review says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    pub(super) opinion: Option<Opinion>,
    /// By severity, the worst first.
    pub(super) counts: [u32; 4],
    pub(super) findings: Vec<Finding>,
    /// What was looked at.
    pub(super) commit: Option<String>,
}

/// Its verdict, whatever words it has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opinion {
    Approved,
    WithComments,
    ChangesRequested,
}

impl Opinion {
    /// As a verdict names it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Opinion::Approved => "approved",
            Opinion::WithComments => "approved-with-comments",
            Opinion::ChangesRequested => "changes-requested",
        }
    }

    /// Reads the words of all sources: `PASS`, `fail → pass`, `APPROVE`, `pass_with_findings`, `request changes`.
    pub(super) fn of(text: &str) -> Option<Opinion> {
        // What stands behind an arrow came later.
        let text = text.rsplit(['→']).next().unwrap_or(text);
        let text = text.rsplit("->").next().unwrap_or(text).to_lowercase();
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .collect();
        let first = words
            .iter()
            .position(|word| !matches!(*word, "overall" | "verdict" | "not"))?;
        let negated = words[..first].contains(&"not");
        let with = words[first..]
            .iter()
            .any(|word| matches!(*word, "with" | "comments" | "suggestions" | "findings"));
        match (words[first], negated) {
            (
                "approve" | "approved" | "approves" | "pass" | "passed" | "passes" | "lgtm" | "ok"
                | "accepted" | "ship",
                false,
            ) if with => Some(Opinion::WithComments),
            (
                "approve" | "approved" | "approves" | "pass" | "passed" | "passes" | "lgtm" | "ok"
                | "accepted" | "ship",
                negated,
            ) => Some(if negated {
                Opinion::ChangesRequested
            } else {
                Opinion::Approved
            }),
            (
                "changes" | "change" | "request" | "requested" | "fail" | "failed" | "fails"
                | "reject" | "rejected" | "blocked" | "block" | "needs" | "revise",
                false,
            ) => Some(Opinion::ChangesRequested),
            _ => None,
        }
    }
}

/// The place of a severity word of any vocabulary; `Err` is a word of praise, which is no finding.
pub(super) fn severity(word: &str) -> Option<Result<usize, ()>> {
    Some(match word.to_lowercase().as_str() {
        "critical" | "blocking" | "blocker" | "p0" => Ok(0),
        "important" | "high" | "major" | "p1" => Ok(1),
        "medium" | "moderate" | "p2" => Ok(2),
        "minor" | "low" | "suggestion" | "suggestions" | "nit" | "nits" | "nitpick" | "p3" => Ok(3),
        "praise" => Err(()),
        _ => return None,
    })
}

/// What a review is gathered from, each on its own.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) opinions: Vec<(&'static str, Opinion)>,
    pub(super) front_matter: Option<[u32; 4]>,
    pub(super) count_line: Option<[u32; 4]>,
    /// A severity has a heading of its own, also one without findings.
    pub(super) sections: bool,
    pub(super) findings: Vec<(usize, Finding)>,
    pub(super) commit: Option<String>,
}

/// Reads a review: Markdown, JSON, or YAML by the name of its file.
pub(super) fn read(text: &str, file: Option<&Path>) -> Result<Document, String> {
    let end = file
        .and_then(Path::extension)
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("is empty".to_owned());
    }
    let mut said = Said::default();
    if end == "json" || trimmed.starts_with('{') {
        let value =
            serde_json::from_str(trimmed).map_err(|error| format!("is not JSON: {error}"))?;
        of_value(&value, &mut said);
    } else if matches!(end, "yaml" | "yml") {
        of_value(&yaml(text)?, &mut said);
    } else {
        let (front, body) = markdown::front_matter(text);
        if let Some(front) = front {
            of_front_matter(&yaml(front)?, &mut said);
        }
        markdown::read(body, &mut said);
    }
    agree(said)
}

fn yaml(text: &str) -> Result<Value, String> {
    let (_, value) = schemas::yaml::parse("review", text.to_owned());
    value.map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone());
        format!("is not YAML: {}", first.unwrap_or_default())
    })
}

/// Counts that differ make it worthless, as do opinions.
fn agree(said: Said) -> Result<Document, String> {
    let mut counted = [0; 4];
    for (severity, _) in &said.findings {
        counted[*severity] += 1;
    }
    let listed = (said.sections || !said.findings.is_empty()).then_some(counted);
    let sources = [
        ("its front matter", said.front_matter),
        ("its count line", said.count_line),
        ("its sections", listed),
    ];
    let known: Vec<(&str, [u32; 4])> = sources
        .into_iter()
        .filter_map(|(name, counts)| Some((name, counts?)))
        .collect();
    if let Some(pair) = known.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        return Err(format!(
            "contradicts itself: {} says {}, {} {}",
            pair[0].0,
            shown(pair[0].1),
            pair[1].0,
            shown(pair[1].1)
        ));
    }
    if let Some(pair) = said.opinions.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        return Err(format!(
            "contradicts itself: {} says {}, {} {}",
            pair[0].0,
            pair[0].1.word(),
            pair[1].0,
            pair[1].1.word()
        ));
    }
    let opinion = said.opinions.first().map(|(_, opinion)| *opinion);
    if known.is_empty() && opinion.is_none() {
        return Err("has neither a verdict nor findings by severity".to_owned());
    }
    Ok(Document {
        opinion,
        counts: known.first().map(|(_, counts)| *counts).unwrap_or_default(),
        findings: said
            .findings
            .into_iter()
            .map(|(_, finding)| finding)
            .collect(),
        commit: said.commit,
    })
}

fn shown(counts: [u32; 4]) -> String {
    let parts = SEVERITIES
        .iter()
        .zip(counts)
        .map(|(word, count)| format!("{count} {word}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// `critical_count: 1`, `findings: {critical: 1}`, `verdict: pass`, whatever stands before these names.
fn of_front_matter(value: &Value, said: &mut Said) {
    let Some(object) = value.as_object() else {
        return;
    };
    let mut counts: Option<[u32; 4]> = None;
    let mut count = |word: &str, value: &Value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if let (Some(Ok(place)), Some(number)) = (severity(word), number) {
            counts.get_or_insert_default()[place] += number;
        }
    };
    for (key, value) in object {
        let plain = key.trim_start_matches("oat_").trim_start_matches("review_");
        if let Some(word) = plain.strip_suffix("_count").or(plain.strip_suffix("Count")) {
            count(word, value);
        }
        match plain {
            "findings" | "counts" | "finding_counts" => {
                for (word, value) in value.as_object().into_iter().flatten() {
                    count(word, value);
                }
            }
            "verdict" | "status" | "result" => {
                let opinion = value.as_str().and_then(Opinion::of);
                said.opinions
                    .extend(opinion.map(|opinion| ("its front matter", opinion)));
            }
            "head" | "commit" | "reviewed_head" | "reviewedHead" | "reviewed_commit"
            | "head_sha" | "sha" => {
                said.commit = value.as_str().map(str::to_owned);
            }
            _ => {}
        }
    }
    said.front_matter = counts;
}

/// A review that is a document: `verdict`, and `issues` or `findings` with a severity each.
fn of_value(value: &Value, said: &mut Said) {
    of_front_matter(value, said);
    for list in ["issues", "findings", "comments"] {
        let Some(entries) = value.get(list).and_then(Value::as_array) else {
            continue;
        };
        said.sections = true;
        for entry in entries {
            let word = entry
                .get("severity")
                .or(entry.get("level"))
                .and_then(Value::as_str);
            // What has no severity that is known counts as important: nothing is waved through.
            let place = match word.and_then(severity) {
                Some(Err(())) => continue,
                Some(Ok(place)) => place,
                None => 1,
            };
            let text = |keys: &[&str]| keys.iter().find_map(|key| entry.get(key)?.as_str());
            let message =
                entry
                    .as_str()
                    .or(text(&["message", "title", "description", "issue", "text"]));
            let line = entry
                .get("line")
                .and_then(Value::as_u64)
                .and_then(|line| u32::try_from(line).ok());
            said.findings.push((
                place,
                Finding {
                    severity: SEVERITIES[place].to_owned(),
                    message: schemas::printable(message.unwrap_or("no message")),
                    file: text(&["file", "path"]).map(str::to_owned),
                    line: line.filter(|line| *line > 0),
                    rule: text(&["rule", "id", "category"])
                        .map(str::to_owned)
                        .or_else(|| Some("review".to_owned())),
                    ..Finding::default()
                },
            ));
        }
    }
}

#[cfg(test)]
mod tests;
