//! Paths in texts that people wrote, as globs of a plan.

use crate::dialect::Draft;
use crate::dialect::markdown::{Line, Span};

/// The paths of a line, from a byte of it on: what stands in backticks and looks like a path, else the first bare word
/// that does. What stands in round brackets is a remark. Paths outside of the project are not of the plan: a warning.
pub(crate) fn in_line(line: &Line, from: usize, draft: &mut Draft) -> Vec<Span> {
    let mut found = Vec::new();
    let mut end = from.clamp(line.at.start, line.at.end);
    let mut depth = 0_usize;
    for code in line.code.iter().filter(|code| code.at.start >= from) {
        let between = slice(line, end, code.at.start);
        for c in between.chars() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        end = code.at.end;
        if depth == 0 && looks_like_path(&code.text, is_separator(between)) {
            found.push(code.clone());
        }
    }
    if found.is_empty() && line.code.is_empty() {
        found.extend(bare(line, from));
    }
    found.retain_mut(|path| {
        if let Some(relative) = from_root(&path.text) {
            draft.warn_with(
                "path-from-root",
                format!("`{}` is read as `{relative}`", path.text),
                path.at.clone(),
                "paths are relative to the project's folder",
            );
            path.text = relative.to_owned();
        }
        let steps = path.text.split('/');
        let is_outside =
            path.text.starts_with(['/', '~']) || steps.clone().any(|step| step == "..");
        if is_outside {
            draft.warn_with(
                "path-outside",
                format!(
                    "`{}` is outside of the project: the task does not own it",
                    path.text
                ),
                path.at.clone(),
                "paths are relative to the project's folder",
            );
        }
        !is_outside
    });
    found.into_iter().map(as_glob).collect()
}

/// `/src/a.rs`: from the root of the repository, unless that is how folders of a machine begin.
fn from_root(path: &str) -> Option<&str> {
    let relative = path.strip_prefix('/')?;
    let first = relative.split('/').next().unwrap_or_default();
    let of_machine = [
        "", "bin", "dev", "etc", "home", "mnt", "opt", "private", "proc", "root", "sys", "tmp",
        "usr", "var", "Users", "Volumes",
    ];
    (!of_machine.contains(&first)).then_some(relative)
}

fn slice(line: &Line, from: usize, to: usize) -> &str {
    let start = line.at.start;
    line.raw
        .get(from.saturating_sub(start)..to.saturating_sub(start))
        .unwrap_or_default()
}

/// Whether nothing but a verb or a sign stands between two paths: then even `Makefile` is one.
fn is_separator(between: &str) -> bool {
    let between =
        between.trim_matches([' ', '`', ',', ';', '*', '-', '>', '→', '+', '&', '.', ')']);
    let word = between.trim_end_matches([':', '*']);
    let is_verb = between.ends_with(':') && word.split_whitespace().count() <= 4;
    let last = word.rsplit(' ').next().unwrap_or_default();
    between.is_empty() || is_verb || matches!(last, "and" | "or" | "to" | "in" | "from")
}

fn looks_like_path(text: &str, is_direct: bool) -> bool {
    let text = without_line(text);
    let fits = |c: char| c.is_alphanumeric() || "._-/*{},[]@+~$()#?! ".contains(c);
    let has_extension = text.rsplit_once('.').is_some_and(|(_, end)| {
        !end.is_empty() && end.len() <= 10 && end.chars().all(char::is_alphanumeric)
    });
    !text.is_empty()
        && text.chars().all(fits)
        && !text.starts_with(['-', '#', '$', '@', '!'])
        && !text.contains("//")
        && !text.trim().contains(' ')
        && !text.ends_with("()")
        && (text.contains('/') || is_direct && (has_extension || is_word(text)))
}

