//! Random plans on random histories, dispatched by one who is killed again and again: whatever happens, the target is at a
//! merge that has passed, and nothing is lost. `scripts/torture-worktrees` runs as many cases as are asked for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::worktrees_ground::Ground;

/// Cases that are run where nobody says how many.
const CASES: u64 = 2;

/// Numbers without a pattern, the same ones every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % limit.max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// What a case is made of.
struct Case {
    ground: Ground,
    tasks: Vec<String>,
    target: &'static str,
    has_gate: bool,
    /// The commit that the target begins from.
    base: String,
    told: String,
}

/// What happened, over all cases.
#[derive(Default)]
struct Figures {
    kills: AtomicU64,
    merges: AtomicU64,
    kept: AtomicU64,
    conflicts: AtomicU64,
    unverified: AtomicU64,
    tips: AtomicU64,
}

/// Lines of bash that change, commit, and leave; a second attempt may find all of it done.
fn lines(random: &mut Random, id: &str) -> String {
    let resolve = random.of(&["--ours", "--theirs"]);
    let mut lines = format!(
        "committed() {{ commit \"$1\"; git rev-parse HEAD >>\"$HOME/commits\"; }}\n\
         if git rev-parse -q --verify MERGE_HEAD >/dev/null; then git checkout -q {resolve} . || true; committed 'resolves {id}'; exit 0; fi\n\
         echo {id} >own-{id}\n"
    );
    for step in 0..1 + random.below(5) {
        let file = random.below(5);
        let line = match random.below(12) {
            0..=3 => format!(
                "test ! -f f{file} || sed -i '{}s/.*/{id}/' f{file}",
                1 + random.below(6)
            ),
            4 => format!("git mv -k f{file} moved-{file}"),
            5 => format!("rm -f f{file}"),
            6 => format!("echo {id} >>new-{file}"),
            7 => "sleep 0.0$((RANDOM % 9))".to_owned(),
            8 => format!("git switch -q --detach; committed 'detached {id}-{step}'"),
            9 => format!("chmod +x f{file} 2>/dev/null || true"),
            _ => format!("committed '{id}-{step}'"),
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    if random.one_in(8) {
        lines.push_str("test $ATTEMPT -gt 1 || exit 1\n");
    }
    if random.one_in(3) {
        let _ = writeln!(lines, "committed 'last of {id}'");
    }
    if random.one_in(10) {
        let _ = writeln!(lines, "echo bad >bad-{id}");
    }
    lines
}

fn case(seed: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0x1405_7B7E_F767_814F);
    let mut ground = Ground::new();
    let mut history = "for f in 0 1 2 3 4; do seq 6 >f$f; done; commit files".to_owned();
    for step in 0..random.below(5) {
        let _ = write!(
            history,
            "; sed -i '{}s/$/x/' f{}; commit 'history {step}'",
            1 + random.below(6),
            random.below(5)
        );
    }
    ground.sh(&history);
    let target = random.of(&["orchestrate/p", "orchestrate/p", "named", "main"]);
    let strategy = random.of(&["merge", "merge", "cherry-pick", "squash", "rebase"]);
    let mut flags = format!(
        "--merge-strategy {strategy} --merge-order {} --fix-limit {} --retries {} --jobs {} --grace 200ms",
        random.of(&["completion", "plan"]),
        random.below(2),
        random.below(2),
        2 + random.below(5),
    );
    match target {
        "named" => {
            flags.push_str(" --target named");
            ground.sh("git branch named HEAD~1");
        }
        "main" => flags.push_str(" --target current"),
        _ => {}
    }
    if random.one_in(3) {
        flags.push_str(" --bisect");
    }
    let tasks: Vec<String> = (1..=2 + random.below(11))
        .map(|n| format!("t{n}"))
        .collect();
    for (at, id) in tasks.iter().enumerate() {
        let lines = lines(&mut random, id);
        let deps: Vec<&str> = tasks[..at]
            .iter()
            .filter(|_| random.one_in(5))
            .map(String::as_str)
            .collect();
        ground = ground.task(id, &deps, &lines);
    }
    let has_gate = !random.one_in(3);
    if has_gate {
        let gate = "! ls | grep -q ^bad- || exit 1; test -z \"$(git status --porcelain)\" || exit 1; git rev-parse HEAD^{tree} >>\"$HOME/verified\"";
        ground = ground.before_merge(gate);
    }
    let base = ground.tip(if target == "named" { "named" } else { "main" });
    Case {
        told: format!(
            "seed {seed}: {} tasks, target {target}, {flags}",
            tasks.len()
        ),
        ground: ground.flags(&flags),
        tasks,
        target,
        has_gate,
        base,
    }
}

/// Every commit that the target is seen at.
fn watch(case: &Case, is_over: &AtomicBool) -> BTreeSet<String> {
    let folder = case.ground.sandbox.path().join("my repo/.git/refs/heads");
    let mut seen = BTreeSet::new();
    while !is_over.load(Ordering::Acquire) {
        let text = std::fs::read_to_string(folder.join(case.target)).unwrap_or_default();
        let id = text.trim();
        if id.len() == case.base.len() {
            seen.insert(id.to_owned());
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    seen
}

fn play(seed: u64, figures: &Figures) {
    let case = case(seed);
    let _keep = Keep(&case.ground, seed);
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&case, &is_over));
        let ended = catch_unwind(AssertUnwindSafe(|| drive(&case, seed, figures)));
        is_over.store(true, Ordering::Release);
        let seen = watching.join().expect("watching does not fail");
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
        seen
    });
    check(&case, &seen, figures);
}

