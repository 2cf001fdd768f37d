//! Numbers with units: `80%`, `1.5s`, `2MiB`.

/// A unit that numbers are compared in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    pub(crate) symbol: &'static str,
    dimension: Dimension,
    /// How many of the smallest unit of its dimension it holds.
    factor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Part,
    Time,
    Size,
}

const UNITS: &[Unit] = &[
    Unit::new("%", Dimension::Part, 1.0),
    Unit::new("ns", Dimension::Time, 1.0),
    Unit::new("us", Dimension::Time, 1e3),
    Unit::new("µs", Dimension::Time, 1e3),
    Unit::new("ms", Dimension::Time, 1e6),
    Unit::new("s", Dimension::Time, 1e9),
    Unit::new("min", Dimension::Time, 60e9),
    Unit::new("h", Dimension::Time, 3600e9),
    Unit::new("B", Dimension::Size, 1.0),
    Unit::new("kB", Dimension::Size, 1e3),
    Unit::new("KB", Dimension::Size, 1e3),
    Unit::new("MB", Dimension::Size, 1e6),
    Unit::new("GB", Dimension::Size, 1e9),
    Unit::new("KiB", Dimension::Size, 1024.0),
    Unit::new("MiB", Dimension::Size, 1_048_576.0),
    Unit::new("GiB", Dimension::Size, 1_073_741_824.0),
];

impl Unit {
    const fn new(symbol: &'static str, dimension: Dimension, factor: f64) -> Unit {
        Unit {
            symbol,
            dimension,
            factor,
        }
    }

    /// The unit that is written so.
    pub(crate) fn of(symbol: &str) -> Option<Unit> {
        UNITS.iter().find(|unit| unit.symbol == symbol).copied()
    }
}

/// A number, with its unit where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) unit: Option<Unit>,
}

impl Number {
    /// A number without a unit.
    pub(crate) fn plain(value: f64) -> Number {
        Number { value, unit: None }
    }

    /// A number in a unit that this file knows.
    pub(crate) fn with(value: f64, symbol: &str) -> Number {
        let unit = Unit::of(symbol);
        Number { value, unit }
    }

    /// Reads a number with or without a unit behind it.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let text = text.trim();
        // Longer ones first: `KiB` ends with `B`, `ms` with `s`.
        let longest = UNITS
            .iter()
            .filter(|unit| text.ends_with(unit.symbol))
            .max_by_key(|unit| unit.symbol.len());
        let number = longest.map_or(text, |unit| &text[..text.len() - unit.symbol.len()]);
        Some(Number {
            value: finite(number.trim_end())?,
            unit: longest.copied(),
        })
    }

    /// The number in another unit. What has no unit is taken to be in the one that is wanted; `None` when the two
    /// measure different things.
    pub(crate) fn in_unit(self, wanted: Option<Unit>) -> Option<f64> {
        match (self.unit, wanted) {
            (Some(own), Some(wanted)) if own.dimension != wanted.dimension => None,
            (Some(own), Some(wanted)) if own != wanted => {
                Some(self.value * own.factor / wanted.factor)
            }
            _ => Some(self.value),
        }
    }
}

/// A finite decimal number: no `inf`, no `NaN`, which compare as nobody expects.
pub(crate) fn finite(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let number: f64 = text.parse().ok().filter(|_| text.chars().all(plain))?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_and_without_units() {
        for (text, value, symbol) in [
            ("80%", 80.0, Some("%")),
            ("80 %", 80.0, Some("%")),
            ("1.5s", 1.5, Some("s")),
            ("200 ms", 200.0, Some("ms")),
            ("2MiB", 2.0, Some("MiB")),
            ("3 B", 3.0, Some("B")),
            ("1e3", 1000.0, None),
            ("-4", -4.0, None),
        ] {
            let number = Number::parse(text).expect(text);
            assert_eq!(number.value, value, "{text}");
            assert_eq!(number.unit.map(|unit| unit.symbol), symbol, "{text}");
        }
        for text in ["", "%", "inf", "NaN", "5 apples", "1_000", "0x10", "infs"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn units_of_one_dimension_are_converted_and_others_refused() {
        let number = |text| Number::parse(text).expect("a number");
        assert_eq!(number("1500ms").in_unit(Unit::of("s")), Some(1.5));
        assert_eq!(number("2MiB").in_unit(Unit::of("KiB")), Some(2048.0));
        assert_eq!(number("7").in_unit(Unit::of("ms")), Some(7.0));
        assert_eq!(number("7ms").in_unit(None), Some(7.0));
        assert_eq!(number("7ms").in_unit(Unit::of("%")), None);
    }
}
