use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::journal::{Draft, load, refresh_snapshot, repair, view};

/// One record of each type, about one of three tasks.
fn records() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/record/valid");
    let paths = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = paths.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    let texts = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let records = texts.map(|text| serde_json::from_str(&text).unwrap());
    records
        .filter(|record: &Value| record["type"] != "compacted")
        .collect()
}

fn draft(record: &Value) -> Draft {
    Draft::given(record.as_object().unwrap().clone()).unwrap()
}

fn append(dir: &Path, record: &Value) {
    let mut journal = Journal::open(dir).unwrap();
    let drafts = vec![draft(record)];
    journal.transact_drafts(|_| Ok(drafts)).unwrap();
}

fn note(text: &str) -> Value {
    json!({"type": "note", "text": text})
}

/// All that has ever happened, line by line.
fn history(dir: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut journal = Journal::open_history(dir).unwrap();
    journal
        .read_lines(|_, line| lines.push(line.to_owned()))
        .unwrap();
    lines
}

fn folded(records: &[Record]) -> State {
    let mut state = State::default();
    records.iter().for_each(|record| state.apply(record));
    state.refresh();
    state
}

/// The state by the journal alone.
fn state(dir: &Path) -> State {
    let (mut state, _) = view(dir).unwrap();
    state.journal_bytes = 0;
    state
}

fn run(dir: &Path, count: usize) {
    for n in 1..=count {
        append(dir, &note(&format!("note {n}")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever has happened, and wherever it is compacted: the fold is the same, so is the history, and both go on.
    #[test]
    fn a_compacted_journal_adds_up_to_what_it_was(
        picks in prop::collection::vec((any::<prop::sample::Index>(), 1..4u8, 0..6u8), 1..40),
        keeps_state in any::<bool>(),
    ) {
        let records = records();
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let mut last = None;
        for (pick, task, then) in &picks {
            let mut record = records[pick.index(records.len())].clone();
            if record.get("task").is_some() {
                record["task"] = format!("t{task}").into();
            }
            // A follower, who has the journal open all the time.
            let follower = last.get_or_insert_with(|| Journal::open(dir).unwrap());
            append(dir, &record);
            match then {
                0 => {
                    refresh_snapshot(dir).unwrap();
                }
                1 => {
                    let (before, lines) = (state(dir), history(dir));
                    let compacted = compact(dir).unwrap();
                    prop_assert!(compacted.archive.is_some());
                    if !keeps_state {
                        let _ = std::fs::remove_file(dir.join("state.json"));
                    }
                    prop_assert_eq!(state(dir), before);
                    prop_assert_eq!(history(dir), lines);
                    prop_assert!(compact(dir).unwrap().archive.is_none());
                }
                2 => {
                    follower.read_new().unwrap();
                }
                _ => {}
            }
        }
        let mut whole = Vec::new();
        Journal::open_history(dir).unwrap().read_each(|record| whole.push(record)).unwrap();
        prop_assert!(whole.iter().zip(1..).all(|(record, seq)| record.seq == seq));
        prop_assert_eq!(whole.len(), picks.len());
        prop_assert_eq!(state(dir), folded(&whole));
        // Appended by a handle that may have slept through all of it.
        let mut journal = last.unwrap();
        let appended = journal.append(vec![Body::Note { text: "last".to_owned(), task: None }]).unwrap();
        prop_assert_eq!(appended.own[0].seq, picks.len() as u64 + 1);
        prop_assert_eq!(history(dir).len(), picks.len() + 1);
    }
}

#[test]
fn who_has_the_journal_open_misses_nothing_and_writes_to_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 2);
    let (mut reader, mut writer) = (
        Journal::open_to_read(dir).unwrap(),
        Journal::open(dir).unwrap(),
    );
    assert_eq!(reader.read_new().unwrap().len(), 2);
    writer.read_new().unwrap();
    append(dir, &note("3"));
    compact(dir).unwrap();
    append(dir, &note("4"));
    compact(dir).unwrap();
    append(dir, &note("5"));
    let seqs = |records: &[Record]| records.iter().map(|it| it.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&reader.read_new().unwrap()), [3, 4, 5]);
    let drafts = vec![draft(&note("6"))];
    let appended = writer.transact_drafts(|_| Ok(drafts)).unwrap();
    assert_eq!(seqs(&appended.foreign), [3, 4, 5]);
    assert_eq!(seqs(&appended.own), [6]);
    assert_eq!(seqs(&reader.read_new().unwrap()), [6]);
    assert_eq!(history(dir).len(), 6);
    let (path, line) = writer.locate(6);
    assert_eq!((path, line), (dir.join(JOURNAL).as_path(), 3));
}

