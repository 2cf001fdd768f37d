//! Rows of tables, by the key in their first column; of several rows with a key the last one counts.

use std::ops::Range;

use schemas::Failure;
use serde_json::{Map, Value};

use super::address::{Address, Scope};
use super::list::{names, plain};
use super::outline::{Outline, Table};
use crate::file::splice::{Splice, line_end, line_stop};

/// A table with its cells.
struct Grid<'a> {
    text: &'a str,
    heads: Vec<String>,
    rows: Vec<Vec<Range<usize>>>,
    table: &'a Table,
}

impl<'a> Grid<'a> {
    fn of(text: &'a str, table: &'a Table) -> Grid<'a> {
        let heads = cells(text, &table.header);
        Grid {
            text,
            heads: heads
                .into_iter()
                .map(|cell| unescaped(&text[cell]))
                .collect(),
            rows: table.rows.iter().map(|row| cells(text, row)).collect(),
            table,
        }
    }

    /// A column by its head, or by its number from 1.
    fn column(&self, name: &str) -> Option<usize> {
        let exact = self.heads.iter().position(|head| head == name);
        let loose = || {
            self.heads
                .iter()
                .position(|head| plain(head).eq_ignore_ascii_case(name))
        };
        let number = || {
            name.parse::<usize>()
                .ok()
                .filter(|n| (1..=self.heads.len()).contains(n))
                .map(|n| n - 1)
        };
        exact.or_else(loose).or_else(number)
    }

    /// The last row with a key: one that is the key, or else one that begins with it.
    fn row(&self, key: &str) -> Option<usize> {
        let key_of =
            |row: &[Range<usize>]| row.first().map(|cell| unescaped(&self.text[cell.clone()]));
        let last = |fits: &dyn Fn(&str) -> bool| {
            self.rows
                .iter()
                .rposition(|row| key_of(row).is_some_and(|key| fits(&key)))
        };
        last(&|text| text == key || plain(text) == key).or_else(|| last(&|text| names(text, key)))
    }

    fn object(&self, row: usize) -> Value {
        let cell = |at: usize| {
            self.rows[row]
                .get(at)
                .map_or(String::new(), |cell| unescaped(&self.text[cell.clone()]))
        };
        Value::Object(
            self.heads
                .iter()
                .enumerate()
                .map(|(at, head)| (head.clone(), cell(at).into()))
                .collect(),
        )
    }
}

fn grids<'a>(text: &'a str, outline: &'a Outline, scope: &Scope) -> Vec<Grid<'a>> {
    let inside = outline
        .tables
        .iter()
        .filter(|table| scope.holds(&table.range));
    inside.map(|table| Grid::of(text, table)).collect()
}

/// The table that has a row of this key, and the column where one is named.
fn find<'a>(
    grids: &'a [Grid<'a>],
    key: &str,
    column: Option<&str>,
    address: &Address,
) -> Result<(&'a Grid<'a>, usize), Failure> {
    let with_column: Vec<&Grid<'_>> = grids
        .iter()
        .filter(|grid| column.is_none_or(|name| grid.column(name).is_some()))
        .collect();
    if let (Some(name), true) = (column, with_column.is_empty()) {
        let heads: Vec<String> = grids.iter().flat_map(|grid| grid.heads.clone()).collect();
        return Err(
            Failure::no(format!("{address}: no table has a column {name}"))
                .help(format!("there are: {}", heads.join(", "))),
        );
    }
    let found: Vec<_> = with_column
        .iter()
        .filter_map(|grid| Some((*grid, grid.row(key)?)))
        .collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(Failure::no(format!("{address}: no table has a row {key}"))),
        _ => Err(
            Failure::no(format!("{address}: {} tables have such a row", found.len()))
                .help("name the section: section/NAME/row/..."),
        ),
    }
}

pub(super) fn get(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    key: Option<&str>,
    column: Option<&str>,
) -> Result<Value, Failure> {
    let grids = grids(text, outline, scope);
    let Some(key) = key else {
        let all = grids
            .iter()
            .flat_map(|grid| (0..grid.rows.len()).map(|row| grid.object(row)));
        return Ok(all.collect());
    };
    let (grid, row) = find(&grids, key, column, address)?;
    Ok(match column.and_then(|name| grid.column(name)) {
        Some(column) => grid.rows[row]
            .get(column)
            .map_or(String::new(), |cell| unescaped(&text[cell.clone()]))
            .into(),
        None => grid.object(row),
    })
}

pub(super) fn set_cell(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    key: &str,
    column: &str,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let grids = grids(text, outline, scope);
    let (grid, row) = find(&grids, key, Some(column), address)?;
    let at = grid.column(column).unwrap_or_default();
    write(grid, row, at, value, address).map(|splice| vec![splice])
}

/// Gives a row other cells, or makes it.
pub(super) fn set_row(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    key: &str,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let fields = object(value, address)?;
    let grids = grids(text, outline, scope);
    let first = fields.keys().next().map(String::as_str);
    match find(&grids, key, first, address) {
        Ok((grid, row)) => {
            let set = |(name, value): (&String, &Value)| {
                let at = grid
                    .column(name)
                    .ok_or_else(|| Failure::no(format!("{address}: no column {name}")))?;
                write(grid, row, at, &words(value), address)
            };
            fields.iter().map(set).collect()
        }
        Err(_) => {
            let grid = only(&grids, address)?;
            let mut fields = fields;
            fields.insert(grid.heads.first().cloned().unwrap_or_default(), key.into());
            Ok(vec![new_row(grid, &fields, address)?])
        }
    }
}

