//! What can be started, and with which authority: decided once, before the first task, and told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use schemas::{AgentLabel, Authorization, Console, Failure, Profile};

use crate::profiles::Runner;

/// Finds every agent's program and what authorizes it; tells each once. Fails closed: an agent that is not there or that
/// nothing authorizes is not found out by the first task. A fallback that cannot be started is left out instead. Behind a
/// launcher (not `here`), programs are where they are.
pub(crate) fn lock(
    ways: &mut [Vec<Runner>],
    here: bool,
    assume: bool,
    console: &Console,
) -> Result<Vec<AgentLabel>, Failure> {
    let mut told = BTreeSet::new();
    let mut labels = Vec::new();
    for candidates in ways {
        let mut ready = Vec::new();
        for (choice, mut runner) in std::mem::take(candidates).into_iter().enumerate() {
            let found = if here {
                let found = runner.find_program();
                found.and_then(|()| authority(&runner, assume))
            } else {
                Ok(authority(&runner, assume).unwrap_or(Authority::Elsewhere))
            };
            match found {
                Ok(authority) => {
                    labels.extend(tell(&runner, &authority, &mut told, console));
                    ready.push(runner);
                }
                Err(failure) if choice == 0 || runner.resolves => return Err(failure),
                Err(failure) => {
                    let line = format!("the fallback {} is left out: {failure}", runner.name);
                    if told.insert(line.clone()) {
                        console.warn(&line);
                    }
                }
            }
        }
        *candidates = ready;
    }
    Ok(labels)
}

/// Why an agent may be started. A closed list, so that a reader of logs can rely on it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Authority {
    /// A task's own command.
    Command,
    /// Its profile names nothing that could be seen.
    NotNeeded,
    Environment(String),
    File(String),
    /// `--assume-authorized`.
    Assumed,
    /// It runs behind a launcher: what is there cannot be seen from here.
    Elsewhere,
}

impl Authority {
    /// As it is told; a task's own command needs no word.
    fn word(&self) -> Option<String> {
        Some(match self {
            Authority::Command => return None,
            Authority::NotNeeded => "none needed".to_owned(),
            Authority::Environment(name) => format!("${name}"),
            Authority::File(file) => file.clone(),
            Authority::Assumed => "assumed".to_owned(),
            Authority::Elsewhere => "not seen from here".to_owned(),
        })
    }
}

/// What would authorize an agent, in the words of `run-started.agents`; `None` when nothing does.
pub(crate) fn authorization(name: &str, profile: &Profile, assume: bool) -> Option<String> {
    agent_authority(name, profile, assume).ok()?.word()
}

fn authority(runner: &Runner, assume: bool) -> Result<Authority, Failure> {
    if !runner.is_agent() {
        return Ok(Authority::Command);
    }
    agent_authority(&runner.name, &runner.profile, assume)
}

fn agent_authority(name: &str, profile: &Profile, assume: bool) -> Result<Authority, Failure> {
    let Some(needed) = &profile.authorization else {
        return Ok(Authority::NotNeeded);
    };
    let own = |name: &String| profile.env.contains_key(name);
    let set = |name: &&String| {
        own(name) || std::env::var_os(name.as_str()).is_some_and(|value| !value.is_empty())
    };
    if let Some(name) = needed.env.iter().find(set) {
        return Ok(Authority::Environment(name.clone()));
    }
    if let Some(file) = needed.files.iter().find(|file| whole(file).is_file()) {
        return Ok(Authority::File(file.clone()));
    }
    if assume {
        return Ok(Authority::Assumed);
    }
    Err(not_authorized(name, needed))
}

fn not_authorized(name: &str, needed: &Authorization) -> Failure {
    let places: Vec<&str> = needed
        .env
        .iter()
        .chain(&needed.files)
        .map(String::as_str)
        .collect();
    Failure::trouble(format!("nothing authorizes the agent {name}")).help(format!(
        "log in with it, or set one of {}; --assume-authorized starts it all the same",
        places.join(", ")
    ))
}

fn whole(file: &str) -> PathBuf {
    match (file.strip_prefix("~/"), std::env::home_dir()) {
        (Some(inner), Some(home)) => home.join(inner),
        _ => PathBuf::from(file),
    }
}

fn tell(
    runner: &Runner,
    authority: &Authority,
    told: &mut BTreeSet<String>,
    console: &Console,
) -> Option<AgentLabel> {
    let why = authority.word()?;
    let label = AgentLabel {
        name: runner.name.clone(),
        program: match runner.program.as_os_str().is_empty() {
            true => runner.profile.argv.first().cloned().unwrap_or_default(),
            false => runner.program.display().to_string(),
        },
        authorization: why,
        flags: runner.permission_flags().to_vec(),
        ..AgentLabel::default()
    };
    let mut line = format!(
        "{}: {}, authorization {}",
        label.name, label.program, label.authorization
    );
    if !label.flags.is_empty() {
        line.push_str(&format!(", started with {}", label.flags.join(" ")));
    }
    told.insert(line.clone()).then(|| {
        console.info(&line);
        label
    })
}
