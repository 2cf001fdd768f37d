//! Plan in, schedule out: what runs when, what runs side by side, and how long it takes.

mod branch;
mod cli;
mod graph;
mod minutes;
mod network;
mod path;
mod priority;
mod schedule;
mod slots;
mod stages;
mod view;
mod waves;
mod written;

use schemas::{Console, Exit, Failure, document, program};

use crate::cli::Cli;
use crate::network::{Network, refusal};
use crate::schedule::{Options, Schedule};
use crate::view::PlanView;

/// Tasks at once when neither the plan nor the command line says.
const SLOTS: u32 = 5;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    if document::would_wait(cli.file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    let input = document::read(cli.file.as_deref())?;
    let plan = PlanView::read(&input)?;
    let network = Network::new(&plan, &input.name)?;
    let options = Options {
        slots: cli
            .max_concurrent
            .or(plan.limits.max_concurrent)
            .unwrap_or(SLOTS),
        barriers: cli.barriers,
    };
    let schedule =
        Schedule::new(&network, options).map_err(|problems| refusal(&input.name, problems))?;
    let text = written::document(&schedule, &input.text)
        .map_err(|error| Failure::trouble("cannot write the schedule as JSON").because(&error))?;
    document::write_text(&text)?;
    Ok(Exit::Yes)
}
