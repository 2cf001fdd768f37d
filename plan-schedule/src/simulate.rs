//! What the plan may take when tasks do not take what they were estimated at.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::minutes::Minutes;
use crate::network::Network;
use crate::path::Paths;
use crate::schedule::Schedule;
use crate::slots::{Rules, Timetable};

/// How many runs are drawn, and from what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    pub(crate) runs: u32,
    /// Eight of ten tasks take between their minutes ÷ spread and × spread.
    pub(crate) spread: f64,
    pub(crate) seed: u64,
}

/// What came of the runs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Simulation<'n> {
    kind: &'static str,
    version: u32,
    pub(crate) runs: u32,
    pub(crate) spread: f64,
    seed: u64,
    max_concurrent: u32,
    /// Without chance.
    pub(crate) estimate_minutes: Minutes,
    pub(crate) makespan_minutes: Distribution,
    /// In which share of the runs each task was on the critical path.
    pub(crate) critical: Shares<'n>,
    /// The same runs with other numbers of slots.
    pub(crate) slots: Vec<WithSlots>,
}

/// Where the makespans lie.
#[derive(Debug, Serialize)]
pub(crate) struct Distribution {
    pub(crate) mean: Minutes,
    pub(crate) min: Minutes,
    pub(crate) p10: Minutes,
    pub(crate) p50: Minutes,
    pub(crate) p90: Minutes,
    pub(crate) p95: Minutes,
    pub(crate) max: Minutes,
}

/// With so many slots.
#[derive(Debug, Serialize)]
pub(crate) struct WithSlots {
    pub(crate) slots: u32,
    pub(crate) mean: Minutes,
    pub(crate) p90: Minutes,
}

/// A share for each task, written by id.
#[derive(Debug)]
pub(crate) struct Shares<'n>(pub(crate) &'n Network<'n>, pub(crate) Vec<f64>);

impl Serialize for Shares<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.1.len()))?;
        for (task, share) in (0..).zip(&self.1) {
            map.serialize_entry(self.0.id(task), share)?;
        }
        map.end()
    }
}

const MOST_SLOTS: u32 = 16;

/// Sixteen schedules more for each run are made for the first so many runs only: enough for a mean.
const RUNS_FOR_SLOTS: u32 = 200;

impl<'n> Simulation<'n> {
    /// Every run draws its own times; equal arguments give equal answers.
    pub(crate) fn new(schedule: &Schedule<'n>, draw: Draw) -> Simulation<'n> {
        let network = schedule.network;
        let mut chance = Chance(draw.seed);
        let mut makespans = Vec::with_capacity(draw.runs as usize);
        let mut critical = vec![0u32; network.len()];
        let mut with_slots: Vec<Vec<Minutes>> = vec![Vec::new(); MOST_SLOTS as usize];
        for run in 0..draw.runs {
            let times: Vec<Minutes> = network
                .minutes
                .iter()
                .map(|minutes| minutes.times(chance.factor(draw.spread)))
                .collect();
            let rules = Rules {
                minutes: &times,
                ..schedule.rules()
            };
            makespans.push(Timetable::new(&rules).makespan);
            count_critical(schedule, &times, &mut critical);
            if run < RUNS_FOR_SLOTS {
                try_slots(&rules, &mut with_slots);
            }
        }
        let share =
            |count: u32| (f64::from(count) / f64::from(draw.runs) * 1000.0).round() / 1000.0;
        let with = |(slots, mut makespans): (u32, Vec<Minutes>)| {
            let all = Distribution::new(&mut makespans);
            WithSlots {
                slots,
                mean: all.mean,
                p90: all.p90,
            }
        };
        Simulation {
            kind: "simulation",
            version: 1,
            runs: draw.runs,
            spread: draw.spread,
            seed: draw.seed,
            max_concurrent: schedule.options.slots,
            estimate_minutes: schedule.timetable.makespan,
            makespan_minutes: Distribution::new(&mut makespans),
            critical: Shares(network, critical.into_iter().map(share).collect()),
            slots: (1..).zip(with_slots).map(with).collect(),
        }
    }
}

fn count_critical(schedule: &Schedule<'_>, times: &[Minutes], counts: &mut [u32]) {
    let paths = Paths::new(&schedule.weights(times));
    for task in schedule.network.numbers() {
        let is_critical = paths.slack(task) == Minutes::ZERO && schedule.may_be_critical(task);
        counts[task as usize] += u32::from(is_critical);
    }
}

/// The makespan with each number of slots. Where one was left free, more change nothing.
fn try_slots(rules: &Rules<'_>, makespans: &mut [Vec<Minutes>]) {
    let mut last: Option<Timetable> = None;
    for (slots, makespans) in (1..).zip(makespans) {
        let timetable = match last.take() {
            Some(timetable) if timetable.widest + 1 < slots => timetable,
            _ => Timetable::new(&Rules { slots, ..*rules }),
        };
        makespans.push(timetable.makespan);
        last = Some(timetable);
    }
}

impl Distribution {
    fn new(makespans: &mut [Minutes]) -> Distribution {
        makespans.sort_unstable();
        let at = |share: f64| {
            let place = share * makespans.len().saturating_sub(1) as f64;
            let makespan = makespans.get(place.round() as usize).copied();
            makespan.unwrap_or_default().rounded()
        };
        let sum: f64 = makespans.iter().map(|makespan| makespan.as_f64()).sum();
        let mean = Minutes::new(sum / makespans.len().max(1) as f64);
        Distribution {
            mean: mean.unwrap_or_default().rounded(),
            min: at(0.0),
            p10: at(0.1),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            max: at(1.0),
        }
    }
}

/// Numbers that look like chance and are the same everywhere: SplitMix64, as Steele, Lea and Flood published it.
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, below 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Log-normal around 1: work that goes wrong takes several times as long, none takes less than nothing.
    fn factor(&mut self, spread: f64) -> f64 {
        // Eight of ten draws of a normal distribution lie within this many standard deviations.
        const EIGHT_OF_TEN: f64 = 1.281_551_565_5;
        let (radius, angle) = (self.unit(), self.unit());
        let normal = (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * angle).cos();
        (spread.ln() / EIGHT_OF_TEN * normal).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_of_ten_draws_are_within_the_spread() {
        let mut chance = Chance(7);
        let draws: Vec<f64> = (0..10_000).map(|_| chance.factor(2.0)).collect();
        let inside = draws
            .iter()
            .filter(|factor| (0.5..=2.0).contains(*factor))
            .count();
        assert!((7_900..8_100).contains(&inside), "{inside}");
        let below = draws.iter().filter(|factor| **factor < 1.0).count();
        assert!((4_900..5_100).contains(&below), "{below}");
        assert_eq!(Chance(7).factor(1.0), 1.0);
    }
}
