//! `agent-dispatch`: brings every task of a schedule to an outcome.
//!
//! `core` decides, `shell` does; `graph`, `prompt` and `profiles` turn documents into what the two work on.

mod acp;
mod candidates;
mod caps;
mod cli;
mod config;
mod core;
mod dry_run;
mod graph;
mod listing;
mod notice;
mod opening;
mod profiles;
mod progress;
mod prompt;
mod shell;
mod tier;
mod worktrees;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use schemas::document::{self, Input};
use schemas::{AgentLabel, Agents, Console, Exit, Failure, Plan, Schedule, program};

use crate::candidates::Candidates;
use crate::cli::Cli;
use crate::core::{Graph, Limits, resume};
use crate::notice::Notice;
use crate::profiles::{Profiles, Runners};
use crate::shell::contain::{self, Containment};
use crate::shell::jobserver::Pool;
use crate::shell::launcher::Launcher;
use crate::shell::run_dir::RunDir;
use crate::worktrees::{Bounds, Wishes, Worktrees};

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("__warden") => {
            let prefix = args.next().unwrap_or_default();
            contain::warden(&prefix, args.next().as_deref());
            return Ok(Exit::Yes);
        }
        Some("__exec") => return shell::launcher::shim::run(),
        _ => {}
    }
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    if cli.list_agents {
        return list_agents(&cli, console);
    }
    if cli.clean {
        let ask = worktrees::clean::Ask {
            yes: cli.yes,
            discard: cli.discard,
        };
        return worktrees::clean::clean(&cli.root, &RunDir::new(&cli.dir)?, ask, console);
    }
    let notices = Notice::all(&cli.on)?;
    if document::would_wait(cli.file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    let prepared = prepare(&cli, notices, console)?;
    let dir = RunDir::new(&cli.dir)?;
    if cli.dry_run {
        let state = dry_run::state(dir.path())?;
        let Prepared {
            plan,
            graph,
            runners,
            worktrees,
            mut limits,
            ..
        } = prepared;
        limits.seed = state.seed;
        let initial = resume::initial(&graph, &state, SystemTime::now());
        return dry_run::run(
            &plan,
            &graph,
            &limits,
            (&runners, &worktrees),
            &initial,
            console,
        );
    }
    dispatch(&cli, console, prepared, dir)
}

fn schedule(input: &Input) -> Result<Schedule, Failure> {
    let schedule: Schedule = input.parse("a schedule").map_err(|failure| {
        if input.parse::<Plan>("a plan").is_ok() {
            let message = format!("cannot read {}: a plan, not a schedule", input.name);
            return Failure::input(message).help("pipe it through plan-schedule");
        }
        failure
    })?;
    if schedule.kind != "schedule" || schedule.version != 1 {
        let found = format!("kind {:?}, version {}", schedule.kind, schedule.version);
        return Err(Failure::input(format!(
            "cannot read {}: not a schedule of version 1 ({found})",
            input.name
        )));
    }
    Ok(schedule)
}

/// Who does each task, and what binds the tasks. The schedule itself is not needed any more, and may be large.
struct Prepared {
    plan: Plan,
    graph: Graph,
    /// Whether the plan has more tasks than the schedule.
    is_partial: bool,
    runners: Runners,
    root: PathBuf,
    worktrees: Worktrees,
    /// By task: what its changes in its project's folder are held to.
    bounds: Vec<Bounds>,
    agents: Vec<AgentLabel>,
    /// Without the seed of the run.
    limits: Limits,
    notices: Vec<Notice>,
    launcher: Option<Arc<Launcher>>,
}

fn prepare(cli: &Cli, notices: Vec<Notice>, console: &Console) -> Result<Prepared, Failure> {
    let launcher = cli.launcher.as_deref();
    let launcher = launcher.map(|prefix| Launcher::new(prefix, cli.shim.as_deref()));
    let launcher = launcher.transpose()?.map(Arc::new);
    let input = document::read(cli.file.as_deref())?;
    let schedule = schedule(&input)?;
    let mut plan: Plan = serde_json::from_str(schedule.plan.get()).map_err(|error| {
        Failure::input(format!(
            "cannot read {}: its plan is not a plan",
            input.name
        ))
        .because(&error)
    })?;
    graph::select(&mut plan, &schedule);
    let root = std::path::absolute(&cli.root)
        .map_err(|error| Failure::trouble("cannot find the root").because(&error))?;
    let worktrees = Worktrees::plan(&plan, &root, &wishes(cli))?;
    let profiles = profiles(cli, &mut plan, console)?;
    let resolver = cli.conflict_agent.as_deref();
    let resolves = resolver != Some("none");
    let resolver = resolver.filter(|_| resolves);
    let merges = |task: usize| worktrees.unit(task).is_some();
    let mut runners = Runners::new(&profiles, &plan, resolver, merges)?;
    if let Some(done) = cli.done {
        for runner in runners.ways.iter_mut().flatten() {
            runner.profile.done = config::done_rule(done);
        }
    }
    let here = cli.launcher.is_none();
    let mut agents = tier::lock(&mut runners.ways, here, cli.assume_authorized, console)?;
    for warning in caps::check(cli, &plan, &runners, &mut agents) {
        console.warn(&warning);
    }
    let bounds = Bounds::of(&plan, &root, &worktrees, &runners);
    let rules = graph::Rules {
        bounds: &bounds,
        candidates: Candidates::new(cli, &plan, &runners),
        fix_limit: cli.fix_limit,
        merges: graph::Merges {
            worktrees: &worktrees,
            order: cli.merge_order,
            resolves,
            runners: &runners,
        },
    };
    Ok(Prepared {
        graph: graph::build(&schedule, &plan, rules)?,
        limits: config::limits(cli, &schedule, &plan),
        root,
        worktrees,
        bounds,
        is_partial: schedule.partial,
        plan,
        runners,
        agents,
        notices,
        launcher,
    })
}

