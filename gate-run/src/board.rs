//! What people see while checks run: lines, and on a terminal a bar for each check that runs.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::Console;

/// How often the time of a running check is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// Lines and bars on one stderr.
#[derive(Clone)]
pub(crate) struct Board {
    console: Console,
    bars: Option<MultiProgress>,
}

/// The bar of a check that runs; it goes when this is dropped.
pub(crate) struct Bar(Option<ProgressBar>);

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Board {
    /// Bars only where stderr is a terminal that can draw them, and somebody wants to see anything.
    pub(crate) fn new(console: Console) -> Board {
        let target = ProgressDrawTarget::stderr();
        let draws = !console.is_quiet() && !target.is_hidden();
        Board {
            console,
            bars: draws.then(|| MultiProgress::with_draw_target(target)),
        }
    }

    /// Where lines go.
    pub(crate) fn console(&self) -> &Console {
        &self.console
    }

    /// Says something useful to know, above the bars.
    pub(crate) fn info(&self, text: &str) {
        self.above(|console| console.info(text));
    }

    /// Writes text that is laid out already, above the bars.
    pub(crate) fn block(&self, text: &str) {
        self.above(|console| console.block(text));
    }

    /// Shows that a check runs.
    pub(crate) fn bar(&self, name: &str) -> Bar {
        Bar(self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = bars.add(ProgressBar::new_spinner().with_style(style));
            bar.set_message(schemas::printable(name).replace('\n', " "));
            bar.enable_steady_tick(TICK);
            bar
        }))
    }

    fn above(&self, say: impl FnOnce(&Console)) {
        match &self.bars {
            Some(bars) => bars.suspend(|| say(&self.console)),
            None => say(&self.console),
        }
    }
}
