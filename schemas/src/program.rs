//! What all `main` functions do: run, tell the failure once, end with its code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::{Console, Exit, Failure};

/// Runs `body` as the whole of a program.
pub fn run(
    name: &'static str,
    body: impl FnOnce(&mut Console) -> Result<Exit, Failure>,
) -> ExitCode {
    let mut console = Console::new(name);
    let exit = match body(&mut console) {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message.is_empty() {
                console.error(&failure.to_string());
            }
            failure.exit
        }
    };
    exit.into()
}

/// Reads the command line; `--help`, `--version` and mistakes end as clap ends them (0 or 2).
pub fn arguments<P: Parser>() -> Result<P, Failure> {
    arguments_from(std::env::args_os())
}

/// As [`arguments`], from any list whose first item is the program.
pub fn arguments_from<P: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<P, Failure> {
    P::try_parse_from(args).map_err(|error| {
        // clap writes help to stdout and mistakes to stderr; a closed stream is nothing to report.
        let _ = error.print();
        match error.exit_code() {
            0 => Failure::told(Exit::Yes),
            _ => Failure::told(Exit::Usage),
        }
    })
}

/// The short help on stderr and code 2: for a filter whose stdin is a terminal.
pub fn short_help<P: CommandFactory>(console: &Console) -> Failure {
    let help = P::command().render_help();
    console.block(&help.to_string());
    Failure::told(Exit::Usage)
}
