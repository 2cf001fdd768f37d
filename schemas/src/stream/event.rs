//! One event: a JSON object, read by JSON Pointer, in which anything may be missing or of another type.

use serde_json::Value;

#[derive(Clone, Copy)]
pub(super) struct Event<'a>(&'a Value);

impl<'a> Event<'a> {
    /// Reads a line; what is not a JSON object is no event.
    pub(super) fn read(line: &[u8], heard: impl FnOnce(Event<'_>)) {
        let line = line.trim_ascii();
        if line.first() != Some(&b'{') {
            return;
        }
        if let Ok(value) = serde_json::from_slice::<Value>(line) {
            heard(Event(&value));
        }
    }

    /// The event's own type, or nothing.
    pub(super) fn kind(self) -> &'a str {
        self.text("/type").unwrap_or_default()
    }

    /// What stands there, when it is not null.
    pub(super) fn at(self, pointer: &str) -> Option<Event<'a>> {
        let value = self.0.pointer(pointer)?;
        (!value.is_null()).then_some(Event(value))
    }

    /// A string.
    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// A string that says something.
    pub(super) fn words(self, pointer: &str) -> Option<&'a str> {
        self.text(pointer).filter(|text| !text.trim().is_empty())
    }

    /// A count: a whole number from zero on.
    pub(super) fn count(self, pointer: &str) -> Option<u64> {
        let value = self.0.pointer(pointer)?;
        let rounded = || value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64);
        value.as_u64().or_else(rounded)
    }

    /// A whole number of any sign.
    pub(super) fn number(self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer)?.as_i64()
    }

    /// An HTTP status.
    pub(super) fn status(self, pointer: &str) -> Option<u16> {
        let status = u16::try_from(self.count(pointer)?).ok()?;
        (100..600).contains(&status).then_some(status)
    }

    /// A sum of money.
    pub(super) fn money(self, pointer: &str) -> Option<f64> {
        let amount = self.0.pointer(pointer)?.as_f64()?;
        (amount.is_finite() && amount >= 0.0).then_some(amount)
    }

    /// Whether `true` stands there.
    pub(super) fn is(self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool) == Some(true)
    }

    /// The elements of an array; none when there is no array.
    pub(super) fn each(self, pointer: &str) -> impl Iterator<Item = Event<'a>> {
        let list = self.0.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten().map(Event)
    }

    /// The values of an object's fields; none when there is no object.
    pub(super) fn values(self, pointer: &str) -> impl Iterator<Item = Event<'a>> {
        let object = self.0.pointer(pointer).and_then(Value::as_object);
        object
            .into_iter()
            .flat_map(|object| object.values().map(Event))
    }

    /// The name of the first field.
    pub(super) fn first_key(self, pointer: &str) -> Option<&'a str> {
        let object = self.0.pointer(pointer)?.as_object()?;
        object.keys().next().map(String::as_str)
    }

    /// The string itself.
    pub(super) fn as_text(self) -> Option<&'a str> {
        self.0.as_str()
    }
}
