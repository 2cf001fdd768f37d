//! The text of a task: the files it names, the commands that must pass, what is expected of them.

use std::collections::HashSet;

use crate::dialect::Draft;
use crate::dialect::labels::{behind, labelled, lines};
use crate::dialect::markdown::{Block, Kind, Line, Span, items, plain};
use crate::dialect::paths;

/// What the text of a task says.
#[derive(Default)]
pub(super) struct Body {
    pub(super) paths: Vec<Span>,
    /// Some of what is touched is told in words only.
    pub(super) is_incomplete: bool,
    pub(super) commands: Vec<Span>,
    pub(super) acceptance: Vec<Span>,
}

/// Files that are only looked at.
const READERS: &[&str] = &[
    "read",
    "reference",
    "references",
    "see",
    "use",
    "verify",
    "review",
    "inspect",
    "run",
    "check",
];

pub(super) fn read(blocks: &[Block], draft: &mut Draft) -> Body {
    let mut body = Body::default();
    let mut run = Run::default();
    for (index, block) in blocks.iter().enumerate() {
        let next = blocks.get(index + 1);
        match &block.kind {
            Kind::Paragraph(line) => {
                if let Some(rest) = labelled(line, "files") {
                    files(line, &rest, next, &mut body, draft);
                }
                run.read(line, next, &mut body);
            }
            Kind::List(_) => {
                for item in items(std::slice::from_ref(block)) {
                    run.read(&item.line, item.inner.first(), &mut body);
                }
            }
            _ => {}
        }
    }
    run.end(&mut body);
    let mut seen = HashSet::new();
    body.commands
        .retain(|command| seen.insert(command.text.clone()));
    seen.clear();
    body.paths.retain(|path| seen.insert(path.text.clone()));
    body
}

/// The list behind `**Files:**`, or the files in its line.
fn files(line: &Line, rest: &Span, next: Option<&Block>, body: &mut Body, draft: &mut Draft) {
    body.paths
        .extend(paths::in_line(line, rest.at.start, draft));
    let Some(Block {
        kind: Kind::List(entries),
        ..
    }) = next
    else {
        return;
    };
    for item in entries {
        let plain = plain(&item.line.raw);
        let word = plain.split([' ', ':', '/']).next().unwrap_or_default();
        if READERS.contains(&word.to_ascii_lowercase().as_str()) {
            continue;
        }
        let told = draft.found.count();
        let found = paths::in_line(&item.line, item.line.at.start, draft);
        let is_none = ["no ", "none", "n/a"];
        let says_none = is_none
            .iter()
            .any(|none| plain.to_ascii_lowercase().starts_with(none));
        if found.is_empty() && !says_none {
            body.is_incomplete = true;
        }
        if found.is_empty() && !says_none && draft.found.count() == told {
            draft.warn_with(
                "unclear-files",
                "no path is named here: the task is not held to the files of its list",
                item.line.at.clone(),
                "write `- Modify: `path/to/file``; a folder ends with `/`",
            );
        }
        body.paths.extend(found);
    }
}

/// Reads `Run:` lines, and what is expected of each.
#[derive(Default)]
struct Run {
    /// Commands whose expectation has not been read.
    open: Vec<Span>,
    acceptance: Vec<Span>,
}

impl Run {
    fn read(&mut self, line: &Line, next: Option<&Block>, body: &mut Body) {
        for physical in lines(line) {
            if let Some(expected) = behind(&physical, "expected") {
                self.expect(&expected, body);
            } else if let Some(rest) = ["run", "verify", "verification", "test command"]
                .iter()
                .find_map(|label| behind(&physical, label))
            {
                self.end(body);
                self.command(line, &rest, next);
            }
        }
    }

    /// A command in backticks, several of them joined by `and`, or the code block that follows.
    fn command(&mut self, line: &Line, rest: &Span, next: Option<&Block>) {
        if rest.text.is_empty() {
            if let Some(Block {
                at,
                kind: Kind::Code { text, .. },
            }) = next
            {
                self.open.push(Span {
                    text: script(text),
                    at: at.clone(),
                });
            }
            return;
        }
        let mut from = rest.at.start;
        for code in &line.code {
            if code.at.start < from {
                continue;
            }
            let between = line
                .raw
                .get(from - line.at.start..code.at.start - line.at.start);
            let between = between
                .unwrap_or("?")
                .trim_matches([' ', ',', ';', '&', '*']);
            if code.at.end > rest.at.end || !matches!(between, "" | "and" | "then" | "and then") {
                break;
            }
            self.open.push(code.clone());
            from = code.at.end;
        }
        // Words, not a command: somebody must look.
        if self.open.is_empty() {
            self.acceptance.push(rest.clone());
        }
    }

