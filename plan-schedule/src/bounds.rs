//! What no schedule can beat, and how many slots are of use.

use crate::minutes::Minutes;
use crate::slots::{Rules, Timetable};

/// What holds for every schedule of the same tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// One task after the other.
    pub(crate) serial: Minutes,
    /// The lane with most minutes, and those.
    pub(crate) heaviest: Option<(u32, Minutes)>,
    /// The longest chain, the work shared evenly among the slots, or the heaviest lane: whichever is longest.
    pub(crate) least: Minutes,
}

impl Bounds {
    /// `longest` is the longest chain.
    pub(crate) fn new(rules: &Rules<'_>, longest: Minutes) -> Bounds {
        let mut lanes = vec![Minutes::ZERO; rules.lanes];
        let mut serial = Minutes::ZERO;
        for (task, minutes) in (0..).zip(rules.minutes) {
            serial = serial.plus(*minutes);
            for lane in rules.lanes_of.row(task) {
                lanes[*lane as usize] = lanes[*lane as usize].plus(*minutes);
            }
        }
        let mut heaviest: Option<(u32, Minutes)> = None;
        for (lane, minutes) in (0..).zip(lanes) {
            if heaviest.is_none_or(|(_, most)| minutes > most) && minutes > Minutes::ZERO {
                heaviest = Some((lane, minutes));
            }
        }
        let lane = heaviest.map_or(Minutes::ZERO, |(_, minutes)| minutes);
        Bounds {
            serial,
            heaviest,
            least: longest.max(serial.shared(rules.slots)).max(lane),
        }
    }
}

/// By how much a makespan is longer than the bound, in per cent with one digit.
pub(crate) fn gap_percent(makespan: Minutes, least: Minutes) -> f64 {
    if least == Minutes::ZERO {
        return 0.0;
    }
    let gap = (makespan - least).as_f64() / least.as_f64();
    (gap * 1000.0).round() / 10.0
}

/// Every number of slots is tried where tasks times slots are no more: that takes a few milliseconds.
const MOST_TRIED: usize = 40_000;

/// Plans above this size are not tried at all: it would take longer than everything else together.
const MOST_TASKS: usize = 10_000;

/// The fewest slots that no greater number beats. `None` for a plan without work, and one that is too large to try.
///
/// List scheduling has anomalies: one slot more can make a schedule longer. So a small plan is tried with every number that
/// could matter; of a larger one, whose makespans are taken to fall, some are.
pub(crate) fn useful_slots(rules: &Rules<'_>) -> Option<u32> {
    let tasks = rules.minutes.len();
    if tasks > MOST_TASKS {
        return None;
    }
    let with = |slots: u32| Timetable::new(&Rules { slots, ..*rules });
    let free = with(tasks.max(1) as u32);
    if free.makespan == Minutes::ZERO {
        return None;
    }
    let makespan = |slots: u32| with(slots).makespan;
    // With fewer than these the work alone takes longer; with more than the widest moment nothing changes.
    let serial = rules
        .minutes
        .iter()
        .fold(Minutes::ZERO, |sum, next| sum.plus(*next));
    let fewest = |best: Minutes| (serial.as_f64() / best.as_f64()).ceil().max(1.0) as u32;
    let widest = free.widest.max(1);
    if tasks * widest as usize <= MOST_TRIED {
        let mut best = (free.makespan, widest);
        for slots in (1..widest).rev() {
            if slots < fewest(best.0) {
                break;
            }
            best = best.min((makespan(slots), slots));
        }
        return Some(best.1);
    }
    let (mut low, mut high) = (fewest(free.makespan).min(widest), widest);
    while low < high {
        let middle = low + (high - low) / 2;
        if makespan(middle) <= free.makespan {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}