/// `Makefile`, `.gitignore`, `src`.
fn is_word(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The first word without backticks that is a path beyond doubt: with a `/` or an extension.
fn bare(line: &Line, from: usize) -> Option<Span> {
    let text = slice(line, from, line.at.end);
    let is_path = |word: &str| {
        let dotted = word.rsplit_once('.').is_some_and(|(name, end)| {
            name.len() > 1
                && (1..=5).contains(&end.len())
                && end.chars().all(|c| c.is_ascii_alphanumeric())
        });
        looks_like_path(word, false)
            && word.len() > 2
            && (dotted || word.ends_with('/') || word.contains("*"))
            || dotted && looks_like_path(word, true)
    };
    let trim = |word: &'_ str| -> (usize, usize) {
        let start = word.len() - word.trim_start_matches(['(', '"', '\'', '*']).len();
        let end = word
            .trim_end_matches([',', ';', ':', ')', '"', '\'', '.'])
            .len();
        (start, end.max(start))
    };
    let mut at = from.max(line.at.start);
    for word in text.split(char::is_whitespace) {
        let (start, end) = trim(word);
        if word.starts_with('(') {
            return None;
        }
        if is_path(&word[start..end]) {
            return Some(Span {
                text: word[start..end].to_owned(),
                at: at + start..at + end,
            });
        }
        at += word.len();
        at += line
            .raw
            .get(at - line.at.start..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
    }
    None
}

/// `src/a.rs:12-30` and `README.md#usage` name the file.
fn without_line(text: &str) -> &str {
    let text = text
        .split_once('#')
        .map_or(text, |(file, _)| if file.is_empty() { text } else { file });
    match text.split_once(':') {
        Some((file, rest)) if rest.starts_with(|c: char| c.is_ascii_digit()) => file,
        _ => text,
    }
}

fn as_glob(path: Span) -> Span {
    Span {
        text: glob(&path.text),
        at: path.at,
    }
}

/// A path as a glob: a folder owns what is in it; brackets in the names of files are no classes of characters.
pub(crate) fn glob(path: &str) -> String {
    let text = without_line(path);
    let text = text.strip_prefix("./").unwrap_or(text);
    let opened = text.matches('{').count();
    let mut glob = text.replace('[', "[[]");
    if opened != text.matches('}').count() {
        glob = glob.replace('{', "[{]").replace('}', "[}]");
    }
    if glob.ends_with('/') {
        glob.push_str("**");
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::markdown::{self, Kind};

    fn paths(text: &str) -> (Vec<String>, usize) {
        let blocks = markdown::read(text, 3);
        let Kind::Paragraph(line) = &blocks[0].kind else {
            panic!("{blocks:?}")
        };
        let mut draft = Draft::default();
        let found = in_line(line, line.at.start, &mut draft);
        for span in &found {
            assert!(span.at.start >= 3 && span.at.end <= text.len() + 3);
        }
        let texts = found.into_iter().map(|span| span.text).collect();
        (texts, draft.found.problems.len())
    }

    #[test]
    fn paths_are_told_from_other_words() {
        for (text, expected, warnings) in [
            ("Create: `src/a.rs`", &["src/a.rs"][..], 0),
            (
                "Modify: `Makefile` and `.gitignore`",
                &["Makefile", ".gitignore"],
                0,
            ),
            ("Modify: command files using local `X` aliases", &[], 0),
            (
                "Modify: `src/a.ts:12-30`, `docs/b.md#top`",
                &["src/a.ts", "docs/b.md"],
                0,
            ),
            (
                "Modify: `a/b.rs` (if `c/d.rs` needs it) or Delete: `e.rs`",
                &["a/b.rs", "e.rs"],
                0,
            ),
            ("Move: `a.rs` → `b/`", &["a.rs", "b/**"], 0),
            (
                "Modify: `src/{a,b}.rs`, `c/{x.rs`",
                &["src/{a,b}.rs", "c/[{]x.rs"],
                0,
            ),
            ("Modify: `app/[id]/page.tsx`", &["app/[[]id]/page.tsx"], 0),
            (
                "Modify: `~/.config/x.json`, `../other/y.rs`, `/etc/z`",
                &[],
                3,
            ),
            ("Modify: `/src/a.rs`", &["src/a.rs"], 1),
            (
                "Run `pnpm test a/b.ts` at https://example.com/x.html",
                &[],
                0,
            ),
            (
                "create the model in src/models/user.py",
                &["src/models/user.py"],
                0,
            ),
            ("write ünïcode in docs/ä.md, e.g. then", &["docs/ä.md"], 0),
            ("support and/or drop it, i.e. all", &[], 0),
            ("call `parse()` of `a::b` and `x => y`", &[], 0),
        ] {
            let expected: Vec<String> = expected.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(paths(text), (expected, warnings), "{text}");
        }
    }
}
