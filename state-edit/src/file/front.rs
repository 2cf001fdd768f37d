//! Front matter: what stands between two lines of `---` (YAML) or `+++` (TOML) at the beginning of a Markdown file.

use std::ops::Range;

use super::format::Format;

/// The place of what stands between, and its format.
pub(crate) fn find(text: &str) -> Option<(Range<usize>, Format)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    let (fence, format) = match first.trim_end() {
        "---" => ("---", Format::Yaml),
        "+++" => ("+++", Format::Toml),
        _ => return None,
    };
    let start = first.len();
    let mut at = start;
    for line in lines {
        if line.trim_end() == fence {
            return Some((start..at, format));
        }
        at += line.len();
    }
    None
}
