//! A record in one line for people.

use schemas::{Body, time};
use std::time::Duration;

/// The line, and nothing for what is worth none.
pub(crate) fn line(body: &Body) -> Option<String> {
    let line = match body {
        Body::Progress {
            task,
            percent,
            text,
            ..
        } => match percent {
            Some(percent) => format!("{task} {percent}% {text}"),
            None => format!("{task} {text}"),
        },
        Body::Done { task, text, .. } => format!("{task} is done: {text}"),
        Body::Error { task, text, .. } => format!("{task} failed: {text}"),
        Body::Question { task, text, .. } => format!("{task} asks: {text}"),
        Body::Message {
            task,
            pattern,
            text,
            ..
        } => match pattern {
            Some(pattern) => format!("{task} {pattern}: {text}"),
            None => format!("{task} {text}"),
        },
        Body::MarkerSpoofed {
            task,
            marker,
            owner,
            text,
        } => {
            let owner = owner.as_deref().unwrap_or("nobody");
            format!("not believed: {marker} of {task}, said by {owner}: {text}")
        }
        Body::Activity {
            task,
            state,
            percent,
            silent_ms,
            text,
            exit_code,
            signal,
            ..
        } => {
            let mut line = format!("{} is {}", task.as_deref().unwrap_or("it"), state.as_str());
            if let Some(percent) = percent {
                line.push_str(&format!(" ({percent}%)"));
            }
            if let Some(silent) = silent_ms.filter(|_| text.is_none()) {
                line.push_str(&format!(
                    " for {}",
                    time::for_people(Duration::from_millis(silent))
                ));
            }
            if let Some(code) = exit_code {
                line.push_str(&format!(" with {code}"));
            }
            if let Some(signal) = signal {
                line.push_str(&format!(" by signal {signal}"));
            }
            if let Some(text) = text {
                line.push_str(&format!(": {text}"));
            }
            line
        }
        _ => return None,
    };
    Some(schemas::printable(line.trim_end()).replace('\n', " "))
}