/// One more row at the end of the only table.
pub(super) fn append(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let grids = grids(text, outline, scope);
    Ok(vec![new_row(
        only(&grids, address)?,
        &object(value, address)?,
        address,
    )?])
}

pub(super) fn delete(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    key: &str,
) -> Result<Vec<Splice>, Failure> {
    let grids = grids(text, outline, scope);
    let (grid, row) = find(&grids, key, None, address)?;
    let line = grid.table.rows[row].clone();
    Ok(vec![Splice::remove(crate::file::splice::whole_lines(
        text, &line,
    ))])
}

fn only<'a>(grids: &'a [Grid<'a>], address: &Address) -> Result<&'a Grid<'a>, Failure> {
    match grids {
        [grid] => Ok(grid),
        [] => Err(Failure::no(format!("{address}: there is no table"))),
        many => Err(
            Failure::no(format!("{address}: there are {} tables", many.len()))
                .help("name the section: section/NAME/row"),
        ),
    }
}

fn object(value: &str, address: &Address) -> Result<Map<String, Value>, Failure> {
    let wrong = |error| Failure::usage(format!("{address}: the cells are a JSON object: {error}"));
    serde_json::from_str(value).map_err(wrong)
}

fn words(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn new_row(
    grid: &Grid<'_>,
    fields: &Map<String, Value>,
    address: &Address,
) -> Result<Splice, Failure> {
    let mut cells = vec![String::new(); grid.heads.len()];
    for (name, value) in fields {
        let at = grid.column(name).ok_or_else(|| {
            Failure::no(format!("{address}: no column {name}"))
                .help(format!("there are: {}", grid.heads.join(", ")))
        })?;
        cells[at] = escaped(&words(value));
    }
    let last = grid.table.rows.last().cloned();
    // Below the last row, or below the line of dashes.
    let at = match &last {
        Some(row) => line_stop(grid.text, row.end),
        None => {
            let dashes = crate::file::splice::next_line(grid.text, grid.table.header.end);
            line_stop(grid.text, dashes.min(grid.text.len()))
        }
    };
    let start = crate::file::splice::line_start(grid.text, grid.table.header.start);
    let before = &grid.text[start..grid.table.header.start];
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                cell.clone()
            }
        })
        .collect();
    let line = format!("{}{before}| {} |", line_end(grid.text), cells.join(" | "));
    Ok(Splice::insert(at, line))
}

fn write(
    grid: &Grid<'_>,
    row: usize,
    column: usize,
    value: &str,
    address: &Address,
) -> Result<Splice, Failure> {
    let cell = grid.rows[row].get(column).cloned();
    let cell = cell.ok_or_else(|| Failure::no(format!("{address}: the row has no cell there")))?;
    let value = escaped(value);
    // The cell keeps its width where the new words fit in.
    let room = &grid.text[cell.end..line_stop(grid.text, cell.end)];
    let spaces = room.len() - room.trim_start_matches(' ').len();
    let (old, new) = (
        grid.text[cell.clone()].chars().count(),
        value.chars().count(),
    );
    let after = (old + spaces)
        .saturating_sub(new)
        .max(usize::from(spaces > 0));
    let after = if spaces > 1 || new < old && spaces > 0 {
        after
    } else {
        spaces
    };
    let gap = if cell.is_empty() && !grid.text[..cell.start].ends_with(' ') {
        " "
    } else {
        ""
    };
    let closing = if gap.is_empty() { "" } else { " " };
    Ok(Splice::replace(
        cell.start..cell.end + spaces,
        format!("{gap}{value}{}{closing}", " ".repeat(after)),
    ))
}

fn escaped(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

fn unescaped(text: &str) -> String {
    text.replace("\\|", "|")
}

/// The cells of a line, without the spaces around them.
fn cells(text: &str, line: &Range<usize>) -> Vec<Range<usize>> {
    let row = &text[line.clone()];
    let mut bars = vec![];
    let mut escaped = false;
    for (at, byte) in row.bytes().enumerate() {
        if byte == b'|' && !escaped {
            bars.push(at);
        }
        escaped = byte == b'\\' && !escaped;
    }
    let mut edges = Vec::new();
    let starts = row.trim_start().starts_with('|');
    if !starts {
        edges.push(0);
    }
    edges.extend(bars.iter().map(|bar| bar + 1));
    let ends = row.trim_end().ends_with('|') && !bars.is_empty();
    let mut stops: Vec<usize> = bars[usize::from(starts).min(bars.len())..].to_vec();
    if ends {
        edges.pop();
    } else {
        stops.push(row.len());
    }
    let trimmed = |(start, stop): (usize, usize)| {
        let cell = &row[start..stop];
        let lead = cell.len() - cell.trim_start().len();
        let (from, to) = (start + lead, start + cell.trim_end().len());
        // An empty cell is where its first words will be, behind one space.
        let from = if from > to {
            (start + 1).min(stop)
        } else {
            from
        };
        line.start + from..line.start + to.max(from)
    };
    edges.into_iter().zip(stops).map(trimmed).collect()
}
