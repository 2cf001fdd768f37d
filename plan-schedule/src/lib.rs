//! Plan in, schedule out: what runs when, what runs side by side, and how long it takes.

mod branch;
mod cli;
mod graph;
mod minutes;
mod names;
mod network;
mod outlet;
mod path;
mod priority;
mod ready;
mod schedule;
mod slots;
mod stages;
mod standing;
mod table;
mod view;
mod waves;
mod written;

use std::path::Path;
use std::time::SystemTime;

use schemas::{Console, Exit, Failure, State, document, program};

use crate::cli::{Cli, Format};
use crate::network::{Network, refusal};
use crate::ready::Ready;
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
    if cli.ready {
        let state = state(&cli, &plan, console)?;
        let ready = Ready::new(&schedule, &state, SystemTime::now());
        match cli.format {
            Format::Json => document::write(&ready)?,
            Format::Table => document::write_text(table::ready(&ready, width()).as_bytes())?,
        };
    } else {
        match cli.format {
            Format::Json => written::document(&schedule, &input.text)?,
            Format::Table => {
                document::write_text(table::schedule(&schedule, width()).as_bytes())?;
            }
        }
    }
    Ok(Exit::Yes)
}

/// The state of the run; an empty one before the run began.
fn state(cli: &Cli, plan: &PlanView<'_>, console: &Console) -> Result<State, Failure> {
    let Some(file) = &cli.state else {
        return Ok(State::default());
    };
    let is_stdin = |file: &Path| file == Path::new("-");
    if is_stdin(file) && cli.file.as_deref().is_none_or(is_stdin) {
        return Err(Failure::usage("plan and state cannot both come from stdin"));
    }
    if !is_stdin(file) && !file.exists() {
        console.info(&format!(
            "{} is not there yet: nothing has begun",
            file.display()
        ));
        return Ok(State::default());
    }
    let input = document::read(Some(file))?;
    let state: State = input.parse("a state")?;
    if state.kind != "state" {
        let kind = state.kind;
        return Err(Failure::input(format!(
            "cannot read {}: a {kind}, not a state",
            input.name
        )));
    }
    if !state.plan_id.is_empty() && state.plan_id != *plan.plan_id {
        return Err(Failure::no(format!(
            "{} is the state of plan {}, not of {}",
            input.name, state.plan_id, &*plan.plan_id
        )));
    }
    Ok(state)
}

/// Columns of the terminal; 100 where there is none.
fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(100)
}
