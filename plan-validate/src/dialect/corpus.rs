//! Every real file that there is beside the checkout: read, or refused for a reason. What came of each is kept in
//! `tests/dialects/corpus.txt`; `BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use schemas::Severity;
use serde_json::Value;

use crate::cli::{Cli, From};
use crate::dialect::{self, ALL, Choice, Dialect};
use crate::examination::examine_dialect;

/// Where a dialect's files are, and which of them are plans; a `/` at the end means folders.
const PLACES: &[(&str, &str, &str)] = &[
    ("oat", "oat", "plan.md"),
    ("spec-kit", "spec-kit", "tasks.md"),
    ("archetype", "omgkit", ".yaml"),
    ("ccpm", "ccpm", "/"),
    ("task-master", "task-master", "tasks.json"),
    ("beads", "beads", ".jsonl"),
];

fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if !corpus.is_dir() {
        skipped("the corpus is absent");
        return None;
    }
    Some(corpus)
}

pub(super) fn skipped(why: &str) {
    if let Some(file) = std::env::var_os("SKIPPED_FILE") {
        let file = fs::OpenOptions::new().append(true).create(true).open(file);
        let line = format!("plan-validate dialects: {why}\n");
        file.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))
            .expect("the list of skipped tests can be written");
    }
}

fn files(corpus: &Path, folder: &str, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus.join(folder)).into_iter().flatten();
    let fits = |path: &PathBuf| match name.strip_suffix('/') {
        Some(_) => path.is_dir(),
        None => path.to_string_lossy().ends_with(name),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(fits);
    files.sort();
    files
}

/// What came of a file, in a line: what it was taken for, tasks, done ones, and what was said of the dialect or refused.
fn report(dialect: &'static Dialect, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let cli = |from: &str| {
        let arguments = [
            "plan-validate".as_ref(),
            "--from".as_ref(),
            from.as_ref(),
            file.as_os_str(),
        ];
        <Cli as clap::Parser>::try_parse_from(arguments).expect("the arguments are right")
    };
    let guessed = match dialect::choose(&cli("auto")) {
        Ok((Choice::Dialect(guessed, _), _)) => guessed.name.to_owned(),
        Ok((Choice::Plain(..), _)) => "plain".to_owned(),
        Err(failure) => format!(
            "none ({})",
            failure.message.replace(&*file.to_string_lossy(), "…")
        ),
    };
    let mut line = format!("{}/{name}:", dialect.name);
    if guessed != dialect.name {
        write!(line, " taken for {guessed};").expect("a string takes it");
    }
    let material = match dialect::choose(&cli(dialect.name)) {
        Ok((Choice::Dialect(_, material), _)) => *material,
        Ok(_) => unreachable!("a dialect was named"),
        Err(failure) => {
            return format!(
                "{line} {}",
                failure.message.replace(&*file.to_string_lossy(), "…")
            );
        }
    };
    let of_dialect: Vec<String> = (dialect.read)(&material)
        .found
        .problems
        .into_iter()
        .map(|p| p.code)
        .collect();
    let examined = examine_dialect(dialect, material, &crate::levels::Levels::default())
        .expect("the schema compiles");
    let plan: Value = serde_json::from_str(examined.canonical()).unwrap_or_default();
    let tasks = plan["tasks"].as_array().map_or(&[][..], Vec::as_slice);
    let done = tasks
        .iter()
        .filter(|task| task["outcome"] == "succeeded")
        .count();
    let refused = if examined.is_malformed || examined.is_wrong {
        " refused"
    } else {
        ""
    };
    write!(line, "{refused} {} tasks, {done} done", tasks.len()).expect("a string takes it");
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for problem in &examined.problems {
        assert!(problem.line.is_some(), "{name}: {problem:?}");
        let is_error = problem.severity == Severity::Error;
        if is_error || of_dialect.contains(&problem.code) {
            let mark = if is_error { "!" } else { "" };
            *said.entry(format!("{mark}{}", problem.code)).or_default() += 1;
        }
    }
    let said = said.iter().map(|(code, count)| format!("{code} {count}"));
    let said = said.collect::<Vec<String>>().join(", ");
    if said.is_empty() {
        line
    } else {
        format!("{line}; {said}")
    }
}

