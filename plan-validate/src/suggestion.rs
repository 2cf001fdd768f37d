//! "Did you mean": the name that was probably meant.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

/// Comparisons that one run may spend: a plan with a million dangling names must not take hours.
const BUDGET: usize = 500_000;

/// Names to choose from.
pub(crate) struct Suggestions<'a> {
    names: Vec<&'a str>,
    /// By the hash of their small letters: a copy of a million names would be as large as they are.
    lower: HashMap<u64, &'a str, RandomState>,
    hasher: RandomState,
    left: usize,
}

impl<'a> Suggestions<'a> {
    pub(crate) fn new(names: impl IntoIterator<Item = &'a str>) -> Suggestions<'a> {
        Suggestions {
            names: names.into_iter().collect(),
            lower: HashMap::default(),
            hasher: RandomState::default(),
            left: BUDGET,
        }
    }

    /// The known name that is most like `wrong`: the same but for case, or a few letters away.
    pub(crate) fn nearest(&mut self, wrong: &str) -> Option<&'a str> {
        let mut small = String::new();
        if self.lower.is_empty() {
            self.lower.reserve(self.names.len());
            for name in &self.names {
                let hash = self.hasher.hash_one(lowered(name, &mut small));
                self.lower.entry(hash).or_insert(name);
            }
        }
        let hash = self.hasher.hash_one(lowered(wrong, &mut small));
        let same = self.lower.get(&hash);
        if let Some(same) = same.filter(|same| same.to_lowercase() == small) {
            return Some(same);
        }
        if self.left < self.names.len() || wrong.len() > 80 {
            return None;
        }
        self.left -= self.names.len();
        let allowed = (wrong.chars().count() / 3).clamp(1, 3);
        let letters = Letters::of(wrong);
        self.names
            .iter()
            .filter(|name| letters.may_be_near(name, allowed))
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

/// In small letters, in a text that is used again and again.
fn lowered<'s>(name: &str, small: &'s mut String) -> &'s str {
    small.clear();
    match name.is_ascii() {
        true => {
            small.push_str(name);
            small.make_ascii_lowercase();
        }
        false => small.push_str(&name.to_lowercase()),
    }
    small
}

/// How often each byte stands in a name: what has other letters need not be compared letter by letter.
struct Letters {
    counts: [u8; 256],
    length: usize,
    is_ascii: bool,
}

impl Letters {
    /// Of a name of at most 80 bytes.
    fn of(name: &str) -> Letters {
        let mut counts = [0_u8; 256];
        for byte in name.bytes() {
            counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
        }
        Letters {
            counts,
            length: name.len(),
            is_ascii: name.is_ascii(),
        }
    }

    /// Whether so many changed letters could make it the other name. A letter has up to four bytes.
    fn may_be_near(&self, other: &str, allowed: usize) -> bool {
        let most = match self.is_ascii && other.is_ascii() {
            true => allowed,
            false => 4 * allowed,
        };
        if other.len().abs_diff(self.length) > most {
            return false;
        }
        let mut left = self.counts;
        let mut shared = 0;
        for byte in other.bytes() {
            let count = &mut left[usize::from(byte)];
            shared += usize::from(*count > 0);
            *count = count.saturating_sub(1);
        }
        self.length.max(other.len()) - shared <= most
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
        let mut names = Suggestions::new(["Straße", "Ära", "größe"]);
        assert_eq!(names.nearest("STRAßE"), Some("Straße"));
        assert_eq!(names.nearest("grösse"), Some("größe"));
        assert_eq!(names.nearest("ära"), Some("Ära"));
    }

    proptest::proptest! {
        #[test]
        fn no_near_name_is_passed_over(a in "[abé]{0,8}", b in "[abé]{0,8}") {
            let near = strsim::osa_distance(&a, &b);
            proptest::prop_assert!(Letters::of(&a).may_be_near(&b, near));
        }
    }
}
