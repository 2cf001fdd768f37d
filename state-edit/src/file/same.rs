//! Whether a JSON text has a value, without making that value anew.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Whether a text is JSON without comments and has this value. Of a key that stands twice both must be the same.
pub(super) fn is_same(text: &str, value: &Value) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    Same(value).deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// Reads what must be this value; anything else is an error.
struct Same<'a>(&'a Value);

impl Same<'_> {
    fn is<E: Error>(&self, holds: bool) -> Result<(), E> {
        if holds {
            Ok(())
        } else {
            Err(E::custom("another value"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the value that was asked for")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.is(self.0.as_bool() == Some(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.is(self.0.as_number() == Some(&Number::from(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.is(self.0.as_number() == Some(&Number::from(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.is(self.0.is_number() && self.0.as_number() == Number::from_f64(number).as_ref())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.is(self.0.as_str() == Some(text))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.is(self.0.is_null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let wanted = self
            .0
            .as_array()
            .ok_or_else(|| A::Error::custom("no list"))?;
        for item in wanted {
            items
                .next_element_seed(Same(item))?
                .ok_or_else(|| A::Error::custom("too few"))?;
        }
        // The reader itself refuses what is left over.
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let wanted = self
            .0
            .as_object()
            .ok_or_else(|| A::Error::custom("no object"))?;
        let mut count = 0;
        while let Some(value) = entries.next_key_seed(Key(wanted))? {
            entries.next_value_seed(Same(value))?;
            count += 1;
        }
        let all = count == wanted.len();
        if all {
            Ok(())
        } else {
            Err(A::Error::custom("other keys"))
        }
    }
}

/// Reads a key; gives the value that it must have.
struct Key<'a>(&'a Map<String, Value>);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = &'a Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'a Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = &'a Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key that was asked for")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'a Value, E> {
        self.0.get(key).ok_or_else(|| E::custom("another key"))
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;
    use serde_json::json;

    #[test]
    fn only_the_very_value_is_the_same() {
        let value = json!({"a\n": [1, -2, 1.5, null, true, "x"], "b": {}});
        assert!(is_same(&value.to_string(), &value));
        assert!(is_same(&format!(" {value:#}\n"), &value));
        for (from, to) in [
            ("1,", "2,"),
            ("1.5", "1.25"),
            ("null", "false"),
            ("\"x\"", "\"y\""),
            ("{}", "[]"),
            ("true,", "true,0,"),
            ("1,-2", "1"),
            ("\"b\"", "\"c\""),
        ] {
            let other = value.to_string().replacen(from, to, 1);
            assert!(!is_same(&other, &value), "{other}");
        }
        assert!(!is_same(
            &value.to_string().replace(",\"b\":{}", ""),
            &value
        ));
        assert!(!is_same(&format!("{value} 1"), &value));
        assert!(!is_same("", &value));
    }
}
