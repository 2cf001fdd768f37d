use super::*;

/// The structure as one text per line, with the bytes that each part says it has.
fn shape(text: &str) -> Vec<String> {
    fn add(blocks: &[Block], depth: usize, text: &str, out: &mut Vec<String>) {
        let pad = "  ".repeat(depth);
        for block in blocks {
            match &block.kind {
                Kind::Heading { level, text: line } => {
                    assert_eq!(&text[line.at.start - 7..line.at.end - 7], line.raw);
                    out.push(format!("{pad}h{level} {}", line.raw));
                }
                Kind::Paragraph(line) => {
                    assert_eq!(&text[line.at.start - 7..line.at.end - 7], line.raw);
                    let code: Vec<&str> = line.code.iter().map(|span| span.text.as_str()).collect();
                    out.push(format!("{pad}p {:?} {code:?}", line.raw));
                }
                Kind::Code { info, text } => out.push(format!("{pad}code {info} {text:?}")),
                Kind::List(items) => {
                    for item in items {
                        out.push(format!("{pad}- {:?} {:?}", item.done, item.line.raw));
                        add(&item.inner, depth + 1, text, out);
                    }
                }
                Kind::Table(rows) => {
                    for row in rows {
                        let cells: Vec<&str> = row.iter().map(|cell| cell.raw.as_str()).collect();
                        out.push(format!("{pad}row {cells:?}"));
                    }
                }
                Kind::Other => out.push(format!("{pad}other")),
            }
        }
    }
    let mut out = Vec::new();
    add(&read(text, 7), 0, text, &mut out);
    out
}

#[test]
fn the_structure_of_a_text() {
    let text = "\
## Phase 1: **Set** up ##

Some `a.rs` and
`b.rs` text

- [x] T001 [P] done `x`
- [ ] T002 open
  still T002

  - inner
    ```sh
    ### no heading
    ```
- loose

  second part

```markdown
### Task p01-t01: no
```

> ### quoted

| a | b |
|---|---|
| 1 | `2` |
";
    assert_eq!(
        shape(text),
        [
            "h2 Phase 1: **Set** up",
            "p \"Some `a.rs` and\\n`b.rs` text\" [\"a.rs\", \"b.rs\"]",
            "- Some(true) \"T001 [P] done `x`\"",
            "- Some(false) \"T002 open\\n  still T002\"",
            "  - None \"inner\"",
            "    code sh \"### no heading\\n\"",
            "- None \"loose\"",
            "  p \"second part\" []",
            "code markdown \"### Task p01-t01: no\\n\"",
            "other",
            "row [\"a\", \"b\"]",
            "row [\"1\", \"`2`\"]",
        ]
    );
}

#[test]
fn deep_nesting_ends_in_text() {
    let text = format!("{}- x\n\n# After\n", "> - ".repeat(5000));
    let blocks = read(&text, 0);
    assert!(matches!(
        &blocks.last().expect("a heading").kind,
        Kind::Heading { .. }
    ));
    assert!(items(&read(&"- ".repeat(3000), 0)).len() <= DEEPEST);
}
