//! What somebody wants to be told of (`--on EVENT CMD`, `--notify`), and how often. No clock, no processes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use schemas::{ActivityState, Body, Failure, RECORD_TYPES, Record};

use crate::wording;

/// Of what goes on and on, one task is told of so often.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest message in the environment, in characters.
const MAX_MESSAGE: usize = 1000;

/// Tells the desktop, by what is there for it. What a record says is never a part of it.
const DESKTOP: &str = r#"if command -v notify-send >/dev/null 2>&1; then notify-send -- "$TASK_ID" "$MESSAGE"
elif command -v osascript >/dev/null 2>&1; then osascript -e 'on run argv' -e 'display notification (item 1 of argv) with title (item 2 of argv)' -e 'end run' -- "$MESSAGE" "$TASK_ID"
else echo "neither notify-send nor osascript is there" >&2; exit 1; fi"#;

/// Words that stand for several events.
const WORDS: [&str; 3] = ["*", "attention", "waiting"];

/// A means, and when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    occasion: Occasion,
    pub(crate) means: Means,
}

/// How somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Means {
    /// For `sh -c`.
    Command(String),
    Bell,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Occasion {
    Any,
    Type(&'static str),
    State(ActivityState),
    /// Somebody must act before it can go on.
    Waiting,
    /// A result, or what should not wait for somebody to look.
    Attention,
}

impl Notice {
    /// From the command line: `--on` has events and commands in turns.
    pub(crate) fn all(on: &[String], notify: &[String]) -> Result<Vec<Notice>, Failure> {
        let mut notices = Vec::new();
        for pair in on.chunks(2) {
            let [event, command] = pair else {
                return Err(Failure::usage("--on takes an event and a command"));
            };
            notices.push(Notice {
                occasion: Occasion::parse(event)?,
                means: Means::Command(command.clone()),
            });
        }
        notices.extend(notify.iter().map(|how| Notice {
            occasion: Occasion::Attention,
            means: match how.as_str() {
                "bell" => Means::Bell,
                "desktop" => Means::Command(DESKTOP.to_owned()),
                command => Means::Command(command.to_owned()),
            },
        }));
        Ok(notices)
    }

    /// Whether this record is such an event.
    pub(crate) fn fits(&self, kind: &str, body: &Body) -> bool {
        match self.occasion {
            Occasion::Any => true,
            Occasion::Type(wanted) => wanted == kind,
            Occasion::State(wanted) => {
                matches!(body, Body::Activity { state, .. } if *state == wanted)
            }
            Occasion::Waiting => waits(body),
            Occasion::Attention => needs_attention(body),
        }
    }
}

impl Occasion {
    fn parse(text: &str) -> Result<Occasion, Failure> {
        let state = ActivityState::ALL
            .into_iter()
            .find(|state| state.as_str() == text);
        let kind = RECORD_TYPES.into_iter().find(|kind| *kind == text);
        match (text, state, kind) {
            ("*", _, _) => Ok(Occasion::Any),
            ("attention", _, _) => Ok(Occasion::Attention),
            ("waiting", _, _) => Ok(Occasion::Waiting),
            (_, Some(state), _) => Ok(Occasion::State(state)),
            (_, _, Some(kind)) => Ok(Occasion::Type(kind)),
            _ => {
                let states = ActivityState::ALL.map(ActivityState::as_str).join(", ");
                let help = format!(
                    "it is one of {}; progress, done, error, question, message, activity, marker-spoofed; {states}",
                    WORDS.join(", ")
                );
                Err(Failure::usage(format!("--on knows no event {text}")).help(help))
            }
        }
    }
}

fn waits(body: &Body) -> bool {
    let state = |state: &ActivityState| *state == ActivityState::WaitingForInput;
    matches!(body, Body::Question { .. })
        || matches!(body, Body::Activity { state: it, .. } if state(it))
}

fn needs_attention(body: &Body) -> bool {
    let alarms =
        |state: &ActivityState| matches!(state, ActivityState::Stalled | ActivityState::Failed);
    waits(body)
        || matches!(
            body,
            Body::Done { .. } | Body::Error { .. } | Body::MarkerSpoofed { .. }
        )
        || matches!(body, Body::Activity { state, .. } if alarms(state))
}

/// What a means is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// The record.
    pub(crate) line: String,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl News {
    pub(crate) fn new(record: &Record, line: &str, source: &str) -> News {
        let message = wording::line(&record.body).unwrap_or_default();
        let loud = needs_attention(&record.body) && !matches!(record.body, Body::Done { .. });
        News {
            line: line.to_owned(),
            env: vec![
                ("RECORD_TYPE", record.body.kind()),
                ("TASK_ID", record.body.task().unwrap_or_default().to_owned()),
                ("SOURCE", source.to_owned()),
                ("PRIORITY", if loud { "high" } else { "normal" }.to_owned()),
                ("MESSAGE", message.chars().take(MAX_MESSAGE).collect()),
            ],
        }
    }
}

/// How often one means is used.
///
/// What a task says twice in a row is told once. Of what goes on and on (progress, messages, activity), a task is told of once a
/// second, with the newest; results, errors and questions are told at once.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// By task: what was told last.
    told: HashMap<String, String>,
    /// By task: when it may be told of again, and what waits for that.
    rests: HashMap<String, (Instant, Option<News>)>,
}

