//! Minutes of work, exact: sums do not depend on the order in which they are added.

use std::fmt;
use std::ops::Sub;

use serde::{Serialize, Serializer};

/// A span of time in millionths of a minute.
///
/// Not `f64`: the schedule of a plan must not change in its last digit when the plan's tasks are listed in another order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minutes(u64);

const UNIT: f64 = 1e6;

/// Nineteen years. A million tasks of this length still add up without overflow.
const LONGEST: f64 = 1e7;

impl Minutes {
    pub(crate) const ZERO: Minutes = Minutes(0);

    /// `None` for what is no length of a task: negative, or longer than nineteen years.
    pub(crate) fn new(minutes: f64) -> Option<Minutes> {
        (0.0..=LONGEST)
            .contains(&minutes)
            .then(|| Minutes((minutes * UNIT).round() as u64))
    }

    #[must_use]
    pub(crate) fn plus(self, other: Minutes) -> Minutes {
        Minutes(self.0.saturating_add(other.0))
    }

    /// An even share of it, rounded down.
    pub(crate) fn shared(self, among: u32) -> Minutes {
        Minutes(self.0 / u64::from(among.max(1)))
    }

    /// So many times as long.
    pub(crate) fn times(self, factor: f64) -> Minutes {
        Minutes((self.0 as f64 * factor).round().clamp(0.0, LONGEST * UNIT) as u64)
    }

    /// To a hundredth: more than that is no news of something drawn at random.
    pub(crate) fn rounded(self) -> Minutes {
        const HUNDREDTH: u64 = UNIT as u64 / 100;
        Minutes((self.0 + HUNDREDTH / 2) / HUNDREDTH * HUNDREDTH)
    }

    pub(crate) fn as_f64(self) -> f64 {
        self.0 as f64 / UNIT
    }
}

/// What tasks take that only say how complex they are.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    rows: Vec<(String, Minutes)>,
    /// For other words, and for none.
    other: Minutes,
}

/// The words of the plan format, and those of dialects that speak of trivial, quick, standard and complex work.
const COMPLEXITIES: [(&str, u64); 7] = [
    ("trivial", 5),
    ("low", 10),
    ("quick", 10),
    ("medium", 30),
    ("standard", 30),
    ("high", 60),
    ("complex", 60),
];

/// Minutes of a task that says nothing.
const UNKNOWN: u64 = 15;

impl Default for Table {
    fn default() -> Table {
        let whole = |minutes: u64| Minutes(minutes * UNIT as u64);
        let row = |(word, minutes): &(&str, u64)| ((*word).to_owned(), whole(*minutes));
        Table {
            rows: COMPLEXITIES.iter().map(row).collect(),
            other: whole(UNKNOWN),
        }
    }
}

impl Table {
    /// With other rows: the word `other` is what stands for all that are not in the table.
    pub(crate) fn changed(changes: &[(String, Minutes)]) -> Table {
        let mut table = Table::default();
        for (word, minutes) in changes {
            table
                .rows
                .retain(|(known, _)| !known.eq_ignore_ascii_case(word));
            if word.eq_ignore_ascii_case("other") {
                table.other = *minutes;
            } else {
                table.rows.push((word.clone(), *minutes));
            }
        }
        table
    }

    pub(crate) fn of(&self, complexity: Option<&str>) -> Minutes {
        let word = complexity.unwrap_or_default();
        let row = self
            .rows
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word));
        row.map_or(self.other, |(_, minutes)| *minutes)
    }
}

/// Never below zero.
impl Sub for Minutes {
    type Output = Minutes;

    fn sub(self, other: Minutes) -> Minutes {
        Minutes(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // For people: two digits are more than an estimate knows.
        f.pad(&format!("{}", (self.as_f64() * 100.0).round() / 100.0))
    }
}

impl Serialize for Minutes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(UNIT as u64) {
            serializer.serialize_u64(self.0 / UNIT as u64)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_written_as_people_write_them() {
        let sum = Minutes::new(0.1).unwrap().plus(Minutes::new(0.2).unwrap());
        assert_eq!(serde_json::to_string(&sum).unwrap(), "0.3");
        let sum = sum.plus(Minutes::new(0.7).unwrap());
        assert_eq!(serde_json::to_string(&sum).unwrap(), "1");
        assert_eq!(format!("{:>5}", Minutes::new(7.256).unwrap()), " 7.26");
    }

    #[test]
    fn no_task_is_shorter_than_nothing_or_longer_than_a_life() {
        assert_eq!(Minutes::new(-1.0), None);
        assert_eq!(Minutes::new(1e300), None);
        assert_eq!(Minutes::new(f64::NAN), None);
        assert_eq!(Minutes::new(0.0), Some(Minutes::ZERO));
    }

    #[test]
    fn complexity_stands_in_for_an_estimate() {
        let table = Table::default();
        let minutes = |word| table.of(word).as_f64();
        assert_eq!(minutes(Some("low")), 10.0);
        assert_eq!(minutes(Some("Medium")), 30.0);
        assert_eq!(minutes(Some("complex")), 60.0);
        assert_eq!(minutes(Some("enormous")), 15.0);
        assert_eq!(minutes(None), 15.0);
    }

    #[test]
    fn the_table_can_be_changed() {
        let row = |word: &str, minutes| (word.to_owned(), Minutes::new(minutes).unwrap());
        let table = Table::changed(&[row("LOW", 4.0), row("enormous", 600.0), row("other", 1.0)]);
        let minutes = |word| table.of(word).as_f64();
        assert_eq!(minutes(Some("low")), 4.0);
        assert_eq!(minutes(Some("enormous")), 600.0);
        assert_eq!(minutes(None), 1.0);
        assert_eq!(minutes(Some("high")), 60.0);
    }
}
