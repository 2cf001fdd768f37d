//! When a quota is there again, as programs say it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A day.
const DAY: u64 = 24 * 60 * 60;
/// No reset lies further ahead: a larger number is a mistake.
const FURTHEST: Duration = Duration::from_secs(400 * DAY);

/// When an error may be over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reset {
    /// At this many seconds since 1970.
    At(u64),
    /// This many seconds after it was said.
    In(u64),
    /// At the time that this text names, such as `10:26 PM` or `Nov 24th, 2026 1:00 AM`; in the local time of the
    /// program, unless it says UTC.
    Clock(String),
}

impl Reset {
    /// The time that is meant, given when it was said and how many seconds local time is ahead of UTC.
    pub fn when(&self, said: SystemTime, ahead_of_utc: i64) -> Option<SystemTime> {
        let time = match self {
            Reset::At(seconds) => UNIX_EPOCH.checked_add(Duration::from_secs(*seconds))?,
            Reset::In(seconds) => said.checked_add(Duration::from_secs(*seconds))?,
            Reset::Clock(text) => Clock::read(text)?.when(said, ahead_of_utc)?,
        };
        (time <= said.checked_add(FURTHEST)?).then_some(time)
    }

    /// `retry-after` of an HTTP answer: seconds.
    pub(super) fn after(header: &str) -> Option<Reset> {
        header.trim().parse().ok().map(Reset::In)
    }

    /// What a message says of it.
    pub(super) fn in_text(message: &str) -> Option<Reset> {
        let lower = message.to_ascii_lowercase();
        if let Some((_, seconds)) = lower.split_once("limit reached|") {
            let digits = seconds.split(|c: char| !c.is_ascii_digit()).next()?;
            return digits.parse().ok().map(Reset::At);
        }
        let relative = [
            "resets in ",
            "reset in ",
            "reset after ",
            "resets after ",
            "try again in ",
            "retry in ",
        ];
        for words in relative {
            if let Some(at) = lower.find(words)
                && let Some(seconds) = seconds(&lower[at + words.len()..])
            {
                return Some(Reset::In(seconds));
            }
        }
        for words in ["try again at ", "reset at ", "resets at ", "resets "] {
            if let Some(at) = lower.find(words) {
                let rest: String = message[at + words.len()..].chars().take(48).collect();
                let rest = rest.split([']', '\n', ';']).next().unwrap_or_default();
                let rest = rest.split(". ").next().unwrap_or_default();
                let rest = rest.trim().trim_end_matches(['.', ')']);
                let closed = if rest.contains('(') { ")" } else { "" };
                let text = format!("{rest}{closed}");
                if Clock::read(&text).is_some() {
                    return Some(Reset::Clock(text));
                }
            }
        }
        None
    }
}

/// `59m21s`, `1h 48min`, `2 days`, `34.07s`, and whatever follows.
fn seconds(text: &str) -> Option<u64> {
    let mut total: Option<u64> = None;
    let mut rest = text.trim_start();
    loop {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<u64>() else {
            return total;
        };
        let mut tail = &rest[digits..];
        let mut fraction = 0;
        if let Some(decimals) = tail.strip_prefix('.') {
            tail = decimals.trim_start_matches(|c: char| c.is_ascii_digit());
            fraction = 1;
        }
        tail = tail.trim_start();
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let unit = match &tail[..letters] {
            "ms" => 0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => DAY,
            _ => return total,
        };
        // Part of a unit, or milliseconds: rather a little late than early.
        let fraction = if unit == 0 { 1 } else { fraction * unit };
        let part = number.checked_mul(unit)?.checked_add(fraction)?;
        total = Some(total.unwrap_or(0).checked_add(part)?);
        rest = tail[letters..].trim_start_matches([' ', ',']);
    }
}

/// A time of day, perhaps of a day.
struct Clock {
    year: Option<u64>,
    /// Month and day.
    date: Option<(u64, u64)>,
    seconds: u64,
    utc: bool,
}

