//! `show`: the state as it is now, or was. Makes and writes nothing.

use std::path::Path;

use schemas::{Exit, Failure, document, journal};
use serde_json::Value;

use crate::cli::{Show, ShowFormat};
use crate::{expect, history, near, table};

/// Columns of a table that goes to no terminal.
const WIDTH: usize = 120;

/// Runs `show`.
pub(crate) fn run(dir: &Path, args: &Show) -> Result<Exit, Failure> {
    let pointer = args.pointer.as_deref().unwrap_or_default();
    expect::check_pointer(pointer).map_err(Failure::usage)?;
    let state = match args.at {
        Some(seq) => history::at(dir, seq)?,
        None => journal::view(dir)?.0,
    };
    if args.format == ShowFormat::Table {
        document::write_text(table::draw(&state, width()).as_bytes())?;
        return Ok(Exit::Yes);
    }
    let not_json = |error| Failure::trouble("cannot write the state as JSON").because(&error);
    let mut text = if pointer.is_empty() {
        // The very bytes of state.json.
        serde_json::to_string_pretty(&state).map_err(not_json)?
    } else {
        let state = serde_json::to_value(&state).map_err(not_json)?;
        let value = state
            .pointer(pointer)
            .ok_or_else(|| missing(&state, pointer))?;
        serde_json::to_string_pretty(value).map_err(not_json)?
    };
    text.push('\n');
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

/// Says where the pointer leaves the document, and what there is.
fn missing(state: &Value, pointer: &str) -> Failure {
    let failure = Failure::no(format!("the state has nothing at {pointer}"));
    let ends = pointer.match_indices('/').map(|(at, _)| at).skip(1);
    let parent = ends
        .map(|at| &pointer[..at])
        .take_while(|part| state.pointer(part).is_some())
        .last()
        .unwrap_or_default();
    let missing = pointer[parent.len() + 1..]
        .split('/')
        .next()
        .unwrap_or_default();
    match state.pointer(parent) {
        Some(Value::Object(object)) if !object.is_empty() => {
            let keys = || object.keys().map(String::as_str);
            let place = if parent.is_empty() {
                "the state"
            } else {
                parent
            };
            failure.help(match near::nearest(missing, keys()) {
                Some(near) => format!("did you mean {parent}/{near}?"),
                None => format!(
                    "{place} has: {}",
                    keys().take(40).collect::<Vec<_>>().join(", ")
                ),
            })
        }
        Some(Value::Array(array)) => failure.help(format!("{parent} has {} entries", array.len())),
        _ => failure,
    }
}

pub(crate) fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .map(|size| usize::from(size.ws_col))
        .ok()
        .filter(|width| *width > 0)
        .unwrap_or(WIDTH)
}
