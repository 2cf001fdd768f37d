//! A run can be killed at any moment and taken up again: nothing is lost, nothing is done twice, nothing is left running.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use e2e::{Running, Sandbox, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::plan::{plan, task};

const DISPATCH: &str = "exec agent-dispatch --quiet --jobs 3 schedule.json";

/// Six tasks with a diamond of dependencies. Each tells a log outside of the run when it begins and when it ends.
fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let log = sandbox.path().join("log");
    sandbox.env(
        "LOG",
        log.to_str().expect("temporary folders have plain names"),
    );
    let command = "echo $TASK_ID begin $ATTEMPT >>$LOG; sleep 0.03; echo made >made; \
                   echo $TASK_ID end $ATTEMPT >>$LOG; echo \"[DONE:$TERMINAL_ID] made $TASK_ID\"";
    let mut tasks = vec![
        task("t1", &[], command),
        task("t2", &["t1"], command),
        task("t3", &["t1"], command),
        task("t4", &["t2", "t3"], command),
        task("t5", &[], command),
        task("t6", &["t4", "t5"], command),
    ];
    for gated in [1, 5] {
        tasks[gated]["gates"] = json!([{"name": "made", "command": "grep -q made made"}]);
    }
    sandbox.write("plan.json", &plan(tasks));
    let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
    sandbox.sh(stages).expect(0);
    sandbox
}

/// What the journal says at a moment at which nobody writes it.
#[derive(Debug, Default)]
struct Story {
    settled: BTreeSet<String>,
    /// Tasks with an attempt that began and did not end, and its number.
    interrupted: BTreeMap<String, u64>,
}

fn story(sandbox: &Sandbox) -> Story {
    let mut story = Story::default();
    for line in sandbox.read(".orchestrate/journal.ndjson").lines() {
        // The last line may be torn.
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let task = record["task"].as_str().unwrap_or_default().to_owned();
        match record["type"].as_str() {
            Some("task-settled") => drop(story.settled.insert(task)),
            Some("attempt-started") => {
                let attempt = record["attempt"].as_u64().unwrap_or(0);
                story.interrupted.insert(task, attempt);
            }
            Some("attempt-finished") => drop(story.interrupted.remove(&task)),
            _ => {}
        }
    }
    story
}

