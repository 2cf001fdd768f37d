//! lcov's tracefiles, line by line.

use std::io::{BufRead, Read};

use super::Numbers;
use super::coverage::{ChangedLines, Coverage, Ratio, counts};

/// Longest line that is read; a longer one belongs to no tracefile.
const MAX_LINE: u64 = 64 << 10;

/// Records of one file that stand twice are added, as they come from different test runs.
pub(super) fn numbers(
    mut report: impl BufRead,
    changed: Option<&ChangedLines>,
) -> Result<Numbers, String> {
    let mut all = Coverage::default();
    let mut record = Record::default();
    let (mut line, mut records) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        let mut limited = (&mut report).take(MAX_LINE);
        let size = limited
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        if size == 0 {
            break;
        }
        if size as u64 == MAX_LINE {
            return Err("a line is longer than 64 KiB".to_owned());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text == "end_of_record" {
            records += 1;
            record.close(&mut all);
        } else if let Some((key, value)) = text.split_once(':') {
            record.take(key, value, changed);
        }
    }
    if records == 0 {
        return Err("there is no record in it".to_owned());
    }
    if record.open {
        return Err("it ends within a record".to_owned());
    }
    Ok(all.numbers())
}

#[derive(Default)]
struct Record {
    open: bool,
    changed: Option<Vec<u32>>,
    counted: Coverage,
    /// What the record says of itself; counted only where it lists nothing.
    lines: Ratio,
    branches: Ratio,
    functions: Ratio,
}

impl Record {
    fn take(&mut self, key: &str, value: &str, changed: Option<&ChangedLines>) {
        let mut fields = value.split(',');
        let mut next = || fields.next().unwrap_or_default();
        let number = |text: &str| text.trim().parse::<u64>().unwrap_or(0);
        match key {
            "SF" => {
                *self = Record {
                    open: true,
                    changed: changed.map(|changed| changed.of(value).to_vec()),
                    ..Record::default()
                };
            }
            "DA" => {
                let (line, hits) = (next().parse().unwrap_or(0), number(next()));
                if counts(self.changed.as_deref(), line) {
                    self.counted.lines.count(hits > 0);
                }
            }
            "BRDA" => {
                let line = next().parse().unwrap_or(0);
                let taken = value.rsplit(',').next().map_or(0, number);
                if counts(self.changed.as_deref(), line) {
                    self.counted.branches.count(taken > 0);
                }
            }
            "FNDA" if self.changed.is_none() => self.counted.functions.count(number(next()) > 0),
            "LF" => self.lines.total = number(value),
            "LH" => self.lines.covered = number(value),
            "BRF" => self.branches.total = number(value),
            "BRH" => self.branches.covered = number(value),
            "FNF" => self.functions.total = number(value),
            "FNH" => self.functions.covered = number(value),
            _ => {}
        }
    }

    fn close(&mut self, all: &mut Coverage) {
        let whole = self.changed.is_none();
        for (to, counted, said) in [
            (&mut all.lines, self.counted.lines, self.lines),
            (&mut all.branches, self.counted.branches, self.branches),
            (&mut all.functions, self.counted.functions, self.functions),
        ] {
            let ratio = if counted.total == 0 && whole {
                said
            } else {
                counted
            };
            to.add(ratio.covered, ratio.total);
        }
        *self = Record::default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    const REPORT: &str = "TN:\nSF:src/a.rs\nFN:1,one\nFNDA:2,one\nFNDA:0,two\nDA:1,2\nDA:2,0\nDA:5,1\nBRDA:2,0,0,-\nBRDA:2,0,1,1\nLF:3\nLH:2\nend_of_record\nSF:src/b.rs\nLF:10\nLH:5\nend_of_record\n";

    #[test]
    fn totals_are_counted_and_taken_at_their_word_only_where_nothing_is_listed() {
        let numbers = numbers(REPORT.as_bytes(), None).expect("a report");
        let value = |name: &str| numbers[name].value;
        assert_eq!((value("lines.covered"), value("lines.total")), (7.0, 13.0));
        assert_eq!(value("branches.pct"), 50.0);
        assert_eq!(value("functions.pct"), 50.0);
    }

    #[test]
    fn only_changed_lines_count_when_they_are_asked_for() {
        let lines = BTreeMap::from([("src/a.rs".into(), vec![2, 5, 9])]);
        let changed = ChangedLines::new(Path::new("/w"), Path::new("/w"), lines);
        let numbers = numbers(REPORT.as_bytes(), Some(&changed)).expect("a report");
        assert_eq!(numbers["lines.pct"].value, 50.0);
        assert_eq!(numbers["lines.total"].value, 2.0);
    }

    #[test]
    fn what_is_torn_or_none_is_no_report() {
        assert!(numbers(&b"SF:a\nDA:1,1\n"[..], None).is_err());
        assert!(numbers(&b"SF:a\nend_of_record\nSF:b\nDA:1,1\n"[..], None).is_err());
        assert!(numbers(&b""[..], None).is_err());
    }
}
