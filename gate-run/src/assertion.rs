//! An assertion about a number: `coverage >= 80%`.

use std::fmt;

use schemas::Metric;

use crate::unit::{Number, Unit};

/// `NAME OP NUMBER[UNIT]` or `NAME OP baseline`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assertion {
    pub(crate) name: String,
    op: &'static str,
    threshold: Threshold,
    pub(crate) unit: Option<Unit>,
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Threshold {
    Number(f64),
    /// A stored value, which may be missed by the tolerance.
    Baseline {
        value: Option<f64>,
        tolerance: f64,
    },
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 6] = [">=", "<=", "==", "!=", ">", "<"];

impl Assertion {
    /// Reads an assertion; `None` when the text is none.
    pub(crate) fn parse(text: &str) -> Option<Assertion> {
        let at = text.find(['<', '>', '=', '!'])?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let op = OPERATORS.into_iter().find(|op| rest.starts_with(op))?;
        let said = rest[op.len()..].trim();
        let (threshold, unit) = if said == "baseline" {
            let (value, tolerance) = (None, 0.0);
            (Threshold::Baseline { value, tolerance }, None)
        } else {
            let number = Number::parse(said)?;
            (Threshold::Number(number.value), number.unit)
        };
        is_name(name).then(|| Assertion {
            name: name.to_owned(),
            op,
            threshold,
            unit,
        })
    }

    /// Reads an assertion that nobody has said to be one: only `%` is taken as a unit, and only a number to compare with.
    pub(crate) fn parse_bare(text: &str) -> Option<Assertion> {
        Assertion::parse(text).filter(|assertion| {
            !assertion.has_baseline() && assertion.unit.is_none_or(|unit| unit.symbol == "%")
        })
    }

    /// Whether it compares with a stored value.
    pub(crate) fn has_baseline(&self) -> bool {
        matches!(self.threshold, Threshold::Baseline { .. })
    }

    /// The same, with the stored value known.
    pub(crate) fn against(&self, stored: f64, tolerance: f64) -> Assertion {
        let value = Some(stored);
        Assertion {
            threshold: Threshold::Baseline { value, tolerance },
            ..self.clone()
        }
    }

    /// Whether the assertion holds for a number in the assertion's own unit.
    pub(crate) fn holds(&self, value: f64) -> bool {
        let limit = self.limit();
        match self.op {
            ">=" => value >= limit,
            "<=" => value <= limit,
            "==" => value == limit,
            "!=" => value != limit,
            ">" => value > limit,
            _ => value < limit,
        }
    }

    /// Why it does not hold, in one line.
    pub(crate) fn missed(&self, value: f64) -> String {
        let unit = self.unit.map_or("", |unit| unit.symbol);
        let limit = self.limit();
        // A fraction is never scaled: nobody can tell 0.9 of 1 from 0.9 of 100.
        if unit == "%" && limit > 1.0 && value > 0.0 && value <= 1.0 {
            return format!(
                "{} is {value}, wanted {self} (is it a fraction?)",
                self.name
            );
        }
        let mut text = format!(
            "{} is {value}{unit}, wanted {} {limit}{unit}",
            self.name, self.op
        );
        if let Threshold::Baseline {
            value: Some(value),
            tolerance,
        } = self.threshold
        {
            text.push_str(&format!(" (baseline {value}{unit}"));
            if tolerance > 0.0 {
                text.push_str(&format!(", tolerance {tolerance}{unit}"));
            }
            text.push(')');
        }
        text
    }

    /// As the verdict has it.
    pub(crate) fn metric(&self, value: Option<f64>) -> Metric {
        Metric {
            name: self.name.clone(),
            value,
            op: self.op.to_owned(),
            threshold: self.limit(),
            unit: self.unit.map(|unit| unit.symbol.to_owned()),
        }
    }

    fn limit(&self) -> f64 {
        match self.threshold {
            Threshold::Number(number) => number,
            Threshold::Baseline { value, tolerance } => {
                let worse = if self.op.starts_with('>') {
                    -tolerance
                } else {
                    tolerance
                };
                value.unwrap_or(0.0) + worse
            }
        }
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit.map_or("", |unit| unit.symbol);
        match self.threshold {
            Threshold::Number(number) => write!(f, "{} {} {number}{unit}", self.name, self.op),
            Threshold::Baseline { .. } => write!(f, "{} {} baseline", self.name, self.op),
        }
    }
}

/// Words of a name: `coverage`, `lines.pct`, `eval accuracy`. No flags and no quotes: `test -f x >= 2` is none.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@()% ".contains(c);
    name.starts_with(char::is_alphabetic)
        && name.chars().all(plain)
        && name.split(' ').all(|word| !word.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_are_read_and_written() {
        for (text, canonical) in [
            ("coverage >= 80%", "coverage >= 80%"),
            ("coverage>=80 %", "coverage >= 80%"),
            ("eval accuracy > 0.5", "eval accuracy > 0.5"),
            ("lines.pct<=-1.5", "lines.pct <= -1.5"),
            ("errors == 0", "errors == 0"),
            ("errors != 1e3", "errors != 1000"),
            ("p95 < 1.5 s", "p95 < 1.5s"),
            ("size <= 2MiB", "size <= 2MiB"),
            ("lines.pct >= baseline", "lines.pct >= baseline"),
        ] {
            let read = Assertion::parse(text).map(|assertion| assertion.to_string());
            assert_eq!(read.as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_assertions() {
        for text in [
            "npm test",
            "coverage >= ",
            "coverage >= 80 apples",
            ">= 80",
            "coverage = 80",
            "coverage => 80",
            "coverage >= NaN",
            "coverage >= inf",
            "pytest -q > 3",
            "echo \"a\" > 3",
            "a >= 1 && b >= 2",
        ] {
            assert_eq!(Assertion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_nobody_called_an_assertion_must_be_plain() {
        assert!(Assertion::parse_bare("coverage >= 80%").is_some());
        assert!(Assertion::parse_bare("evaluation metrics >= baseline").is_none());
        assert!(Assertion::parse_bare("latency < 200ms").is_none());
    }

    #[test]
    fn a_baseline_may_be_missed_by_its_tolerance() {
        let higher = Assertion::parse("lines.pct >= baseline").expect("it is one");
        let higher = higher.against(80.0, 0.5);
        assert!(higher.holds(79.5) && !higher.holds(79.4));
        let lower = Assertion::parse("time <= baseline").expect("it is one");
        let lower = lower.against(10.0, 1.0);
        assert!(lower.holds(11.0) && !lower.holds(11.5));
        assert_eq!(
            lower.missed(12.0),
            "time is 12, wanted <= 11 (baseline 10, tolerance 1)"
        );
    }

    #[test]
    fn a_fraction_is_not_taken_for_a_percentage() {
        let assertion = Assertion::parse("coverage >= 80%").expect("it is one");
        assert!(assertion.holds(80.0) && !assertion.holds(79.9) && !assertion.holds(0.9));
        assert!(assertion.missed(0.9).contains("fraction"));
        assert_eq!(assertion.missed(79.5), "coverage is 79.5%, wanted >= 80%");
    }
}
