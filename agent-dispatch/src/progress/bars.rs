//! One line per running task, on a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::{Body, Console, Record, State, TaskStatus, printable};

use super::{View, interrupt_text, lines};

/// Bars on stderr: running tasks below, what has been settled above.
pub(super) struct Bars {
    program: &'static str,
    all: MultiProgress,
    total: ProgressBar,
    tasks: BTreeMap<String, ProgressBar>,
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

    fn say(&self, line: &str) {
        // Lines that stay, above the bars.
        let _ = self
            .all
            .println(format!("{}: {}", self.program, printable(line)));
    }
}

impl View for Bars {
    fn record(&mut self, record: &Record, state: &State) {
        match &record.body {
            Body::AttemptStarted {
                task,
                agent,
                attempt,
                ..
            } => {
                let message = format!("{agent}, attempt {attempt}");
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
    }

    fn tick(&mut self) {
        self.total.tick();
    }

    fn interrupted(&mut self, count: u32) {
        self.say(interrupt_text(count));
    }

    fn finished(&mut self, _state: &State) {
        for bar in std::mem::take(&mut self.tasks).into_values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
