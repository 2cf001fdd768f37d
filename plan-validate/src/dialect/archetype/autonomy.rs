//! Levels of autonomy, in both spellings: `autonomy: {default_level, rules: [{patterns, level}]}` and
//! `autonomy_rules: [{pattern, level}]`.

use crate::dialect::{Draft, Node};

/// `reviewed` are globs whose change asks for a review by a person: level 3.
pub(super) fn read(archetype: &Node, reviewed: &[Node], draft: &mut Draft) -> Option<Node> {
    let long = archetype.some("autonomy");
    let short = archetype.some("autonomy_rules");
    let at = long.or(short).or(reviewed.first())?.at.clone();
    let mut autonomy = Node::map(at.clone());
    if let Some(default) = long
        .and_then(|long| long.some("default_level"))
        .and_then(|node| level(node, draft))
    {
        autonomy.set("defaultLevel", default);
    }
    let rules = |list: Option<&'_ Node>| list.map(|list| list.items().to_vec()).unwrap_or_default();
    let mut overrides = Vec::new();
    for rule in rules(long.and_then(|long| long.some("rules")))
        .into_iter()
        .chain(rules(long.and_then(|long| long.some("overrides"))))
        .chain(rules(short))
    {
        let Some(level) = rule.some("level").and_then(|node| level(node, draft)) else {
            if rule.some("level").is_none() {
                let help = "write `level: 3`";
                draft.error(
                    "autonomy",
                    "the rule of autonomy has no level",
                    rule.at.clone(),
                    help,
                );
            }
            continue;
        };
        let patterns = rule.some("patterns").or(rule.some("pattern"));
        if let Some(patterns) = patterns {
            for pattern in patterns.each() {
                match pattern.as_str() {
                    Some(_) => overrides.push(one(pattern, &level)),
                    None => {
                        let message = format!("a pattern is a text, not {}", pattern.kind());
                        draft.error(
                            "autonomy",
                            message,
                            pattern.at.clone(),
                            "write a glob of paths",
                        );
                    }
                }
            }
        } else if let Some(actions) = rule.some("actions") {
            draft.warn_with(
                "autonomy-actions",
                "levels of actions are not taken over: a plan has levels of paths",
                actions.at.clone(),
                "limit what agents may run by the permissions of their profile",
            );
        } else {
            let help = "write `pattern: \"**/auth/**\"`";
            draft.error(
                "autonomy",
                "the rule of autonomy has no pattern",
                rule.at.clone(),
                help,
            );
        }
    }
    overrides.extend(
        reviewed
            .iter()
            .map(|pattern| one(pattern, &Node::new(3, pattern.at.clone()))),
    );
    autonomy.set_list("overrides", overrides, at);
    Some(autonomy)
}

fn one(pattern: &Node, level: &Node) -> Node {
    let mut rule = Node::map(pattern.at.clone());
    rule.set("pattern", pattern.clone());
    rule.set("level", level.clone());
    rule
}

/// 0 to 4.
pub(super) fn level(node: &Node, draft: &mut Draft) -> Option<Node> {
    let number = node
        .as_f64()
        .filter(|level| [0.0, 1.0, 2.0, 3.0, 4.0].contains(level));
    if number.is_none() {
        draft.error(
            "autonomy",
            format!(
                "a level of autonomy is a number from 0 to 4, not {}",
                node.text().unwrap_or_else(|| node.kind().to_owned())
            ),
            node.at.clone(),
            "0 acts alone, 4 is for a person",
        );
    }
    number.map(|number| Node::number(number, node.at.clone()))
}
