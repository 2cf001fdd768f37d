//! `checkpoint`: puts something before a person, and holds the run until they have said yes to just that.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use schemas::{Artifact, Body, CheckpointState, Console, Exit, Failure, RunStatus, State, time};
use sha2::{Digest, Sha256};

use crate::cli::{Checkpoint, CheckpointAction, CheckpointCreate, CheckpointRenew};
use crate::{expect, store};

/// Runs `checkpoint`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Checkpoint) -> Result<Exit, Failure> {
    let terms = match &args.action {
        CheckpointAction::Create(it) => &it.terms,
        CheckpointAction::Renew(it) => &it.terms,
    };
    let by = store::editor(terms.by.clone());
    let lines = store::change(console, dir, |state| {
        expect::check(&terms.expect, state)?;
        match &args.action {
            CheckpointAction::Create(it) => create(dir, state, it, by),
            CheckpointAction::Renew(it) => renew(dir, state, it, by),
        }
    })?;
    store::print(&lines)?;
    Ok(Exit::Yes)
}

fn create(
    dir: &Path,
    state: &State,
    args: &CheckpointCreate,
    by: Option<String>,
) -> Result<Vec<Body>, Failure> {
    if let Some(checkpoint) = &state.checkpoint {
        return Err(Failure::no(format!("the run waits at the checkpoint {}", checkpoint.id))
            .help("approve or reject that first, or put something else before the person with checkpoint renew"));
    }
    if !matches!(state.status, RunStatus::Ready | RunStatus::InProgress) {
        let status = state.status.as_str();
        return Err(Failure::no(format!(
            "the run is {status}: it comes to no checkpoint"
        )));
    }
    if state.tasks.contains_key(&args.name) {
        return Err(Failure::no(format!(
            "{} is a task: who approves it would approve that",
            args.name
        )));
    }
    let mut bodies = vec![Body::CheckpointReached {
        checkpoint: args.name.clone(),
        reason: Some(args.kind.as_str().to_owned()),
    }];
    // A person's own hold is not ours to end.
    let holds = !state.held;
    let until = args
        .until
        .map(|until| time::format(SystemTime::now() + until));
    bodies.push(shown(
        dir,
        &args.name,
        &args.artifact,
        until,
        holds,
        by.clone(),
        args.note.clone(),
    )?);
    if holds {
        bodies.push(control("hold", &args.name, by));
    }
    Ok(bodies)
}

fn renew(
    dir: &Path,
    state: &State,
    args: &CheckpointRenew,
    by: Option<String>,
) -> Result<Vec<Body>, Failure> {
    let Some(checkpoint) = &state.checkpoint else {
        return Err(Failure::no("the run waits at no checkpoint"));
    };
    let same = || {
        checkpoint
            .artifacts
            .iter()
            .map(|it| root(dir).join(&it.path))
            .collect()
    };
    let artifacts: Vec<PathBuf> = match args.artifact.as_slice() {
        [] => same(),
        given => given.to_vec(),
    };
    let until = args
        .until
        .map(|until| time::format(SystemTime::now() + until));
    let note = args.note.clone().or_else(|| checkpoint.note.clone());
    Ok(vec![shown(
        dir,
        &checkpoint.id,
        &artifacts,
        until,
        false,
        by,
        note,
    )?])
}

fn shown(
    dir: &Path,
    name: &str,
    files: &[PathBuf],
    until: Option<String>,
    holds: bool,
    by: Option<String>,
    note: Option<String>,
) -> Result<Body, Failure> {
    let root = root(dir);
    let mut artifacts = Vec::with_capacity(files.len());
    for file in files {
        let failed = |error: &dyn std::error::Error| {
            Failure::input(format!("cannot read {}", file.display())).because(error)
        };
        let whole = file.canonicalize().map_err(|error| failed(&error))?;
        let sha256 = sha256(&whole).map_err(|error| failed(&error))?;
        let path = whole.strip_prefix(&root).unwrap_or(&whole);
        let path = path.to_str().ok_or_else(|| {
            Failure::input(format!("{} has a name that is not UTF-8", file.display()))
        })?;
        artifacts.push(Artifact {
            path: path.to_owned(),
            sha256,
        });
    }
    let parts = artifacts
        .iter()
        .flat_map(|it| [it.path.as_bytes(), it.sha256.as_bytes()]);
    Ok(Body::CheckpointShown {
        checkpoint: name.to_owned(),
        digest: schemas::digest(parts),
        artifacts,
        until,
        holds,
        by,
        note,
    })
}

/// Whether what was shown is still there, unchanged and in time; code 1 when it is not.
pub(crate) fn still_stands(
    dir: &Path,
    checkpoint: &CheckpointState,
    digest: Option<&str>,
    now: SystemTime,
) -> Result<(), Failure> {
    let id = &checkpoint.id;
    if let Some(digest) = digest.filter(|digest| *digest != checkpoint.digest) {
        let failure = Failure::no(format!("not what is shown at {id} now: {digest}"));
        return Err(failure.help(format!("the digest is {}: look again", checkpoint.digest)));
    }
    if let Some(until) = &checkpoint.until
        && time::parse(until).is_some_and(|until| until < now)
    {
        let failure = Failure::no(format!("{id} was to be approved until {until}"));
        return Err(failure.help("state-edit checkpoint renew puts it before a person anew"));
    }
    let root = root(dir);
    let changed: Vec<&str> = checkpoint
        .artifacts
        .iter()
        .filter(|it| sha256(&root.join(&it.path)).ok().as_ref() != Some(&it.sha256))
        .map(|it| it.path.as_str())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(Failure::no(format!(
        "changed since it was shown at {id}: {}",
        changed.join(", ")
    ))
    .help("look again, then state-edit checkpoint renew, and approve that"))
}

/// The end of a hold that was for the checkpoint which the run leaves with this record.
pub(crate) fn release(state: &State, body: &Body) -> Option<Body> {
    let checkpoint = state
        .checkpoint
        .as_ref()
        .filter(|it| it.holds && state.held)?;
    match body {
        Body::CheckpointApproved {
            checkpoint: id, by, ..
        } if *id == checkpoint.id => Some(control("release", id, by.clone())),
        Body::StateTransition {
            to: Some(to), by, ..
        } if ["in_progress", "ready"].contains(&to.as_str()) => {
            Some(control("release", &checkpoint.id, by.clone()))
        }
        _ => None,
    }
}

fn control(event: &str, checkpoint: &str, by: Option<String>) -> Body {
    Body::StateTransition {
        event: event.to_owned(),
        task: None,
        from: None,
        to: None,
        by,
        reason: Some(format!("checkpoint {checkpoint}")),
    }
}

/// Where relative paths of artifacts begin.
fn root(dir: &Path) -> PathBuf {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    whole.parent().map_or_else(PathBuf::new, Path::to_owned)
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let size = std::io::Read::read(&mut file, &mut buffer)?;
        if size == 0 {
            let bytes = hash.finalize();
            return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&buffer[..size]);
    }
}
