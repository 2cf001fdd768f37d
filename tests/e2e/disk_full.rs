//! A disk that fills up in the middle of a run: code 4, nothing that was done is lost, and the rest is done later.

use crate::disk::{RUN, Tmpfs, prepared};
use crate::plan::outcomes;

#[test]
fn a_disk_that_fills_up_ends_the_run_with_code_4_and_the_rest_can_be_done_later() {
    let test = "a full disk";
    let sandbox = prepared();
    let Some(_tmpfs) = Tmpfs::mount(&sandbox, "1m", test) else {
        return;
    };
    // As much as the run needs for its first few tasks and no more.
    sandbox.sh("head -c 800K /dev/zero >small/filler").expect(0);
    let ran = sandbox.sh(RUN).expect(4).says("No space left on device");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    sandbox.assert_nothing_left();

    let journal = sandbox.read("small/run/journal.ndjson");
    let done: Vec<String> = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|record| record["type"] == "task-settled" && record["outcome"] == "succeeded")
        .filter_map(|record| Some(record["task"].as_str()?.to_owned()))
        .collect();
    assert!(done.len() < 8, "the disk never was full");

    sandbox.sh("rm small/filler").expect(0);
    sandbox.sh(RUN).expect(0);
    let log = sandbox.read("log");
    for task in &done {
        let times = log.lines().filter(|line| line == task).count();
        assert_eq!(times, 1, "{task} was done and ran again");
    }
    let state = sandbox.json("small/run/state.json");
    assert!(
        outcomes(&state)
            .values()
            .all(|outcome| outcome == "succeeded")
    );
}
