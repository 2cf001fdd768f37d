//! One line of the journal: a record with its checksum behind it.

use serde_json::{Map, Value};

use crate::{Body, Record};

/// Fields that only the journal gives.
const OURS: [&str; 5] = ["seq", "time", "type", "run", "crc"];

/// What is to become a record.
#[derive(Debug, Clone)]
pub struct Draft {
    body: Body,
    given: Option<Map<String, Value>>,
}

impl Draft {
    /// A record that somebody else made: fields and types that are not known here are kept as they are.
    /// Its `seq`, `time` and `run` are not: the journal gives them.
    ///
    /// Fails for what is no record, and for one that stands for others.
    pub fn given(object: Map<String, Value>) -> Result<Draft, serde_json::Error> {
        let value = Value::Object(object);
        let body = serde::Deserialize::deserialize(&value)?;
        if matches!(body, Body::Compacted { .. }) {
            // It would put any state in the place of what has happened.
            return Err(serde::de::Error::custom(
                "only the journal itself has such records",
            ));
        }
        let Value::Object(object) = value else {
            unreachable!("it was made an object three lines above")
        };
        Ok(Draft {
            body,
            given: Some(object),
        })
    }

    /// What happened.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The record, and its line without checksum and end.
    pub(super) fn number(self, seq: u64, time: String, run: String) -> (Record, String) {
        let record = Record {
            seq,
            time,
            run,
            source: None,
            body: self.body,
        };
        let Some(mut given) = self.given else {
            let line = record.to_line();
            return (record, line);
        };
        let mut object = Map::new();
        object.insert("seq".to_owned(), seq.into());
        object.insert("time".to_owned(), record.time.clone().into());
        object.insert(
            "type".to_owned(),
            given.shift_remove("type").unwrap_or_default(),
        );
        if !record.run.is_empty() {
            object.insert("run".to_owned(), record.run.clone().into());
        }
        let rest = given
            .into_iter()
            .filter(|(key, _)| !OURS.contains(&key.as_str()));
        object.extend(rest);
        (record, Value::Object(object).to_string())
    }
}

impl From<Body> for Draft {
    fn from(body: Body) -> Draft {
        Draft { body, given: None }
    }
}

/// Adds the record's line with its checksum as the last field, and its end.
pub(super) fn seal(text: &mut String, line: &str) {
    let body = line.strip_suffix('}').unwrap_or(line);
    text.push_str(body);
    text.push_str(&format!(
        ",\"crc\":\"{:08x}\"}}\n",
        crc32fast::hash(body.as_bytes())
    ));
}

/// The record's line without its last brace, when the checksum behind it is there and right.
pub(super) fn unseal(line: &[u8]) -> Option<&[u8]> {
    let (body, tail) = line.split_at_checked(line.len().checked_sub(18)?)?;
    let digits = tail.strip_prefix(b",\"crc\":\"")?.strip_suffix(b"\"}")?;
    let sum = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (crc32fast::hash(body) == sum).then_some(body)
}
