//! How a run is shown while it goes on. A view sees records and the state, and decides nothing.

mod bars;
mod lines;
mod liveness;
mod merges;
mod row;
mod screen;
pub(crate) mod summary;
mod tab;

use std::io::IsTerminal;

use schemas::{Console, Record, State};

pub(crate) use self::lines::line;
use crate::cli;

/// Something that shows a run.
pub(crate) trait View {
    /// A record has been journaled, and the state has it.
    fn record(&mut self, record: &Record, state: &State);

    /// Time has passed.
    fn tick(&mut self, _state: &State) {}

    /// A person pressed Ctrl-C for the n-th time.
    fn interrupted(&mut self, count: u32);

    /// Something went wrong that is no part of the run.
    fn warn(&mut self, _text: &str) {}

    /// The run is over, or paused.
    fn finished(&mut self, _state: &State) {}
}

/// The view that the flags and the terminal ask for.
pub(crate) fn choose(view: cli::View, console: &Console) -> Box<dyn View> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = std::io::stderr().is_terminal() && !is_dumb;
    match view {
        _ if console.is_quiet() => Box::new(Silent),
        cli::View::None => Box::new(Silent),
        cli::View::Auto | cli::View::Bars if terminal => Box::new(bars::Bars::new(console)),
        cli::View::Auto | cli::View::Bars | cli::View::Plain => {
            Box::new(lines::Lines::new(console))
        }
    }
}

/// Shows nothing.
struct Silent;

impl View for Silent {
    fn record(&mut self, _record: &Record, _state: &State) {}

    fn interrupted(&mut self, _count: u32) {}
}

/// What an interrupt means, in words.
fn interrupt_text(count: u32) -> &'static str {
    match count {
        1 => "stopping: agents are asked to end; press Ctrl-C again to end them now",
        _ => "ending all agents",
    }
}
