//! TOML, by `toml_edit`, which keeps comments, order and spaces, but not carriage returns: every line that it did not
//! change is taken from the old text.

use schemas::Failure;
use serde_json::{Map, Value};
use toml_edit::{
    ArrayOfTables, DocumentMut, Formatted, InlineTable, Item, Table, TableLike, Value as Toml,
};

use super::change::Change;
use super::path::pointer;
use super::splice::line_end;
use super::step::index;

/// Reads a document's value: times are strings.
pub(super) fn read(text: &str) -> Result<Value, Failure> {
    Ok(table(parse(text)?.as_table()))
}

fn parse(text: &str) -> Result<DocumentMut, Failure> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::input(format!("not TOML: {}", error.to_string().trim()))
    })
}

/// The text with one change.
pub(super) fn change(text: &str, change: &Change) -> Result<String, Failure> {
    let mut document = parse(text)?;
    let plain = document.to_string();
    match change {
        Change::Put { at, value } => {
            let Some((last, above)) = at.split_last() else {
                return Err(Failure::no("a whole TOML document cannot be replaced"));
            };
            let fresh = toml(value, at)?;
            put(find(document.as_item_mut(), above)?, last, fresh).ok_or_else(|| stuck(at))?;
        }
        Change::Insert {
            array,
            index,
            value,
        } => {
            let fresh = toml(value, array)?;
            insert(find(document.as_item_mut(), array)?, *index, fresh)
                .ok_or_else(|| stuck(array))?;
        }
        Change::Remove { at } => {
            let Some((last, above)) = at.split_last() else {
                return Err(stuck(at));
            };
            remove(find(document.as_item_mut(), above)?, last).ok_or_else(|| stuck(at))?;
        }
    }
    Ok(with_old_lines(text, &plain, &document.to_string()))
}

fn stuck(at: &[String]) -> Failure {
    Failure::no(format!("cannot edit {} of this TOML document", pointer(at)))
}

/// A place on the way; inline tables and arrays are values.
enum Place<'a> {
    Item(&'a mut Item),
    Value(&'a mut Toml),
    Table(&'a mut Table),
}

fn find<'a>(root: &'a mut Item, tokens: &[String]) -> Result<Place<'a>, Failure> {
    let mut here = Place::Item(root);
    for (depth, token) in tokens.iter().enumerate() {
        let next = match here {
            Place::Item(Item::Value(value)) | Place::Value(value) => below_value(value, token),
            Place::Item(Item::ArrayOfTables(tables)) => index(token)
                .and_then(|at| tables.get_mut(at))
                .map(Place::Table),
            Place::Item(item) => item
                .as_table_mut()
                .and_then(|table| table.get_mut(token))
                .map(Place::Item),
            Place::Table(table) => table.get_mut(token).map(Place::Item),
        };
        here = next.ok_or_else(|| stuck(&tokens[..=depth]))?;
    }
    Ok(here)
}

fn below_value<'a>(value: &'a mut Toml, token: &str) -> Option<Place<'a>> {
    match value {
        Toml::InlineTable(table) => table.get_mut(token).map(Place::Value),
        Toml::Array(array) => array.get_mut(index(token)?).map(Place::Value),
        _ => None,
    }
}

fn put(place: Place<'_>, key: &str, fresh: Toml) -> Option<()> {
    match place {
        Place::Item(Item::Value(Toml::Array(array))) | Place::Value(Toml::Array(array)) => {
            replace(array.get_mut(index(key)?)?, fresh);
        }
        Place::Item(Item::Value(Toml::InlineTable(table)))
        | Place::Value(Toml::InlineTable(table)) => match table.get_mut(key) {
            Some(old) => replace(old, fresh),
            None => drop(table.insert(key, fresh)),
        },
        Place::Item(Item::ArrayOfTables(tables)) => {
            *tables.get_mut(index(key)?)? = as_table(fresh)?;
        }
        Place::Item(item) => put_in_table(item.as_table_mut()?, key, fresh),
        Place::Table(table) => put_in_table(table, key, fresh),
        Place::Value(_) => return None,
    }
    Some(())
}

fn put_in_table(table: &mut Table, key: &str, fresh: Toml) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => replace(old, fresh),
        Some(old @ Item::Table(_)) if fresh.is_inline_table() => {
            *old = as_table(fresh).map_or(Item::None, Item::Table);
        }
        Some(old) => *old = Item::Value(fresh),
        None => drop(table.insert(key, Item::Value(fresh))),
    }
}

/// Another value in the place of one, with the same spaces and comments around it, and in the same quotes.
fn replace(old: &mut Toml, fresh: Toml) {
    let fresh = match (&*old, &fresh) {
        (Toml::Datetime(_), Toml::String(text)) => match text.value().parse() {
            Ok(time) => Toml::Datetime(Formatted::new(time)),
            Err(_) => fresh,
        },
        (Toml::String(before), Toml::String(text)) => {
            in_quotes_of(before, text.value()).unwrap_or(fresh)
        }
        _ => fresh,
    };
    let decor = old.decor().clone();
    *old = fresh;
    *old.decor_mut() = decor;
}

fn in_quotes_of(before: &Formatted<String>, text: &str) -> Option<Toml> {
    let raw = before.as_repr()?.as_raw().as_str()?;
    let literal = raw.starts_with('\'') && !raw.starts_with("'''");
    let sayable = !text.contains('\'') && !text.chars().any(char::is_control);
    (literal && sayable)
        .then(|| format!("'{text}'").parse().ok())
        .flatten()
}

