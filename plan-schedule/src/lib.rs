//! Plan in, schedule out: what runs when, what runs side by side, and how long it takes.

mod autonomy;
mod bounds;
mod branch;
mod cli;
mod conflicts;
mod course;
mod glob;
mod graph;
mod lanes;
mod minutes;
mod names;
mod network;
mod outlet;
mod part;
mod path;
mod priority;
mod ready;
mod rows;
mod schedule;
mod select;
mod slots;
mod stages;
mod standing;
mod table;
mod tags;
mod view;
mod waves;
mod worktrees;
mod written;

use std::path::Path;
use std::time::SystemTime;

use schemas::{Console, Exit, Failure, State, document, program};

use crate::cli::{Cli, Format};
use crate::minutes::Table;
use crate::network::{Network, refusal};
use crate::ready::Ready;
use crate::schedule::{Options, Schedule};
use crate::select::select;
use crate::tags::{TEAMS, Tags};
use crate::view::PlanView;
use crate::worktrees::worktrees;
use crate::written::Answer;

/// Tasks at once when neither the plan nor the command line says.
const SLOTS: u32 = 5;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    if document::would_wait(cli.file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    check(&cli)?;
    let input = document::read(cli.file.as_deref())?;
    let plan = PlanView::read(&input)?;
    let network = Network::new(&plan, &input.name, &Table::changed(&cli.minutes))?;
    let network = select(network, &cli.choice)?;
    let options = Options {
        slots: cli
            .max_concurrent
            .or(plan.limits.max_concurrent)
            .unwrap_or(SLOTS),
        barriers: cli.barriers,
    };
    let schedule =
        Schedule::new(&network, options).map_err(|problems| refusal(&input.name, problems))?;
    let state = state(&cli, &plan, console)?;
    let tags = tags(&cli, &network, &state);
    tell(&schedule, &tags, console);
    if cli.question.ready {
        let ready = Ready::new(&schedule, &state, SystemTime::now());
        match cli.format {
            Format::Json => document::write(&ready)?,
            Format::Table => document::write_text(table::ready(&ready, width()).as_bytes())?,
        };
        return Ok(Exit::Yes);
    }
    let worktrees = worktrees(&network);
    let answer = Answer {
        schedule: &schedule,
        tags: &tags,
        worktrees: &worktrees,
        pipeline: cli.choice.pipeline,
        no_main: cli.choice.no_main,
    };
    match cli.format {
        Format::Json => written::document(&answer, &input.text)?,
        Format::Table => {
            document::write_text(table::schedule(&schedule, width()).as_bytes())?;
        }
    }
    Ok(Exit::Yes)
}

/// What clap cannot tell of flags that do not go together.
fn check(cli: &Cli) -> Result<(), Failure> {
    if cli.question.state.is_some() && !cli.question.ready && cli.mode.is_none() {
        return Err(Failure::usage("--state goes with --ready or --mode"));
    }
    Ok(())
}

fn tags<'n>(cli: &Cli, network: &'n Network<'n>, state: &State) -> Tags<'n> {
    let has_teams = std::env::var_os(TEAMS).is_some_and(|value| value == "1");
    let in_flight = match state.tasks.is_empty() {
        true => Vec::new(),
        false => standing::in_flight(network, state),
    };
    Tags::new(network, cli.mode, has_teams, in_flight)
}

/// What people should know of the schedule before they use it.
fn tell(schedule: &Schedule<'_>, tags: &Tags<'_>, console: &Console) {
    let network = schedule.network;
    for warning in network.stages.warnings() {
        console.warn(&warning);
    }
    let alone = tags.without_team();
    if alone > 0 {
        console.warn(&format!(
            "teams are off ({TEAMS} is not 1): {alone} tasks that ask for a team go to subagents"
        ));
    }
    if network.is_partial() {
        let passed = network
            .numbers()
            .filter(|task| network.is_rewired(*task))
            .count();
        let all = network.plan.tasks.len();
        let waits = match passed {
            0 => String::new(),
            some => format!("; what {some} of them wait for beside counts as done"),
        };
        console.info(&format!("{} of {all} tasks{waits}", network.len()));
    }
}

/// The state of the run; an empty one before the run began.
fn state(cli: &Cli, plan: &PlanView<'_>, console: &Console) -> Result<State, Failure> {
    let Some(file) = &cli.question.state else {
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
