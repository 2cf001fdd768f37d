use super::*;
use crate::{RunStatus, State};

fn note(text: &str) -> Body {
    Body::Note {
        text: text.to_owned(),
        task: None,
    }
}

fn started() -> Body {
    Body::RunStarted {
        plan_id: "p".to_owned(),
        summary: None,
        seed: 7,
        mark: "m".to_owned(),
        pid: 1,
        jobs: 5,
        containment: "group".to_owned(),
        tasks: Vec::new(),
        agents: Vec::new(),
    }
}

#[test]
fn records_come_back_in_order_with_the_run_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(vec![started(), note("a")]).unwrap();
    journal.append(vec![note("b")]).unwrap();
    let records = Journal::open(dir.path()).unwrap().read_new().unwrap();
    assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(records.iter().all(|r| r.run == "p"));
    assert_eq!(records[2].body, note("b"));
}

#[test]
fn two_handles_see_each_other_and_never_share_a_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = Journal::open(dir.path()).unwrap();
    let mut two = Journal::open(dir.path()).unwrap();
    one.append(vec![note("a")]).unwrap();
    let appended = two.append(vec![note("b")]).unwrap();
    assert_eq!(appended.foreign[0].body, note("a"));
    assert_eq!(appended.own[0].seq, 2);
    assert_eq!(
        one.append(vec![note("c")]).unwrap().foreign[0].body,
        note("b")
    );
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_record_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL);
    Journal::open(dir.path())
        .unwrap()
        .append(vec![started(), note("a"), note("b")])
        .unwrap();
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let appended = Journal::open(dir.path())
            .unwrap()
            .append(vec![note("next")])
            .unwrap();
        let records = Journal::open(dir.path()).unwrap().read_new().unwrap();
        let ends = whole[..cut].iter().filter(|b| **b == b'\n').count();
        // A record that lacks nothing but its line's end is whole: its checksum says so.
        let kept = if whole.get(cut) == Some(&b'\n') {
            ends + 1
        } else {
            ends
        };
        assert_eq!(appended.foreign.len(), kept, "cut at {cut}");
        assert_eq!(records.last().unwrap().body, note("next"), "cut at {cut}");
        assert!(
            records.iter().zip(1..).all(|(r, seq)| r.seq == seq),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL);
    Journal::open(dir.path())
        .unwrap()
        .append(vec![note("abc"), note("def")])
        .unwrap();
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|b| *b == b'\n').unwrap();
    for at in 0..first {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let failure = Journal::open(dir.path()).unwrap().read_new().unwrap_err();
        assert_eq!(failure.exit, crate::Exit::Input, "byte {at}");
    }
}

#[test]
fn many_threads_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                let mut journal = Journal::open(dir).unwrap();
                for edit in 0..50 {
                    journal
                        .append(vec![note(&format!("{writer}/{edit}"))])
                        .unwrap();
                }
            });
        }
    });
    let records = Journal::open(dir.path()).unwrap().read_new().unwrap();
    assert_eq!(records.len(), 400);
    let texts: std::collections::BTreeSet<_> =
        records.iter().map(|r| format!("{:?}", r.body)).collect();
    assert_eq!(texts.len(), 400);
}

#[test]
fn the_snapshot_is_made_again_whenever_it_is_missing_behind_or_foreign() {
    let dir = tempfile::tempdir().unwrap();
    Journal::open(dir.path())
        .unwrap()
        .append(vec![started()])
        .unwrap();
    refresh_snapshot(dir.path()).unwrap();
    let (state, mut journal) = load(dir.path()).unwrap();
    assert_eq!((state.status, state.last_seq), (RunStatus::InProgress, 1));

    journal.append(vec![note("later")]).unwrap();
    assert_eq!(load(dir.path()).unwrap().0.last_seq, 2);

    let foreign = State {
        last_seq: 2,
        journal_bytes: 40,
        ..State::default()
    };
    save(dir.path(), &foreign).unwrap();
    assert_eq!(load(dir.path()).unwrap().0.plan_id, "p");

    std::fs::write(dir.path().join("state.json"), b"{\"kind\":").unwrap();
    assert_eq!(load(dir.path()).unwrap().0.plan_id, "p");
}

#[test]
fn a_first_record_that_lacks_its_end_still_names_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL);
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(vec![started()]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let appended = Journal::open(dir.path())
        .unwrap()
        .append(vec![note("a")])
        .unwrap();
    assert_eq!(appended.own[0].run, "p");
}

#[test]
fn who_is_refused_leaves_a_torn_tail_to_the_next_who_can_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JOURNAL);
    std::fs::write(&path, b"{\"seq\":1,").unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let refused = journal.transact(|_| Err(Failure::no("no")));
    assert_eq!(refused.unwrap_err().message, "no");
    assert_eq!(std::fs::read(&path).unwrap(), b"{\"seq\":1,");
    let appended = journal.append(vec![note("a")]).unwrap();
    assert!(matches!(&appended.own[0].body, Body::Note { text, .. } if text.contains("9 bytes")));
    assert_eq!(appended.own[1].seq, 2);
}

#[test]
fn a_record_that_somebody_else_made_keeps_what_is_not_known_here() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.name_run("r");
    let draft = |text: &str| Draft::given(serde_json::from_str(text).unwrap()).unwrap();
    let drafts = vec![
        draft(r#"{"time":"old","host":"n1","seq":9,"type":"note","text":"a","run":"q","crc":"0"}"#),
        draft(r#"{"type":"later","text":"b"}"#),
    ];
    let appended = journal.transact_drafts(|_| Ok(drafts)).unwrap();
    assert_eq!(appended.own[1].body, Body::Unknown);
    let time = &appended.own[0].time;
    let expected = [
        format!(r#"{{"seq":1,"time":"{time}","type":"note","run":"r","host":"n1","text":"a"}}"#),
        format!(r#"{{"seq":2,"time":"{time}","type":"later","run":"r","text":"b"}}"#),
    ];
    assert_eq!(appended.lines, expected);
    let mut lines = Vec::new();
    Journal::open_to_read(dir.path())
        .unwrap()
        .read_lines(|_, line| lines.push(line.to_owned()))
        .unwrap();
    assert_eq!(lines, expected);
}

#[test]
fn a_state_of_another_journal_is_not_believed_for_its_numbers() {
    let dir = tempfile::tempdir().unwrap();
    Journal::open(dir.path())
        .unwrap()
        .append(vec![started()])
        .unwrap();
    refresh_snapshot(dir.path()).unwrap();
    let (mut foreign, journal) = load(dir.path()).unwrap();
    foreign.updated_at = Some("2020-01-01T00:00:00.000Z".to_owned());
    save(dir.path(), &foreign).unwrap();
    assert_eq!(saved(dir.path(), &journal), None);
    assert_ne!(load(dir.path()).unwrap().0.updated_at, foreign.updated_at);
}

#[test]
fn looking_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("run");
    assert_eq!(view(&missing).unwrap_err().exit, crate::Exit::Input);
    assert_eq!(
        Journal::open_existing(dir.path()).unwrap_err().exit,
        crate::Exit::Input
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn who_saves_an_old_state_saves_what_came_since_with_it() {
    let dir = tempfile::tempdir().unwrap();
    Journal::open(dir.path())
        .unwrap()
        .append(vec![started()])
        .unwrap();
    let (old, mut journal) = load(dir.path()).unwrap();
    journal.append(vec![note("a"), note("b")]).unwrap();
    refresh_snapshot(dir.path()).unwrap();
    save(dir.path(), &old).unwrap();
    assert_eq!(saved(dir.path(), &journal).unwrap().last_seq, 3);
}
