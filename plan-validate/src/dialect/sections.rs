//! Sections of a Markdown file, by their headings.

use crate::dialect::markdown::{Block, Item, Kind, Span, items, plain};

/// What stands below a heading, up to the next one of its level or above.
pub(crate) struct Section<'b> {
    /// In small letters, without markup and what stands behind a colon.
    pub(crate) name: String,
    pub(crate) blocks: &'b [Block],
}

/// The first heading of level 1, and the sections of level 2; what stands before the first has no name.
pub(crate) fn split(blocks: &[Block]) -> (Option<Span>, Vec<Section<'_>>) {
    let mut title = None;
    let mut sections = Vec::new();
    let (mut name, mut start) = (String::new(), 0);
    for (index, block) in blocks.iter().enumerate() {
        let Kind::Heading { level, text } = &block.kind else {
            continue;
        };
        if *level > 2 {
            continue;
        }
        if *level == 1 {
            title.get_or_insert_with(|| Span {
                text: plain(&text.raw),
                at: text.at.clone(),
            });
        }
        let blocks = &blocks[start..index];
        sections.push(Section { name, blocks });
        let text = plain(&text.raw).to_lowercase();
        name = text.split(':').next().unwrap_or_default().trim().to_owned();
        start = index + 1;
    }
    let blocks = &blocks[start..];
    sections.push(Section { name, blocks });
    (title, sections)
}

/// The section with this name.
pub(crate) fn find<'s, 'b>(sections: &'s [Section<'b>], name: &str) -> Option<&'s Section<'b>> {
    sections.iter().find(|section| section.name == name)
}

impl Section<'_> {
    /// Every item of its lists.
    pub(crate) fn items(&self) -> Vec<&Item> {
        items(self.blocks)
    }

    /// Its items as texts, for criteria.
    pub(crate) fn texts(&self) -> Vec<Span> {
        let items = self.items().into_iter();
        let texts = items.map(|item| Span {
            text: item.line.raw.clone(),
            at: item.line.at.clone(),
        });
        texts.filter(|span| !span.text.is_empty()).collect()
    }

    /// The first line of its first paragraph or item.
    pub(crate) fn first_line(&self) -> Option<Span> {
        let line = self.blocks.iter().find_map(|block| match &block.kind {
            Kind::Paragraph(line) => Some(line),
            Kind::List(items) => items.first().map(|item| &item.line),
            _ => None,
        })?;
        let text = line.raw.lines().next().unwrap_or_default().trim_end();
        Some(Span {
            text: text.to_owned(),
            at: line.at.start..line.at.start + text.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::markdown;

    #[test]
    fn sections_end_where_the_next_begins() {
        let text = "before\n# The Title\nintro\n## **Scope**: what\n- a\n  - b\n### inner\n- c\n## Empty\n";
        let blocks = markdown::read(text, 0);
        let (title, sections) = split(&blocks);
        assert_eq!(title.map(|title| title.text).as_deref(), Some("The Title"));
        let names: Vec<&str> = sections
            .iter()
            .map(|section| section.name.as_str())
            .collect();
        assert_eq!(names, ["", "the title", "scope", "empty"]);
        let scope = find(&sections, "scope").expect("it is there");
        let texts: Vec<String> = scope.texts().into_iter().map(|span| span.text).collect();
        assert_eq!(texts, ["a", "b", "c"]);
        let intro = find(&sections, "the title").and_then(Section::first_line);
        assert_eq!(intro.map(|line| line.text).as_deref(), Some("intro"));
    }
}