impl Clock {
    fn read(text: &str) -> Option<Clock> {
        let text = text.to_ascii_lowercase();
        let text = text.replace(" am", "am").replace(" pm", "pm");
        // `2026-08-12T10:12:00Z`: a date and a time.
        let iso = |at: usize| {
            let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
            at > 0 && digit(at - 1) && digit(at + 1)
        };
        let apart = |(at, c)| if c == 't' && iso(at) { ' ' } else { c };
        let apart: String = text.char_indices().map(apart).collect();
        let words = apart.split([' ', ',', '(', ')']).filter(|w| !w.is_empty());
        let mut clock = Clock {
            year: None,
            date: None,
            seconds: 0,
            utc: false,
        };
        let (mut month, mut timed) = (None, false);
        for word in words {
            if timed {
                // The zone follows the time at once, and nothing else matters.
                clock.utc |= matches!(word, "utc" | "gmt" | "z");
                break;
            }
            if let Some(found) = month_of(word) {
                month = Some(found);
            } else if let Some((seconds, utc)) = time_of_day(word) {
                clock.seconds = seconds;
                clock.utc = utc;
                timed = true;
            } else if let Some((year, date)) = numeric_date(word) {
                clock.year = year.or(clock.year);
                clock.date = Some(date);
            } else if let Ok(number) = word.trim_end_matches(char::is_alphabetic).parse::<u64>() {
                match (month, clock.date) {
                    (Some(month), None) => clock.date = Some((month, number)),
                    (_, Some(_)) => clock.year = Some(number),
                    (None, None) => return None,
                }
            } else if !matches!(word, "at" | "on") {
                return None;
            }
        }
        timed.then_some(clock)
    }

    fn when(&self, said: SystemTime, ahead_of_utc: i64) -> Option<SystemTime> {
        let ahead = if self.utc { 0 } else { ahead_of_utc };
        let today = crate::time::format(moved(said, ahead)?);
        let (year, today) = (today.get(..4)?, today.get(..10)?);
        let time = |date: &str| {
            let midnight = crate::time::parse(&format!("{date}T00:00:00Z"))?;
            let local = midnight.checked_add(Duration::from_secs(self.seconds))?;
            moved(local, -ahead)
        };
        let Some((month, day)) = self.date else {
            let time = time(today)?;
            let over = time < said;
            return time.checked_add(Duration::from_secs(if over { DAY } else { 0 }));
        };
        let of = |year: u64| time(&format!("{year:04}-{month:02}-{day:02}"));
        match self.year {
            Some(year) => of(year),
            None => {
                let year = year.parse::<u64>().ok()?;
                let this = of(year)?;
                let over = this.checked_add(Duration::from_secs(DAY))? < said;
                if over { of(year + 1) } else { Some(this) }
            }
        }
    }
}

fn moved(time: SystemTime, seconds: i64) -> Option<SystemTime> {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        time.checked_sub(by)
    } else {
        time.checked_add(by)
    }
}

fn month_of(word: &str) -> Option<u64> {
    let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let at = months.iter().position(|month| word.starts_with(month))?;
    Some(at as u64 + 1)
}

/// `10:26pm`, `10pm`, `22:26`, `10:12:00`, `10:12:00z`; the seconds since midnight, and whether it says UTC.
fn time_of_day(word: &str) -> Option<(u64, bool)> {
    let (word, utc) = match word.strip_suffix('z') {
        Some(word) => (word, true),
        None => (word, false),
    };
    let (digits, half) = match word.strip_suffix("am") {
        Some(digits) => (digits, Some(0)),
        None => match word.strip_suffix("pm") {
            Some(digits) => (digits, Some(12)),
            None => (word, None),
        },
    };
    if half.is_none() && !digits.contains(':') {
        return None;
    }
    let mut parts = digits.splitn(3, ':');
    let mut part = |most: u64| match parts.next() {
        None => Some(0),
        // Fractions of a second do not matter.
        Some(part) => {
            let number = part.split('.').next()?.parse().ok()?;
            (number <= most).then_some(number)
        }
    };
    let (hour, minute, second) = (part(23)?, part(59)?, part(60)?);
    let hour = match half {
        Some(half) => hour % 12 + half,
        None => hour,
    };
    Some((hour * 3600 + minute * 60 + second, utc))
}

/// `08-12`, `2026-08-12`: perhaps a year, then month and day.
fn numeric_date(word: &str) -> Option<(Option<u64>, (u64, u64))> {
    let parts: Vec<u64> = word
        .split('-')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    match parts[..] {
        [month, day] => Some((None, (month, day))),
        [year, month, day] => Some((Some(year), (month, day))),
        _ => None,
    }
}
