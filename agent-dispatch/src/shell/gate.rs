//! The gates of a task's work: gate-run (or what stands in for it), and its verdict.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use schemas::{FailureClass, FindingCounts, Profile, Verdict, VerdictWord};

use super::agent::Process;
use super::contain::{self, Containment};
use super::log::{Log, Tap};
use super::mask::Mask;
use super::output;
use super::run_dir::{RunDir, Stage};
use crate::core::GateAnswer;

/// After the end of the gate program, how long its stderr may still be open.
const LOG_END: Duration = Duration::from_millis(500);

/// Largest verdict that is read, in bytes.
const MAX_VERDICT: u64 = 16 << 20;

/// What to check, and by whom.
pub(super) struct Check<'a> {
    pub(super) task: &'a str,
    pub(super) attempt: u32,
    pub(super) stage: Stage,
    pub(super) terminal: String,
    pub(super) program: PathBuf,
    pub(super) workspace: &'a Path,
    /// What tells them of the tokens that they may take.
    pub(super) makeflags: Option<String>,
    /// The commit that the work began from, where that is known.
    pub(super) base: Option<String>,
    /// Raw gates, as they stand in the plan.
    pub(super) gates: Vec<&'a str>,
    /// The plan's agents, for those that review.
    pub(super) agents: &'a BTreeMap<String, Profile>,
    /// What checks print is seen by as many as what agents print.
    pub(super) mask: Mask,
}

/// A running gate program.
#[derive(Debug)]
pub(super) struct GateChild {
    process: Process,
}

impl GateChild {
    /// Asks it to end; it ends its checks first.
    pub(super) fn terminate(&self) {
        self.process.terminate();
    }

    pub(super) fn kill(&self) {
        self.process.kill();
    }
}

/// Starts the gate program. The verdict comes as an event.
pub(super) fn start(
    check: &Check<'_>,
    dir: &RunDir,
    containment: &Arc<Containment>,
    then: impl FnOnce(GateAnswer) + Send + 'static,
) -> anyhow::Result<GateChild> {
    let (number, stage) = (check.attempt, check.stage);
    let (document, verdict_file) = (
        RunDir::gates(check.task, number, stage),
        RunDir::verdict(check.task, number, stage),
    );
    let gates = gates_document(stage, &check.gates, check.agents)?;
    dir.create(&document, gates.as_bytes())?;
    let stdin = File::open(dir.whole(&document)).context("cannot open the gates")?;
    let verdict = dir.create(&verdict_file, b"")?;
    let tap = Tap {
        mask: check.mask.clone(),
        log: Log::new(dir.whole(&RunDir::gate_log(check.task, number, stage))),
    };
    let (errors, pipe) = std::io::pipe().context("cannot make a pipe")?;
    let mark = containment.mark(&check.terminal);
    let expression = duct::cmd(
        &check.program,
        ["--cwd".as_ref(), check.workspace.as_os_str()],
    )
    .dir(check.workspace)
    .stdin_file(stdin)
    .stdout_file(verdict)
    .stderr_file(pipe)
    .env(contain::MARK, mark)
    .env("TASK_ID", check.task)
    .env("ATTEMPT", number.to_string());
    let expression = crate::worktrees::git::LOCAL
        .iter()
        .fold(expression, |expression, name| expression.env_remove(name));
    let expression = match &check.base {
        Some(base) => expression.env("GATE_BASE", base),
        None => expression,
    };
    let expression = match &check.makeflags {
        Some(flags) => expression.env("MAKEFLAGS", flags),
        None => expression,
    };
    let expression = expression.unchecked().before_spawn(|command| {
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(())
    });
    let mut leaders = contain::leaders();
    let handle = expression
        .start()
        .with_context(|| format!("cannot start {}", check.program.display()))?;
    drop(expression);
    let pid = handle.pids().first().copied().unwrap_or_default();
    leaders.insert(pid);
    drop(leaders);

    let containment = Arc::clone(containment);
    let (terminal, path, mask) = (
        check.terminal.clone(),
        dir.whole(&verdict_file),
        check.mask.clone(),
    );
    let reaped = Arc::new(AtomicBool::new(false));
    let process = Process {
        pid,
        reaped: Arc::clone(&reaped),
    };
    let (told, all_told) = sync_channel(1);
    thread::spawn(move || output::drain(errors, tap, &told));
    thread::spawn(move || {
        let status = handle.wait().map(|output| output.status);
        reaped.store(true, Ordering::Release);
        contain::leaders().remove(&pid);
        containment.sweep(pid, &terminal);
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        // Its log is complete, unless somebody who got away holds the pipe.
        let _ = all_told.recv_timeout(LOG_END);
        then(read_verdict(&path, verdict_file, &how, &mask));
    });
    Ok(GateChild { process })
}

