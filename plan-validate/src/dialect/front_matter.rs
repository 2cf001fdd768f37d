//! The YAML between two lines of `---` at the top of a Markdown file.

use crate::dialect::{Draft, File, Material, Node};

/// A Markdown file, taken apart.
pub(crate) struct Parts<'m> {
    /// The mapping; empty when there is none or it is malformed.
    pub(crate) front: Node,
    /// Whether there was one.
    pub(crate) has_front: bool,
    pub(crate) body: &'m str,
    /// Where the body begins.
    pub(crate) offset: usize,
}

/// Takes a file apart. Front matter that is malformed or no mapping is an error: what it says decides what is run.
pub(crate) fn split<'m>(material: &'m Material, file: &File, draft: &mut Draft) -> Parts<'m> {
    let text = material.text(file);
    let start = file.span.start;
    let none = |body: usize| Parts {
        front: Node::map(file.top()),
        has_front: false,
        body: &text[body..],
        offset: start + body,
    };
    let Some((yaml, body)) = bounds(text) else {
        if text
            .lines()
            .next()
            .is_some_and(|line| line.trim_end() == "---")
        {
            draft.error(
                "front-matter",
                "the front matter does not end",
                start..start + 3,
                "a line of `---` ends it",
            );
        }
        return none(0);
    };
    match Node::from_yaml(&text[yaml.clone()], start + yaml.start) {
        Ok(front) if front.is_map() => Parts {
            front,
            has_front: true,
            ..none(body)
        },
        Ok(front) if front.is_null() => none(body),
        Ok(front) => {
            draft.error(
                "front-matter",
                format!("the front matter is {}, not a mapping", front.kind()),
                front.at,
                "write `key: value` lines",
            );
            none(body)
        }
        Err(problems) => {
            // Only comments, or nothing.
            let is_empty = text[yaml].lines().all(|line| {
                let line = line.trim();
                line.is_empty() || line.starts_with('#')
            });
            if !is_empty {
                draft.found.extend(problems);
            }
            none(body)
        }
    }
}

/// The bytes of the YAML, and where the body begins.
fn bounds(text: &str) -> Option<(std::ops::Range<usize>, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut at = first.len();
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((first.len()..at, at + line.len()));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::material::Text;

    fn parts(text: &str) -> (String, String, Vec<(String, usize)>) {
        let text = Text {
            path: "a.md".to_owned(),
            name: "a.md".to_owned(),
            text: text.to_owned(),
        };
        let material = Material::new("a.md", vec![text], None);
        let mut draft = Draft::default();
        let parts = split(&material, &material.files[0], &mut draft);
        assert_eq!(
            &material.source.text[parts.offset..][..parts.body.len()],
            parts.body
        );
        let place = |p: &schemas::Problem| p.span.as_ref().map_or(0, |span| span.start);
        let found = draft.found.problems.iter();
        let found = found.map(|p| (p.code.clone(), place(p))).collect();
        (
            parts.front.value().to_string(),
            parts.body.to_owned(),
            found,
        )
    }

    #[test]
    fn front_matter_is_read_or_refused() {
        let none = Vec::<(String, usize)>::new();
        let read = |front: &str, body: &str| (front.to_owned(), body.to_owned(), none.clone());
        let refused = |code: &str, at| vec![(code.to_owned(), at)];
        assert_eq!(
            parts("---\na: [b]\n---\n# T\n"),
            read("{\"a\":[\"b\"]}", "# T\n")
        );
        assert_eq!(parts("---\r\na: 1 # c\r\n---\r\nx"), read("{\"a\":1}", "x"));
        assert_eq!(parts("# T\n---\n"), read("{}", "# T\n---\n"));
        assert_eq!(parts("---\n---\nx"), read("{}", "x"));
        assert_eq!(parts("---\n# only a comment\n---\nx"), read("{}", "x"));
        assert_eq!(parts("---\na: [\n---\nx").2[0].0, "syntax");
        assert_eq!(
            parts("---\na: 1\na: 2\n---\nx").2,
            refused("duplicate-key", 9)
        );
        assert_eq!(parts("---\n- a\n---\nx").2, refused("front-matter", 4));
        assert_eq!(parts("---\na: 1\n").2, refused("front-matter", 0));
    }
}
