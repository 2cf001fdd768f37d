//! Short strings side by side in one block of memory: ids are read many times, and at random.

use std::cell::OnceCell;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

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

    /// Whether all of them are JSON strings as they are.
    pub(crate) fn are_plain(&self) -> bool {
        let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        self.text.as_bytes().iter().all(is_plain)
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
/// Ids that count up (`t1`, `t2`, ...) are found by counting. Only for others a table is made: a third of the size of a
/// `HashMap<&str, u32>`, which for a million ids no longer fits where memory is fast.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    names: &'a Names,
    /// What the first string counts as.
    first: Option<u64>,
    table: OnceCell<Table>,
}

impl<'a> Index<'a> {
    /// Of equal strings the first counts.
    pub(crate) fn new(names: &'a Names) -> Index<'a> {
        let first = (!names.ends.is_empty())
            .then(|| count(names.get(0)))
            .flatten();
        Index {
            names,
            first,
            table: OnceCell::new(),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.by_counting(name).or_else(|| {
            let table = self.table.get_or_init(|| Table::new(self.names));
            let (place, _) = table.search(self.names, name);
            table.places[place].1.checked_sub(1)
        })
    }

    /// The string that stands where this one would, if all counted up; when it is this one, and none before is.
    fn by_counting(&self, name: &str) -> Option<u32> {
        let number = u32::try_from(count(name)?.checked_sub(self.first?)?).ok()?;
        let is_it = (number as usize) < self.names.ends.len() && self.names.get(number) == name;
        let is_first = || number == 0 || self.names.get(number - 1) != name;
        (is_it && is_first()).then_some(number)
    }
}

/// The number at the end of a string.
fn count(name: &str) -> Option<u64> {
    let bytes = name.as_bytes();
    let digits = bytes
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let mut number = 0u64;
    for digit in &bytes[bytes.len() - digits.min(18)..] {
        number = number * 10 + u64::from(digit - b'0');
    }
    (digits > 0 && digits <= 18).then_some(number)
}

/// Places for twice as many strings as there are. Hashed with a random key.
#[derive(Debug)]
struct Table {
    hasher: RandomState,
    /// The upper half of a string's hash, and its number plus one; 0 is an empty place. At most half are taken.
    places: Vec<(u32, u32)>,
}

impl Table {
    fn new(names: &Names) -> Table {
        let size = (names.ends.len() * 2).next_power_of_two();
        let mut table = Table {
            hasher: RandomState::default(),
            places: vec![(0, 0); size],
        };
        for (name, number) in names.iter().zip(1..) {
            let (place, tag) = table.search(names, name);
            if table.places[place].1 == 0 {
                table.places[place] = (tag, number);
            }
        }
        table
    }

    /// The place of the string, or the empty one where it belongs; and its tag.
    fn search(&self, names: &Names, name: &str) -> (usize, u32) {
        let hash = self.hasher.hash_one(name);
        let tag = (hash >> 32) as u32;
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let (found, number) = self.places[place];
            if number == 0 || (found == tag && names.get(number - 1) == name) {
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
        let gaps: Names = ["t1", "t2", "t4", "t4", "t5", "u6", "x"]
            .into_iter()
            .collect();
        let index = Index::new(&gaps);
        let found = [
            "t1",
            "t2",
            "t4",
            "t5",
            "u6",
            "x",
            "t6",
            "t3",
            "t99999999999999999999",
        ]
        .map(|name| index.find(name));
        assert_eq!(
            found,
            [
                Some(0),
                Some(1),
                Some(2),
                Some(4),
                Some(5),
                Some(6),
                None,
                None,
                None
            ]
        );
        let twice: Names = ["a", "b", "a"].into_iter().collect();
        assert_eq!(Index::new(&twice).find("a"), Some(0));
        assert_eq!(Index::new(&Names::default()).find("a"), None);
    }
}
