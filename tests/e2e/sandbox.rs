//! The ground that the other tests stand on: a sandbox that notices what was left running, an agent that does as told.

use e2e::{Sandbox, until};
use std::time::Duration;

#[test]
fn a_daemon_is_found_by_its_mark_and_ended() {
    let sandbox = Sandbox::new();
    sandbox.write("script", "daemon sleep 600\nsay $GREETING ${E2E_MARK}!\n");
    let ran = sandbox.sh("GREETING=hello fake-agent script").expect(0);
    assert!(ran.stdout.starts_with("hello "), "{}", ran.stdout);
    let alive = || !sandbox.processes().alive().is_empty();
    assert!(until(Duration::from_secs(10), alive));
    sandbox.processes().kill();
    assert!(!alive());
}

#[test]
fn a_fake_agent_ignores_sigterm_when_told_to() {
    let sandbox = Sandbox::new();
    sandbox.write("script", "ignore TERM\nkill TERM\nsay alive\nkill KILL\n");
    let ran = sandbox.sh("fake-agent script").expect(137);
    assert_eq!(ran.stdout, "alive\n");
}

#[test]
fn instructions_of_other_attempts_are_passed_over() {
    let sandbox = Sandbox::new();
    sandbox.write("script", "attempt 1: exit 7\nattempt 2: say second\n");
    sandbox.sh("ATTEMPT=1 fake-agent script").expect(7);
    let ran = sandbox.sh("ATTEMPT=2 fake-agent script").expect(0);
    assert_eq!(ran.stdout, "second\n");
}

#[test]
fn whoever_keeps_stdout_open_keeps_nobody_waiting() {
    let sandbox = Sandbox::new();
    sandbox.write("script", "hold-pipe\nprint-bytes 100000\n");
    let ran = sandbox.sh("fake-agent script").expect(0);
    assert_eq!(ran.stdout.len(), 100_000);
    sandbox.processes().kill();
}
