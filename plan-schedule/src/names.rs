//! Short strings side by side in one block of memory: ids are read many times, and at random.

use std::hash::{BuildHasher, RandomState};

/// Strings by number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|number| self.get(number))
    }
}

/// The strings are parts of one document, which is smaller than 4 GiB.
impl<'a> FromIterator<&'a str> for Names {
    fn from_iter<I: IntoIterator<Item = &'a str>>(strings: I) -> Names {
        let mut names = Names::default();
        for string in strings {
            names.text.push_str(string);
            names.ends.push(names.text.len() as u32);
        }
        names
    }
}

/// Numbers by string.
///
/// A third of the size of a `HashMap<&str, u32>`, which for a million ids no longer fits where memory is fast: half of
/// the time of a schedule went there. Hashed with a random key, like that one.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    names: &'a Names,
    hasher: RandomState,
    /// The upper half of a string's hash, and its number plus one; 0 is an empty place. At most half are taken.
    places: Vec<(u32, u32)>,
}

impl<'a> Index<'a> {
    /// Of equal strings the first counts.
    pub(crate) fn new(names: &'a Names) -> Index<'a> {
        let size = (names.ends.len() * 2).next_power_of_two();
        let mut index = Index {
            names,
            hasher: RandomState::new(),
            places: vec![(0, 0); size],
        };
        for (name, number) in names.iter().zip(1..) {
            let (place, tag) = index.search(name);
            if index.places[place].1 == 0 {
                index.places[place] = (tag, number);
            }
        }
        index
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let (place, _) = self.search(name);
        self.places[place].1.checked_sub(1)
    }

    /// The place of the string, or the empty one where it belongs; and its tag.
    fn search(&self, name: &str) -> (usize, u32) {
        let hash = self.hasher.hash_one(name);
        let tag = (hash >> 32) as u32;
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let (found, number) = self.places[place];
            if number == 0 || (found == tag && self.names.get(number - 1) == name) {
                return (place, tag);
            }
            place = (place + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were() {
        let names: Names = ["t1", "", "größe"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["t1", "", "größe"]);
    }

    #[test]
    fn every_string_is_found_by_its_text_and_no_other_is() {
        let ids: Vec<String> = (0..1000).map(|number| format!("t{number}")).collect();
        let names: Names = ids.iter().map(String::as_str).collect();
        let index = Index::new(&names);
        assert!((0..1000).all(|number| index.find(names.get(number)) == Some(number)));
        assert_eq!(index.find("t1000"), None);
        let twice: Names = ["a", "b", "a"].into_iter().collect();
        assert_eq!(Index::new(&twice).find("a"), Some(0));
        assert_eq!(Index::new(&Names::default()).find("a"), None);
    }
}
