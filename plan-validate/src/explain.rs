//! `--explain`: the page of a rule, or the list of all.

use crate::catalogue::{RULES, Rule, Weight};

/// The page of one rule.
pub(crate) fn page(rule: &Rule) -> String {
    let silence = match rule.weight {
        Weight::Fatal => "It is always reported.".to_owned(),
        Weight::Error => format!(
            "Not to be told: `--allow {0}`; as a warning: `--warn {0}`.",
            rule.code
        ),
        Weight::Warning => format!(
            "Not to be told: `--allow {0}`; as an error: `--deny {0}`.",
            rule.code
        ),
    };
    format!(
        "{} `{}` ({})\n\n{}\n\n{silence}\n",
        rule.short(),
        rule.code,
        rule.weight.word(),
        plain(rule.page())
    )
}

/// A page for a terminal: examples are indented below what they are.
fn plain(page: &str) -> String {
    let mut lines = Vec::new();
    let mut in_example = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(kind) => {
                in_example = !kind.is_empty();
                match kind.rsplit_once(' ') {
                    Some((_, "wrong")) => lines.push("Wrong:".to_owned()),
                    Some((_, _)) => lines.push("Right:".to_owned()),
                    None => {}
                }
            }
            None if in_example => lines.push(format!("    {line}")),
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n").trim_end().to_owned()
}

/// All rules, a line each.
pub(crate) fn list() -> String {
    RULES
        .iter()
        .map(|rule| {
            format!(
                "{}  {:<25} {:<8} {}\n",
                rule.short(),
                rule.code,
                rule.weight.word(),
                rule.summary().replace('\n', " ")
            )
        })
        .collect()
}
