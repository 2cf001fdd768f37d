//! Markdown by example, and every real file by every command.

use super::{Address, Change, changed, get};

const PAGE: &str = "\
---
key: 1 # comment
---

# Page

**Status:** open
**Updated:** 2026-01-01

## Reviews

| Scope | Status   | Note |
| ----- | -------- | ---- |
| p01   | pending  | a \\| b |
| `p02` | received |      |
| p01   | passed   | -    |

## Tasks

- [x] `t1` First \u{2014} `abc`
- [ ] t2 Second
- [ ] t21 Third

```md
## Log
- [ ] t2 fenced
**Status:** fenced
<!-- runs-start -->
```

## Log

<!-- runs-start -->

### Run 1

text

<!-- runs-end -->

## Phases

- phase-1: done | commit: abc
- phase-2: pending
";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap().unwrap()
}

#[track_caller]
fn set(place: &str, value: &str, old: &str, new: &str) {
    let fresh = changed(PAGE, &Change::Set(address(place), value.to_owned())).unwrap();
    assert!(PAGE.contains(old));
    assert_eq!(fresh, PAGE.replacen(old, new, 1));
}

#[test]
fn one_thing_changes() {
    set("row/p01/Status", "failed", "passed   | -", "failed   | -");
    set(
        "row/p01/status",
        "fixes_completed",
        "passed   | -",
        "fixes_completed | -",
    );
    set(
        "row/p02/Note",
        "see a|b",
        "received |      |",
        "received | see a\\|b |",
    );
    set(
        "section/Reviews/row/p01",
        "{\"Note\": \"x\"}",
        "passed   | -    |",
        "passed   | x    |",
    );
    set(
        "row/p03",
        "{\"Status\": \"pending\"}",
        "passed   | -    |\n",
        "passed   | -    |\n| p03 | pending | - |\n",
    );
    set("box/t2", "true", "[ ] t2 S", "[x] t2 S");
    set("box/t1", "false", "[x]", "[ ]");
    set(
        "field/Status",
        "done",
        "**Status:** open",
        "**Status:** done",
    );
    set(
        "item/phase-2",
        "done | commit: d",
        "phase-2: pending",
        "phase-2: done | commit: d",
    );
    set(
        "section/Phases/item/phase-3",
        "pending",
        "phase-2: pending\n",
        "phase-2: pending\n- phase-3: pending\n",
    );
    set("block/runs", "none", "\n### Run 1\n\ntext\n", "\nnone\n");
    set(
        "section/Log/section/Run 1",
        "more\n\nwords\n",
        "text\n",
        "more\n\nwords\n",
    );
}

#[track_caller]
fn appends(place: &str, value: &str, old: &str, new: &str) {
    let fresh = changed(PAGE, &Change::Append(address(place), value.to_owned())).unwrap();
    assert_eq!(fresh, PAGE.replacen(old, new, 1));
}

#[test]
fn more_comes_at_the_end_of_its_kind() {
    appends(
        "block/runs",
        "### Run 2\n",
        "text\n\n<!-- r",
        "text\n\n### Run 2\n\n<!-- r",
    );
    appends(
        "section/Tasks/item",
        "t4 Fourth",
        "t21 Third\n",
        "t21 Third\n- [ ] t4 Fourth\n",
    );
    appends(
        "section/Phases",
        "A word.",
        "phase-2: pending\n",
        "phase-2: pending\n\nA word.\n",
    );
    appends(
        "row",
        "{\"Scope\": \"p04\"}",
        "passed   | -    |\n",
        "passed   | -    |\n| p04 | - | - |\n",
    );
}

#[track_caller]
fn deletes(place: &str, old: &str) {
    let address = address(place);
    let fresh = changed(
        PAGE,
        &Change::Delete {
            address,
            if_present: false,
        },
    )
    .unwrap();
    assert_eq!(fresh, PAGE.replacen(old, "", 1));
}

#[test]
fn what_is_deleted_takes_its_lines_along() {
    deletes("row/p01", "| p01   | passed   | -    |\n");
    deletes("item/phase-1", "- phase-1: done | commit: abc\n");
    deletes("box/t21", "- [ ] t21 Third\n");
    deletes("field/Updated", "**Updated:** 2026-01-01\n");
    deletes(
        "section/Reviews",
        &PAGE[PAGE.find("## Reviews").unwrap()..PAGE.find("## Tasks").unwrap()],
    );
}

#[test]
fn what_stands_there_is_read() {
    let read = |place: &str| get(PAGE, &address(place)).unwrap().to_string();
    assert_eq!(read("row/p01/Status"), "\"passed\"");
    assert_eq!(
        read("row/p02"),
        "{\"Scope\":\"`p02`\",\"Status\":\"received\",\"Note\":\"\"}"
    );
    assert_eq!(read("box/t2"), "false");
    assert_eq!(
        read("section/Tasks/box").matches("\"done\":true").count(),
        1
    );
    assert_eq!(read("block/runs"), "\"### Run 1\\n\\ntext\"");
    assert_eq!(read("field/Status"), "\"open\"");
    assert_eq!(
        read("section/Phases/item"),
        "[\"phase-1: done | commit: abc\",\"phase-2: pending\"]"
    );
}

