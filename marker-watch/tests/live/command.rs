//! Commands that are run, with pipes and with a terminal of their own.

use rustix::process::Signal;

use crate::support::{start, wait_until};

fn run(args: &[&str]) -> crate::support::Ended {
    let folder = tempfile::tempdir().expect("a folder");
    start(folder.path(), args).end()
}

#[test]
fn what_a_command_prints_passes_through_and_is_understood() {
    let ended = run(&[
        "--",
        "sh",
        "-c",
        "echo words; echo '[DONE:t] x'; echo more >&2",
    ]);
    assert_eq!(ended.texts(), ["x"]);
    assert_eq!(ended.stderr, "words\n[DONE:t] x\nmore\n");
    assert_eq!(ended.code, Some(0));
    let quiet = run(&["--quiet", "--", "sh", "-c", "echo '[QUESTION:t] x'"]);
    assert_eq!((quiet.stderr.as_str(), quiet.code), ("", Some(5)));
}

#[test]
fn how_a_command_ends_is_told() {
    let ended = run(&[
        "--quiet",
        "--all-states",
        "--",
        "sh",
        "-c",
        "echo '[PROGRESS:t] 5% - x'; exit 7",
    ]);
    let states: Vec<_> = ended
        .records
        .iter()
        .filter(|record| record["type"] == "activity")
        .collect();
    assert_eq!(states[0]["state"], "working");
    let last = states.last().expect("it ended");
    assert_eq!(
        (&last["state"], &last["exitCode"], &last["task"]),
        (&"exited".into(), &7.into(), &"t".into())
    );
    let killed = run(&["--quiet", "--all-states", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.records.last().expect("it ended")["signal"], 9);
    let missing = run(&["--", "no-such-program-anywhere"]);
    assert_eq!(missing.code, Some(4));
    assert!(
        missing
            .stderr
            .contains("cannot start no-such-program-anywhere"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_command_with_a_terminal_has_one() {
    let script = "[ -t 0 ] && [ -t 1 ] && echo '[DONE:t] has a terminal'; stty size >/dev/null && echo '[DONE:t] with a size'";
    let ended = run(&["--quiet", "--pty", "--", "sh", "-c", script]);
    assert_eq!(ended.texts(), ["has a terminal", "with a size"]);
    // What is typed reaches it, and the end of it, too.
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "--quiet",
        "--pty",
        "--",
        "sh",
        "-c",
        "stty -echo; read x; echo \"[DONE:t] got $x\"; cat; echo '[DONE:t] end'",
    ];
    let mut running = start(folder.path(), &args);
    let mut stdin = running.stdin.take().expect("stdin is a pipe");
    std::io::Write::write_all(&mut stdin, b"this\n").expect("it is typed");
    assert_eq!(running.texts(1), ["got this"]);
    drop(stdin);
    assert_eq!(running.end().texts(), ["end"]);
}

#[test]
fn what_a_terminal_draws_twice_is_said_once() {
    let script = r"printf '[PROGRESS:t] 50%% - a\r\n'; printf '\033[1A\033[2K[PROGRESS:t] 50%% - a\r\n';
        printf '\033[H\033[2J[PROGRESS:t]\033[1C50%%\033[1C-\033[1Ca\033[2;1H[DONE:t] b\r\n[DONE:t] b\r\n'";
    let ended = run(&["--quiet", "--pty", "--", "sh", "-c", script]);
    assert_eq!(ended.texts(), ["a", "b", "b"]);
}

#[test]
fn a_signal_ends_the_command_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "--",
        "sh",
        "-c",
        "trap 'echo \"[DONE:t] told\"; exit 3' TERM; echo \"[PROGRESS:t] $$\"; while :; do sleep 0.05; done",
    ];
    let running = start(folder.path(), &args);
    let pid = running.texts(1).remove(0);
    let ended = running.stop();
    assert_eq!(ended.texts(), ["told"]);
    assert_eq!(ended.code, Some(143));
    wait_until("it is gone", || {
        !std::path::Path::new(&format!("/proc/{pid}")).exists()
    });
}

#[test]
fn a_command_that_will_not_end_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "--",
        "sh",
        "-c",
        "trap '' TERM INT; echo '[DONE:t] begun'; while :; do sleep 0.05; done",
    ];
    let running = start(folder.path(), &args);
    assert_eq!(running.texts(1), ["begun"]);
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    assert!(matches!(running.end().code, Some(130 | 143)));
}
