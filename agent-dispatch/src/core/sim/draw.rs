//! Plans and limits at random: small enough to be quick, odd enough to find things.

use schemas::{DoneRule, Outcome, RunIf};

use crate::core::{Candidate, Graph, Isolated, Limits, Pace, Spec, Steer};

/// splitmix64: small, good enough, the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Ways to models that the agents share.
const ROUTES: u64 = 3;

/// Branches that work is merged into.
const TARGETS: u64 = 2;

/// Whether a task has worktrees, and what binds it then. Its place in the order of merges is drawn later.
fn isolated(random: &mut Random, candidates: usize) -> Option<Isolated> {
    random.chance(40).then(|| Isolated {
        targets: match random.below(3) {
            0 => vec![0],
            1 => vec![1],
            _ => vec![0, 1],
        },
        group: random.chance(40).then(|| random.below(2) as usize),
        turn: None,
        is_checked: random.chance(80),
        resolves: random.chance(80),
        resolver: (candidates > 1 && random.chance(40)).then(|| candidates - 1),
    })
}

/// A stage after the other, and in it what is depended on first: an order in which tasks can be merged.
fn turns(random: &mut Random, specs: &mut [Spec]) -> Vec<Vec<usize>> {
    if random.chance(70) {
        return Vec::new();
    }
    let mut tasks: Vec<usize> = (0..specs.len()).collect();
    tasks.sort_by_key(|task| (specs[*task].stage, *task));
    let mut turns = vec![Vec::new(); 2];
    for task in tasks {
        if let Some(isolated) = &mut specs[task].isolated {
            let list = random.below(2) as usize;
            isolated.turn = Some((list, turns[list].len()));
            turns[list].push(task);
        }
    }
    turns
}

/// One to three candidates. Without a stall limit an agent that hangs would be right to hang for ever.
fn candidates(random: &mut Random) -> Vec<Candidate> {
    let is_agent = random.chance(80);
    let count = if is_agent { 1 + random.below(3) } else { 1 };
    let draw = |at: u64| Candidate {
        name: format!("a{at}"),
        is_agent,
        route: is_agent.then(|| random.below(ROUTES) as usize),
        done: [DoneRule::Exit, DoneRule::Marker, DoneRule::Both][random.below(3) as usize],
        follows_up: random.chance(60),
        steer: [Steer::File, Steer::Restart, Steer::Live][random.below(3) as usize],
        pace: Pace {
            first_output: random.chance(10).then(|| 500 + random.below(5_000)),
            warn: random.chance(50).then(|| 500 + random.below(5_000)),
            stall: Some(1_000 + random.below(20_000)),
            tool: random.chance(50).then(|| 5_000 + random.below(30_000)),
            timeout: random.chance(50).then(|| 500 + random.below(8_000)),
        },
        usd_per_token: 1e-5,
    };
    (0..count).map(draw).collect()
}

/// Draws a plan and limits: small enough to be quick, odd enough to find things.
pub(super) fn draw(random: &mut Random, seed: u64) -> (Graph, Limits) {
    let count = 1 + random.below(14) as usize;
    let lanes = 1 + random.below(4) as usize;
    let stages = if random.chance(30) {
        1 + random.below(3) as usize
    } else {
        1
    };
    let mut specs: Vec<Spec> = Vec::new();
    for task in 0..count {
        let deps: Vec<usize> = (0..task).filter(|_| random.chance(25)).collect();
        let candidates = candidates(random);
        let floor = deps.iter().map(|dep| specs[*dep].stage).max().unwrap_or(0);
        specs.push(Spec {
            id: format!("t{}", task + 1),
            run_if: match random.below(10) {
                0 => RunIf::Always,
                1 if !deps.is_empty() => RunIf::Failed,
                _ => RunIf::Succeeded,
            },
            lanes: (0..lanes).filter(|_| random.chance(40)).collect(),
            stage: floor.max(random.below(stages as u64) as usize),
            has_gates: random.chance(50),
            isolated: isolated(random, candidates.len()),
            candidates: candidates.into(),
            max_cost_usd: random.chance(10).then(|| random.below(40) as f64 / 10.0),
            max_tokens: random.chance(10).then(|| random.below(40_000)),
            fix_limit: random.below(4) as u32,
            stops_run: random.chance(5),
            prior: match random.below(40) {
                0 => Some(Outcome::Cancelled),
                1..=3 => Some(Outcome::Succeeded),
                _ => None,
            },
            digest: "d".to_owned(),
            deps,
        });
    }
    let boundaries = (1..stages)
        .map(|stage| random.chance(60).then(|| format!("cp{stage}")))
        .collect();
    let mut order: Vec<usize> = (0..count).collect();
    for index in (1..count).rev() {
        order.swap(index, random.below(index as u64 + 1) as usize);
    }
    let limits = Limits {
        jobs: 1 + random.below(5) as usize,
        retries: random.below(3) as u32,
        launch_retries: random.below(2) as u32,
        gate_retries: random.below(3) as u32,
        require_gates: random.chance(15),
        bisect: random.chance(30),
        external_retries: random.below(4) as u32,
        quota_pause: 1 + random.below(30_000),
        quota_patience: 1 + random.below(4) as u32,
        max_cost_usd: random.chance(20).then(|| random.below(200) as f64 / 10.0),
        max_tokens: random.chance(20).then(|| random.below(200_000)),
        grace: random.below(2_000),
        result_grace: random.below(2_000),
        question_grace: random.below(5_000),
        backoff: 1 + random.below(1_000),
        backoff_max: 5_000,
        seed,
        epoch_ms: 0,
    };
    let turns = turns(random, &mut specs);
    (
        Graph {
            targets: TARGETS as usize,
            turns,
            specs,
            order,
            lanes,
            routes: (0..ROUTES).map(|route| format!("r{route}")).collect(),
            boundaries,
        },
        limits,
    )
}