    /// A test that is to fail first is no gate: it is for the step in which it is written.
    fn expect(&mut self, expected: &Span, body: &mut Body) {
        if is_failure(&expected.text) {
            self.open.clear();
        } else if !expected.text.is_empty() {
            self.acceptance.push(expected.clone());
        }
        self.end(body);
    }

    fn end(&mut self, body: &mut Body) {
        let commands = self
            .open
            .drain(..)
            .filter(|command| !command.text.trim().is_empty());
        body.commands.extend(commands);
        body.acceptance.append(&mut self.acceptance);
    }
}

/// Of several commands each must pass, not only the last.
fn script(text: &str) -> String {
    let text = text.trim();
    match text.contains('\n') {
        true => format!("set -e\n{text}"),
        false => text.to_owned(),
    }
}

/// `Tests fail (RED)`, but not `0 failed` or `no failures`.
fn is_failure(expected: &str) -> bool {
    let lower = expected.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let denied = |at: usize| {
        at > 0
            && matches!(
                words[at - 1],
                "0" | "no" | "not" | "without" | "zero" | "longer" | "never" | "nothing"
            )
    };
    let first = words
        .iter()
        .take(6)
        .position(|word| word.starts_with("fail") || *word == "red");
    let passes = |at: usize| words[..at].iter().any(|word| word.starts_with("pass"));
    first.is_some_and(|at| !denied(at) && !passes(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::markdown;

    fn body(text: &str) -> Body {
        let body = read(&markdown::read(text, 0), &mut Draft::default());
        for span in body
            .paths
            .iter()
            .chain(&body.commands)
            .chain(&body.acceptance)
        {
            let said = &text[span.at.clone()];
            let first = span
                .text
                .trim_start_matches("set -e\n")
                .lines()
                .next()
                .unwrap_or_default();
            let bare = first.trim_end_matches("/**").replace("[[]", "[");
            assert!(said.contains(bare.as_str()), "{said:?} {span:?}");
        }
        body
    }

    fn texts(spans: &[Span]) -> Vec<&str> {
        spans.iter().map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn commands_are_told_from_words() {
        let body = body(
            "\
Run: `pnpm test a.test.ts`
Expected: Test fails (RED)

**Step 2**

Run: `pnpm test`
Expected: all pass, 0 failed

Run: `pnpm lint` and `pnpm type-check`, then look

1. Run: `make docs` and confirm that `docs/` is there

**Verify:** `pnpm test`

Run:

```bash
make a \\
  b
make c
```

Run: Verify that the agent is defined
",
        );
        let expected = [
            "pnpm test",
            "pnpm lint",
            "pnpm type-check",
            "make docs",
            "set -e\nmake a \\\n  b\nmake c",
        ];
        assert_eq!(texts(&body.commands), expected);
        let expected = ["all pass, 0 failed", "Verify that the agent is defined"];
        assert_eq!(texts(&body.acceptance), expected);
    }

    #[test]
    fn files_are_read_with_every_verb() {
        let body = body(
            "\
**Files:**

- Create: `src/a.rs`
- Create/Modify: `src/b.rs`, `src/c.rs`
- Move: `old.rs` → `new.rs`
- Modify: `src/[slug]/page.tsx` (if `other/d.ts` needs it)
- Add/modify: fixtures under `tests/fixtures/`
- Delete: src/plain.rs
- Use as oracle only: `oracle.md`
- No new files
- Modify: `src/a.rs`
",
        );
        assert_eq!(
            texts(&body.paths),
            [
                "src/a.rs",
                "src/b.rs",
                "src/c.rs",
                "old.rs",
                "new.rs",
                "src/[[]slug]/page.tsx",
                "tests/fixtures/**",
                "src/plain.rs"
            ]
        );
    }

    #[test]
    fn failing_first_is_told_from_not_failing() {
        for (text, expected) in [
            ("Tests fail (RED)", true),
            ("FAIL", true),
            ("All tests pass, no failures", false),
            ("0 failed", false),
            ("does not fail", false),
            ("tests pass and failure path asserts exitCode", false),
        ] {
            assert_eq!(is_failure(text), expected, "{text}");
        }
    }
}
