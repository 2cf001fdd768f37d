//! `--list-agents`: which profiles are known, and whether they could be used here and now.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use schemas::{Exit, Failure, Profile, document, terminal};

use crate::profiles::Profiles;
use crate::tier;

/// How long a program may think about its version.
const LIMIT: Duration = Duration::from_secs(5);

/// Between its last word and its end.
const LOOK: Duration = Duration::from_millis(2);

/// Of what it says, so much is read, in bytes.
const MAX_ANSWER: u64 = 16 << 10;

/// Longest version that is told, in characters.
const MAX_VERSION: usize = 200;

/// One line per profile, in the order of their names.
pub(crate) fn list(profiles: &Profiles, assume: bool) -> Result<Exit, Failure> {
    let found: Vec<(&String, &Profile, Option<PathBuf>)> = profiles
        .iter()
        .map(|(name, profile)| (name, profile, which::which(program(profile)).ok()))
        .collect();
    // All at once, and each program once: some of them take seconds to say it.
    let versions = thread::scope(|scope| {
        let mut asked = BTreeMap::new();
        for (_, profile, path) in &found {
            if let Some(path) = path.as_deref().filter(|_| is_asked(profile)) {
                asked
                    .entry(path)
                    .or_insert_with(|| scope.spawn(move || version(profile, path)));
            }
        }
        let answer = |(path, thread): (&Path, thread::ScopedJoinHandle<'_, _>)| {
            (path.to_owned(), thread.join().ok().flatten())
        };
        asked.into_iter().map(answer).collect::<BTreeMap<_, _>>()
    });
    let mut text = String::new();
    for (name, profile, path) in found {
        let version = path.as_ref().filter(|_| is_asked(profile));
        let version = version.and_then(|path| versions.get(path).cloned().flatten());
        let argv = schemas::Command::Argv(profile.argv.clone());
        let path = path.map(|path| path.display().to_string());
        let line = serde_json::json!({
            "name": name,
            "found": path.is_some(),
            "path": path.as_deref().unwrap_or("not found"),
            "version": version,
            "authorization": tier::authorization(name, profile, assume),
            "dialect": profile.dialect,
            "command": argv.to_string(),
        });
        text.push_str(&format!("{line}\n"));
    }
    document::write_text(text.as_bytes()).map(|_| Exit::Yes)
}

fn program(profile: &Profile) -> &str {
    profile.argv.first().map_or("", String::as_str)
}

/// Only a command of PATH is asked for its version: a script that is named by its path is likely to be an agent that takes
/// no flags, and would begin to work.
fn is_asked(profile: &Profile) -> bool {
    !program(profile).contains('/')
}

/// The first line of what it answers to `--version`.
fn version(profile: &Profile, path: &Path) -> Option<String> {
    let mut command = Command::new(path);
    command
        .arg("--version")
        .envs(&profile.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    for name in &profile.env_remove {
        command.env_remove(name);
    }
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take()?;
    let (said, answer) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stdout.take(MAX_ANSWER).read_to_end(&mut text);
        let _ = said.send(text);
    });
    let begun = Instant::now();
    let answer = answer.recv_timeout(LIMIT);
    let is_well = ended(&mut child, LIMIT.saturating_sub(begun.elapsed()));
    // Whatever it has started to answer that question, ends with it.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    let answer = answer.ok().filter(|_| is_well)?;
    let text = terminal::plain(&answer);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(MAX_VERSION).collect())
}

/// Whether it ends in that time, and well.
fn ended(child: &mut Child, limit: Duration) -> bool {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if begun.elapsed() < limit => thread::sleep(LOOK),
            _ => return false,
        }
    }
}