/// The gates, with the profiles of the agents that review for them.
fn gates_document(
    stage: Stage,
    gates: &[&str],
    agents: &BTreeMap<String, Profile>,
) -> anyhow::Result<String> {
    let reviewer = |gate: &&str| {
        let gate: serde_json::Value = serde_json::from_str(gate).ok()?;
        gate["review"]["agent"].as_str().map(str::to_owned)
    };
    let named: BTreeSet<String> = match agents.is_empty() {
        true => BTreeSet::new(),
        false => gates.iter().filter_map(reviewer).collect(),
    };
    let agents: BTreeMap<&String, &Profile> = agents
        .iter()
        .filter(|(name, _)| named.contains(*name))
        .collect();
    let agents = match agents.is_empty() {
        true => String::new(),
        false => format!(",\"agents\":{}", serde_json::to_string(&agents)?),
    };
    Ok(format!(
        "{{\"kind\":\"gates\",\"version\":1,\"gates\":{{\"{}\":[{}]}}{agents}}}\n",
        stage.name(),
        gates.join(",")
    ))
}

/// An answer that no gate program has given.
pub(super) fn answer(verdict: VerdictWord, reason: Option<String>) -> GateAnswer {
    GateAnswer {
        verdict,
        reason,
        class: None,
        fingerprint: None,
        findings: FindingCounts::default(),
        verdict_file: None,
    }
}

/// The verdict is what counts; an exit code without one says nothing about the work.
fn read_verdict(path: &Path, file: String, how: &str, mask: &Mask) -> GateAnswer {
    let text = masked(path, mask).unwrap_or_default();
    let verdict: Option<Verdict> = serde_json::from_slice(&text).ok();
    match verdict.filter(|verdict| verdict.kind == "verdict") {
        Some(verdict) => GateAnswer {
            reason: reason(&verdict),
            class: class(&verdict),
            fingerprint: fingerprint(&verdict),
            verdict: verdict.verdict,
            findings: verdict.findings,
            verdict_file: Some(file),
        },
        None => {
            let reason = format!("the gate program gave no verdict ({how})");
            answer(VerdictWord::Infrastructure, Some(reason))
        }
    }
}

/// The verdict without secrets; its file, too, since prompts and people read it again.
fn masked(path: &Path, mask: &Mask) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_VERDICT).read_to_end(&mut text)?;
    if let Cow::Owned(shown) = mask.text(&text) {
        std::fs::write(path, &shown)?;
        return Ok(shown);
    }
    Ok(text)
}

/// Required checks that did not pass.
fn bad(verdict: &Verdict) -> impl Iterator<Item = &schemas::Check> {
    use schemas::CheckStatus::{Failed, Infrastructure, Manual, TimedOut};
    let checks = verdict.checks.iter();
    checks.filter(|check| {
        check.required && matches!(check.status, Failed | Infrastructure | Manual | TimedOut)
    })
}

/// Whether tests or a build did not pass, as far as the names of checks tell.
fn class(verdict: &Verdict) -> Option<FailureClass> {
    const BUILDS: [&str; 5] = ["build", "compile", "typecheck", "type-check", "tsc"];
    bad(verdict).find_map(|check| {
        let name = check.name.to_lowercase();
        if check.kind == "tests" || name.contains("test") {
            return Some(FailureClass::Test);
        }
        let builds = BUILDS.iter().any(|word| name.contains(word));
        builds.then_some(FailureClass::Build)
    })
}

/// Of what was found, without what differs from run to run: numbers, as in lines, times and addresses.
fn fingerprint(verdict: &Verdict) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for check in bad(verdict) {
        parts.push(check.name.clone());
        parts.extend(check.reason.clone());
        parts.extend(check.findings.iter().map(|finding| {
            format!(
                "{} {}",
                finding.file.as_deref().unwrap_or_default(),
                finding.message
            )
        }));
        if check.findings.is_empty() {
            parts.extend(check.output_tail.clone());
        }
    }
    for part in &mut parts {
        part.retain(|c| !c.is_ascii_digit());
    }
    (!parts.is_empty()).then(|| schemas::digest(parts.iter().map(String::as_bytes)))
}

/// The first check that did not pass, in one line.
fn reason(verdict: &Verdict) -> Option<String> {
    let check = bad(verdict).next()?;
    let why = check.reason.as_deref().or(check
        .findings
        .first()
        .map(|finding| finding.message.as_str()));
    Some(why.map_or_else(
        || check.name.clone(),
        |why| format!("{}: {why}", check.name),
    ))
}
