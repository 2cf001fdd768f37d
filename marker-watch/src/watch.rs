//! What markers come to: records one by one, and the answer at the end. No clock, no streams.

use schemas::marker::{Marker, MarkerKind};
use schemas::{Body, Exit};

use crate::cli::Until;

/// All that has been seen.
#[derive(Debug)]
pub(crate) struct Watch {
    ids: Vec<String>,
    until: Until,
    /// How many markers counted.
    seen: u64,
    /// The last decisive marker of each id, in the order in which the ids came.
    decided: Vec<(String, MarkerKind)>,
    /// The marker that `until` waits for has come.
    met: Option<MarkerKind>,
}

impl Watch {
    /// Listens to `ids`, or to everybody when there are none.
    pub(crate) fn new(ids: Vec<String>, until: Until) -> Watch {
        Watch {
            ids,
            until,
            seen: 0,
            decided: Vec::new(),
            met: None,
        }
    }

    /// Takes the next marker; its number when it counts. After the awaited one, nothing counts.
    pub(crate) fn take(&mut self, marker: &Marker) -> Option<u64> {
        if self.is_over() || !(self.ids.is_empty() || self.ids.contains(&marker.id)) {
            return None;
        }
        self.seen += 1;
        let kind = marker.kind;
        if kind != MarkerKind::Progress {
            match self.decided.iter_mut().find(|(id, _)| *id == marker.id) {
                Some((_, last)) => *last = kind,
                None => self.decided.push((marker.id.clone(), kind)),
            }
        }
        let awaited = match self.until {
            Until::Done => kind == MarkerKind::Done,
            Until::Error => kind == MarkerKind::Error,
            Until::Question => kind == MarkerKind::Question,
            Until::Any => kind != MarkerKind::Progress,
            Until::End => false,
        };
        if awaited {
            self.met = Some(kind);
        }
        Some(self.seen)
    }

    /// Whether what was waited for has come.
    pub(crate) fn is_over(&self) -> bool {
        self.met.is_some()
    }

    /// The answer; an error says why there is none.
    pub(crate) fn answer(&self) -> Result<Exit, String> {
        if let Some(kind) = self.met {
            return Ok(exit(kind));
        }
        let missing: Vec<&str> = self
            .ids
            .iter()
            .filter(|id| !self.decided.iter().any(|(decided, _)| decided == *id))
            .map(String::as_str)
            .collect();
        let of = match missing[..] {
            [] => String::new(),
            _ => format!(" of {}", missing.join(", ")),
        };
        let has = |wanted| self.decided.iter().any(|(_, kind)| *kind == wanted);
        if has(MarkerKind::Error) {
            Ok(Exit::No)
        } else if self.decided.is_empty() || !missing.is_empty() {
            Err(format!("no result marker{of}"))
        } else if has(MarkerKind::Question) {
            Ok(Exit::Waiting)
        } else {
            Ok(Exit::Yes)
        }
    }
}

fn exit(kind: MarkerKind) -> Exit {
    match kind {
        MarkerKind::Progress | MarkerKind::Done => Exit::Yes,
        MarkerKind::Error => Exit::No,
        MarkerKind::Question => Exit::Waiting,
    }
}

/// The record that a marker is.
pub(crate) fn body(marker: Marker) -> Body {
    let (task, attempt, text) = (marker.id, None, marker.text);
    match marker.kind {
        MarkerKind::Progress => Body::Progress {
            task,
            attempt,
            percent: marker.percent,
            said: marker.said,
            text,
        },
        MarkerKind::Done => Body::Done {
            task,
            attempt,
            text,
        },
        MarkerKind::Error => Body::Error {
            task,
            attempt,
            text,
        },
        MarkerKind::Question => Body::Question {
            task,
            attempt,
            text,
        },
    }
}

#[cfg(test)]
mod tests {
    use schemas::marker::Scanner;

    use super::*;

    /// The exit code, or why there is none.
    fn answer(ids: &[&str], until: Until, text: &str) -> Result<u8, String> {
        let mut watch = Watch::new(ids.iter().map(|id| (*id).to_owned()).collect(), until);
        let mut scanner = Scanner::new();
        let mut take = |marker: Marker| {
            watch.take(&marker);
        };
        scanner.feed(text.as_bytes(), &mut take);
        scanner.finish(&mut take);
        watch.answer().map(Exit::code)
    }

    #[test]
    fn the_last_word_of_an_id_counts() {
        assert_eq!(
            answer(&[], Until::End, "[QUESTION:a] x\n[DONE:a] y\n"),
            Ok(0)
        );
        assert_eq!(
            answer(&[], Until::End, "[DONE:a] y\n[QUESTION:a] x\n"),
            Ok(5)
        );
        assert_eq!(answer(&[], Until::End, "[DONE:a] y\n[ERROR:a] x\n"), Ok(1));
        assert_eq!(
            answer(&[], Until::End, "[DONE:a] y\n[PROGRESS:a] 5%\n"),
            Ok(0)
        );
    }

    #[test]
    fn one_id_does_not_hide_what_another_said() {
        assert_eq!(answer(&[], Until::End, "[ERROR:a] x\n[DONE:b] y\n"), Ok(1));
        assert_eq!(
            answer(&[], Until::End, "[QUESTION:a] x\n[DONE:b] y\n"),
            Ok(5)
        );
        assert_eq!(
            answer(&["b"], Until::End, "[ERROR:a] x\n[DONE:b] y\n"),
            Ok(0)
        );
        let missing = answer(&["a", "b"], Until::End, "[DONE:b] y\n");
        assert_eq!(missing, Err("no result marker of a".to_owned()));
    }

    #[test]
    fn what_was_waited_for_decides() {
        assert_eq!(
            answer(&[], Until::Done, "[ERROR:a] x\n[DONE:a] y\n[ERROR:a] z\n"),
            Ok(0)
        );
        assert_eq!(
            answer(
                &[],
                Until::Any,
                "[PROGRESS:a] 1%\n[QUESTION:a] x\n[DONE:a] y\n"
            ),
            Ok(5)
        );
        assert_eq!(answer(&[], Until::Done, "[ERROR:a] x\n"), Ok(1));
        assert_eq!(
            answer(&[], Until::End, "[PROGRESS:a] 1%\n"),
            Err("no result marker".to_owned())
        );
    }
}
