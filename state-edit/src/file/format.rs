//! The formats of documents.

use std::path::Path;

use clap::ValueEnum;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON, also with comments and trailing commas
    Json,
    /// One YAML document
    Yaml,
    /// TOML
    Toml,
    /// Markdown: its front matter, and what is addressed in its text
    Markdown,
}

impl Format {
    /// By the end of the file's name.
    pub(crate) fn of(file: &Path) -> Option<Format> {
        let end = file.extension()?.to_str()?.to_ascii_lowercase();
        Some(match end.as_str() {
            "json" | "jsonc" | "json5" | "code-workspace" => Format::Json,
            "yaml" | "yml" => Format::Yaml,
            "toml" => Format::Toml,
            "md" | "markdown" | "mdx" => Format::Markdown,
            _ => return None,
        })
    }
}
