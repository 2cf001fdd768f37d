//! Many files, many writers, more events than the kernel keeps.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{append, skip, start, text, wait_until};

const ROTATIONS: usize = 20;

/// Writes markers; opens the log again only when somebody else has its place, as writers do.
fn write_on(log: &Path, writer: usize, count: usize, written: &AtomicUsize) {
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log opens")
    };
    let mut file = open();
    for number in 0..count {
        let is_there =
            |place: fs::Metadata| place.ino() == file.metadata().expect("it is open").ino();
        if number % 7 == 0 && !fs::metadata(log).is_ok_and(is_there) {
            file = open();
        }
        let line = format!("noise\n[PROGRESS:w{writer}] {number}/{count}\n");
        file.write_all(line.as_bytes()).expect("it is written");
        written.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn rotated_under_eight_writers_none_is_lost_and_none_comes_twice() {
    const WRITERS: usize = 8;
    const EACH: usize = 1000;
    for way in [&["--follow"][..], &["--follow", "--poll=5ms"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("a.log");
        append(&log, "[DONE:begun] begun\n");
        let running = start(folder.path(), &[way, &["a.log"]].concat());
        assert_eq!(running.texts(1), ["begun"]);
        let written = AtomicUsize::new(0);
        let rotations = AtomicUsize::new(0);
        let is_told = way.len() == 1;
        let records: Vec<_> = thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (log, written) = (&log, &written);
                scope.spawn(move || write_on(log, writer, EACH, written));
            }
            let (log, written, rotations, folder) = (&log, &written, &rotations, folder.path());
            scope.spawn(move || {
                for rotation in 1..=ROTATIONS {
                    let due = rotation * WRITERS * EACH / (ROTATIONS + 2);
                    wait_until("the writers write", || {
                        written.load(Ordering::Relaxed) >= due
                    });
                    append(log, &format!("[DONE:rotation] {rotation}\n"));
                    // Who looks in turn does not see what has come and gone in between.
                    wait_until("it is seen", || {
                        is_told || rotations.load(Ordering::Relaxed) == rotation
                    });
                    fs::rename(log, folder.join(format!("a.log.{rotation}")))
                        .expect("it is renamed");
                }
            });
            let all = 0..WRITERS * EACH + ROTATIONS;
            let count = |record: &serde_json::Value| {
                if record["type"] == "done" {
                    rotations.fetch_add(1, Ordering::Relaxed);
                }
            };
            all.map(|_| running.record()).inspect(count).collect()
        });
        let said = |record: &serde_json::Value| format!("{} {}", record["task"], text(record));
        let different: BTreeSet<String> = records.iter().map(said).collect();
        assert_eq!(
            different.len(),
            WRITERS * EACH + ROTATIONS,
            "each came once"
        );
        assert!(running.stop().records.is_empty(), "and nothing twice");
    }
}

