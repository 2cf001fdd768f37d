//! A review in Markdown: a verdict line, a count line, and a section for each severity.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Finding;

use super::SEVERITIES;
use super::document::{Opinion, Said, severity};

/// What stands between `---` lines at the beginning, and the rest.
pub(super) fn front_matter(text: &str) -> (Option<&str>, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let inside = text.strip_prefix("---\n").or(text.strip_prefix("---\r\n"));
    let end = inside.and_then(|inside| {
        let mut at = 0;
        inside.split_inclusive('\n').find_map(|line| {
            let start = at;
            at += line.len();
            (line.trim_end() == "---").then_some((start, at))
        })
    });
    match (inside, end) {
        (Some(inside), Some((start, end))) => (Some(&inside[..start]), &inside[end..]),
        _ => (None, text),
    }
}

/// Reads the body. What stands in fenced blocks is quoted and says nothing.
pub(super) fn read(body: &str, said: &mut Said) {
    let mut section: Option<Section> = None;
    let (mut fence, mut verdict_follows) = (None, false);
    for line in body.lines() {
        let trimmed = line.trim();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        if let Some(mark) = mark {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                open => open,
            };
            continue;
        }
        if fence.is_some() || trimmed.is_empty() {
            continue;
        }
        if let Some((level, title)) = heading(trimmed) {
            verdict_follows = opinion_of_heading(title, said);
            match &mut section {
                Some(open) if level > open.level => open.heading(title),
                _ => {
                    close(section.take(), said);
                    section = Section::new(level, title);
                }
            }
            continue;
        }
        if verdict_follows {
            verdict_follows = false;
            said.opinions
                .extend(Opinion::of(trimmed).map(|opinion| ("its verdict", opinion)));
        }
        match &mut section {
            Some(open) => open.line(line),
            None => plain_line(trimmed, said),
        }
    }
    close(section, said);
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with(' ');
    is_heading.then(|| (level, title.trim()))
}

/// `## Verdict: pass`; `true` when the word comes on the next line.
fn opinion_of_heading(title: &str, said: &mut Said) -> bool {
    let Some(rest) = title
        .to_lowercase()
        .find("verdict")
        .map(|at| &title[at + "verdict".len()..])
    else {
        return false;
    };
    match Opinion::of(rest) {
        Some(opinion) => said.opinions.push(("its verdict", opinion)),
        None => return true,
    }
    false
}

/// `**Verdict:** pass`, `Findings: 1 critical, 0 important`, `**Scope:** … (a..b)`.
fn plain_line(line: &str, said: &mut Said) {
    static COMMITS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[0-9a-f]{7,40}\.{2,3}([0-9a-f]{7,40})\b")
            .expect("it is a regular expression")
    });
    let plain: String = line
        .chars()
        .filter(|c| !matches!(c, '*' | '_' | '`'))
        .collect();
    let plain = plain.trim_start_matches("- ").trim();
    let Some((label, rest)) = plain.split_once(':') else {
        return;
    };
    let label = label.trim().to_lowercase();
    if label.ends_with("verdict") {
        said.opinions
            .extend(Opinion::of(rest).map(|opinion| ("its verdict", opinion)));
    } else if matches!(label.as_str(), "findings" | "findings by severity") {
        said.count_line = counts(rest).or(said.count_line);
    } else if matches!(
        label.as_str(),
        "reviewed head" | "reviewed commit" | "head" | "commit"
    ) {
        said.commit = said
            .commit
            .take()
            .or_else(|| rest.split_whitespace().next().map(str::to_owned));
    } else if matches!(label.as_str(), "scope" | "commits" | "range" | "reviewed")
        && said.commit.is_none()
    {
        said.commit = COMMITS.captures(rest).map(|found| found[1].to_owned());
    }
}