#[test]
fn a_torn_line_is_noted_before_it_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 2);
    let mut journal = OpenOptions::new()
        .append(true)
        .open(dir.join(JOURNAL))
        .unwrap();
    journal.write_all(b"{\"half").unwrap();
    let compacted = compact(dir).unwrap();
    assert_eq!(compacted.records, 3);
    assert!(history(dir)[2].contains("removed a torn last line"));
}

#[test]
fn without_its_archive_a_journal_still_has_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 3);
    let archive = compact(dir).unwrap().archive.unwrap();
    append(dir, &note("4"));
    let before = state(dir);
    std::fs::remove_file(&archive).unwrap();
    let _ = std::fs::remove_file(dir.join("state.json"));
    assert_eq!(state(dir), before);
    let mut journal = Journal::open_history(dir).unwrap();
    let missing = journal.missing().unwrap();
    assert_eq!(
        (missing.archive.as_str(), missing.until),
        ("journal.1-3.ndjson", 3)
    );
    assert_eq!(journal.read_new().unwrap().len(), 2);
}

#[test]
fn an_archive_that_does_not_fit_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 3);
    let archive = compact(dir).unwrap().archive.unwrap();
    let whole = std::fs::read_to_string(&archive).unwrap();
    let two: String = whole.split_inclusive('\n').take(2).collect();
    for text in [two.as_str(), &whole[..whole.len() - 5], "{}\n"] {
        std::fs::write(&archive, text).unwrap();
        let read = Journal::open_history(dir).unwrap().read_new();
        assert_eq!(read.unwrap_err().exit, crate::Exit::Input, "{text}");
    }
    std::fs::write(&archive, whole).unwrap();
    // One that names itself.
    let journal = std::fs::read_to_string(dir.join(JOURNAL)).unwrap();
    std::fs::write(&archive, journal).unwrap();
    let failure = Journal::open_history(dir).unwrap_err();
    assert!(failure.message.contains("later records"), "{failure}");
}

#[test]
fn what_an_interrupted_one_has_left_is_not_in_the_way_and_what_is_foreign_stays() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 2);
    std::fs::copy(dir.join(JOURNAL), dir.join("journal.1-2.ndjson")).unwrap();
    std::fs::write(dir.join(FRESH), "half").unwrap();
    assert_eq!(compact(dir).unwrap().records, 2);
    append(dir, &note("3"));
    let foreign = dir.join("journal.3-3.ndjson");
    std::fs::write(&foreign, "another's").unwrap();
    let before = std::fs::read(dir.join(JOURNAL)).unwrap();
    assert_eq!(compact(dir).unwrap_err().exit, crate::Exit::No);
    assert_eq!(std::fs::read(dir.join(JOURNAL)).unwrap(), before);
    assert_eq!(std::fs::read_to_string(foreign).unwrap(), "another's");
}

#[test]
fn a_record_that_stands_for_others_comes_from_nobody_else_and_stands_first() {
    let line = include_str!("../../../examples/record/valid/compacted.json");
    let object = serde_json::from_str(line).unwrap();
    assert!(Draft::given(object).is_err());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 1);
    let mut object: Value = serde_json::from_str(line).unwrap();
    object["seq"] = 2.into();
    let mut text = std::fs::read_to_string(dir.join(JOURNAL)).unwrap();
    seal(&mut text, &object.to_string());
    std::fs::write(dir.join(JOURNAL), text).unwrap();
    let read = Journal::open_to_read(dir).unwrap().read_new();
    assert_eq!(read.unwrap_err().exit, crate::Exit::Input);
}

#[test]
fn a_damaged_first_line_is_made_again_from_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, 3);
    compact(dir).unwrap();
    for behind in [0, 2] {
        (0..behind).for_each(|n| append(dir, &note(&format!("later {n}"))));
        let (before, lines) = (state(dir), history(dir));
        let text = std::fs::read_to_string(dir.join(JOURNAL)).unwrap();
        std::fs::write(dir.join(JOURNAL), text.replacen("version", "vers1on", 1)).unwrap();
        assert!(load(dir).is_err());
        let repaired = repair(dir, true).unwrap();
        assert_eq!(repaired.rebuilt.as_deref(), Some("journal.1-3.ndjson"));
        assert_eq!((repaired.lost.len(), repaired.removed), (0, 0));
        let after = history(dir);
        assert_eq!(after[..lines.len()], lines);
        assert_eq!(after.len(), lines.len() + 1);
        assert_eq!(state(dir).tasks, before.tasks);
        compact(dir).unwrap();
        std::fs::remove_file(repaired.copy.unwrap()).unwrap();
        // The first round again, with another archive.
        if behind == 0 {
            std::fs::remove_dir_all(dir).unwrap();
            run(dir, 3);
            compact(dir).unwrap();
        }
    }
}