#[test]
fn copied_and_cut_off_under_eight_writers_none_is_lost_and_none_comes_twice() {
    const WRITERS: usize = 8;
    const EACH: usize = 1000;
    for way in [&["--follow"][..], &["--follow", "--poll=5ms"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: String| folder.path().join("logs").join(name);
        fs::create_dir(folder.path().join("logs")).expect("a folder");
        let log = path("a.log".to_owned());
        append(&log, "[DONE:begun] begun\n");
        let running = start(folder.path(), &[way, &["logs"]].concat());
        assert_eq!(running.texts(1), ["begun"]);
        // What is written between the copy and the cut is lost to everybody: nobody writes then.
        let gate = RwLock::new(());
        let written = AtomicUsize::new(0);
        let heard = AtomicUsize::new(0);
        let records: Vec<_> = thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (log, written, gate) = (&log, &written, &gate);
                scope.spawn(move || {
                    let mut file = OpenOptions::new().append(true).open(log).expect("it opens");
                    for number in 0..EACH {
                        let _open = gate.read();
                        let line = format!("noise\n[PROGRESS:w{writer}] {number}/{EACH}\n");
                        file.write_all(line.as_bytes()).expect("it is written");
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let (log, written, heard, gate, path) = (&log, &written, &heard, &gate, &path);
            scope.spawn(move || {
                for rotation in 1..=ROTATIONS {
                    let due = rotation * WRITERS * EACH / (ROTATIONS + 2);
                    wait_until("the writers write", || {
                        written.load(Ordering::Relaxed) >= due
                    });
                    // Who cuts off what nobody has read for long cuts off what nobody knows.
                    wait_until("the former one is heard", || {
                        heard.load(Ordering::Relaxed) + 1 >= rotation
                    });
                    let _shut = gate.write();
                    append(log, &format!("[DONE:rotation] {rotation}\n"));
                    for old in (1..rotation).rev() {
                        let next = path(format!("a.log.{}", old + 1));
                        fs::rename(path(format!("a.log.{old}")), next).expect("it is renamed");
                    }
                    fs::copy(log, path("a.log.1".to_owned())).expect("it is copied");
                    OpenOptions::new()
                        .write(true)
                        .truncate(true)
                        .open(log)
                        .expect("it is cut off");
                }
            });
            let all = 0..WRITERS * EACH + ROTATIONS;
            let count = |record: &serde_json::Value| {
                if record["type"] == "done" {
                    heard.fetch_add(1, Ordering::Relaxed);
                }
            };
            all.map(|_| running.record()).inspect(count).collect()
        });
        let said = |record: &serde_json::Value| format!("{} {}", record["task"], text(record));
        let different: BTreeSet<String> = records.iter().map(said).collect();
        assert_eq!(
            different.len(),
            WRITERS * EACH + ROTATIONS,
            "each came once"
        );
        assert!(running.stop().records.is_empty(), "and nothing twice");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn rotated_twice_before_anybody_looks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    append(&path("a.log.1"), "[DONE:t] of an earlier day\n");
    append(&path("a.log"), "[DONE:t] 0\n");
    let running = start(folder.path(), &["--follow", "a.log"]);
    assert_eq!(running.texts(1), ["0"]);
    running.signal(Signal::STOP);
    for rotation in 1..=3 {
        append(
            &path("a.log"),
            &format!("[DONE:t] {rotation}, last of its file\n"),
        );
        fs::rename(path("a.log.2"), path("a.log.3")).ok();
        fs::rename(path("a.log.1"), path("a.log.2")).expect("it is renamed");
        fs::rename(path("a.log"), path("a.log.1")).expect("it is renamed");
        append(
            &path("a.log"),
            &format!("[DONE:t] {rotation}, first of its file\n"),
        );
    }
    running.signal(Signal::CONT);
    let mut texts = running.texts(6);
    texts.sort();
    assert_eq!(texts[0], "1, first of its file");
    assert_eq!(texts[5], "3, last of its file");
    assert!(running.stop().records.is_empty());
}

#[test]
fn ten_thousand_files() {
    const FILES: usize = 10_000;
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..FILES {
        let place = folder.path().join(format!("logs/{}", number % 10));
        fs::create_dir_all(&place).expect("a folder");
        fs::write(place.join(format!("{number}.log")), "begun\n").expect("it is written");
    }
    append(&folder.path().join("logs/0/0.log"), "[DONE:t] there\n");
    let running = start(folder.path(), &["--follow", "logs"]);
    assert_eq!(running.texts(1), ["there"]);
    let mut expected = BTreeSet::new();
    for number in (0..FILES).step_by(37) {
        let log = folder
            .path()
            .join(format!("logs/{}/{number}.log", number % 10));
        append(&log, &format!("[DONE:t{number}] x\n"));
        expected.insert(format!("t{number}"));
    }
    let task = |_| {
        running.record()["task"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let heard: BTreeSet<String> = (0..expected.len()).map(task).collect();
    assert_eq!(heard, expected);
    assert!(running.stop().records.is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn more_events_than_the_kernel_keeps() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |number: usize| folder.path().join(format!("{number}.log"));
    (0..4).for_each(|number| append(&path(number), "begun\n"));
    append(&path(0), "[DONE:t] there\n");
    let running = start(folder.path(), &["--follow", "*.log"]);
    assert_eq!(running.texts(1), ["there"]);
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let most: usize = most
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(16_384);
    if most > 100_000 {
        skip(
            "more events than the kernel keeps",
            &format!("it keeps {most}"),
        );
        return;
    }
    running.signal(Signal::STOP);
    // Events of one file in a row are one event: the files take turns.
    for number in 0..=most {
        append(&path(number % 4), "x\n");
    }
    append(&path(3), "[DONE:t] behind\n");
    append(&path(4), "[DONE:t] new\n");
    running.signal(Signal::CONT);
    let mut texts = running.texts(2);
    texts.sort();
    assert_eq!(texts, ["behind", "new"]);
    running.stop();
}

/// Times that its threads went to sleep.
#[cfg(target_os = "linux")]
fn wake_ups(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .expect("it runs")
        .flatten();
    let status = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    let count = |status: String| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or(0)
    };
    status.map(count).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn five_hundred_quiet_files_wake_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..500 {
        append(&folder.path().join(format!("{number}.log")), "quiet\n");
    }
    append(&folder.path().join("0.log"), "[DONE:t] there\n");
    let running = start(folder.path(), &["--follow", "*.log"]);
    assert_eq!(running.texts(1), ["there"]);
    // It comes to rest.
    let mut before = wake_ups(running.pid());
    wait_until("it comes to rest", || {
        let now = wake_ups(running.pid());
        thread::sleep(Duration::from_millis(100));
        now == wake_ups(running.pid())
    });
    before = before.max(wake_ups(running.pid()));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(wake_ups(running.pid()), before);
    running.stop();
}