/// `1 critical, 0 important, 2 medium, 1 minor`
fn counts(text: &str) -> Option<[u32; 4]> {
    let mut counts = [0; 4];
    let mut any = false;
    for part in text.split([',', ';']) {
        let mut words = part.split_whitespace();
        let (number, word) = (words.next()?.parse::<u32>().ok()?, words.next()?);
        if let Some(Ok(place)) = severity(word.trim_end_matches(['.', ')'])) {
            counts[place] += number;
            any = true;
        }
    }
    any.then_some(counts)
}

/// The findings of one severity.
struct Section {
    level: usize,
    /// `None`: praise, which is no finding.
    severity: Option<usize>,
    /// Headings within it; where there are any, each is a finding, and else each bullet.
    headings: Vec<String>,
    bullets: Vec<String>,
    prose: String,
}

impl Section {
    /// A heading that begins with a severity, as in `### Critical (1)` and `## 🔴 High: must fix`.
    fn new(level: usize, title: &str) -> Option<Section> {
        let word = title
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| !word.is_empty())?;
        let severity = severity(word)?.ok();
        Some(Section {
            level,
            severity,
            headings: Vec::new(),
            bullets: Vec::new(),
            prose: String::new(),
        })
    }

    fn heading(&mut self, title: &str) {
        self.headings.push(title.to_owned());
    }

    fn line(&mut self, line: &str) {
        let numbered = line.split_once(['.', ')']).filter(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        let bullet = ["- ", "* ", "+ "]
            .into_iter()
            .find_map(|mark| line.strip_prefix(mark));
        match bullet.or(numbered.map(|(_, rest)| rest)) {
            Some(text) => self.bullets.push(text.trim().to_owned()),
            // What is indented belongs to the bullet above.
            None if line.starts_with([' ', '\t']) && !self.bullets.is_empty() => {}
            None if self.headings.is_empty() && self.bullets.is_empty() => {
                self.prose.push_str(line.trim());
                self.prose.push(' ');
            }
            None => {}
        }
    }
}

fn close(section: Option<Section>, said: &mut Said) {
    let Some(section) = section else {
        return;
    };
    said.sections = true;
    let Some(place) = section.severity else {
        return;
    };
    let Section {
        headings,
        bullets,
        prose,
        ..
    } = section;
    // Text that is no list, and does not say that there is nothing, is a finding.
    let texts = match (headings.is_empty(), bullets.is_empty()) {
        (false, _) => headings,
        (true, false) => bullets,
        (true, true) if prose.is_empty() => Vec::new(),
        (true, true) => vec![prose],
    };
    let texts = texts.into_iter().filter(|text| !says_none(text));
    said.findings
        .extend(texts.map(|text| (place, finding(place, &text))));
}

/// `None`, `_None._`, `No critical findings.`, `N/A`
fn says_none(text: &str) -> bool {
    let plain = text
        .trim()
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let short = plain.split_whitespace().count() <= 6;
    matches!(
        plain.as_str(),
        "none" | "n/a" | "na" | "nothing" | "none found" | "none identified" | "0"
    ) || (short
        && plain.starts_with("no ")
        && (plain.contains("finding") || plain.contains("issue")))
        || (short && plain.starts_with("none "))
}

/// `**Title** (`src/a.rs:12`)`
fn finding(place: usize, text: &str) -> Finding {
    static AT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"`([^`\s:]*[./][^`\s:]*)(?::(\d+))?[^`]*`").expect("it is a regular expression")
    });
    let found = AT.captures(text);
    let group = |group| {
        found
            .as_ref()
            .and_then(|found| found.get(group))
            .map(|found| found.as_str())
    };
    let message: String = text.chars().filter(|c| *c != '*').take(500).collect();
    Finding {
        severity: SEVERITIES[place].to_owned(),
        message: schemas::printable(message.trim()),
        file: group(1).map(str::to_owned),
        line: group(2)
            .and_then(|line| line.parse().ok())
            .filter(|line| *line > 0),
        rule: Some("review".to_owned()),
        ..Finding::default()
    }
}