#[test]
fn what_is_not_clear_is_refused() {
    let refused = |place: &str| {
        let change = Change::Set(address(place), "x".to_owned());
        changed(PAGE, &change).unwrap_err().to_string()
    };
    assert!(refused("section/Missing").contains("there are: Page, Reviews, Tasks, Log"));
    assert!(refused("row/p09/Status").contains("no table has a row p09"));
    assert!(refused("row/p01/State").contains("there are: Scope, Status, Note"));
    assert!(refused("box/t").contains("3 entries are about t"));
    assert!(refused("block/walks").contains("there is no <!-- walks-start -->"));
    assert!(Address::parse("section/A/rows").unwrap().is_err());
    assert!(Address::parse("oat_phase").is_none());
    assert!(Address::parse("/a/b").is_none());
    let slip = Address::parse("secton/Log").unwrap().unwrap_err();
    assert!(slip.to_string().contains("did you mean section/"), "{slip}");
}

#[test]
fn line_ends_are_those_of_the_file() {
    let page = PAGE.replace('\n', "\r\n");
    for (place, value) in [
        ("block/runs", "### Run 2\n\nb"),
        ("section/Phases", "x\ny"),
        ("section/Phases/item", "c"),
        ("row", "{}"),
    ] {
        let fresh = changed(&page, &Change::Append(address(place), value.to_owned())).unwrap();
        assert_eq!(
            fresh.matches('\n').count(),
            fresh.matches("\r\n").count(),
            "{place}"
        );
        assert!(fresh.len() > page.len());
    }
}

/// Every change of a file that its own structure suggests, with the most lines that it may take away.
fn changes(text: &str) -> Vec<(Change, usize)> {
    let outline = super::Outline::of(text);
    let escape = |text: &str| text.replace('~', "~0").replace('/', "~1");
    let mut all = Vec::new();
    for heading in &outline.headings {
        let place = format!("section/{}", escape(&heading.title));
        all.push((format!("{place}/item"), None, 1));
        all.push((place.clone(), None, 1));
        all.push((format!("{place}/item/brand-new"), Some("first"), 1));
    }
    for row in outline.tables.iter().flat_map(|table| &table.rows) {
        let cells: Vec<&str> = text[row.clone()]
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        if let [key, _, ..] = cells[..] {
            all.push((format!("row/{}/2", escape(key)), Some("a|b c"), 1));
        }
    }
    for item in &outline.items {
        let words = text[item.words.clone()]
            .split(": ")
            .next()
            .unwrap_or_default();
        let words = escape(words);
        let kind = if item.check.is_some() {
            ("box", "true")
        } else {
            ("item", "other words")
        };
        all.push((format!("{}/{words}", kind.0), Some(kind.1), 1));
    }
    for comment in &outline.comments {
        let said = text[comment.clone()]
            .trim_start_matches("<!--")
            .trim_end_matches("-->")
            .trim()
            .to_owned();
        if let Some(name) = said.strip_suffix("-start") {
            all.push((format!("block/{name}"), None, 1));
        }
    }
    for line in text.lines().filter(|line| line.starts_with("**")) {
        if let Some((name, _)) = line[2..].split_once(":**") {
            all.push((format!("field/{}", escape(name)), Some("now"), 1));
        }
    }
    let change = |(place, value, most): (String, Option<&str>, usize)| {
        let address = address(&place);
        let change = match value {
            Some(value) => Change::Set(address, value.to_owned()),
            None => Change::Append(
                address,
                "- brand new words"
                    .trim_start_matches(if place.ends_with("item") { "- " } else { "" })
                    .to_owned(),
            ),
        };
        (change, most)
    };
    all.into_iter().map(change).collect()
}

#[test]
fn every_real_file_is_edited_by_every_command_and_nothing_else_changes() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let (mut made, mut refused) = (0, 0);
    for folder in ["oat", "aiter", "sulhadin", "spec-kit", "ccpm", "claude-ops"] {
        for entry in std::fs::read_dir(corpus.join(folder))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if path.extension().is_none_or(|it| it != "md")
                || path.metadata().is_ok_and(|it| it.len() > 16 << 10)
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for (change, most) in changes(&text) {
                // Two of a name, or words that another entry has, too: told, not guessed.
                let fresh = match changed(&text, &change) {
                    Ok(fresh) => fresh,
                    Err(_) => {
                        refused += 1;
                        continue;
                    }
                };
                made += 1;
                let mut rest: Vec<&str> = fresh.lines().collect();
                let lost: Vec<&str> = text
                    .lines()
                    .filter(|line| match rest.iter().position(|other| other == line) {
                        Some(at) => {
                            rest.remove(at);
                            false
                        }
                        None => true,
                    })
                    .collect();
                assert!(
                    lost.len() <= most,
                    "{}: {change:?} lost {lost:?}",
                    path.display()
                );
                let new: Vec<&&str> = rest.iter().filter(|line| !line.trim().is_empty()).collect();
                assert!(
                    new.len() <= 1,
                    "{}: {change:?} wrote {new:?}",
                    path.display()
                );
            }
        }
    }
    if made == 0 {
        eprintln!("skipped: the corpus is not here");
        return;
    }
    eprintln!("{made} edits, {refused} refused");
    assert!(refused * 4 < made, "{refused} of {made} are refused");
}
