//! One line per running task, on a terminal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::terminal::cut;
use schemas::{
    Body, Console, Outcome, Record, State, TaskState, TaskStatus, compare_ids, printable,
};

use super::liveness::{Heard, Liveness};
use super::row::{self, Row};
use super::screen::{self, Screen};
use super::tab::Tab;
use super::{View, lines};

/// Between two pictures at least.
const PAUSE: Duration = Duration::from_millis(100);

/// Bars on stderr: running tasks below, what has been settled above.
pub(super) struct Bars {
    program: &'static str,
    /// All lines in one: which of them are there is ours to say, at each width of the terminal anew.
    picture: ProgressBar,
    tab: Tab,
    /// Tasks that may be worth a line.
    tasks: BTreeMap<String, Seen>,
    began: Instant,
    drawn: Option<Instant>,
    /// What takes over at the first Ctrl-C: the end is worth lines that stay.
    lines: lines::Lines,
    over: bool,
}

/// What the state does not say of a task.
struct Seen {
    since: Instant,
    heard: Heard,
}

impl Bars {
    pub(super) fn new(console: &Console) -> Bars {
        let target = ProgressDrawTarget::term_like(Box::new(Screen::new()));
        let picture = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{msg}");
        picture.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // Never without a line: the screen takes the last one for a bar.
        picture.set_message("all");
        Bars {
            program: console.program(),
            picture,
            tab: Tab::new(),
            tasks: BTreeMap::new(),
            began: Instant::now(),
            drawn: None,
            lines: lines::Lines::new(console),
            over: false,
        }
    }

    /// Lines that stay, above the bars.
    fn say(&self, line: &str) {
        self.picture
            .println(format!("{}: {}", self.program, printable(line)));
    }

    fn see(&mut self, task: &str, body: &Body) {
        let seen = self.tasks.entry(task.to_owned()).or_insert_with(|| Seen {
            since: Instant::now(),
            heard: Heard::default(),
        });
        if matches!(body, Body::AttemptStarted { .. }) {
            seen.since = Instant::now();
        }
        seen.heard.record(body);
    }

    fn draw(&mut self, state: &State) {
        let mut rows = Vec::new();
        self.tasks.retain(|id, seen| {
            let row = state
                .tasks
                .get(id)
                .and_then(|task| seen.row(id, task, state));
            let is_there = row.is_some();
            rows.extend(row);
            is_there
        });
        let (columns, height) = screen::size();
        // A character at the edge would make some terminals go on in the next line.
        let columns = columns.saturating_sub(1);
        let hidden = hide(&mut rows, height);
        let mut lines = row::lines(&rows, columns);
        let total = totals(state, self.began.elapsed(), hidden);
        lines.push(cut(&total, columns));
        self.picture.set_message(lines.join("\n"));
        self.tab.show(state);
        self.drawn = Some(Instant::now());
    }

    fn clear(&mut self) {
        self.picture.finish_and_clear();
        self.tab.clear();
    }
}

impl Seen {
    fn row(&self, id: &str, task: &TaskState, state: &State) -> Option<Row> {
        let liveness = Liveness::of(id, task, state, self.heard)?;
        let message = match liveness {
            Liveness::Quota => {
                let route = task.route.as_ref().and_then(|name| state.routes.get(name));
                route.and_then(|route| route.until.as_ref().map(|until| format!("until {until}")))
            }
            Liveness::NoResult => task.reason.clone(),
            Liveness::Gates | Liveness::Merging | Liveness::Starting => None,
            Liveness::Silent => {
                let message = task.message.as_deref();
                // The word says that it is.
                message.map(|text| text.strip_prefix("silent ").unwrap_or(text).to_owned())
            }
            _ => task.message.clone().filter(|_| self.heard.anything),
        };
        Some(Row {
            id: id.to_owned(),
            agent: task.agent.clone().unwrap_or_default(),
            attempt: task.attempt,
            percent: task.percent,
            liveness,
            elapsed: self.since.elapsed(),
            cost_usd: task.cost_usd,
            message: message.unwrap_or_default(),
        })
    }
}

impl View for Bars {
    fn record(&mut self, record: &Record, state: &State) {
        if self.over {
            return self.lines.record(record, state);
        }
        if let Some(task) = record.body.task() {
            self.see(task, &record.body);
        }
        let is_in_bars = matches!(
            record.body,
            Body::AttemptStarted { .. } | Body::Progress { .. }
        );
        if !is_in_bars && let Some(line) = lines::line(&record.body, state) {
            self.say(&line);
        }
    }

    fn tick(&mut self, state: &State) {
        if !self.over && self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            self.draw(state);
        }
    }

    fn interrupted(&mut self, count: u32) {
        if !std::mem::replace(&mut self.over, true) {
            self.clear();
        }
        self.lines.interrupted(count);
    }

    fn warn(&mut self, text: &str) {
        if self.over {
            self.lines.warn(text);
        } else {
            self.say(&format!("warning: {text}"));
        }
    }

    fn finished(&mut self, _state: &State) {
        self.clear();
    }
}

/// Leaves room for what has been said: at most so many rows that half of the terminal, or all but twelve lines of it, are
/// taken. Who needs a person is not hidden. Answers how many are.
fn hide(rows: &mut Vec<Row>, height: usize) -> usize {
    let room = (height / 2).max(height.saturating_sub(12)).max(2) - 1;
    let hidden = rows.len().saturating_sub(room);
    if hidden > 0 {
        rows.sort_by(|a, b| {
            a.liveness
                .cmp(&b.liveness)
                .then_with(|| compare_ids(&a.id, &b.id))
        });
        rows.truncate(room);
    }
    rows.sort_by(|a, b| compare_ids(&a.id, &b.id));
    hidden
}

/// The last line: how far all of it is, what waits, what failed, what it has cost so far.
fn totals(state: &State, time: Duration, hidden: usize) -> String {
    let count = |is: fn(&TaskState) -> bool| state.tasks.values().filter(|task| is(task)).count();
    let settled = count(|task| task.status == TaskStatus::Settled);
    let all = state.tasks.len();
    let percent = (settled * 100).checked_div(all).unwrap_or(0);
    let failed = count(|task| matches!(task.outcome, Some(Outcome::Failed | Outcome::Excluded)));
    let mut parts = vec![
        (hidden, "more running"),
        (count(|task| task.status == TaskStatus::Pending), "queued"),
        (count(|task| task.status == TaskStatus::Waiting), "waiting"),
        (failed, "failed"),
    ];
    parts.retain(|(count, _)| *count > 0);
    let mut parts: Vec<String> = parts
        .into_iter()
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.extend(state.totals.cost_usd.map(|usd| format!("${usd:.2}")));
    parts.extend(state.totals.tokens.map(|count| format!("{count} tokens")));
    let bar = row::bar(u8::try_from(percent).ok(), 8);
    let time = row::elapsed(time);
    format!("all {bar} {settled}/{all} {time}  {}", parts.join(", "))
}
