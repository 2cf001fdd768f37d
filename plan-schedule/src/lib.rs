//! Plan in, schedule out: what runs when, what runs side by side, and how long it takes.

mod actual;
mod autonomy;
mod bounds;
mod chart;
mod cli;
mod conflicts;
mod course;
mod dry_run;
mod explain;
mod graph;
mod graphs;
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
mod simulate;
mod slots;
mod stages;
mod standing;
mod svg;
mod table;
mod tags;
mod tree;
mod urgency;
mod view;
mod waves;
mod worktrees;
mod written;

use std::mem::ManuallyDrop;
use std::path::Path;
use std::time::SystemTime;

use schemas::{Console, Exit, Failure, State, document, program};

use crate::actual::Actual;
use crate::chart::Chart;
use crate::cli::{Cli, Format};
use crate::minutes::Table;
use crate::network::{Network, refusal};
use crate::ready::Ready;
use crate::schedule::{Options, Schedule};
use crate::select::select;
use crate::simulate::{Draw, Simulation};
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
    // The program's end frees a million lists at once; one by one it takes a twentieth of the time of all the rest.
    let plan = ManuallyDrop::new(PlanView::read(&input)?);
    let network = Network::new(&plan, &input.name, &Table::changed(&cli.minutes))?;
    let network = ManuallyDrop::new(select(network, &cli.choice)?);
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
            Format::Table => put(&table::ready(&ready, width()))?,
            _ => _ = document::write(&ready)?,
        }
    } else if let Some(id) = &cli.question.explain {
        let unknown = || {
            Failure::usage(format!(
                "--explain names {id}, which is no task that is scheduled"
            ))
        };
        let task = network.find(id).ok_or_else(unknown)?;
        let now = cli
            .question
            .state
            .as_ref()
            .map(|_| Ready::new(&schedule, &state, SystemTime::now()).of(&network, task));
        put(&explain::explain(&schedule, &tags, task, now.as_deref()))?;
    } else if let Some(runs) = cli.question.simulate {
        let draw = Draw {
            runs,
            spread: cli.question.spread,
            seed: cli.question.seed,
        };
        let simulation = Simulation::new(&schedule, draw);
        match cli.format {
            Format::Table => put(&table::simulation(&simulation, width()))?,
            _ => _ = document::write(&simulation)?,
        }
    } else {
        write(&cli, &schedule, &tags, &input.text)?;
    }
    Ok(Exit::Yes)
}

/// The schedule, in the form that was asked for.
fn write(cli: &Cli, schedule: &Schedule<'_>, tags: &Tags<'_>, plan: &str) -> Result<(), Failure> {
    let worktrees = worktrees(schedule.network);
    match cli.format {
        Format::Json => written::document(
            &Answer {
                schedule,
                tags,
                worktrees: &worktrees,
                pipeline: cli.choice.pipeline,
                no_main: cli.choice.no_main,
            },
            plan,
        ),
        Format::Table => put(&table::schedule(schedule, width())),
        Format::Tree => put(&tree::tree(schedule)),
        Format::Dot => put(&graphs::dot(schedule)),
        Format::Mermaid => put(&graphs::mermaid(schedule)),
        Format::Text => put(&dry_run::text(schedule, &worktrees)),
        Format::GanttSvg => {
            let actual = cli.question.actual.as_deref();
            let actual = actual
                .map(|file| Actual::read(file, &schedule.network.plan.plan_id))
                .transpose()?;
            put(&svg::draw(&Chart::new(schedule, actual.as_ref())))
        }
    }
}

fn put(text: &str) -> Result<(), Failure> {
    document::write_text(text.as_bytes()).map(|_| ())
}

/// What clap cannot tell of flags that do not go together.
fn check(cli: &Cli) -> Result<(), Failure> {
    let asked = &cli.question;
    if asked.state.is_some() && !asked.ready && asked.explain.is_none() && cli.mode.is_none() {
        return Err(Failure::usage(
            "--state goes with --ready, --explain or --mode",
        ));
    }
    if asked.actual.is_some() && cli.format != Format::GanttSvg {
        return Err(Failure::usage("--actual goes with --format gantt-svg"));
    }
    let is_plain = matches!(cli.format, Format::Json | Format::Table);
    if (asked.ready || asked.simulate.is_some()) && !is_plain {
        return Err(Failure::usage(
            "--ready and --simulate are told as json or as a table",
        ));
    }
    if asked.explain.is_some() && cli.format != Format::Json {
        return Err(Failure::usage(
            "--explain tells sentences, in no other format",
        ));
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
    let ended = network
        .numbers()
        .filter(|task| network.prior(*task).is_some());
    match ended.count() {
        0 => {}
        1 => console.info("1 task has ended before: it takes no time"),
        many => console.info(&format!(
            "{many} tasks have ended before: they take no time"
        )),
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
