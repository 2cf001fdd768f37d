//! One line per running task, on a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::{Body, Console, Outcome, Record, State, TaskState, TaskStatus, printable};

use super::{View, lines};

/// Bars on stderr: running tasks below, what has been settled above.
pub(super) struct Bars {
    program: &'static str,
    all: MultiProgress,
    total: ProgressBar,
    tasks: BTreeMap<String, ProgressBar>,
    /// What takes over at the first Ctrl-C: the terminal writes `^C` into the bars, and redrawing them leaves pieces.
    lines: lines::Lines,
    over: bool,
}

impl Bars {
    pub(super) fn new(console: &Console) -> Bars {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let total = all.add(ProgressBar::new(1));
        total.set_style(style("{prefix} {bar:20} {pos}/{len} {elapsed} {wide_msg}"));
        total.set_prefix("all");
        Bars {
            program: console.program(),
            all,
            total,
            tasks: BTreeMap::new(),
            lines: lines::Lines::new(console),
            over: false,
        }
    }

    fn bar(&mut self, task: &str) -> &ProgressBar {
        let (all, total) = (&self.all, &self.total);
        self.tasks.entry(task.to_owned()).or_insert_with(|| {
            let bar = all.insert_before(total, ProgressBar::new(100));
            bar.set_style(style(
                "{spinner} {prefix:12!} {bar:16} {percent:>3}% {elapsed:>4} {wide_msg}",
            ));
            bar.set_prefix(printable(task));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        })
    }

    fn clear(&mut self) {
        for bar in std::mem::take(&mut self.tasks).into_values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }

    fn say(&self, line: &str) {
        // Lines that stay, above the bars.
        let _ = self
            .all
            .println(format!("{}: {}", self.program, printable(line)));
    }
}

impl View for Bars {
    fn record(&mut self, record: &Record, state: &State) {
        if self.over {
            return self.lines.record(record, state);
        }
        match &record.body {
            Body::AttemptStarted {
                task,
                agent,
                attempt,
                ..
            } => {
                let spent = state.tasks.get(task).and_then(|task| task.cost_usd);
                let spent = spent.map_or(String::new(), |usd| format!(", ${usd:.2} so far"));
                let message = format!("{agent}, attempt {attempt}{spent}");
                let bar = self.bar(task);
                bar.set_position(0);
                bar.set_message(message);
            }
            Body::Progress {
                task,
                percent,
                text,
                ..
            } => {
                let text = printable(text).replace('\n', " ");
                let bar = self.bar(task);
                if let Some(percent) = percent {
                    bar.set_position(u64::from(*percent));
                }
                bar.set_message(text);
            }
            Body::GateStarted { task, .. } => {
                let bar = self.bar(task);
                bar.set_position(100);
                bar.set_message("gates");
            }
            body => {
                if let Some(line) = lines::line(body, state) {
                    self.say(&line);
                }
            }
        }
        if let Some(task) = record.body.task() {
            let busy = state.tasks.get(task).is_some_and(|task| {
                matches!(
                    task.status,
                    TaskStatus::Running | TaskStatus::Gating | TaskStatus::Ready
                )
            });
            if !busy && let Some(bar) = self.tasks.remove(task) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        }
        let settled = state
            .tasks
            .values()
            .filter(|task| task.status == TaskStatus::Settled)
            .count();
        self.total.set_length(state.tasks.len() as u64);
        self.total.set_position(settled as u64);
        self.total.set_message(totals(state));
    }

    fn tick(&mut self) {
        if !self.over {
            self.total.tick();
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

/// What waits, what failed, what it has cost so far.
fn totals(state: &State) -> String {
    let count = |is: fn(&TaskState) -> bool| state.tasks.values().filter(|task| is(task)).count();
    let failed = count(|task| matches!(task.outcome, Some(Outcome::Failed | Outcome::Excluded)));
    let mut parts = vec![
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
    parts.join(", ")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
