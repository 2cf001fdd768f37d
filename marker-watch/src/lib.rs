//! `marker-watch`: what is this agent saying? Terminal output in, records out.
//!
//! ```text
//! batch (files)  ─┐
//! live  (pipes,   ├─ bytes ─▶ reading ─ markers, lines, signs ─▶ watch ─ records ─▶ outlet (stdout, a picture)
//!        panes,   │  of a     (screen, signal,                   (task, activity)   herald (commands)
//!        follow)  ┘  stream    dialect, pattern)
//! ```
//!
//! The grammar of markers is [`schemas::marker`]'s; there is no other here.

mod activity;
mod batch;
mod buffer;
mod cli;
mod command;
mod dialect;
mod follow;
mod help;
mod herald;
mod intake;
mod interrupts;
mod lines;
mod listening;
mod live;
mod notice;
mod outlet;
mod pane;
mod pattern;
mod picture;
mod prompt;
mod reading;
mod screen;
mod signal;
mod source;
mod table;
mod task;
mod watch;
mod wording;

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Instant;

use schemas::document::Reader;
use schemas::{Console, Exit, Failure, program, time};

use crate::activity::Limits;
use crate::batch::Opened;
use crate::cli::Cli;
use crate::command::Running;
use crate::follow::Follower;
use crate::follow::bookmarks::{Bookmarks, Keeper};
use crate::herald::Herald;
use crate::intake::{Intake, Opening};
use crate::interrupts::Interrupts;
use crate::listening::Listening;
use crate::live::{Live, Over};
use crate::notice::Notice;
use crate::outlet::Outlet;
use crate::pane::Pane;
use crate::pattern::Patterns;
use crate::reading::Manner;
use crate::source::{Source, What};
use crate::watch::Watch;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    let mut sources = cli
        .sources
        .iter()
        .map(|word| Source::parse(word))
        .collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() && cli.tmux.is_empty() && cli.command.is_empty() {
        sources.push(Source {
            name: None,
            what: What::Stdin,
        });
    }
    let reads_stdin = sources
        .iter()
        .any(|source| matches!(source.what, What::Stdin));
    if reads_stdin && schemas::document::would_wait(None) {
        return Err(program::short_help::<Cli>(console));
    }
    let (keeper, kept) = match &cli.state {
        Some(path) => Keeper::open(path).map(|(keeper, kept)| (Some(keeper), kept))?,
        None => (None, Bookmarks::default()),
    };
    let mut listening = listening(&cli, &sources, kept.seq, console)?;
    let started = Instant::now();
    let deadline = cli.timeout.and_then(|timeout| started.checked_add(timeout));
    let over = read(
        &cli,
        sources,
        (keeper, kept),
        &mut listening,
        deadline,
        console,
    )?;
    finish(&cli, listening, over, console)
}

fn listening(
    cli: &Cli,
    sources: &[Source],
    seq: u64,
    console: &Console,
) -> Result<Listening, Failure> {
    let notices = Notice::all(&cli.on, &cli.notify)?;
    let patterns = Patterns::new(&cli.pattern, &cli.family)?;
    let mut outlet = Outlet::new(cli.run.clone(), seq, cli.format, cli.latest, console);
    let count = sources.len() + cli.tmux.len() + usize::from(!cli.command.is_empty());
    if count > 1
        || sources
            .iter()
            .any(|source| source.is_many() || source.name.is_some())
    {
        outlet.name_sources();
    }
    let manner = Manner {
        dialect: cli.dialect.0,
        is_terminal: false,
        columns: cli.width.map(usize::from),
        lines: false,
    };
    let limits = Limits {
        all: cli.all_states,
        silence: cli.silence,
        stall: Some(cli.stall),
    };
    let watch = Watch::new(cli.id.clone(), cli.until, cli.spoof_check);
    let herald = Herald::new(notices, console)?;
    Ok(Listening::new(
        watch, outlet, herald, manner, limits, patterns, cli.tee,
    ))
}

