//! What GNU parallel's authors ask of programs that run others (`man parallel_alternatives`), by their names: MIX,
//! STDERRMERGE, RAM, DISKFULL, CLEANUP, SPCCHAR, COMPOSED, ONEREP, NUMWORDS, INPUTSIZE, and what its exit codes and order say.

mod words;

use e2e::{Ran, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::agents::peak_memory;
use crate::disk::Tmpfs;
use crate::plan::{of_type, plan, succeeded, task};

/// A sandbox with these tasks as a schedule.
fn with(tasks: impl IntoIterator<Item = Value>) -> Sandbox {
    let sandbox = Sandbox::new();
    let plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    let schedule = json!({"kind": "schedule", "version": 1, "plan": plan});
    sandbox.write("schedule.json", &schedule.to_string());
    sandbox
}

/// Runs them all, eight at once.
fn run(sandbox: &Sandbox, flags: &str) -> Ran {
    sandbox.sh(&format!(
        "agent-dispatch --quiet --jobs 8 --retries 0 schedule.json {flags}"
    ))
}

fn log(sandbox: &Sandbox, task: &str) -> String {
    sandbox.read(&format!(".orchestrate/logs/{task}/1.log"))
}

#[test]
fn mix_half_a_line_of_one_task_never_meets_half_a_line_of_another() {
    // Every round, each has printed half a line before any of them prints the other half.
    let command = "for round in 1 2 3; do\n\
                   printf %s \"half of $TASK_ID in $round\"; touch \"../$TASK_ID.$round\"\n\
                   for other in t1 t2 t3 t4; do until test -e ../$other.$round; do sleep 0.01; done; done\n\
                   echo \" and the rest of $TASK_ID\"\ndone";
    let ids = ["t1", "t2", "t3", "t4"];
    let sandbox = with(ids.map(|id| task(id, &[], command)));
    run(&sandbox, "").expect(0);
    for id in ids {
        let line = |round| format!("half of {id} in {round} and the rest of {id}\n");
        let expected: String = (1..=3).map(line).collect();
        assert_eq!(log(&sandbox, id), expected);
    }
}

#[test]
fn stderrmerge_both_streams_of_a_command_are_in_its_log_in_the_order_of_writing() {
    let command = "for n in 1 2 3 4 5 6 7 8; do echo out $n; echo err $n >&2; done";
    let sandbox = with([task("t1", &[], command)]);
    run(&sandbox, "").expect(0);
    let expected: String = (1..=8).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(log(&sandbox, "t1"), expected);
}

#[test]
fn stderrmerge_a_warning_in_the_middle_of_an_event_does_not_break_the_event() {
    let sandbox = with([task("t1", &[], "true")]);
    sandbox.write(
        "agent.sh",
        "printf %s '{\"type\":\"system\",\"subtype\":\"init\",'\n\
         echo 'a warning' >&2\n\
         echo '\"session_id\":\"s1\"}'\n\
         echo '{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"[DONE:'$TERMINAL_ID'] whole\"}'\n",
    );
    let agents = json!({"agents": {"talker": {"argv": ["sh", sandbox.path().join("agent.sh")], "dialect": "claude"}}});
    sandbox.write("agents.json", &agents.to_string());
    let ran = run(&sandbox, "--agents agents.json --agent talker").expect(0);
    let records = ran.records();
    let session = of_type(&records, "attempt-session").next().unwrap();
    assert_eq!(session["session"], "s1");
    assert!(log(&sandbox, "t1").contains("a warning"));
}

#[test]
fn ram_what_tasks_print_does_not_stay_in_memory() {
    let command = "yes 'a line of what many programs print when they are asked to say more' | head -c 100000000";
    let mut tasks: Vec<Value> = (1..=8)
        .map(|n| task(&format!("t{n}"), &[], command))
        .collect();
    let all: Vec<String> = (1..=8).map(|n| format!("t{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let wait = "touch ../printed; until test -e ../go; do sleep 0.01; done";
    tasks.push(task("last", &all, wait));
    let sandbox = with(tasks);
    let running = sandbox.start("exec agent-dispatch --quiet --jobs 4 schedule.json");
    sandbox.wait_for("printed");
    let peak = peak_memory(running.pid());
    sandbox.write("go", "");
    running.wait().expect(0);
    if let Some(kilobytes) = peak {
        assert!(kilobytes < 64 << 10, "{kilobytes} kB for 800 MB");
    }
}

#[test]
fn diskfull_a_log_without_room_is_told_and_the_run_goes_on() {
    let tasks = [task("t1", &[], "seq 100000"), task("t2", &["t1"], "true")];
    let sandbox = with(tasks);
    let Some(_tmpfs) = Tmpfs::mount(&sandbox, "64k", "a log on a full disk") else {
        return;
    };
    sandbox
        .sh("mkdir .orchestrate && ln -s ../small .orchestrate/logs")
        .expect(0);
    let ran = run(&sandbox, "").expect(0);
    let records = ran.records();
    let notes: Vec<_> = of_type(&records, "note").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["task"], "t1");
    let text = notes[0]["text"].as_str().unwrap();
    assert!(
        text.contains("not complete") && text.contains("No space left"),
        "{text}"
    );
}

/// What there is in the run directory, beside what is kept of each task.
fn left_in_run_directory(sandbox: &Sandbox) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path().join(".orchestrate")).expect("there is a run");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Two tasks wait for ever; the dispatcher gets the signal; then it runs again, and they need not wait.
fn cleanup_after(signal: Signal, code: i32) {
    let command = "echo x >\"$TMPDIR/../$TASK_ID.runs\"; until test -e ../go; do sleep 0.01; done";
    let mut sandbox = with(["t1", "t2"].map(|id| task(id, &[], command)));
    let temporary = sandbox.path().join("tmp");
    std::fs::create_dir(&temporary).expect("folders can be made");
    sandbox.env("TMPDIR", temporary.to_str().expect("a plain name"));
    let running = sandbox.start("exec agent-dispatch --quiet --jobs 2 schedule.json");
    sandbox.wait_for("t1.runs");
    sandbox.wait_for("t2.runs");
    let pid = Pid::from_raw(running.pid() as i32).expect("a process has a number");
    kill_process(pid, signal).expect("it is ours");
    assert_eq!(running.wait().code, code);
    sandbox.assert_nothing_left();
    let temporary = || std::fs::read_dir(&temporary).expect("it is there").count();
    assert_eq!(temporary(), 0);
    sandbox.write("go", "");
    sandbox.sh("agent-dispatch --quiet schedule.json").expect(0);
    assert_eq!(temporary(), 0);
    let expected = [
        ".gitignore",
        "dispatch.lock",
        "journal.ndjson",
        "logs",
        "prompts",
        "state.json",
        "state.lock",
    ];
    // Silent commands have no log.
    let found = left_in_run_directory(&sandbox);
    assert!(
        found.iter().all(|name| expected.contains(&name.as_str())),
        "{found:?}"
    );
}

#[test]
fn cleanup_kill_9_leaves_neither_processes_nor_temporary_files() {
    cleanup_after(Signal::KILL, 137);
}

#[test]
fn cleanup_ctrl_c_leaves_neither_processes_nor_temporary_files() {
    cleanup_after(Signal::INT, 130);
}

#[test]
fn onerep_one_task_runs_once() {
    let sandbox = with([task("t1", &[], "echo ran >>../ran")]);
    run(&sandbox, "").expect(0);
    assert_eq!(sandbox.read("ran"), "ran\n");
}

#[test]
fn numwords_every_one_of_very_many_tasks_runs_once() {
    const MANY: usize = 1500;
    let tasks = (0..MANY).map(|n| {
        let mut one = task(&format!("t{n}"), &[], "true");
        one["command"] = json!(["sh", "-c", "echo $TASK_ID >>ran"]);
        // In one folder, and still side by side: appending a line is one write.
        one["project"] = Value::Null;
        one
    });
    let sandbox = with(tasks);
    let ran = run(&sandbox, "").expect(0);
    let ran_tasks = sandbox.read("ran");
    let mut ids: Vec<&str> = ran_tasks.lines().collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), ran_tasks.lines().count()), (MANY, MANY));
    assert_eq!(succeeded(&ran.records()).len(), MANY);
}

