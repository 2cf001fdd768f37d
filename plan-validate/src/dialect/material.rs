//! What a dialect reads: one text, or the texts of a folder.

use std::ops::Range;

use schemas::source::Source;

/// The texts to read. All of them are one numbering of bytes, so that a place is just a range.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) source: Source,
    /// In the order of the layout, numbers in names as numbers.
    pub(crate) files: Vec<File>,
    /// What `--features` names.
    pub(crate) features: Option<File>,
    /// The tag that `--tag` chooses.
    pub(crate) tag: Option<String>,
    /// What the folder is called, or what stands before the name of its main file.
    pub(crate) called: Option<String>,
}

/// One of the texts.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the folder, with `/`; for a text that is no file, `<stdin>`.
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
}

/// A text that was read, before it becomes part of the material.
#[derive(Debug)]
pub(crate) struct Text {
    /// Relative to the folder.
    pub(crate) path: String,
    /// As it is shown to people.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Material {
    pub(crate) fn new(name: &str, texts: Vec<Text>, features: Option<Text>) -> Material {
        let has_features = features.is_some();
        let (paths, texts): (Vec<String>, Vec<_>) = texts
            .into_iter()
            .chain(features)
            // Agents are given what is read here: with one kind of line end.
            .map(|text| (text.path, (text.name, text.text.replace("\r\n", "\n"))))
            .unzip();
        let (source, spans) = Source::joined(name, texts);
        let files = paths.into_iter().zip(spans);
        let mut files: Vec<File> = files.map(|(path, span)| File { path, span }).collect();
        let features = if has_features { files.pop() } else { None };
        Material {
            source,
            files,
            features,
            tag: None,
            called: None,
        }
    }

    /// A name for the plan: that of its folder, else its title, in the characters of an id.
    pub(crate) fn label(&self, title: Option<&str>) -> String {
        let names = self.called.as_deref().into_iter().chain(title);
        let id = names.map(id_of).find(|id| !id.is_empty());
        id.unwrap_or_else(|| "plan".to_owned())
    }

    pub(crate) fn text(&self, file: &File) -> &str {
        &self.source.text[file.span.clone()]
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Letters and digits of any script in lower case, what is between them as one `-`.
fn id_of(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars().take(120) {
        if c.is_alphanumeric() || (matches!(c, '.' | '_') && !id.is_empty()) {
            id.extend(c.to_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    id.trim_end_matches(['-', '.', '_']).to_owned()
}

impl File {
    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A place to point at when something is missing in the file: its first byte.
    pub(crate) fn top(&self) -> Range<usize> {
        self.span.start..self.span.start
    }
}
