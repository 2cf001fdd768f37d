//! Lines for people, in columns.

use unicode_width::UnicodeWidthStr;

/// Rows as lines: every column as wide as its widest cell, those named in `right` flush right; the last one as it is.
pub(crate) fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let room = " ".repeat(width - cell.width());
            if right.contains(&at) {
                line.push_str(&room);
            }
            line.push_str(cell);
            if !right.contains(&at) {
                line.push_str(&room);
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let rows: Vec<Vec<String>> = vec![row(&["a", "10", "x y"]), row(&["表", "7", ""])];
        assert_eq!(columns(&rows, &[1]), "a   10  x y\n表   7\n");
    }
}
