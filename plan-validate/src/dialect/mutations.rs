//! Texts of every dialect with pieces cut out, doubled and changed: something is said of each, and it ends.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::material::Text;
use super::{ALL, Dialect, Material};

/// Bytes that mean something to one dialect or another.
const PIECES: &[&str] = &[
    "", "\"", "{", "}", "[", "]", ":", ",", "\n", "- ", "# ", "`", "null", "1.10", "\u{fc}", "\\",
    "---\n", "[x]", "0", ".",
];

/// The files of each case of a dialect.
fn cases(dialect: &Dialect) -> Vec<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/dialects")
        .join(dialect.name);
    let mut all = Vec::new();
    for case in fs::read_dir(folder).into_iter().flatten().flatten() {
        let mut files = Vec::new();
        gather(&case.path(), "", &mut files);
        files.retain(|(path, _)| path != "expected" && path != "args");
        files.sort();
        if !files.is_empty() {
            all.push(files);
        }
    }
    all.sort();
    all
}

fn gather(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match fs::read_to_string(entry.path()) {
            Ok(text) => files.push((name, text)),
            Err(_) => gather(&entry.path(), &format!("{name}/"), files),
        }
    }
}

type Mutation = (Index, Index, Index, Index);

fn mutated(mut files: Vec<(String, String)>, mutations: &[Mutation]) -> Vec<(String, String)> {
    for (file, start, length, piece) in mutations {
        let at = file.index(files.len());
        let text = &mut files[at].1;
        let mut start = start.index(text.len() + 1);
        let mut end = (start + length.index(40)).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let piece = match piece.index(PIECES.len() + 1) {
            // What stands there, once more.
            0 => text[start..end].repeat(2),
            other => PIECES[other - 1].to_owned(),
        };
        text.replace_range(start..end, &piece);
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn something_is_said_of_every_text(
        dialect in any::<Index>(),
        case in any::<Index>(),
        mutations in proptest::collection::vec(any::<Mutation>(), 0..6),
    ) {
        let dialect = ALL[dialect.index(ALL.len())];
        let cases = cases(dialect);
        prop_assume!(!cases.is_empty());
        let files = mutated(cases[case.index(cases.len())].clone(), &mutations);
        let texts = files.into_iter().map(|(path, text)| Text { name: path.clone(), path, text });
        let material = Material::new("case", texts.collect(), None);
        let draft = (dialect.read)(&material);
        let whole = material.source.text.len();
        for problem in &draft.found.problems {
            let span = problem.span.clone();
            prop_assert!(span.is_some_and(|span| span.start <= span.end && span.end <= whole), "no place: {problem:?}");
        }
        match draft.plan {
            Some(plan) => {
                let (_, places) = plan.into_parts();
                prop_assert!(places.values().all(|place| place.start <= place.end && place.end <= whole));
            }
            None => prop_assert!(draft.found.has_errors(), "nothing was said"),
        }
    }
}
