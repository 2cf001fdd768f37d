//! Coverage, counted: lines, branches, functions, statements.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Numbers;
use crate::unit::Number;

/// How much of something is covered.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ratio {
    pub(super) covered: u64,
    pub(super) total: u64,
}

impl Ratio {
    pub(super) fn count(&mut self, covered: bool) {
        self.total += 1;
        self.covered += u64::from(covered);
    }

    pub(super) fn add(&mut self, covered: u64, total: u64) {
        self.total += total;
        self.covered += covered.min(total);
    }
}

/// Coverage of all that was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Coverage {
    pub(super) lines: Ratio,
    pub(super) branches: Ratio,
    pub(super) functions: Ratio,
    pub(super) statements: Ratio,
}

impl Coverage {
    /// `lines.pct`, `lines.covered`, `lines.total` and so on, of what there is any of.
    pub(super) fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::new();
        for (name, ratio) in [
            ("lines", self.lines),
            ("branches", self.branches),
            ("functions", self.functions),
            ("statements", self.statements),
        ] {
            if ratio.total > 0 {
                let (covered, total) = (ratio.covered as f64, ratio.total as f64);
                numbers.insert(
                    format!("{name}.pct"),
                    Number::with(covered / total * 100.0, "%"),
                );
                numbers.insert(format!("{name}.covered"), Number::plain(covered));
                numbers.insert(format!("{name}.total"), Number::plain(total));
            }
        }
        numbers
    }
}

/// The lines that the work has changed, by file.
#[derive(Debug, Default)]
pub(crate) struct ChangedLines {
    top: PathBuf,
    cwd: PathBuf,
    /// By path relative to the top; sorted.
    lines: BTreeMap<PathBuf, Vec<u32>>,
}

impl ChangedLines {
    /// `lines` are by path relative to `top`; reports name files relative to `cwd`, in full, or by their end.
    pub(crate) fn new(
        top: &Path,
        cwd: &Path,
        mut lines: BTreeMap<PathBuf, Vec<u32>>,
    ) -> ChangedLines {
        lines.values_mut().for_each(|lines| lines.sort_unstable());
        ChangedLines {
            top: top.to_path_buf(),
            cwd: std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_path_buf()),
            lines,
        }
    }

    /// The changed lines of a file as a report names it.
    pub(super) fn of(&self, name: &str) -> &[u32] {
        let name = Path::new(name.trim_start_matches("./"));
        let whole = self.cwd.join(name);
        let exact = whole.strip_prefix(&self.top).ok();
        if let Some(lines) = exact.and_then(|path| self.lines.get(path)) {
            return lines;
        }
        if name.is_absolute() {
            return &[];
        }
        // Several tools name files relative to a source folder of theirs.
        let mut ends = self.lines.iter().filter(|(path, _)| path.ends_with(name));
        match (ends.next(), ends.next()) {
            (Some((_, lines)), None) => lines,
            _ => &[],
        }
    }
}

/// Whether a line counts: every one, or only the changed ones.
pub(super) fn counts(changed: Option<&[u32]>, line: u32) -> bool {
    changed.is_none_or(|changed| changed.binary_search(&line).is_ok())
}
