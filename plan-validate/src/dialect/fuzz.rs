//! Every dialect on texts that nobody would write: mutations of the fixtures and of the real files beside the checkout.
//! A few per test run; `scripts/fuzz-dialects` runs it for as long as one likes.

mod mutation;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use schemas::Severity;
use schemas::document::Input;

use self::mutation::mutated;
use super::material::Text;
use super::{ALL, Dialect, Material};
use crate::cli::{From, Kind};
use crate::examination::{examine, examine_dialect};

/// No text may take longer, on a machine with much else to do either.
const SLOW: Duration = Duration::from_secs(120);

/// Files as they belong together.
#[derive(Clone)]
struct Sample {
    dialect: &'static Dialect,
    files: Vec<(String, String)>,
}

fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for dialect in ALL {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/dialects")
            .join(dialect.name);
        let cases = fs::read_dir(root).into_iter().flatten().flatten();
        let mut cases: Vec<PathBuf> = cases.map(|case| case.path()).collect();
        cases.sort();
        for case in cases {
            let mut files = Vec::new();
            collect(&case, "", &mut files);
            files.retain(|(path, _)| path != "args" && path != "expected");
            let marks: Vec<&str> = dialect.layouts.iter().map(|layout| layout.mark).collect();
            files.sort_by_key(|(path, _)| (!marks.contains(&path.as_str()), path.clone()));
            if !files.is_empty() {
                all.push(Sample { dialect, files });
            }
        }
    }
    all.extend(
        super::corpus::samples()
            .into_iter()
            .map(|(dialect, files)| Sample { dialect, files }),
    );
    all
}

/// The files below a folder that are texts, by their path.
pub(super) fn collect(folder: &Path, path: &str, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let path = if path.is_empty() {
            name.to_string()
        } else {
            format!("{path}/{name}")
        };
        if entry.is_dir() {
            collect(&entry, &path, files);
        } else if let Ok(text) = fs::read_to_string(&entry) {
            files.push((path, text));
        }
    }
}

/// What must hold of every text: no panic, places within the text, a plan of our schema or an error, and what was
/// accepted is accepted again.
fn check(sample: &Sample) {
    let mut files = sample.files.iter().map(|(path, text)| Text {
        path: path.clone(),
        name: path.clone(),
        text: text.clone(),
    });
    let features = sample
        .files
        .iter()
        .position(|(path, _)| path.ends_with("features.yaml"));
    let features = features.filter(|_| sample.dialect.takes_features);
    let features = features.and_then(|at| files.clone().nth(at));
    let texts = match &features {
        Some(features) => files
            .by_ref()
            .filter(|text| text.path != features.path)
            .collect(),
        None => files.collect(),
    };
    let material = Material::new("fuzz", texts, features);
    let draft = (sample.dialect.read)(&material);
    let is_inside = |span: &std::ops::Range<usize>| {
        let text = &material.source.text;
        span.start <= span.end && span.end <= text.len() && text.is_char_boundary(span.start)
    };
    for problem in &draft.found.problems {
        let span = problem
            .span
            .as_ref()
            .expect("a problem of a dialect has a place");
        assert!(is_inside(span), "{problem:?}");
    }
    let is_refused = draft.found.has_errors();
    if let Some(plan) = &draft.plan {
        let (_, places) = plan.clone().into_parts();
        for (pointer, span) in places {
            assert!(is_inside(&span), "{pointer} at {span:?}");
        }
    } else {
        assert!(
            is_refused,
            "no plan, and nobody says why: {:?}",
            draft.found.problems
        );
    }
    let examined = examine_dialect(sample.dialect, material, &crate::levels::Levels::default())
        .expect("the schema compiles");
    let first = &examined.problems[..examined.problems.len().min(20)];
    assert!(!schemas::render(first, &examined.source, false).contains('\0'));
    for problem in &examined.problems {
        let is_ours = problem.code == "schema" && problem.severity == Severity::Error;
        assert!(
            !is_ours || is_refused,
            "the plan is not of our schema: {problem:?}"
        );
    }
    if !examined.is_malformed && !examined.is_wrong {
        let input = Input {
            name: "again".to_owned(),
            text: examined.canonical().to_owned(),
        };
        let again = examine(
            input,
            From::Json,
            Kind::Plan,
            &crate::levels::Levels::default(),
        )
        .expect("the schema compiles");
        assert!(
            !again.is_malformed && !again.is_wrong,
            "{:?}",
            again.problems
        );
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, max_shrink_iters: 0, ..Default::default() })]

    #[test]
    fn no_text_makes_a_dialect_panic_or_write_what_is_no_plan(seed in proptest::num::u64::ANY) {
        static SAMPLES: std::sync::OnceLock<Vec<Sample>> = std::sync::OnceLock::new();
        check(&mutated(SAMPLES.get_or_init(samples), seed));
    }
}

