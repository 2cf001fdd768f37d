//! What the terms of conditions stand for.

use std::collections::HashMap;

use crate::dialect::Node;
use crate::dialect::archetype::features::Features;

/// Mappings whose entries are terms by themselves: `has_payments`, not only `variables.has_payments`.
const TERMS: &[&str] = &["variables", "answers"];

/// Longer and deeper names no condition has.
const LONGEST: usize = 100;
const DEEPEST: usize = 3;

/// The values of terms.
pub(in crate::dialect::archetype) struct Terms<'a> {
    /// By their path, such as `autonomy.default_level`: looked up once for every condition.
    values: HashMap<String, &'a Node>,
    has_features: bool,
}

impl<'a> Terms<'a> {
    /// The features file comes before the archetype, which is a template, and its defaults, which only recommend.
    pub(in crate::dialect::archetype) fn new(
        archetype: &'a Node,
        features: Option<&'a Features>,
    ) -> Terms<'a> {
        let mut terms = Terms {
            values: HashMap::new(),
            has_features: features.is_some(),
        };
        let project = features.map(|features| &features.root);
        for file in project.into_iter().chain([archetype]) {
            for own in TERMS.iter().filter_map(|key| file.some(key)) {
                terms.take("", own, 0);
            }
            terms.take("", file, 0);
        }
        if let Some(defaults) = archetype.some("defaults") {
            terms.take("", defaults, 0);
        }
        terms
    }

    fn take(&mut self, above: &str, map: &'a Node, depth: usize) {
        for (key, value) in map.entries() {
            let path = match above {
                "" => key.clone(),
                _ => format!("{above}.{key}"),
            };
            if path.len() > LONGEST || value.is_null() {
                continue;
            }
            if depth + 1 < DEEPEST {
                self.take(&path, value, depth + 1);
            }
            self.values.entry(path).or_insert(value);
        }
    }

    /// `feature` is what `feature.` stands for, and whose level `autonomy_level` is.
    pub(super) fn value<'v>(&self, name: &str, feature: Option<&'v Node>) -> Option<&'v Node>
    where
        'a: 'v,
    {
        if let Some(path) = name.strip_prefix("feature.") {
            return at(feature?, path);
        }
        if name == "autonomy_level" {
            let own = feature.and_then(|feature| at(feature, "autonomy.level"));
            return own.or_else(|| self.values.get("autonomy.default_level").copied());
        }
        self.values.get(name).copied()
    }

    /// How to say what a term is.
    pub(super) fn advice(&self, term: &str) -> String {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !term.chars().all(is_name) {
            return "take the condition out of a copy of the archetype, or what it is of"
                .to_owned();
        }
        match self.has_features {
            true => format!("say it in the features file: `{term}: …`"),
            false => {
                format!("say it in a features file (`{term}: …`), and give that as --features")
            }
        }
    }
}

/// The value at a path such as `autonomy.level`; none where there is nothing.
fn at<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').try_fold(node, |node, key| node.some(key))
}
