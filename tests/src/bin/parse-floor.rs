//! The floor for any program that takes a plan: it is read and parsed by serde_json into typed structs, those of the
//! contract, and nothing is done with it.
//!
//! `parse-floor FILE`

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        return ends("usage: parse-floor FILE", 2);
    };
    let Ok(text) = std::fs::read_to_string(&file) else {
        return ends("parse-floor: cannot read the file", 3);
    };
    match serde_json::from_str::<schemas::Plan>(&text) {
        Ok(plan) if plan.tasks.is_empty() => ends("parse-floor: no tasks", 3),
        Ok(plan) => {
            // Freeing it is no part of parsing it.
            std::mem::forget(plan);
            ExitCode::SUCCESS
        }
        Err(error) => ends(&format!("parse-floor: {error}"), 3),
    }
}

fn ends(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}