/// Texts that are long in one way: where a reader is slower than it should be, these show it.
fn long(length: usize) -> Vec<String> {
    let much = |part: &str| part.repeat(length / part.len());
    let count = length / 40;
    vec![
        much("## Phase 1: a\n"),
        much("### Task p01-t01: a\n"),
        (0..count)
            .map(|n| format!("## Phase {n}: a\n### Task p{n}-t1: b\n"))
            .collect(),
        much("- [ ] T001 [P] a (depends on T999)\n"),
        (0..count)
            .map(|n| format!("- [ ] T{n} [P] a `x/{n}.rs` (depends on T{})\n", n + 1))
            .collect(),
        (0..count).map(|n| format!("- [ ] T{n} a\n")).collect(),
        much("- [ ] T1-T9999 "),
        much("> - "),
        much("*_`["),
        much("---\n"),
        much("|a"),
        format!("---\n{}\n---\n", much("a: [")),
        format!("phases: [{}]", much("{id: a}, ")),
        much("(depends on T1, "),
    ]
}

fn long_sample(dialect: &'static Dialect, text: &str) -> Sample {
    let mark = dialect
        .layouts
        .first()
        .map_or("a.yaml", |layout| layout.mark);
    let files = vec![
        (mark.replace('*', "M1"), text.to_owned()),
        ("phases/phase-1.md".to_owned(), text.to_owned()),
    ];
    Sample { dialect, files }
}

#[test]
fn long_and_odd_texts_are_read_to_their_end() {
    for text in long(4000) {
        for dialect in ALL {
            check(&long_sample(dialect, &text));
        }
    }
}

/// `FUZZ_SECONDS`: as long as that, with a watch over each text; run by `scripts/fuzz-dialects`.
#[test]
fn for_as_long_as_it_is_told() {
    let Some(seconds) = std::env::var("FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
    else {
        return;
    };
    let only = std::env::var("FUZZ_DIALECT").ok();
    let mut samples = samples();
    samples.retain(|sample| {
        only.as_deref()
            .is_none_or(|only| only == sample.dialect.name)
    });
    assert!(!samples.is_empty(), "no dialect is called that");
    let first: u64 = std::env::var("FUZZ_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let now = AtomicU64::new(first);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let mut counts = std::collections::BTreeMap::new();
    let mut slowest = (Duration::ZERO, first);
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&now, &is_over));
        for text in long(1 << 18) {
            for dialect in ALL {
                let begin = Instant::now();
                check(&long_sample(dialect, &text));
                now.fetch_add(1, Ordering::Relaxed);
                slowest = slowest.max((begin.elapsed(), 0));
            }
        }
        let start = Instant::now();
        let mut seed = first;
        while start.elapsed() < Duration::from_secs(seconds) {
            now.store(seed, Ordering::Relaxed);
            let sample = mutated(&samples, seed);
            let begin = Instant::now();
            let outcome = std::panic::catch_unwind(|| check(&sample));
            slowest = slowest.max((begin.elapsed(), seed));
            *counts.entry(sample.dialect.name).or_insert(0_u64) += 1;
            if outcome.is_err() {
                is_over.store(true, Ordering::Relaxed);
                panic!(
                    "FUZZ_SEED={seed} FUZZ_SECONDS=1 shows it again, of {}",
                    sample.dialect.name
                );
            }
            seed += 1;
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let line = format!(
        "texts: {counts:?}; slowest {:?} (seed {})\n",
        slowest.0, slowest.1
    );
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).expect("stderr is open");
}

/// Ends the process when one text takes too long: a loop that does not end cannot be caught otherwise.
fn watch(now: &AtomicU64, is_over: &std::sync::atomic::AtomicBool) {
    let mut last = (now.load(Ordering::Relaxed), Instant::now());
    while !is_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(200));
        let seed = now.load(Ordering::Relaxed);
        if seed != last.0 {
            last = (seed, Instant::now());
        } else if last.1.elapsed() > SLOW {
            let line = format!("a text takes longer than {SLOW:?}: FUZZ_SEED={seed}\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
            std::process::abort();
        }
    }
}