#[test]
fn a_run_goes_on_from_a_compacted_journal() {
    let mut sandbox = Sandbox::new();
    let log = sandbox.path().join("log");
    sandbox.env(
        "LOG",
        log.to_str().expect("temporary folders have plain names"),
    );
    let command = "echo $TASK_ID begin $ATTEMPT >>$LOG; [ $TASK_ID != t2 ] || [ -e ../go ] || exit 1; \
                   echo \"[DONE:$TERMINAL_ID] made $TASK_ID\"";
    let tasks = vec![
        task("t1", &[], command),
        task("t2", &["t1"], command),
        task("t3", &["t2"], command),
    ];
    sandbox.write("plan.json", &plan(tasks));
    let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
    sandbox.sh(stages).expect(0);
    sandbox.sh(DISPATCH).expect(1);
    let before = sandbox
        .sh("state-edit log; state-edit stats")
        .expect(0)
        .stdout;
    let compact = "state-edit --quiet compact && rm .orchestrate/state.json";
    sandbox.sh(compact).expect(0);
    let after = sandbox
        .sh("state-edit log; state-edit stats")
        .expect(0)
        .stdout;
    assert_eq!(after, before);

    sandbox.write("go", "");
    sandbox.sh("state-edit --quiet retry t2").expect(0);
    sandbox.sh(DISPATCH).expect(0);
    let begun = beginnings(&sandbox);
    let once = |id: &str| begun.get(id).copied();
    assert_eq!((once("t1"), once("t3")), (Some(1), Some(1)), "{begun:?}");
    let seqs = sandbox.sh("state-edit verify --format json; state-edit log | jq .seq");
    let seqs = seqs.expect(0).stdout;
    assert!(seqs.contains(r#""problems":[]"#), "{seqs}");
    let seqs: Vec<u64> = seqs.lines().filter_map(|line| line.parse().ok()).collect();
    assert!(
        seqs.len() > 20 && seqs.iter().zip(1..).all(|(seq, n)| *seq == n),
        "{seqs:?}"
    );
}

/// How often each task began.
fn beginnings(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in sandbox.read("log").lines() {
        if let Some((task, _)) = line.split_once(" begin ") {
            *counts.entry(task.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

fn kill(running: Running<'_>) {
    let pid = Pid::from_raw(running.pid() as i32).expect("a process has a pid");
    // It may have come to its end before us.
    let _ = kill_process(pid, Signal::KILL);
    running.wait();
}

/// The final state without what may differ: attempts, times, and where the journal ends.
fn essence(state: &Value) -> Value {
    const VARIES: [&str; 14] = [
        "attempt",
        "retries",
        "launchRetries",
        "lastResult",
        "startedAt",
        "settledAt",
        "updatedAt",
        "lastSeq",
        "journalBytes",
        "seed",
        "mark",
        "logFile",
        "verdictFile",
        "attempts",
    ];
    match state {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !VARIES.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), essence(value)))
            .collect(),
        Value::Array(items) => items.iter().map(essence).collect(),
        other => other.clone(),
    }
}

/// An uninterrupted run: how long it takes, and what it comes to.
fn uninterrupted() -> (Duration, Value) {
    let sandbox = prepared();
    let begin = Instant::now();
    sandbox.sh(DISPATCH).expect(0);
    (
        begin.elapsed(),
        essence(&sandbox.json(".orchestrate/state.json")),
    )
}

/// Numbers without a pattern, the same ones every time.
fn random(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn killed_once(seed: u64, whole: Duration, expected: &Value) {
    let sandbox = prepared();
    let after = Duration::from_micros(random(seed) % (whole.as_micros() as u64 * 11 / 10));
    let running = sandbox.start(DISPATCH);
    std::thread::sleep(after);
    kill(running);

    // Taken up at once while the former attempts may still be alive, or when they have gone by themselves.
    if seed.is_multiple_of(2) {
        sandbox.assert_nothing_left();
    }
    let (before, began) = (story(&sandbox), beginnings(&sandbox));
    let told = format!("seed {seed}, killed after {after:?}: {before:?}, {began:?}");

    let ran = sandbox.sh(DISPATCH);
    assert_eq!(ran.code, 0, "{told}\n{}", ran.stderr);
    let state = sandbox.json(".orchestrate/state.json");
    let began_now = beginnings(&sandbox);
    for task in &before.settled {
        assert_eq!(
            began.get(task),
            began_now.get(task),
            "{task} ran again; {told}"
        );
    }
    for (task, attempt) in &before.interrupted {
        let last = state["tasks"][task]["attempt"].as_u64().unwrap_or(0);
        assert!(last > *attempt, "{task} did not run again; {told}");
    }
    for (task, outcome) in crate::plan::outcomes(&state) {
        assert_eq!(outcome, "succeeded", "{task}; {told}");
    }
    assert_eq!(&essence(&state), expected, "{told}");
}

#[test]
fn a_run_survives_a_kill_at_any_of_fifty_moments() {
    let (whole, expected) = uninterrupted();
    // Two at a time: enough to keep two cores busy, not so many that the moments lose their meaning.
    std::thread::scope(|scope| {
        for half in 0..2 {
            let expected = &expected;
            scope.spawn(move || {
                for seed in (half..50).step_by(2) {
                    // Which half is even or odd must not decide who waits.
                    killed_once(seed / 2 + 25 * half, whole, expected);
                }
            });
        }
    });
}

#[test]
fn a_run_that_is_killed_again_and_again_still_comes_to_its_end() {
    let (whole, expected) = uninterrupted();
    let sandbox = prepared();
    let mut settled = BTreeSet::new();
    for seed in 100..115 {
        let running = sandbox.start(DISPATCH);
        std::thread::sleep(whole.mul_f64((random(seed) % 60) as f64 / 100.0));
        kill(running);
        let now = story(&sandbox).settled;
        assert!(
            settled.is_subset(&now),
            "seed {seed}: {settled:?} became {now:?}"
        );
        settled = now;
    }
    sandbox.sh(DISPATCH).expect(0);
    let state = sandbox.json(".orchestrate/state.json");
    assert_eq!(essence(&state), expected);
}

#[test]
fn nothing_outlives_a_killed_dispatcher_even_when_nobody_resumes() {
    let sandbox = Sandbox::new();
    let command = "(setsid sleep 600 >/dev/null 2>&1 &) ; echo $$ >../running; sleep 600";
    sandbox.write("plan.json", &plan([task("t1", &[], command)]));
    let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
    sandbox.sh(stages).expect(0);
    let running = sandbox.start(DISPATCH);
    sandbox.wait_for("running");
    kill(running);
    sandbox.assert_nothing_left();
}

#[test]
fn a_second_dispatcher_is_refused_while_the_first_lives() {
    let sandbox = Sandbox::new();
    let command = "touch ../running; until test -e ../go; do sleep 0.01; done";
    sandbox.write("plan.json", &plan([task("t1", &[], command)]));
    let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
    sandbox.sh(stages).expect(0);
    let first = sandbox.start(DISPATCH);
    sandbox.wait_for("running");
    let pid = first.pid().to_string();
    let second = sandbox.sh(DISPATCH).expect(1).says(&pid);
    assert_eq!(second.stdout, "");
    sandbox.write("go", "");
    first.wait().expect(0);
}

#[test]
fn an_interrupt_lets_go_gently_and_the_run_can_be_resumed() {
    let sandbox = Sandbox::new();
    let command = "touch ../running; until test -e ../go; do sleep 0.01; done";
    sandbox.write("plan.json", &plan([task("t1", &[], command)]));
    let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
    sandbox.sh(stages).expect(0);
    let mut running = sandbox.start(DISPATCH);
    sandbox.wait_for("running");
    let pid = Pid::from_raw(running.pid() as i32).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert!(until(Duration::from_secs(60), || running.has_ended()));
    running.wait().expect(130);
    sandbox.assert_nothing_left();
    assert_eq!(
        sandbox.json(".orchestrate/state.json")["tasks"]["t1"]["outcome"],
        Value::Null
    );

    sandbox.write("go", "");
    sandbox.sh(DISPATCH).expect(0);
}
