//! A seeded world that drives the core through whole runs: agents that succeed, fail, hang, ask, ignore SIGTERM;
//! gates that pass, fail, break; people who answer, approve, cancel, interrupt; and crashes at any moment.
//!
//! `SEEDS=200000 cargo test -p agent-dispatch sim` for a long night, `SEED=42 SEEDS=1` to see one again.

mod agents;
mod check;
mod draw;
mod merges;
mod people;
mod world;

use world::World;

/// Runs `seeds` whole runs; panics at the first that breaks a promise, with the seed.
fn run(first: u64, seeds: u64) -> (u64, u64) {
    let mut attempts = 0;
    let mut crashes = 0;
    for seed in first..first + seeds {
        let outcome = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            world.run();
            (world.attempts(), world.crashes())
        });
        match outcome {
            Ok((tried, crashed)) => {
                attempts += tried;
                crashes += crashed;
            }
            Err(cause) => {
                eprintln!("to see it again: SEED={seed} SEEDS=1 cargo test -p agent-dispatch sim");
                std::panic::resume_unwind(cause);
            }
        }
    }
    (attempts, crashes)
}

#[test]
fn every_run_ends_well() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (first, seeds) = (number("SEED", 0), number("SEEDS", 3000));
    let begun = std::time::Instant::now();
    let (attempts, crashes) = run(first, seeds);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{seeds} runs, {attempts} attempts, {crashes} crashes, {:.0} runs a second",
        seeds as f64 / seconds
    );
}
