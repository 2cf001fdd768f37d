//! Short strings side by side in one block of memory: ids are read many times, and at random.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were() {
        let names: Names = ["t1", "", "größe"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["t1", "", "größe"]);
    }
}
