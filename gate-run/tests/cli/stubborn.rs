//! A check that even SIGKILL does not end: it is left behind, said so, and does not hold the gate.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::{Ran, Sandbox, text};

/// A program that becomes root for good, out of reach for whoever started it; there is none on machines where nobody may
/// make one.
fn stubborn(sandbox: &Sandbox) -> Option<()> {
    if !rustix::process::geteuid().is_root() || which::which("setpriv").is_err() {
        return None;
    }
    // Not the one of PATH: that may belong to somebody's home.
    let python = std::fs::canonicalize("/usr/bin/python3").ok()?;
    let program = sandbox.path().join("stubborn");
    std::fs::copy(python, &program).ok()?;
    let open = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&program, open(0o4755)).ok()?;
    std::fs::set_permissions(sandbox.path(), open(0o777)).ok()?;
    let mut became = as_nobody(
        sandbox,
        &["./stubborn", "-c", "import os; os.setresuid(0, 0, 0)"],
    );
    became
        .status()
        .is_ok_and(|status| status.success())
        .then_some(())
}

fn as_nobody(sandbox: &Sandbox, argv: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .args(argv)
        .current_dir(sandbox.path());
    command
}

#[test]
fn what_cannot_be_killed_does_not_hold_the_gate() {
    let sandbox = Sandbox::new();
    if stubborn(&sandbox).is_none() {
        eprintln!("skipped: nobody can make a process here that its parent may not kill");
        return;
    }
    let script = "import os, time; os.setresuid(0, 0, 0); open('pid', 'w').write(str(os.getpid())); time.sleep(600)";
    let gate_run = env!("CARGO_BIN_EXE_gate-run");
    let limits = ["--timeout", "2s", "--grace", "100ms"];
    let argv = [
        &[gate_run, "--quiet"],
        &limits[..],
        &["--", "./stubborn", "-c", script],
    ]
    .concat();
    let output = as_nobody(&sandbox, &argv).output();
    let pid = std::fs::read_to_string(sandbox.path().join("pid")).expect("it had begun");
    let pid = pid
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .expect("a number");
    let lived = rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok();
    let ran = Ran::of(output.expect("the program runs"));
    assert_eq!(ran.outcome(), "1 failed: timed-out");
    assert!(lived, "it could be killed after all");
    let reason = text(&ran.check(0), "reason").to_owned();
    assert!(
        reason.contains("took longer than 2.0s") && reason.contains("is still there"),
        "{reason}"
    );
}
