//! The verdict in the forms of other tools, beside the verdict itself.

mod github;
mod junit;
mod markdown;
mod sarif;

use std::fs;
use std::path::PathBuf;

use schemas::{CheckStatus, Console, Failure, Finding, Verdict};

/// A report that is asked for: `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    form: Form,
    /// `None`: stderr, or where the surroundings want it.
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Junit,
    Sarif,
    Github,
    Markdown,
}

impl Report {
    /// clap's parser.
    pub(crate) fn parse(text: &str) -> Result<Report, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(PathBuf::from(file))),
            Some((name, _)) => (name, None),
            None => (text, None),
        };
        let form = match name {
            "junit" => Form::Junit,
            "sarif" => Form::Sarif,
            "github" => Form::Github,
            "markdown" => Form::Markdown,
            _ => return Err("expected junit=FILE, sarif=FILE, github or markdown".to_owned()),
        };
        if file.is_none() && matches!(form, Form::Junit | Form::Sarif) {
            return Err(format!("{name} needs a file: {name}=FILE"));
        }
        Ok(Report { form, file })
    }

    /// Writes it.
    pub(crate) fn write(&self, verdict: &Verdict, console: &Console) -> Result<(), Failure> {
        let text = match self.form {
            Form::Junit => junit::text(verdict),
            Form::Sarif => sarif::text(verdict),
            Form::Github => github::text(verdict),
            Form::Markdown => markdown::text(verdict),
        };
        // GitHub shows on the page of the run what stands in this file, which it makes for each step.
        let summary = || std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from);
        let file = match (&self.file, self.form) {
            (None, Form::Markdown) => summary(),
            (file, _) => file.clone(),
        };
        let Some(file) = file else {
            if !text.is_empty() {
                console.block(&text);
            }
            return Ok(());
        };
        fs::write(&file, text).map_err(|error| {
            Failure::trouble(format!("cannot write {}", file.display())).because(&error)
        })
    }
}

/// Whether the verdict holds it against the work.
fn counts_against(status: CheckStatus) -> bool {
    matches!(status, CheckStatus::Failed | CheckStatus::TimedOut)
}

/// `src/a.rs:3:5`
fn place(finding: &Finding) -> Option<String> {
    let mut place = finding.file.clone()?;
    for number in [finding.line, finding.line.and(finding.column)]
        .into_iter()
        .flatten()
    {
        place.push_str(&format!(":{number}"));
    }
    Some(place)
}

#[cfg(test)]
mod tests;
