//! Places in a document.

use std::fmt;

/// A place: keys and indexes from the root on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<String>);

impl Path {
    /// Reads a JSON Pointer (`/a/b/0`), or keys with dots between them (`a.b.0`), as people type them.
    pub(crate) fn parse(text: &str) -> Path {
        let unescaped = |token: &str| token.replace("~1", "/").replace("~0", "~");
        Path(match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescaped).collect(),
            None if text.is_empty() => Vec::new(),
            None => text.split('.').map(str::to_owned).collect(),
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pointer(&self.0))
    }
}

/// The JSON Pointer of a place; `the root` for the whole, for people.
pub(super) fn pointer(tokens: &[String]) -> String {
    if tokens.is_empty() {
        return "the root".to_owned();
    }
    let escaped = |token: &String| format!("/{}", schemas::source::escape(token));
    tokens.iter().map(escaped).collect()
}