/// Kills the dispatcher some times, and lets it come to its end.
fn drive(case: &Case, seed: u64, figures: &Figures) {
    let mut random = Random(seed ^ 0xD1B5_4A32_D192_ED03);
    for _ in 0..random.below(5) {
        let mut running = case.ground.start();
        let after = Duration::from_millis(random.below(150 + 250 * case.tasks.len() as u64));
        let end = Instant::now() + after;
        while Instant::now() < end && !running.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = Pid::from_raw(running.pid() as i32).expect("a process has a pid");
        match random.below(4) {
            // It may have come to its end before us.
            0 => drop(kill_process(pid, Signal::INT)),
            // All at once, as when the machine goes down.
            1 => case.ground.sandbox.processes().kill(),
            _ => drop(kill_process(pid, Signal::KILL)),
        }
        figures.kills.fetch_add(1, Ordering::Relaxed);
        running.wait();
    }
    let ran = case.ground.run();
    let told = &case.told;
    assert!(
        ran.code < 2,
        "{told}: exit code {}\n{}\n{}",
        ran.code,
        ran.stdout,
        ran.stderr
    );
}

fn check(case: &Case, seen: &BTreeSet<String>, figures: &Figures) {
    let (ground, told, target) = (&case.ground, &case.told, case.target);
    let lines = |text: String| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    // The target was at a prefix of what it is now, and each of these has passed.
    let chain = lines(ground.sh(&format!("git rev-list --first-parent {target}")));
    let all = lines(ground.sh(&format!("git rev-list {target}")));
    let verified = lines(ground.sandbox.read("verified"));
    figures.tips.fetch_add(seen.len() as u64, Ordering::Relaxed);
    for tip in seen {
        // A target without commits of others is fast-forwarded by a rebase, also to what is no first parent later.
        assert!(
            chain.contains(tip) || all.contains(tip),
            "{told}: the target was at {tip}, which is lost"
        );
        let tree = ground.sh(&format!("git rev-parse {tip}^{{tree}}"));
        let passed =
            !case.has_gate || *tip == case.base || verified.contains(&tree) || target == "main";
        assert!(
            passed,
            "{told}: the target was at {tip}, which has not passed"
        );
    }
    let kept = check_outcomes(case, figures);
    let reachable = lines(ground.sh("git rev-list --all"));
    for commit in lines(ground.sandbox.read("commits")) {
        assert!(reachable.contains(&commit), "{told}: {commit} is lost");
    }
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    ground.assert_tidy_but_for(&kept);
}

/// Work of tasks that succeeded is in the target, that of others is not. Answers the tasks whose worktrees are kept.
fn check_outcomes(case: &Case, figures: &Figures) -> Vec<String> {
    let (ground, told) = (&case.ground, &case.told);
    let files = ground.sh(&format!("git ls-tree -r --name-only {}", case.target));
    let files: BTreeSet<&str> = files.lines().collect();
    let mut kept = Vec::new();
    for task in &case.tasks {
        let outcome = ground.outcome(task);
        let is_in = files.contains(format!("own-{task}").as_str());
        match outcome.as_str() {
            "succeeded" => assert!(is_in, "{told}: {task} succeeded and is not in the target"),
            "failed" | "excluded" | "skipped" => {
                assert!(!is_in, "{told}: {task} is {outcome} and in the target");
                kept.push(task.clone());
            }
            other => panic!("{told}: {task} is {other:?}"),
        }
    }
    if case.has_gate {
        let bad = files.iter().find(|name| name.starts_with("bad-"));
        assert_eq!(
            bad, None,
            "{told}: what no gate has passed is in the target"
        );
    }
    let journal = ground.journal();
    let count = |kind: &str| {
        journal
            .iter()
            .filter(|record| record["type"] == kind)
            .count() as u64
    };
    figures
        .merges
        .fetch_add(count("merge-finished"), Ordering::Relaxed);
    figures
        .conflicts
        .fetch_add(count("merge-conflict"), Ordering::Relaxed);
    figures
        .unverified
        .fetch_add(count("merge-reverted"), Ordering::Relaxed);
    figures.kept.fetch_add(kept.len() as u64, Ordering::Relaxed);
    kept
}

/// The folder of a case that went wrong is kept where `TORTURE_KEEP` says.
struct Keep<'a>(&'a Ground, u64);

impl Drop for Keep<'_> {
    fn drop(&mut self) {
        if let Some(folder) = std::env::var_os("TORTURE_KEEP").filter(|_| std::thread::panicking())
        {
            let to = Path::new(&folder).join(format!("case-{}", self.1));
            let copied = std::process::Command::new("cp")
                .arg("-a")
                .arg(self.0.sandbox.path())
                .arg(to)
                .status();
            drop(copied);
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_target_is_at_a_verified_merge_and_nothing_is_lost_whoever_is_killed() {
    let cases = setting("TORTURE_CASES").unwrap_or(CASES);
    let first = setting("TORTURE_SEED").unwrap_or(1);
    let workers = setting("TORTURE_WORKERS").unwrap_or(2);
    let (next, failed, figures) = (AtomicU64::new(first), AtomicU64::new(0), Figures::default());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases {
                        return;
                    }
                    if catch_unwind(AssertUnwindSafe(|| play(seed, &figures))).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let told = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
    println!(
        "{cases} cases from seed {first}: {} kills, {} merges, {} conflicts, {} refused by gates, {} kept, {} tips seen, {} cases failed",
        told(&figures.kills),
        told(&figures.merges),
        told(&figures.conflicts),
        told(&figures.unverified),
        told(&figures.kept),
        told(&figures.tips),
        told(&failed),
    );
    assert_eq!(told(&failed), 0, "cases failed; each is told above");
}
