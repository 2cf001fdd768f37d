//! `decision`: what was decided, what is to be, and by whom, by level.
//!
//! Levels 0 and 1 are the agent's: what it suggests is taken. Level 2 is the agent's when no person says otherwise in time.
//! Levels 3 and 4 are a person's. Nobody but who waits takes a suggestion: a time that is over changes nothing by itself.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use schemas::{Body, Console, DecisionEntry, Exit, Failure, State, journal, time};

use crate::cli::{Decision, DecisionAction, DecisionAsk, DecisionTake, DecisionWait};
use crate::near::nearest;
use crate::watch::Watch;
use crate::{expect, store};

/// So long a person may decide at level 2, as the published framework has it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What the journal is told, on the state as it is, of who edits.
type Decide = Box<dyn FnOnce(&State, Option<String>) -> Result<Vec<Body>, Failure>>;

/// Runs `decision`.
pub(crate) fn run(console: &Console, dir: &Path, args: Decision) -> Result<Exit, Failure> {
    let (terms, decide): (_, Decide) = match args.action {
        DecisionAction::Wait(it) => return wait(console, dir, &it),
        DecisionAction::Log(it) => {
            let (text, level, task) = (it.text, it.level, it.task);
            (
                it.terms,
                Box::new(move |_, by| Ok(vec![decided(text, None, level, task, by)])),
            )
        }
        DecisionAction::Ask(it) => {
            check(&it)?;
            let asked = (
                it.name, it.text, it.level, it.options, it.suggest, it.timeout, it.task,
            );
            (
                it.terms,
                Box::new(move |state, by| ask(state, asked, by, SystemTime::now())),
            )
        }
        DecisionAction::Take(it) => {
            let DecisionTake { name, text, terms } = it;
            (
                terms,
                Box::new(move |state, by| take(state, name, text, by)),
            )
        }
    };
    let by = store::editor(terms.by);
    let lines = store::change(console, dir, |state| {
        expect::check(&terms.expect, state)?;
        decide(state, by)
    })?;
    store::print(&lines)?;
    Ok(Exit::Yes)
}

fn check(args: &DecisionAsk) -> Result<(), Failure> {
    if args.timeout.is_some() && args.level != 2 {
        return Err(Failure::usage(format!(
            "level {} knows no --timeout: only level 2 may go on without a person",
            args.level
        )));
    }
    if args.suggest.is_none() && args.level < 3 {
        return Err(Failure::usage(format!(
            "level {} needs a --suggest: it is taken when no person decides",
            args.level
        )));
    }
    match &args.suggest {
        Some(suggest) if !args.options.is_empty() && !args.options.contains(suggest) => {
            Err(Failure::usage(format!("{suggest} is none of the options"))
                .help(args.options.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Name, text, level, options, suggestion, timeout, task.
type Asked = (
    String,
    String,
    u8,
    Vec<String>,
    Option<String>,
    Option<Duration>,
    Option<String>,
);

fn ask(
    state: &State,
    asked: Asked,
    by: Option<String>,
    now: SystemTime,
) -> Result<Vec<Body>, Failure> {
    let (name, text, level, options, suggested, timeout, task) = asked;
    if let Some(entry) = find(state, &name) {
        let standing = if entry.open {
            "open already"
        } else {
            "decided"
        };
        return Err(Failure::no(format!("the decision {name} is {standing}"))
            .help("another one needs another name"));
    }
    let until = (level == 2).then(|| time::format(now + timeout.unwrap_or(TIMEOUT)));
    let open = Body::Decision {
        text,
        decision: Some(name.clone()),
        open: true,
        options,
        suggested: suggested.clone(),
        until,
        level: Some(level),
        task: task.clone(),
        by: by.clone(),
    };
    let taken = suggested
        .filter(|_| level < 2)
        .map(|text| decided(text, Some(name), Some(level), task, by));
    Ok(std::iter::once(open).chain(taken).collect())
}

fn take(
    state: &State,
    name: String,
    text: String,
    by: Option<String>,
) -> Result<Vec<Body>, Failure> {
    let entry = open(state, &name)?;
    if !entry.options.is_empty() && !entry.options.contains(&text) {
        let meant = nearest(&text, entry.options.iter().map(String::as_str));
        let help = meant.map_or_else(
            || format!("they are: {}", entry.options.join(", ")),
            |meant| format!("did you mean {meant}?"),
        );
        return Err(Failure::no(format!("{text} is none of the options of {name}")).help(help));
    }
    let (level, task) = (entry.level, entry.task.clone());
    Ok(vec![decided(text, Some(name), level, task, by)])
}

fn decided(
    text: String,
    decision: Option<String>,
    level: Option<u8>,
    task: Option<String>,
    by: Option<String>,
) -> Body {
    Body::Decision {
        text,
        decision,
        open: false,
        options: Vec::new(),
        suggested: None,
        until: None,
        level,
        task,
        by,
    }
}

fn find<'a>(state: &'a State, name: &str) -> Option<&'a DecisionEntry> {
    state
        .decisions
        .iter()
        .rev()
        .find(|entry| entry.decision.as_deref() == Some(name))
}

fn open<'a>(state: &'a State, name: &str) -> Result<&'a DecisionEntry, Failure> {
    match find(state, name) {
        Some(entry) if entry.open => Ok(entry),
        Some(entry) => Err(Failure::no(format!("{name} is decided: {}", entry.text))),
        None => {
            let open = state
                .decisions
                .iter()
                .filter(|entry| entry.open)
                .filter_map(|entry| entry.decision.as_deref());
            let open: Vec<&str> = open.collect();
            let help = match nearest(name, open.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None if open.is_empty() => "nothing is to be decided".to_owned(),
                None => format!("open are: {}", open.join(", ")),
            };
            Err(Failure::no(format!("no decision {name}")).help(help))
        }
    }
}

/// Waits for a decision; takes the suggestion when its time is over.
fn wait(console: &Console, dir: &Path, args: &DecisionWait) -> Result<Exit, Failure> {
    // Before the first look, so that what is written after it ends the wait.
    let watch = Watch::on(dir);
    let end = args.timeout.map(|timeout| Instant::now() + timeout);
    loop {
        let (state, _) = journal::view(dir)?;
        let entry = match find(&state, &args.name) {
            Some(entry) => entry,
            None => return open(&state, &args.name).map(|_| Exit::Yes),
        };
        if !entry.open {
            schemas::document::write(entry)?;
            return Ok(Exit::Yes);
        }
        let until = entry.until.as_deref().and_then(time::parse);
        let over = until.map(|until| until.duration_since(SystemTime::now()).unwrap_or_default());
        if over.is_some_and(|left| left.is_zero()) {
            suggest(console, dir, &args.name)?;
            continue;
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Failure {
                exit: Exit::Waiting,
                ..Failure::no(format!("{} was not decided in time", args.name))
            });
        }
        let longest = [left, over].into_iter().flatten().min();
        if !watch.wait(longest) {
            return Ok(Exit::Yes);
        }
    }
}

/// The suggestion becomes the decision, unless somebody was quicker.
fn suggest(console: &Console, dir: &Path, name: &str) -> Result<(), Failure> {
    let taken = store::change(console, dir, |state| {
        let entry = open(state, name)?;
        let text = entry.suggested.clone().unwrap_or_default();
        Ok(vec![decided(
            text,
            Some(name.to_owned()),
            entry.level,
            entry.task.clone(),
            Some("timeout".to_owned()),
        )])
    });
    match taken {
        Err(failure) if failure.exit != Exit::No => Err(failure),
        _ => Ok(()),
    }
}
