//! Files that grow, move, shrink and come back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Running, append, start, text, wait_until};
use rustix::process::Signal;

/// Told of changes, and looking for them.
const WAYS: [&[&str]; 2] = [&["--follow"], &["--follow", "--poll=10ms"]];

fn each_way(test: impl Fn(&Path, &dyn Fn(&[&str]) -> Running)) {
    for way in WAYS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        test(path, &|args: &[&str]| start(path, &[way, args].concat()));
    }
}

fn done(text: &str) -> String {
    format!("[DONE:t] {text}\n")
}

#[test]
fn what_is_there_and_what_comes() {
    each_way(|folder, start| {
        let log = folder.join("a.log");
        append(&log, &done("there"));
        let running = start(&["a.log"]);
        assert_eq!(running.texts(1), ["there"]);
        append(&log, "noise\n[DONE:t] cut ");
        append(&log, "in two\n[DONE:t] no end");
        assert_eq!(running.texts(1), ["cut in two"]);
        let ended = running.stop();
        assert_eq!(ended.texts(), ["no end"]);
        assert_eq!(ended.code, Some(143));
    });
}

#[test]
fn a_file_that_appears_later_even_its_folder() {
    each_way(|folder, start| {
        let running = start(&["deep/er/a.log"]);
        fs::create_dir_all(folder.join("deep/er")).expect("folders");
        append(&folder.join("deep/er/a.log"), &done("late"));
        assert_eq!(running.texts(1), ["late"]);
        running.stop();
    });
}

#[test]
fn a_rotated_file_is_read_to_its_end_and_its_successor_from_its_beginning() {
    each_way(|folder, start| {
        let (log, old) = (folder.join("a.log"), folder.join("a.log.1"));
        append(&log, &done("one"));
        let running = start(&["a.log"]);
        assert_eq!(running.texts(1), ["one"]);
        append(&log, "[DONE:t] two, cut");
        fs::rename(&log, &old).expect("renamed");
        append(&log, &done("three"));
        // Its writer has not noticed.
        append(&old, " by the rotation\n");
        let mut texts = running.texts(2);
        texts.sort();
        assert_eq!(texts, ["three", "two, cut by the rotation"]);
        append(&log, &done("four"));
        assert_eq!(running.texts(1), ["four"]);
        assert!(running.stop().records.is_empty());
    });
}

#[test]
fn a_file_that_is_cut_off_begins_again() {
    each_way(|folder, start| {
        let log = folder.join("a.log");
        append(&log, &(done("one") + "[DONE:t] half a l"));
        let running = start(&["a.log"]);
        assert_eq!(running.texts(1), ["one"]);
        fs::write(&log, "").expect("it is cut off");
        append(&log, &done("two"));
        // What was left without an end is all that there will be of it.
        let texts = running.texts(2);
        assert!(texts.contains(&"two".to_owned()), "{texts:?}");
        // Longer than before, at once: only its beginning tells.
        fs::write(&log, "anew\n".repeat(100) + &done("three")).expect("it is written");
        assert_eq!(running.texts(1), ["three"]);
        running.stop();
    });
}

#[test]
fn a_copy_is_not_read_again_and_what_only_looks_like_one_is() {
    each_way(|folder, start| {
        fs::create_dir(folder.join("logs")).expect("a folder");
        let path = |name: &str| folder.join("logs").join(name);
        append(&path("a.log"), &done("one"));
        append(&path("a.log.2"), &done("of another day"));
        let running = start(&["--state", "seen", "logs"]);
        let mut texts = running.texts(2);
        texts.sort();
        assert_eq!(texts, ["of another day", "one"]);
        fs::copy(path("a.log"), path("a.log.1")).expect("it is copied");
        fs::write(path("a.log"), "").expect("it is cut off");
        append(&path("a.log"), &done("two"));
        assert_eq!(running.texts(1), ["two"]);
        // It has the name of a copy, and begins like the file, and goes on otherwise.
        append(&path("a.log.3"), &(done("two") + &done("three")));
        assert_eq!(running.texts(2), ["two", "three"]);
        assert!(running.stop().records.is_empty());
        // Copied and cut off while nobody looks: the copy has the rest.
        append(&path("a.log"), &done("four"));
        fs::copy(path("a.log"), path("a.log-20260101")).expect("it is copied");
        fs::write(path("a.log"), done("five")).expect("it is written anew");
        let running = start(&["--state", "seen", "logs"]);
        let mut texts = running.texts(2);
        texts.sort();
        assert_eq!(texts, ["five", "four"]);
        assert!(running.stop().records.is_empty());
    });
}

#[test]
fn a_file_that_is_deleted_and_made_again() {
    each_way(|folder, start| {
        let log = folder.join("a.log");
        append(&log, &done("one"));
        let running = start(&["a.log"]);
        assert_eq!(running.texts(1), ["one"]);
        for number in 0..5 {
            fs::remove_file(&log).expect("it is deleted");
            append(&log, &done(&format!("again {number}")));
            assert_eq!(running.texts(1), [format!("again {number}")]);
        }
        running.stop();
    });
}

