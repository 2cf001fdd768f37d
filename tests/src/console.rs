//! Console blocks of Markdown files: commands and what they print, as a reader is promised.
//!
//! ````text
//! ```console
//! $ program argument \
//!     --continued
//! a line as it is printed
//! a line with [..] something that differs
//! ...
//! ? 3
//! ```
//! ````
//!
//! A line `...` stands for any number of lines, `? N` for an exit code other than 0. A command goes on in the next line
//! after a backslash, or in lines that begin with `> `.

use std::fmt::Write;

/// One command of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the file that it stands in; the first is 1.
    pub line: usize,
    /// For `sh -c`.
    pub command: String,
    /// stdout and stderr in one, line by line.
    pub expected: Vec<String>,
    /// How it ends.
    pub code: i32,
}

/// The console blocks of a Markdown text, each with its steps.
pub fn blocks(markdown: &str) -> Vec<Vec<Step>> {
    let mut blocks = Vec::new();
    let mut block: Option<Vec<Step>> = None;
    let mut continued = false;
    for (number, line) in (1..).zip(markdown.lines()) {
        let Some(steps) = &mut block else {
            if line.trim_end() == "```console" {
                block = Some(Vec::new());
            }
            continue;
        };
        if line.trim_end() == "```" {
            blocks.extend(block.take());
        } else if continued && let Some(step) = steps.last_mut() {
            step.command.push('\n');
            step.command.push_str(line);
            continued = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            continued = command.ends_with('\\');
            steps.push(Step {
                line: number,
                command: command.to_owned(),
                expected: Vec::new(),
                code: 0,
            });
        } else if let Some(step) = steps.last_mut() {
            match (line.strip_prefix("? "), line.strip_prefix("> ")) {
                (Some(code), _) if code.parse::<i32>().is_ok() => {
                    step.code = code.parse().unwrap_or(0);
                }
                (_, Some(more)) if step.expected.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                _ => step.expected.push(line.to_owned()),
            }
        }
    }
    blocks
}

impl Step {
    /// What is not as promised, as a diff; `None` when all of it is.
    pub fn difference(&self, output: &str, code: i32) -> Option<String> {
        let actual: Vec<&str> = output.lines().collect();
        let expected: Vec<&str> = self.expected.iter().map(String::as_str).collect();
        let table = matches(&expected, &actual);
        if table[0][0] && code == self.code {
            return None;
        }
        let mut text = format!("$ {}\n", self.command);
        if table[0][0] {
            text.push_str("  (the output is as promised)\n");
        } else {
            let same = common_start(&expected, &actual);
            for line in &expected[..same] {
                let _ = writeln!(text, "  {line}");
            }
            for line in &expected[same..] {
                let _ = writeln!(text, "- {line}");
            }
            for line in &actual[same..] {
                let _ = writeln!(text, "+ {line}");
            }
        }
        if code != self.code {
            let _ = writeln!(text, "- ? {}\n+ ? {code}", self.code);
        }
        Some(text)
    }
}

/// `table[i][j]`: what is expected from line `i` on matches what was printed from line `j` on.
fn matches(expected: &[&str], actual: &[&str]) -> Vec<Vec<bool>> {
    let (m, n) = (expected.len(), actual.len());
    let mut table = vec![vec![false; n + 1]; m + 1];
    table[m][n] = true;
    for i in (0..m).rev() {
        for j in (0..=n).rev() {
            table[i][j] = if expected[i] == "..." {
                table[i + 1][j] || (j < n && table[i][j + 1])
            } else {
                j < n && line_matches(expected[i], actual[j]) && table[i + 1][j + 1]
            };
        }
    }
    table
}

fn common_start(expected: &[&str], actual: &[&str]) -> usize {
    let pairs = expected.iter().zip(actual);
    pairs
        .take_while(|(e, a)| **e != "..." && line_matches(e, a))
        .count()
}

/// `[..]` stands for any text within the line. Blanks at the end of a line do not count: editors remove them.
fn line_matches(expected: &str, actual: &str) -> bool {
    let (expected, actual) = (expected.trim_end(), actual.trim_end());
    let Some((start, rest)) = expected.split_once("[..]") else {
        return expected == actual;
    };
    let Some(tail) = actual.strip_prefix(start) else {
        return false;
    };
    (0..=tail.len())
        .filter(|at| tail.is_char_boundary(*at))
        .any(|at| line_matches(rest, &tail[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_step(markdown: &str) -> Step {
        blocks(markdown).remove(0).remove(0)
    }

    #[test]
    fn a_block_is_read_as_it_is_meant() {
        let steps =
            blocks("```sh\n$ no\n```\n\n```console\n$ a \\\n  b\none\n$ c\n> d\n? 3\n```\n")
                .remove(0);
        assert_eq!(steps[0].command, "a \\\n  b");
        assert_eq!((steps[0].line, steps[0].code), (6, 0));
        assert_eq!(steps[0].expected, ["one"]);
        assert_eq!(steps[1].command, "c\nd");
        assert_eq!(steps[1].code, 3);
    }

    #[test]
    fn wildcards_stand_for_what_differs() {
        let step = only_step("```console\n$ x\na [..] c [..]\n...\nend\n```\n");
        assert_eq!(step.difference("a b c d\nend\n", 0), None);
        assert_eq!(step.difference("a b c d\nmore\nend\nend\n", 0), None);
        let text = step.difference("a b d\nend\n", 1).unwrap();
        assert!(text.contains("- a [..] c [..]\n"), "{text}");
        assert!(text.contains("+ a b d\n"), "{text}");
        assert!(text.contains("- ? 0\n+ ? 1\n"), "{text}");
    }

    #[test]
    fn what_is_missing_or_too_much_is_told() {
        let step = only_step("```console\n$ x\none\n```\n");
        assert!(step.difference("", 0).is_some());
        assert!(step.difference("one\ntwo\n", 0).is_some());
    }
}