impl Pace {
    /// The news that may go out now.
    pub(crate) fn take(&mut self, now: Instant, record: &Record, news: News) -> Option<News> {
        let whose = record
            .body
            .task()
            .or(record.source.as_deref())
            .unwrap_or_default()
            .to_owned();
        let what = Record {
            seq: 0,
            time: String::new(),
            ..record.clone()
        }
        .to_line();
        if self.told.insert(whose.clone(), what.clone()) == Some(what) {
            return None;
        }
        let goes_on = matches!(
            record.body,
            Body::Progress { .. } | Body::Message { .. } | Body::Activity { .. }
        );
        if !goes_on || needs_attention(&record.body) {
            // What waited is old news now.
            self.rests.remove(&whose);
            return Some(news);
        }
        match self.rests.get_mut(&whose) {
            Some((until, waiting)) if now < *until => {
                *waiting = Some(news);
                None
            }
            _ => {
                self.rests.insert(whose, (now + PAUSE, None));
                Some(news)
            }
        }
    }

    /// When something that waits may go out.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let waiting = self.rests.values().filter(|(_, waiting)| waiting.is_some());
        waiting.map(|(until, _)| *until).min()
    }

    /// What may go out now; all of it at the end.
    pub(crate) fn due(&mut self, now: Option<Instant>) -> Vec<News> {
        let mut due = Vec::new();
        for (until, waiting) in self.rests.values_mut() {
            if let Some(now) = now
                && now < *until
            {
                continue;
            }
            if let Some(news) = waiting.take() {
                *until = now.unwrap_or(*until) + PAUSE;
                due.push(news);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: Body) -> Record {
        Record {
            seq: 7,
            time: "2026-01-01T00:00:00.000Z".to_owned(),
            run: String::new(),
            source: None,
            body,
        }
    }

    fn progress(percent: u8) -> Record {
        record(Body::Progress {
            task: "t".to_owned(),
            attempt: None,
            percent: Some(percent),
            said: None,
            text: "x".to_owned(),
        })
    }

    fn question() -> Record {
        record(Body::Question {
            task: "t".to_owned(),
            attempt: None,
            text: "which?".to_owned(),
        })
    }

    #[test]
    fn events_are_told_by_type_state_and_word() {
        let notice = |event: &str| {
            let on = [event.to_owned(), "true".to_owned()];
            Notice::all(&on, &[]).map(|notices| notices[0].clone())
        };
        let asks = question().body;
        for (event, fits) in [
            ("question", true),
            ("waiting", true),
            ("attention", true),
            ("*", true),
            ("done", false),
            ("stalled", false),
        ] {
            assert_eq!(
                notice(event).expect("an event").fits("question", &asks),
                fits,
                "{event}"
            );
        }
        assert!(
            !notice("attention")
                .expect("an event")
                .fits("progress", &progress(1).body)
        );
        let wrong = notice("dnoe").expect_err("no event");
        assert!(
            wrong
                .help
                .is_some_and(|help| help.contains("waiting-for-input"))
        );
    }

    #[test]
    fn what_goes_on_and_on_is_told_once_a_second_and_nothing_twice() {
        let begun = Instant::now();
        let mut pace = Pace::default();
        let take = |pace: &mut Pace, ms: u64, record: &Record| {
            let news = News::new(record, &record.to_line(), "log");
            pace.take(begun + Duration::from_millis(ms), record, news)
                .is_some()
        };
        assert!(take(&mut pace, 0, &progress(1)));
        assert!(!take(&mut pace, 10, &progress(1)), "the same");
        assert!(!take(&mut pace, 20, &progress(2)));
        assert!(!take(&mut pace, 30, &progress(3)));
        assert_eq!(pace.deadline(), Some(begun + PAUSE));
        assert!(pace.due(Some(begun)).is_empty());
        let due = pace.due(Some(begun + PAUSE));
        assert_eq!(due.len(), 1);
        assert!(due[0].line.contains("\"percent\":3"), "the newest");
        assert!(!take(&mut pace, 1500, &progress(4)));
        assert!(take(&mut pace, 1510, &question()), "at once");
        assert!(!take(&mut pace, 1520, &question()));
        assert!(pace.due(None).is_empty(), "what waited is old");
        assert!(take(&mut pace, 1530, &progress(5)));
        assert!(take(&mut pace, 1540, &question()), "it is asked again");
    }
}
