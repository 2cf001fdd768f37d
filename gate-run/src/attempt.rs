//! The command of a check, or the agent that reviews, started as often as its surroundings ask for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use schemas::{Check, CheckStatus, Command, WhenMissing};

use crate::check::{Interrupted, Surroundings};
use crate::interrupts::Interrupts;
use crate::output::{Output, Printed};
use crate::planned::{Planned, Run};
use crate::process::{self, End, Ended, Launch};
use crate::standing::{self, Standing};
use crate::tools;

/// Runs the command, and again after its surroundings have failed, later each time.
pub(crate) fn all(
    planned: &Planned,
    run: &Run,
    cwd: &Path,
    log: Option<&Path>,
    here: &Surroundings,
    interrupts: &Interrupts,
    check: &mut Check,
) -> Result<(Standing, Option<Printed>), Interrupted> {
    let (mut attempt, mut wait) = (1, here.backoff);
    loop {
        let (standing, printed) = match start(planned, run, cwd, log, here, interrupts) {
            Err(standing) => (standing, None),
            Ok((ended, printed)) => {
                if ended.end == End::Interrupted {
                    return Err(Interrupted);
                }
                check.exit_code = match ended.end {
                    End::Exited(code) => Some(code),
                    _ => None,
                };
                let limit = planned.timeout.unwrap_or(here.timeout);
                let standing = match (&run.reviewer, &printed.said) {
                    (Some(reviewer), Some(said)) => reviewer.judge(ended, said, limit),
                    _ => standing::judge(ended, &printed, run, limit, here.allow_no_tests),
                };
                (standing, Some(printed))
            }
        };
        check.attempts = (attempt > 1).then_some(attempt);
        if !standing.again || attempt > here.retries {
            return Ok((standing, printed));
        }
        let why = standing.reason.unwrap_or_default();
        let pause = schemas::time::for_people(wait);
        here.board
            .info(&format!("{}: {why}; again in {pause}", planned.name));
        if interrupts.pause(wait) {
            return Err(Interrupted);
        }
        attempt += 1;
        wait = wait.saturating_mul(2);
    }
}

/// Starts the command and waits for its end; otherwise says why it could not be run.
fn start(
    planned: &Planned,
    run: &Run,
    cwd: &Path,
    log: Option<&Path>,
    here: &Surroundings,
    interrupts: &Interrupts,
) -> Result<(Ended, Printed), Standing> {
    let cannot = |why: String| Standing::new(CheckStatus::Infrastructure, why);
    if !cwd.is_dir() {
        return Err(cannot(format!("there is no folder {}", cwd.display())));
    }
    if let (Some(when), Some(what)) = (run.when_missing, crate::project::missing(&run.command, cwd))
    {
        return Err(missing(when, what));
    }
    // The shell would say so too, by 127, but so does a program that misses another.
    if let (Some(when), Some(program)) = (run.when_missing, shell_s_program(&run.command))
        && let Err(why) = locate(program, run, cwd)
    {
        return Err(missing(when, why));
    }
    let call = run
        .reviewer
        .as_ref()
        .map(|reviewer| reviewer.call(cwd, here.base.as_deref()));
    let call = call
        .transpose()
        .map_err(|error| cannot(format!("cannot write a prompt: {error}")))?;
    let argv = match &call {
        Some(call) => call.argv.clone(),
        None => run.command.argv(),
    };
    let Some((program, args)) = argv.split_first() else {
        return Err(cannot("the command is empty".to_owned()));
    };
    let found = run
        .program
        .iter()
        .try_for_each(|wanted| locate(wanted, run, cwd).map(drop));
    let located = found
        .and_then(|()| locate(program, run, cwd))
        .map_err(|why| match run.when_missing {
            Some(when) => missing(when, why),
            None => cannot(why),
        })?;
    let stdin = match call.as_ref().filter(|call| call.by_stdin) {
        Some(call) => Some(
            call.prompt
                .reopen()
                .map_err(|error| cannot(format!("cannot read the prompt: {error}")))?,
        ),
        None => None,
    };
    let mut env = call
        .as_ref()
        .map_or_else(BTreeMap::new, |call| call.env.clone());
    env.extend(run.env.clone());
    let launch = Launch {
        program: located,
        args,
        cwd,
        env: &env,
        env_remove: call.as_ref().map_or(&[], |call| &call.env_remove),
        stdin,
        timeout: planned.timeout.unwrap_or(here.timeout),
        grace: here.grace,
    };
    let file = match log {
        None => None,
        Some(log) => Some(
            File::create(log)
                .map_err(|error| cannot(format!("cannot write {}: {error}", log.display())))?,
        ),
    };
    let label = match here.parallel {
        true => format!("{} | ", standing::short(&planned.name, 24)),
        false => "  | ".to_owned(),
    };
    let board = (!here.board.console().is_quiet()).then(|| (here.board.clone(), label));
    let mut output = Output::new(file, board);
    if let Some(reviewer) = &run.reviewer {
        output.listen(reviewer.profile.dialect);
    }
    let ended = process::run(launch, &mut output, interrupts);
    let printed = output.close();
    let ended = ended.map_err(|error| cannot(format!("cannot run {program}: {error}")))?;
    Ok((ended, printed))
}

/// The program that a line of shell begins with, where that is plain.
fn shell_s_program(command: &Command) -> Option<&str> {
    let Command::Shell(line) = command else {
        return None;
    };
    let word = line.split_whitespace().next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    (word.chars().all(plain) && !tools::BUILTINS.contains(&word)).then_some(word)
}

fn missing(when: WhenMissing, why: String) -> Standing {
    match when {
        WhenMissing::Skip => Standing::new(CheckStatus::Skipped, why),
        WhenMissing::Fail => Standing::new(CheckStatus::Failed, why),
    }
}

fn locate(program: &str, run: &Run, cwd: &Path) -> Result<PathBuf, String> {
    let path = match run.env.get("PATH") {
        Some(path) => Some(OsString::from(path)),
        None => std::env::var_os("PATH"),
    };
    which::which_in(program, path, cwd).map_err(|_| format!("program not found: {program}"))
}