/// All files that are of no dialect's: state, reviews, settings, streams of agents. None of them is a plan, and each is
/// told from one.
fn others(corpus: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    walk(corpus, &mut all);
    let of_dialect: Vec<PathBuf> = PLACES
        .iter()
        .flat_map(|(_, folder, name)| files(corpus, folder, name))
        .collect();
    all.retain(|file| !of_dialect.iter().any(|known| file.starts_with(known)));
    all.sort();
    all
}

fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "agent-streams-recorded" {
            walk(&path, all);
        } else if path.is_file() && name != "INDEX.md" {
            all.push(path);
        }
    }
}

fn report_of_other(corpus: &Path, file: &Path) -> String {
    let name = file.strip_prefix(corpus).expect("it is of the corpus");
    let arguments = ["plan-validate".as_ref(), file.as_os_str()];
    let cli = <Cli as clap::Parser>::try_parse_from(arguments).expect("the arguments are right");
    let levels = crate::levels::Levels::default();
    let (taken, examined) = match dialect::choose(&cli) {
        Ok((Choice::Dialect(dialect, material), _)) => {
            (dialect.name, examine_dialect(dialect, *material, &levels))
        }
        Ok((Choice::Plain(input, from), _)) => (
            "plain",
            crate::examination::examine(input, from, cli.kind, &levels),
        ),
        Err(failure) => {
            let message = failure.message.replace(&*file.to_string_lossy(), "it");
            return format!("{}: {message}", name.display());
        }
    };
    let examined = examined.expect("the schema compiles");
    let errors = examined.problems.iter();
    let errors = errors.filter(|problem| problem.severity == Severity::Error);
    let reason = errors.map(|problem| (problem.line.unwrap_or(0), &problem.message));
    let verdict = match reason.min() {
        Some((line, message)) => format!("refused, line {line}: {message}"),
        None => "read".to_owned(),
    };
    format!("{}: taken for {taken}; {verdict}", name.display())
}

/// The real files of every dialect, as they belong together; none where there is no corpus.
pub(super) fn samples() -> Vec<(&'static Dialect, Vec<(String, String)>)> {
    let Some(corpus) = corpus() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, folder, suffix) in PLACES {
        let dialect = ALL
            .iter()
            .find(|dialect| dialect.name == *name)
            .expect("a dialect");
        for path in files(&corpus, folder, suffix) {
            let mut files = Vec::new();
            if path.is_dir() {
                super::fuzz::collect(&path, "", &mut files);
                files.sort_by_key(|(path, _)| path != "epic.md");
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.push((path.to_string_lossy().into_owned(), text));
            }
            all.push((*dialect, files));
        }
    }
    all
}

#[test]
fn every_real_file_is_read_or_refused_for_a_reason() {
    let Some(corpus) = corpus() else { return };
    let mut text = String::new();
    for (name, folder, suffix) in PLACES {
        let dialect = ALL
            .iter()
            .find(|dialect| dialect.name == *name)
            .expect("a dialect");
        for file in files(&corpus, folder, suffix) {
            text.push_str(&report(dialect, &file));
            text.push('\n');
        }
    }
    for file in others(&corpus) {
        text.push_str(&report_of_other(&corpus, &file));
        text.push('\n');
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects/corpus.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&kept, &text).expect("it can be written");
    }
    let expected = fs::read_to_string(&kept).expect("BLESS=1 writes it");
    similar(&expected, &text);
}

/// Line by line, so that a difference is told by its file.
fn similar(expected: &str, text: &str) {
    for (expected, line) in expected.lines().zip(text.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(text.lines().count(), expected.lines().count());
}

#[test]
fn every_dialect_is_named_on_the_command_line() {
    for dialect in ALL {
        let from =
            <From as clap::ValueEnum>::from_str(dialect.name, false).expect("a value of --from");
        assert_eq!(from.dialect().map(|named| named.name), Some(dialect.name));
    }
}
