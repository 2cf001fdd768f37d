//! plan-validate: is this plan sound?
//!
//! A filter: reads a plan as JSON or YAML, reports all of its problems, writes the canonical plan on.

mod catalogue;
mod cli;
mod dialect;
mod doubts;
mod examination;
mod explain;
mod fix;
mod found;
mod keys;
mod levels;
mod outline;
mod repair;
mod report;
mod rules;
mod schedule;
mod stream;
mod suggestion;

use schemas::{Console, Exit, Failure, document, program};

use crate::cli::{Asked, Cli};
use crate::dialect::Choice;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli = program::arguments::<Cli>()?;
    console.configure(&cli.speech);
    if let Some(asked) = cli.explain {
        let text = match asked {
            Asked::All => explain::list(),
            Asked::One(rule) => explain::page(rule),
        };
        document::write_text(text.as_bytes())?;
        return Ok(Exit::Yes);
    }
    let mut levels = cli.levels.clone();
    if cli.strict {
        levels.deny_warnings();
    }
    let file = cli.file.as_deref();
    if document::would_wait(file) {
        return Err(program::short_help::<Cli>(console));
    }
    let (choice, decided) = dialect::choose(&cli)
        .map_err(|failure| report::tell_failure(console, cli.problems, failure))?;
    if let Some(decided) = decided {
        report::tell_decision(console, cli.problems, &decided);
    }
    let examination = match choice {
        Choice::Plain(input, from) => {
            let examination = examination::examine(input, from, cli.kind, &levels)?;
            if cli.fix {
                return repair::run(console, &cli, &examination, from, &levels);
            }
            examination
        }
        Choice::Dialect(dialect, _) if cli.fix => return Err(repair::of_dialect(dialect)),
        Choice::Dialect(dialect, material) => {
            examination::examine_dialect(dialect, *material, &levels)?
        }
    };
    report::tell(console, cli.problems, &examination);
    if examination.is_malformed {
        return Ok(Exit::Input);
    }
    if examination.is_wrong {
        return Ok(Exit::No);
    }
    // A reader that has gone is no failure of the plan.
    let text = examination.canonical();
    document::write_text(text.as_bytes())?;
    if !text.ends_with('\n') {
        document::write_text(b"\n")?;
    }
    Ok(Exit::Yes)
}