/// Reads everything. What is there and does not grow comes first.
fn read(
    cli: &Cli,
    sources: Vec<Source>,
    (keeper, kept): (Option<Keeper>, Bookmarks),
    listening: &mut Listening,
    deadline: Option<Instant>,
    console: &Console,
) -> Result<Over, Failure> {
    let (stdin, files): (Vec<Source>, Vec<Source>) = sources
        .into_iter()
        .partition(|source| matches!(source.what, What::Stdin));
    let mut opened = Vec::new();
    for source in stdin {
        let file = std::io::stdin().as_fd().try_clone_to_owned();
        let file = file.map_err(|error| Failure::input("cannot read stdin").because(&error))?;
        opened.push(Opened {
            is_named: source.name.is_some(),
            name: source.name.unwrap_or_else(|| "stdin".to_owned()),
            file: file.into(),
        });
    }
    let follows = cli.follow && !files.is_empty();
    let follower = if follows {
        Some(Follower::new(files, cli.poll, kept, console))
    } else {
        for source in &files {
            opened.extend(open(source)?);
        }
        None
    };
    let names: Vec<String> = opened.iter().map(|opened| opened.name.clone()).collect();
    let passes = !cli.speech.quiet && !cli.tee && !listening.outlet.draws();
    let mut live = Live::new(follower, keeper, passes);
    // A pane that is taken is let go, whatever ends us: from here on, nothing does so by itself.
    let interrupts = (!cli.tmux.is_empty()).then(Interrupts::new);
    let interrupts = interrupts.transpose()?;
    // Nothing is started before all that may fail has been opened.
    for target in &cli.tmux {
        live.add_pane(Pane::open(target)?, listening)?;
    }
    for opened in opened {
        if opened
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.is_file())
        {
            if batch::read(opened, listening, deadline)? {
                return Ok(Over::Late);
            }
        } else {
            let opening = Opening {
                name: &opened.name,
                is_named: opened.is_named,
                ..Opening::default()
            };
            live.add_pipe(opened.file.into(), opening, listening);
        }
    }
    if !cli.command.is_empty() {
        let running = Running::start(&cli.command, cli.pty)?;
        let name = cli.command[0].to_string_lossy().into_owned();
        live.add_command(running, &name, listening);
    }
    let over = if listening.is_over() {
        Over::Closed
    } else {
        let interrupts = interrupts.map_or_else(Interrupts::new, Ok)?;
        live.run(listening, deadline, interrupts)?
    };
    if over == Over::Closed
        && listening.is_empty()
        && listening.outlet.reader == Reader::There
        && !names.is_empty()
    {
        return Err(Failure::input(match names[0].as_str() {
            "stdin" => "cannot read stdin: the stage before this one wrote nothing".to_owned(),
            name if names.len() == 1 => format!("cannot read {name}: the file is empty"),
            name => format!(
                "cannot read {name} and {} more: they are empty",
                names.len() - 1
            ),
        }));
    }
    Ok(over)
}

/// The files of a source.
fn open(source: &Source) -> Result<Vec<Opened>, Failure> {
    let files = source.files();
    if files.is_empty() {
        let place = source.base().display().to_string();
        return Err(Failure::input(format!("no file to read in {place}")));
    }
    let open = |path: &std::path::PathBuf| {
        let name = path.display().to_string();
        let file = File::open(path);
        let file = file.map_err(|e| Failure::input(format!("cannot read {name}")).because(&e))?;
        Ok(Opened {
            name: source.name.clone().unwrap_or(name),
            is_named: source.name.is_some(),
            file,
        })
    };
    files.iter().map(open).collect()
}

fn finish(
    cli: &Cli,
    mut listening: Listening,
    over: Over,
    console: &Console,
) -> Result<Exit, Failure> {
    listening.outlet.finish(&listening.watch)?;
    listening.herald.close(console);
    let answer = listening.watch.answer();
    match (over, listening.outlet.reader) {
        (Over::Signal(signal), _) => Ok(Exit::Signal(u8::try_from(signal).unwrap_or(0))),
        (_, Reader::Gone) => Ok(answer.unwrap_or(Exit::No)),
        (Over::Late, Reader::There) => {
            let waited = time::for_people(cli.timeout.unwrap_or_default());
            let what = answer
                .err()
                .unwrap_or_else(|| "what was waited for has not come".to_owned());
            Err(Failure::no(format!("{what} within {waited}")))
        }
        (Over::Closed, Reader::There) => answer.map_err(Failure::no),
    }
}