#[test]
fn a_link_that_leads_elsewhere() {
    each_way(|folder, start| {
        fs::create_dir(folder.join("real")).expect("a folder");
        append(&folder.join("real/1"), &done("one"));
        symlink("real/1", folder.join("current")).expect("a link");
        let running = start(&["current"]);
        assert_eq!(running.texts(1), ["one"]);
        append(&folder.join("real/1"), &done("two"));
        assert_eq!(running.texts(1), ["two"]);
        append(&folder.join("real/2"), &done("three"));
        symlink("real/2", folder.join("next")).expect("a link");
        fs::rename(folder.join("next"), folder.join("current")).expect("swapped");
        assert_eq!(running.texts(1), ["three"]);
        // The link stays, what it leads to is rotated.
        fs::rename(folder.join("real/2"), folder.join("real/old")).expect("renamed");
        append(&folder.join("real/2"), &done("four"));
        assert_eq!(running.texts(1), ["four"]);
        running.stop();
    });
}

#[test]
fn folders_and_globs_grow() {
    each_way(|folder, start| {
        fs::create_dir_all(folder.join("logs/t1")).expect("folders");
        append(&folder.join("logs/t1/1.log"), &done("one"));
        append(&folder.join("logs/t1/1.log.gz"), &done("packed"));
        let running = start(&["logs", "other/*.txt"]);
        let first = running.record();
        assert_eq!(
            (text(&first), &first["source"]),
            ("one".to_owned(), &"logs/t1/1.log".into())
        );
        fs::create_dir_all(folder.join("logs/t2/deep")).expect("folders");
        append(&folder.join("logs/t2/deep/1.log"), &done("two"));
        assert_eq!(running.record()["source"], "logs/t2/deep/1.log");
        fs::create_dir(folder.join("other")).expect("a folder");
        append(&folder.join("other/a.md"), &done("no"));
        append(&folder.join("other/a.txt"), &done("three"));
        assert_eq!(running.record()["source"], "other/a.txt");
        fs::rename(folder.join("logs/t2"), folder.join("logs/t3")).expect("renamed");
        append(&folder.join("logs/t3/deep/1.log"), &done("four"));
        assert_eq!(running.texts(1), ["four"]);
        assert!(running.stop().records.is_empty());
    });
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    each_way(|folder, start| {
        let (log, old) = (folder.join("a.log"), folder.join("a.log.1"));
        append(
            &log,
            &(done("one") + "~~~\n" + &done("quoted") + "[DONE:t] also quo"),
        );
        let begin = || start(&["--state", "seen", "a.log"]);
        let running = begin();
        assert_eq!(running.texts(1), ["one"]);
        assert!(running.stop().records.is_empty());
        append(&log, "ted\n~~~\n[DONE:t] two, half");
        let running = begin();
        append(&log, " and half\n");
        let second = running.record();
        assert_eq!(
            (text(&second), &second["seq"]),
            ("two, half and half".to_owned(), &2.into())
        );
        running.stop();
        // Rotated while nobody looked: the rest of the old one, and all of the new one.
        append(&log, &done("three"));
        fs::rename(&log, &old).expect("renamed");
        append(&log, &done("four"));
        let running = begin();
        assert_eq!(running.texts(2), ["three", "four"]);
        running.stop();
        assert!(begin().stop().records.is_empty());
        // Another file of the same name and, as it may be, of the same inode.
        fs::remove_file(&log).expect("it is deleted");
        append(&log, "another beginning\n");
        append(&log, &done("five"));
        let running = begin();
        assert_eq!(running.texts(1), ["five"]);
        running.stop();
    });
}

#[test]
fn killed_it_repeats_nothing_that_was_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("a.log");
    let mut seen = Vec::new();
    for round in 0..10 {
        append(&log, &done(&format!("{round}")));
        let running = start(folder.path(), &["--follow", "--state", "seen", "a.log"]);
        seen.extend(running.texts(1));
        // The position follows its records: killed in between, it would come twice. Wait until it is there.
        let is_kept = || {
            let kept = fs::read_to_string(folder.path().join("seen")).unwrap_or_default();
            kept.contains(&format!("\"seq\":{}", round + 1))
        };
        wait_until("it is remembered", is_kept);
        running.signal(Signal::KILL);
        running.end();
    }
    assert_eq!(
        seen,
        (0..10).map(|round| round.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn what_cannot_be_bookmarks_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("seen"), "not these").expect("it is written");
    let ended = start(folder.path(), &["--follow", "--state", "seen", "a.log"]).end();
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.contains("cannot read seen: not bookmarks"),
        "{}",
        ended.stderr
    );
    let alone = start(folder.path(), &["--state", "seen", "a.log"]).end();
    assert_eq!(alone.code, Some(2), "it needs --follow");
}
