//! Times on the wire: RFC 3339, UTC, milliseconds.

use std::time::{Duration, SystemTime};

use clap::builder::TypedValueParser;

/// The time as a record carries it, e.g. `2026-01-01T12:00:03.250Z`.
pub fn format(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// The time now, as a record carries it.
pub fn now() -> String {
    format(SystemTime::now())
}

/// Reads a time as a record carries it; `None` when it is not one.
pub fn parse(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

/// Reads a duration as a flag takes it: `90s`, `10m`, `1h 30m`, or a bare number of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error} (such as 90s, 10m or 1h)"))
}

/// A duration for people: `1h 2m`, `3m 4s`, `5.2s`.
pub fn for_people(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=59 => format!("{:.1}s", duration.as_secs_f64()),
        60..=3599 => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// clap's parser for durations.
pub fn duration_parser() -> impl TypedValueParser<Value = Duration> {
    clap::builder::StringValueParser::new().try_map(|text| parse_duration(&text))
}
