//! Reading that takes what it can use and passes over the rest.
//!
//! Everything passed over is still read as what it is, texts included, so that a lone surrogate is found
//! wherever it stands (`IgnoredAny` would not look).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{MAX_ITEMS, Text};

/// Something that can be made of a value of one type; of any other its default is made.
pub(super) trait Shape<'de>: Default {
    fn from_text(_text: Cow<'de, str>) -> Self {
        Self::default()
    }

    fn from_items<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Lenient<Skip>>()?.is_some() {}
        Ok(Self::default())
    }

    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        while next_key(&mut entries)?.is_some() {
            next_value::<Skip, A>(&mut entries)?;
        }
        Ok(Self::default())
    }
}

/// Nothing of interest.
#[derive(Default)]
pub(super) struct Skip;

impl Shape<'_> for Skip {}

impl<'de> Shape<'de> for Text<'de> {
    fn from_text(text: Cow<'de, str>) -> Self {
        Some(text)
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Vec<T> {
    fn from_items<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut all = Vec::new();
        while let Some(Lenient(item)) = items.next_element()? {
            if all.len() == MAX_ITEMS {
                return Err(A::Error::custom("a list of more than 2000000 items"));
            }
            all.push(item);
        }
        Ok(all)
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Option<Vec<T>> {
    fn from_items<A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        Vec::from_items(items).map(Some)
    }
}

/// Reads any value as a [`Shape`].
pub(crate) struct Lenient<T>(pub(crate) T);

impl<'de, T: Shape<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for Any<T> {
    type Value = Lenient<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Lenient(T::from_text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Lenient(T::from_text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        T::from_items(items).map(Lenient)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::from_entries(entries).map(Lenient)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient(T::default()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Lenient(T::default()))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Lenient(T::default()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Lenient(T::default()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Lenient(T::default()))
    }
}

/// The next key of an object.
pub(super) fn next_key<'de, A: MapAccess<'de>>(
    entries: &mut A,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    let key = entries.next_key::<Lenient<Text<'de>>>()?;
    Ok(key.map(|Lenient(key)| key.unwrap_or_default()))
}

/// The value of the key that was read.
pub(super) fn next_value<'de, T: Shape<'de>, A: MapAccess<'de>>(
    entries: &mut A,
) -> Result<T, A::Error> {
    entries
        .next_value::<Lenient<T>>()
        .map(|Lenient(value)| value)
}
