//! Markdown by name: sections, rows of tables, entries of lists, check boxes, blocks between comments, bold fields.

mod address;
mod list;
mod outline;
mod table;
mod text;

use schemas::Failure;
use serde_json::Value;

pub(crate) use address::Address;

use super::splice::{Splice, spliced};
use address::{What, scope};
use outline::Outline;

/// What is asked of a text.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Other words at an address.
    Set(Address, String),
    /// More of its kind.
    Append(Address, String),
    /// It goes.
    Delete { address: Address, if_present: bool },
}

/// What stands at an address.
pub(crate) fn get(text: &str, address: &Address) -> Result<Value, Failure> {
    let outline = Outline::of(text);
    let scope = scope(text, &outline, address)?;
    match &address.what {
        What::Section => Ok(text::get(text, &scope).into()),
        What::Row(key, column) => table::get(
            text,
            &outline,
            &scope,
            address,
            key.as_deref(),
            column.as_deref(),
        ),
        What::Item(name) => list::get_item(text, &outline, &scope, address, name.as_deref()),
        What::Box(name) => list::get_box(text, &outline, &scope, address, name.as_deref()),
        What::Block(name) => {
            text::get_block(text, &outline, &scope, name, address).map(Value::from)
        }
        What::Field(name) => Ok(text[text::field(text, &outline, &scope, name, address)?].into()),
    }
}

/// The text with a change.
pub(crate) fn changed(text: &str, change: &Change) -> Result<String, Failure> {
    let made = match change {
        Change::Set(address, _) | Change::Append(address, _) if address.makes => {
            address::with_sections(text, address)?
        }
        _ => text.to_owned(),
    };
    let text = made.as_str();
    let outline = Outline::of(text);
    let splices = match change {
        Change::Set(address, value) => set(text, &outline, address, value)?,
        Change::Append(address, value) => append(text, &outline, address, value)?,
        Change::Delete {
            address,
            if_present,
        } => match delete(text, &outline, address) {
            Err(failure) if !if_present => return Err(failure),
            splices => splices.unwrap_or_default(),
        },
    };
    let fresh = spliced(text, splices);
    if let Change::Set(address, value) = change {
        holds(&fresh, address, value)?;
    }
    Ok(fresh)
}

fn set(
    text: &str,
    outline: &Outline,
    address: &Address,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let scope = scope(text, outline, address)?;
    match &address.what {
        What::Section => Ok(text::set(text, &scope, value)),
        What::Row(Some(key), Some(column)) => {
            table::set_cell(text, outline, &scope, address, key, column, value)
        }
        What::Row(Some(key), None) => table::set_row(text, outline, &scope, address, key, value),
        What::Item(Some(name)) => list::set_item(text, outline, &scope, address, name, value),
        What::Box(Some(name)) => list::set_box(text, outline, &scope, address, name, value),
        What::Block(name) => text::set_block(text, outline, &scope, name, value, address),
        What::Field(name) => text::set_field(text, outline, &scope, name, value, address),
        What::Row(None, _) | What::Item(None) | What::Box(None) => Err(unnamed(address)),
    }
}

fn append(
    text: &str,
    outline: &Outline,
    address: &Address,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let scope = scope(text, outline, address)?;
    match &address.what {
        What::Section => Ok(text::append(text, &scope, value)),
        What::Row(None, None) => table::append(text, outline, &scope, address, value),
        What::Item(None) => Ok(list::append(text, outline, &scope, value)),
        What::Block(name) => text::append_block(text, outline, &scope, name, value, address),
        _ => Err(Failure::usage(format!(
            "{address}: text is appended to a section, a block, item or row"
        ))),
    }
}

fn delete(text: &str, outline: &Outline, address: &Address) -> Result<Vec<Splice>, Failure> {
    let scope = scope(text, outline, address)?;
    match &address.what {
        What::Section => Ok(text::delete(&scope)),
        What::Row(Some(key), None) => table::delete(text, outline, &scope, address, key),
        What::Item(Some(name)) | What::Box(Some(name)) => {
            list::delete(text, outline, &scope, address, name)
        }
        What::Block(name) => text::set_block(text, outline, &scope, name, "", address),
        What::Field(name) => text::delete_field(text, outline, &scope, name, address),
        What::Row(_, Some(_)) => Err(Failure::usage(format!(
            "{address}: a cell cannot be deleted; set it to nothing"
        ))),
        What::Row(None, _) | What::Item(None) | What::Box(None) => Err(unnamed(address)),
    }
}

fn unnamed(address: &Address) -> Failure {
    Failure::usage(format!("{address}: which one? name it: {address}/NAME"))
}

/// Fails when what was written is not what is read: words that are structure themselves.
fn holds(fresh: &str, address: &Address, value: &str) -> Result<(), Failure> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let read = get(fresh, address);
    let as_asked = match (&address.what, &read) {
        (What::Row(_, None) | What::Box(_), read) => read.is_ok(),
        (What::Section, Ok(Value::String(read))) => words(read).starts_with(&words(value)),
        (_, Ok(Value::String(read))) => words(read) == words(value),
        _ => false,
    };
    if as_asked {
        return Ok(());
    }
    Err(Failure::no(format!(
        "{address}: what is to be written would be read as something else"
    ))
    .help("nothing was written"))
}

#[cfg(test)]
mod tests;