fn insert(place: Place<'_>, at: usize, fresh: Toml) -> Option<()> {
    match place {
        Place::Item(Item::Value(Toml::Array(array))) | Place::Value(Toml::Array(array)) => {
            let at = at.min(array.len());
            // The manner of its neighbour: on a line of its own, or behind a space.
            let neighbour = array
                .get(at.saturating_sub(1))
                .map(|value| value.decor().clone());
            let mut fresh = fresh;
            let prefix = neighbour.and_then(|decor| {
                decor
                    .prefix()
                    .and_then(|raw| raw.as_str().map(str::to_owned))
            });
            let prefix = prefix.map(|prefix| {
                if prefix.contains('\n') {
                    last_line(&prefix)
                } else {
                    " ".to_owned()
                }
            });
            match prefix {
                Some(prefix) if at > 0 => fresh.decor_mut().set_prefix(prefix),
                _ => {}
            }
            let own_lines = array.get(0).is_some_and(|value| {
                value
                    .decor()
                    .prefix()
                    .and_then(|raw| raw.as_str())
                    .is_some_and(|text| text.contains('\n'))
            });
            if at == array.len() && own_lines && !array.trailing_comma() {
                // What stood before the closing bracket stays before it.
                let suffix = array
                    .get(at.checked_sub(1)?)
                    .and_then(|last| last.decor().suffix())
                    .and_then(|raw| raw.as_str());
                let suffix = suffix.unwrap_or_default().to_owned();
                if let Some(last) = array.get_mut(at - 1) {
                    last.decor_mut().set_suffix("");
                }
                fresh.decor_mut().set_suffix(suffix);
            }
            array.insert_formatted(at, fresh);
        }
        Place::Item(Item::ArrayOfTables(tables)) => {
            let mut all: Vec<Table> = tables.iter().cloned().collect();
            all.insert(at.min(all.len()), as_table(fresh)?);
            let mut fresh = ArrayOfTables::new();
            all.into_iter().for_each(|table| fresh.push(table));
            *tables = fresh;
        }
        _ => return None,
    }
    Some(())
}

fn last_line(prefix: &str) -> String {
    prefix[prefix.rfind('\n').unwrap_or(0)..].to_owned()
}

fn remove(place: Place<'_>, key: &str) -> Option<()> {
    match place {
        Place::Item(Item::Value(Toml::Array(array))) | Place::Value(Toml::Array(array)) => {
            drop(array.remove(index(key)?));
        }
        Place::Item(Item::Value(Toml::InlineTable(table)))
        | Place::Value(Toml::InlineTable(table)) => {
            drop(table.remove(key)?);
        }
        Place::Item(Item::ArrayOfTables(tables)) => drop(tables.remove(index(key)?)),
        Place::Item(item) => drop(item.as_table_mut()?.remove(key)?),
        Place::Table(table) => drop(table.remove(key)?),
        Place::Value(_) => return None,
    }
    Some(())
}

/// The new text with the lines of the old one wherever nothing was changed.
fn with_old_lines(text: &str, plain: &str, edited: &str) -> String {
    if plain == text {
        return edited.to_owned();
    }
    let (old, plain): (Vec<&str>, Vec<&str>) = (lines(text), lines(plain));
    let fresh = lines(edited);
    let head = plain.iter().zip(&fresh).take_while(|(a, b)| a == b).count();
    let tail = plain[head..].iter().rev().zip(fresh[head..].iter().rev());
    let tail = tail.take_while(|(a, b)| a == b).count();
    let end = line_end(text);
    let middle = fresh[head..fresh.len() - tail]
        .iter()
        .map(|line| line.replace('\n', end));
    let mut whole: String = old[..head].concat();
    whole.extend(middle);
    whole.push_str(&old[old.len() - tail..].concat());
    whole
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn table(table: &dyn TableLike) -> Value {
    Value::Object(
        table
            .iter()
            .map(|(key, item)| (key.to_owned(), json_of(item)))
            .collect(),
    )
}

fn json_of(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => json(value),
        Item::Table(inner) => table(inner),
        Item::ArrayOfTables(tables) => tables.iter().map(|inner| table(inner)).collect(),
    }
}

fn json(value: &Toml) -> Value {
    match value {
        Toml::String(text) => text.value().as_str().into(),
        Toml::Integer(number) => (*number.value()).into(),
        Toml::Float(number) => (*number.value()).into(),
        Toml::Boolean(flag) => (*flag.value()).into(),
        Toml::Datetime(time) => time.value().to_string().into(),
        Toml::Array(array) => array.iter().map(json).collect(),
        Toml::InlineTable(inner) => table(inner),
    }
}

fn toml(value: &Value, at: &[String]) -> Result<Toml, Failure> {
    let cannot = |what: &str| Failure::no(format!("TOML has no {what}, at {}", pointer(at)));
    Ok(match value {
        Value::Null => return Err(cannot("null").help("delete the key instead")),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            (None, Some(float)) if number.is_f64() => float.into(),
            _ => return Err(cannot(&format!("number {number}"))),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items: Result<Vec<Toml>, Failure> =
                items.iter().map(|item| toml(item, at)).collect();
            Toml::Array(items?.into_iter().collect())
        }
        Value::Object(entries) => Toml::InlineTable(inline(entries, at)?),
    })
}

fn inline(entries: &Map<String, Value>, at: &[String]) -> Result<InlineTable, Failure> {
    let mut table = InlineTable::new();
    for (key, value) in entries {
        table.insert(key, toml(value, at)?);
    }
    Ok(table)
}

fn as_table(value: Toml) -> Option<Table> {
    match value {
        Toml::InlineTable(inline) => Some(inline.into_table()),
        _ => None,
    }
}
