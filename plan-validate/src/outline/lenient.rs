//! Reading that takes what it can use and passes over the rest.
//!
//! Everything passed over is still read as what it is, texts included, so that a lone surrogate is found wherever it
//! stands (`IgnoredAny` would not look). What is seen on the way is noted: a key that stands twice, a value that is not
//! certainly of the schema. Where nothing is noted, nobody needs to read the text again.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{MAX_ITEMS, Text};

/// What was noticed on the way.
#[derive(Default)]
pub(crate) struct Notes {
    doubts: Cell<usize>,
    has_duplicate: Cell<bool>,
}

impl Notes {
    /// A value is not certainly of the schema.
    pub(super) fn doubt(&self) {
        self.doubts.set(self.doubts.get() + 1);
    }

    pub(super) fn doubt_unless(&self, is_certain: bool) {
        if !is_certain {
            self.doubt();
        }
    }

    /// How many values were doubtful so far.
    pub(crate) fn doubts(&self) -> usize {
        self.doubts.get()
    }

    /// Whether a key stands twice in one object, anywhere.
    pub(crate) fn has_duplicate(&self) -> bool {
        self.has_duplicate.get()
    }
}

/// Something that can be made of a value of one type; of any other its default is made, and the value is doubtful.
pub(super) trait Shape<'de>: Default {
    fn from_text(_text: Cow<'de, str>, notes: &Notes) -> Self {
        notes.doubt();
        Self::default()
    }

    fn from_whole(number: u64, notes: &Notes) -> Self {
        Self::from_number(number as f64, notes)
    }

    fn from_number(_number: f64, notes: &Notes) -> Self {
        notes.doubt();
        Self::default()
    }

    fn from_truth(_truth: bool, notes: &Notes) -> Self {
        notes.doubt();
        Self::default()
    }

    fn from_null(notes: &Notes) -> Self {
        notes.doubt();
        Self::default()
    }

    fn from_items<A: SeqAccess<'de>>(mut items: A, notes: &Notes) -> Result<Self, A::Error> {
        notes.doubt();
        while items.next_element_seed(Read::<Skip>::new(notes))?.is_some() {}
        Ok(Self::default())
    }

    fn from_entries<A: MapAccess<'de>>(entries: A, notes: &Notes) -> Result<Self, A::Error> {
        notes.doubt();
        Skip::from_entries(entries, notes)?;
        Ok(Self::default())
    }
}

/// Anything, of no interest.
#[derive(Default)]
pub(super) struct Skip;

impl<'de> Shape<'de> for Skip {
    fn from_text(_: Cow<'de, str>, _: &Notes) -> Self {
        Skip
    }

    fn from_number(_: f64, _: &Notes) -> Self {
        Skip
    }

    fn from_truth(_: bool, _: &Notes) -> Self {
        Skip
    }

    fn from_null(_: &Notes) -> Self {
        Skip
    }

    fn from_items<A: SeqAccess<'de>>(mut items: A, notes: &Notes) -> Result<Self, A::Error> {
        while items.next_element_seed(Read::<Skip>::new(notes))?.is_some() {}
        Ok(Skip)
    }

    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            next_value::<Skip, A>(&mut entries, notes)?;
        }
        Ok(Skip)
    }
}

/// A text that may be null.
impl<'de> Shape<'de> for Text<'de> {
    fn from_text(text: Cow<'de, str>, _: &Notes) -> Self {
        Some(text)
    }

    fn from_null(_: &Notes) -> Self {
        None
    }
}

/// A truth that may not be null.
impl Shape<'_> for bool {
    fn from_truth(truth: bool, _: &Notes) -> Self {
        truth
    }
}

/// A truth that may be null.
impl Shape<'_> for Option<bool> {
    fn from_truth(truth: bool, _: &Notes) -> Self {
        Some(truth)
    }

    fn from_null(_: &Notes) -> Self {
        None
    }
}

/// A number that may be null.
impl Shape<'_> for Option<f64> {
    fn from_number(number: f64, _: &Notes) -> Self {
        Some(number)
    }

    fn from_null(_: &Notes) -> Self {
        None
    }
}

/// A whole number that may be null.
impl Shape<'_> for Option<u64> {
    fn from_whole(number: u64, _: &Notes) -> Self {
        Some(number)
    }

    fn from_null(_: &Notes) -> Self {
        None
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Vec<T> {
    fn from_items<A: SeqAccess<'de>>(mut items: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Read::new(notes))? {
            if all.len() == MAX_ITEMS {
                return Err(A::Error::custom("a list of more than 2000000 items"));
            }
            all.push(item);
        }
        Ok(all)
    }
}

/// A list that may be null.
impl<'de, T: Shape<'de>> Shape<'de> for Option<Vec<T>> {
    fn from_null(_: &Notes) -> Self {
        None
    }

    fn from_items<A: SeqAccess<'de>>(items: A, notes: &Notes) -> Result<Self, A::Error> {
        Vec::from_items(items, notes).map(Some)
    }
}

/// Reads any value as a [`Shape`].
pub(super) struct Read<'n, T>(&'n Notes, PhantomData<T>);

impl<'n, T> Read<'n, T> {
    pub(super) fn new(notes: &'n Notes) -> Read<'n, T> {
        Read(notes, PhantomData)
    }
}

impl<'de, T: Shape<'de>> DeserializeSeed<'de> for Read<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Shape<'de>> Visitor<'de> for Read<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<T, E> {
        Ok(T::from_text(Cow::Borrowed(text), self.0))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(Cow::Owned(text.to_owned()), self.0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::from_items(items, self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::from_entries(entries, self.0)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<T, E> {
        Ok(T::from_truth(truth, self.0))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Ok(T::from_number(number as f64, self.0))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(T::from_whole(number, self.0))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Ok(T::from_number(number, self.0))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::from_null(self.0))
    }
}

/// The keys of one object so far. Most objects have a dozen, which are compared faster than hashed.
pub(super) struct Seen<'de> {
    few: [Cow<'de, str>; 16],
    count: usize,
    many: HashSet<Cow<'de, str>>,
}

impl Default for Seen<'_> {
    fn default() -> Self {
        Seen {
            few: [const { Cow::Borrowed("") }; 16],
            count: 0,
            many: HashSet::new(),
        }
    }
}

impl<'de> Seen<'de> {
    pub(super) fn note(&mut self, key: Cow<'de, str>, notes: &Notes) {
        let (before, after) = self.few.split_at_mut(self.count);
        let mut is_known = before.contains(&key);
        if let Some(free) = after.first_mut() {
            *free = key;
            self.count += 1;
        } else {
            is_known |= !self.many.insert(key);
        }
        if is_known {
            notes.has_duplicate.set(true);
        }
    }
}

/// The next key of an object.
pub(super) fn next_key<'de, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    let key = entries.next_key_seed(Read::<Text<'de>>::new(notes))?;
    Ok(key.map(Option::unwrap_or_default))
}

/// The value of the key that was read.
pub(super) fn next_value<'de, T: Shape<'de>, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<T, A::Error> {
    entries.next_value_seed(Read::<T>::new(notes))
}