/// Where tasks are to work, and how their work comes together.
fn wishes(cli: &Cli) -> Wishes {
    let absolute = |path: &PathBuf| std::path::absolute(path).ok();
    Wishes {
        isolation: cli.isolate,
        target: cli.target.clone(),
        root: cli.worktrees.as_ref().and_then(absolute),
        strategy: cli.merge_strategy,
        at_once: cli.bisect,
    }
}

/// Who may do tasks. What --agents names is the plan's from here on: its gates may name reviewers, too.
fn profiles(cli: &Cli, plan: &mut Plan, console: &Console) -> Result<Profiles, Failure> {
    if let Some(file) = &cli.agents {
        plan.agents.extend(Agents::read(file, console)?.agents);
    }
    let mut profiles = Profiles::new(plan);
    if !cli.command.is_empty() {
        let argv = cli.command.iter().map(|word| {
            word.clone().into_string().map_err(|word| {
                Failure::usage(format!(
                    "cannot take {} as an argument: not UTF-8",
                    word.display()
                ))
            })
        });
        let argv = argv.collect::<Result<_, _>>()?;
        match &cli.agent {
            Some(name) => profiles.force_filled(name, argv)?,
            None => profiles.force_argv(argv),
        }
    } else if let Some(name) = &cli.agent {
        profiles.force(name)?;
    }
    Ok(profiles)
}

fn list_agents(cli: &Cli, console: &Console) -> Result<Exit, Failure> {
    let mut none: Plan = serde_json::from_str(r#"{"planId":"none","tasks":[]}"#)
        .map_err(|error| Failure::trouble("cannot make an empty plan").because(&error))?;
    listing::list(&profiles(cli, &mut none, console)?, cli.assume_authorized)
}

/// Takes the run directory, fences what an earlier dispatcher left, and goes.
fn dispatch(
    cli: &Cli,
    console: &Console,
    prepared: Prepared,
    dir: RunDir,
) -> Result<Exit, Failure> {
    let Prepared {
        plan,
        graph,
        bounds,
        is_partial,
        runners,
        root,
        mut worktrees,
        agents,
        mut limits,
        notices,
        launcher,
    } = prepared;
    let merges =
        !worktrees.repositories.is_empty() && !graph::stage_gates(&plan, "before_merge").is_empty();
    let gates = merges || graph.specs.iter().any(|spec| spec.has_gates);
    let gate_program = if gates {
        config::gate_program(&cli.gate_program)?
    } else {
        cli.gate_program.clone()
    };
    for warning in worktrees.warnings() {
        console.warn(&warning);
    }
    let _lock = dir.lock()?;
    let (state, mut journal) = schemas::journal::load(dir.path())?;
    if !state.plan_id.is_empty() && state.plan_id != plan.plan_id {
        let message = format!(
            "{} holds a run of plan {}, not of {}",
            dir.path().display(),
            state.plan_id,
            plan.plan_id
        );
        return Err(Failure::no(message).help("give another --dir, or move the old run away"));
    }
    contain::fence(&state.mark);
    let fresh = state.run.is_empty() || state.mark.is_empty();
    let seed = if fresh {
        cli.seed.unwrap_or_else(config::random)
    } else {
        state.seed
    };
    let mark = if fresh {
        format!("{:014x}", config::random())
    } else {
        state.mark.clone()
    };
    limits.seed = seed;
    contain::make_room(limits.jobs);
    let containment = Containment::new(&mark, cli.contain)?;
    worktrees.mark(contain::MARK, &containment.mark("git"));
    worktrees.claim(&state, dir.path())?;
    let mut means = containment.level();
    if let Some(prefix) = &cli.launcher {
        means.push_str(&format!(" + launcher {prefix}"));
    }
    let pool = pool(cli, limits.jobs, containment.name())?;
    let opening = opening::opening(
        &plan,
        (&graph, is_partial),
        &state,
        fresh.then_some((seed, mark)),
        limits.jobs as u32,
        means,
        agents,
    );
    journal.name_run(&plan.plan_id);
    let mut view = progress::choose(cli.view, console);
    let run = shell::Run {
        plan,
        graph: graph.into(),
        limits,
        runners: runners.into(),
        root,
        worktrees: worktrees.into(),
        bounds,
        pass_env: (!cli.pass_env.is_empty()).then(|| cli.pass_env.clone()),
        gate_program,
        launcher,
        pool,
        notices,
        dir,
        journal,
        state,
    };
    let (exit, state) = shell::run(run, containment, opening, view.as_mut())?;
    if !console.is_quiet() {
        let default = cli.dir == std::path::Path::new(".orchestrate");
        let flag = if default {
            String::new()
        } else {
            format!(" --dir {}", cli.dir.display())
        };
        console.block(&progress::summary::summary(&state, &flag));
    }
    Ok(exit)
}

/// The pool of tokens that is asked for, or else that of a `make` above us: it decides how many run, unless --jobs does.
fn pool(cli: &Cli, jobs: usize, name: &str) -> Result<Option<Pool>, Failure> {
    if cli.jobserver == cli::Jobserver::Off {
        return Ok(Pool::inherited().filter(|_| cli.jobs.is_none()));
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let size = cli
        .jobserver_tokens
        .map_or(processors.max(jobs), |size| size as usize);
    let folder = || shell::scratch::one(name);
    Pool::serve(cli.jobserver, size, folder)
        .map_err(|error| Failure::trouble(format!("cannot serve tokens: {error:#}")))
}
