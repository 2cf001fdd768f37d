//! Changes the state of a run safely, and shows it.
//!
//! The journal is the truth, `state.json` its sum. Whether an edit is legal is decided inside the journal's
//! lock, on the state as it is then; a program that only looks makes and writes nothing.

mod ask;
mod checkpoint;
mod cli;
mod columns;
mod compact;
mod decision;
mod diff;
mod dispatcher;
mod edit;
mod expect;
mod export;
mod file;
mod history;
mod inbox;
mod intake;
mod lock;
mod log;
mod machine;
mod near;
mod next;
mod process;
mod render;
mod repair;
mod show;
mod stats;
mod store;
mod stream;
mod table;
mod undo;
mod verify;
mod wait;
mod watch;

use std::path::Path;

use schemas::{Console, Exit, Failure, document, program};

use cli::{Cli, Command, Terms};
use edit::Edit;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    let dir = &cli.dir;
    let (edit, terms) = match cli.command {
        Command::Show(show) => return show::run(dir, &show),
        Command::Log(log) => return log::run(console, dir, &log),
        Command::Inbox(inbox) => return inbox::run(dir, &inbox),
        Command::Next(next) => return next::run(dir, &next),
        Command::Diff(diff) => return diff::run(dir, &diff),
        Command::Stats(stats) => return stats::run(console, dir, &stats),
        Command::Wait(wait) => return wait::run(dir, &wait),
        Command::Record(record) => return intake::run(console, dir, &record),
        Command::Checkpoint(it) => return checkpoint::run(console, dir, &it),
        Command::Repair(it) => return repair::run(console, dir, &it),
        Command::Compact => return compact::run(console, dir),
        Command::Machine(it) => return machine::run(console, &it),
        Command::Undo(it) => return undo::run(console, dir, &it),
        Command::Lock(lock) => return lock::run(console, dir, lock),
        Command::Get(it) => return file::get(&it),
        Command::Render(it) => return render::run(console, dir, &it),
        Command::Decision(it) => return decision::run(console, dir, it),
        Command::Export => return export::run(console, dir),
        Command::Watch(it) => return render::watch(dir, &it),
        Command::Import(it) => return render::import(&it),
        Command::Set(_)
        | Command::Delete(_)
        | Command::Append(_)
        | Command::Merge(_)
        | Command::Patch(_) => {
            return ask::run(console, cli.command);
        }
        Command::Verify(verify) => return verify::run(console, dir, &verify),
        change => change_of(console, change)?,
    };
    let by = store::editor(terms.by);
    store::edit(console, dir, &edit, &terms.expect, by.as_deref())?;
    Ok(Exit::Yes)
}

fn change_of(console: &Console, command: Command) -> Result<(Edit, Terms), Failure> {
    let event = |event: &str, task, reason| Edit::Apply {
        event: event.to_owned(),
        task,
        reason,
    };
    Ok(match command {
        Command::Apply(it) => (event(&it.event, it.task, it.reason), it.terms),
        Command::Approve(it) => {
            let (what, note, digest) = (it.what, it.note, it.digest);
            (Edit::Approve { what, note, digest }, it.terms)
        }
        Command::Reject(it) => {
            let (what, reason) = (it.what, words(console, it.reason)?);
            let category = it.category.map(cli::Category::as_str);
            let reject = Edit::Reject {
                what,
                reason,
                category,
            };
            (reject, it.terms)
        }
        Command::Answer(it) => {
            let (task, text) = (it.task, words(console, it.text)?);
            (Edit::Answer { task, text }, it.terms)
        }
        Command::Steer(it) => {
            let (task, text) = (it.task, words(console, it.text)?);
            (Edit::Steer { task, text }, it.terms)
        }
        Command::Cancel(it) => (event("cancel", it.task, it.reason), it.terms),
        Command::Retry(it) => {
            let (task, force, reason) = (it.task, it.force, it.reason);
            let retry = Edit::Retry {
                task,
                force,
                reason,
            };
            (retry, it.terms)
        }
        Command::Hold(it) => (event("hold", None, it.reason), it.terms),
        Command::Release(it) => match it.route {
            Some(route) => (Edit::Release { route }, it.terms),
            None => (event("release", None, it.reason), it.terms),
        },
        Command::Skip(it) => (event("skip", Some(it.task), it.reason), it.terms),
        Command::Show(_)
        | Command::Log(_)
        | Command::Inbox(_)
        | Command::Next(_)
        | Command::Diff(_)
        | Command::Stats(_)
        | Command::Wait(_)
        | Command::Record(_)
        | Command::Lock(_)
        | Command::Undo(_)
        | Command::Machine(_)
        | Command::Repair(_)
        | Command::Compact
        | Command::Checkpoint(_)
        | Command::Get(_)
        | Command::Render(_)
        | Command::Watch(_)
        | Command::Export
        | Command::Decision(_)
        | Command::Import(_)
        | Command::Set(_)
        | Command::Delete(_)
        | Command::Append(_)
        | Command::Merge(_)
        | Command::Patch(_)
        | Command::Verify(_) => unreachable!("these have been done before"),
    })
}

/// A text of the command line, or stdin for `-`.
fn words(console: &Console, text: String) -> Result<String, Failure> {
    if text == "-" {
        if document::would_wait(None) {
            return Err(program::short_help::<Cli>(console));
        }
        let mut read = document::read(None::<&Path>)?.text;
        read.truncate(read.trim_end_matches(['\n', '\r']).len());
        return Ok(read);
    }
    if text.trim().is_empty() {
        return Err(Failure::usage("the text is empty"));
    }
    Ok(text)
}
