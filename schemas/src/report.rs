//! Two forms in which other programs take what was found in files: SARIF, and GitHub's workflow commands.

use serde_json::{Value, json};

/// An annotation on a file, as a line that GitHub's runner takes out of the output of a step.
#[derive(Debug, Clone, Copy)]
pub struct Annotation<'a> {
    /// `error`, `warning` or `notice`.
    pub command: &'a str,
    /// The file, relative to the repository.
    pub file: Option<&'a str>,
    /// From 1; means nothing without a file.
    pub line: Option<u32>,
    /// From 1; means nothing without a line.
    pub column: Option<u32>,
    /// In bold above the message.
    pub title: &'a str,
    /// May have several lines.
    pub message: &'a str,
}

impl Annotation<'_> {
    /// The whole line, with its end.
    pub fn to_line(&self) -> String {
        let mut properties = Vec::new();
        if let Some(file) = self.file {
            properties.push(format!("file={}", property(file)));
            properties.extend(self.line.map(|line| format!("line={line}")));
            let column = self.line.and(self.column);
            properties.extend(column.map(|column| format!("col={column}")));
        }
        properties.push(format!("title={}", property(self.title)));
        format!(
            "::{} {}::{}\n",
            self.command,
            properties.join(","),
            data(self.message)
        )
    }
}

/// A SARIF 2.1.0 log of one run, on one line or several. `rules` and `results` are as SARIF has them.
pub fn sarif(tool: &str, version: &str, rules: Vec<Value>, results: Vec<Value>) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": tool, "version": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as the URI reference that SARIF wants.
pub fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_cannot_end_early_or_hold_another() {
        let annotation = Annotation {
            command: "error",
            file: Some("a,b:c%.json"),
            line: Some(3),
            column: Some(7),
            title: "x::y",
            message: "100%\r\n::warning::no",
        };
        assert_eq!(
            annotation.to_line(),
            "::error file=a%2Cb%3Ac%25.json,line=3,col=7,title=x%3A%3Ay::100%25%0D%0A::warning::no\n"
        );
        let nowhere = Annotation {
            file: None,
            ..annotation
        };
        assert!(nowhere.to_line().starts_with("::error title=x%3A%3Ay::"));
    }

    #[test]
    fn a_path_is_a_uri_reference() {
        assert_eq!(uri("plans/ä b#.json"), "plans/%C3%A4%20b%23.json");
    }
}
