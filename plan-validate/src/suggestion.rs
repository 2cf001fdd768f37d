//! "Did you mean": the name that was probably meant.

use std::collections::HashMap;

/// Comparisons that one run may spend: a plan with a million dangling names must not take hours.
const BUDGET: usize = 500_000;

/// Names to choose from.
pub(crate) struct Suggestions<'a> {
    names: Vec<&'a str>,
    lower: HashMap<String, &'a str>,
    left: usize,
}

impl<'a> Suggestions<'a> {
    pub(crate) fn new(names: impl IntoIterator<Item = &'a str>) -> Suggestions<'a> {
        Suggestions {
            names: names.into_iter().collect(),
            lower: HashMap::new(),
            left: BUDGET,
        }
    }

    /// The known name that is most like `wrong`: the same but for case, or a few letters away.
    pub(crate) fn nearest(&mut self, wrong: &str) -> Option<&'a str> {
        if self.lower.is_empty() {
            let lower = self
                .names
                .iter()
                .rev()
                .map(|name| (name.to_lowercase(), *name));
            self.lower = lower.collect();
        }
        if let Some(same) = self.lower.get(&wrong.to_lowercase()) {
            return Some(same);
        }
        if self.left < self.names.len() || wrong.len() > 80 {
            return None;
        }
        self.left -= self.names.len();
        let allowed = (wrong.chars().count() / 3).clamp(1, 3);
        self.names
            .iter()
            .filter(|name| name.len().abs_diff(wrong.len()) <= 4 * allowed)
            .map(|name| (strsim::osa_distance(name, wrong), *name))
            .filter(|(distance, _)| *distance <= allowed)
            .filter(|(_, name)| !differ_in_number(name, wrong))
            .min_by_key(|(distance, name)| (*distance, name.len().abs_diff(wrong.len())))
            .map(|(_, name)| name)
    }

    /// As advice: did you mean `t3`? Otherwise `or`.
    pub(crate) fn help(&mut self, wrong: &str, or: &str) -> String {
        match self.nearest(wrong) {
            Some(name) => format!("did you mean `{name}`?"),
            None => or.to_owned(),
        }
    }
}

/// `t9` is no misspelt `t1`: it names another task, which is missing.
fn differ_in_number(a: &str, b: &str) -> bool {
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "#");
    a != b && letters(a) == letters(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let mut names = Suggestions::new(["t1", "t2", "t30", "Setup-API", "build"]);
        assert_eq!(names.nearest("T2"), Some("t2"));
        assert_eq!(names.nearest("setup-api"), Some("Setup-API"));
        assert_eq!(names.nearest("t3"), Some("t30"));
        assert_eq!(names.nearest("biuld"), Some("build"));
        assert_eq!(names.nearest("t9"), None);
        assert_eq!(names.nearest("deploy"), None);
    }
}
