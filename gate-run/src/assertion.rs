//! An assertion about a number: `coverage >= 80%`.

use std::fmt;

use schemas::Metric;

/// `NAME OP NUMBER[%]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assertion {
    pub(crate) name: String,
    op: &'static str,
    threshold: f64,
    percent: bool,
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 6] = [">=", "<=", "==", "!=", ">", "<"];

impl Assertion {
    /// Reads an assertion; `None` when the text is none.
    pub(crate) fn parse(text: &str) -> Option<Assertion> {
        let at = text.find(['<', '>', '=', '!'])?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let op = OPERATORS.into_iter().find(|op| rest.starts_with(op))?;
        let number = rest[op.len()..].trim();
        let (number, percent) = match number.strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (number, false),
        };
        let threshold = number_of(number)?;
        is_name(name).then(|| Assertion {
            name: name.to_owned(),
            op,
            threshold,
            percent,
        })
    }

    /// Whether the assertion holds for a number.
    pub(crate) fn holds(&self, value: f64) -> bool {
        match self.op {
            ">=" => value >= self.threshold,
            "<=" => value <= self.threshold,
            "==" => value == self.threshold,
            "!=" => value != self.threshold,
            ">" => value > self.threshold,
            _ => value < self.threshold,
        }
    }

    /// Why it does not hold, in one line.
    pub(crate) fn missed(&self, value: f64) -> String {
        let unit = if self.percent { "%" } else { "" };
        // A fraction is never scaled: nobody can tell 0.9 of 1 from 0.9 of 100.
        if self.percent && self.threshold > 1.0 && value > 0.0 && value <= 1.0 {
            return format!(
                "{} is {value}, wanted {self} (is it a fraction?)",
                self.name
            );
        }
        format!(
            "{} is {value}{unit}, wanted {} {}{unit}",
            self.name, self.op, self.threshold
        )
    }

    /// As the verdict has it.
    pub(crate) fn metric(&self, value: Option<f64>) -> Metric {
        Metric {
            name: self.name.clone(),
            value,
            op: self.op.to_owned(),
            threshold: self.threshold,
        }
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.percent { "%" } else { "" };
        write!(f, "{} {} {}{unit}", self.name, self.op, self.threshold)
    }
}

/// A finite decimal number: no `inf`, no `NaN`, which compare as nobody expects.
pub(crate) fn number_of(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let number: f64 = text.parse().ok().filter(|_| text.chars().all(plain))?;
    number.is_finite().then_some(number)
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
        ] {
            let read = Assertion::parse(text).map(|assertion| assertion.to_string());
            assert_eq!(read.as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_assertions() {
        for text in [
            "npm test",
            "evaluation metrics >= baseline",
            "coverage >= ",
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
    fn a_fraction_is_not_taken_for_a_percentage() {
        let assertion = Assertion::parse("coverage >= 80%").expect("it is one");
        assert!(assertion.holds(80.0) && !assertion.holds(79.9) && !assertion.holds(0.9));
        assert!(assertion.missed(0.9).contains("fraction"));
        assert_eq!(assertion.missed(79.5), "coverage is 79.5%, wanted >= 80%");
    }
}