#[test]
fn order_one_slot_takes_tasks_in_the_order_of_the_schedule() {
    let tasks = (1..=12).map(|n| task(&format!("t{n}"), &[], "echo $TASK_ID >>../order"));
    let sandbox = with(tasks);
    let schedule = "jq -c '.order = ([.plan.tasks[].id] | reverse)' schedule.json";
    sandbox
        .sh(&format!("{schedule} | agent-dispatch --quiet --jobs 1"))
        .expect(0);
    let expected: String = (1..=12).rev().map(|n| format!("t{n}\n")).collect();
    assert_eq!(sandbox.read("order"), expected);
}

#[test]
fn order_records_are_numbered_without_a_gap_whatever_ends_first() {
    let tasks = (1..=16).map(|n| {
        task(
            &format!("t{n}"),
            &[],
            "echo \"[PROGRESS:$TERMINAL_ID] 1% - x\"",
        )
    });
    let sandbox = with(tasks);
    let ran = run(&sandbox, "").expect(0);
    let records = ran.records();
    let numbers: Vec<u64> = records
        .iter()
        .filter_map(|record| record["seq"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=records.len() as u64).collect::<Vec<_>>());
    let place = |kind: &str, id: &str| {
        let is = |record: &&Value| record["type"] == kind && record["task"] == id;
        records.iter().position(|record| is(&record))
    };
    for n in 1..=16 {
        let id = format!("t{n}");
        let story = [
            "task-ready",
            "attempt-started",
            "progress",
            "attempt-finished",
            "task-settled",
        ];
        let places = story.map(|kind| place(kind, &id));
        assert!(
            places.is_sorted() && places[0].is_some(),
            "{id}: {places:?}"
        );
    }
}
