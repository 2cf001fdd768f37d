//! A new worktree made ready: files copied, ports found, commands run.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use schemas::{BaselinePolicy, Command, WorkspaceSetup};

use super::git::Git;
use super::stop::Stop;
use super::tree::Tree;

/// The file in a repository's top folder that names what is to be copied, in the way of `.gitignore`.
const INCLUDE: &str = ".worktreeinclude";

/// Says that a worktree was made ready, in git's own folder of it.
const READY: &str = "orchestrate-ready";

/// Ports that a worktree has to itself where nothing else is said.
const PORTS: u16 = 10;

/// The first port that is given away; below lie those of well-known services, above the system's own.
const FIRST_PORT: u16 = 20_000;
const LAST_PORT: u16 = 32_000;

/// What commands in a worktree find in their environment, beside what they inherit.
pub(crate) type Variables = Vec<(String, String)>;

/// Ranges of ports that were given away.
#[derive(Debug, Default)]
pub(crate) struct Ports(Mutex<u16>);

impl Ports {
    /// So many ports in a row on which nobody listens now. None where there are none.
    pub(crate) fn take(&self, count: u16) -> Option<(u16, u16)> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first = FIRST_PORT + *given;
        while count > 0 && first.checked_add(count)? < LAST_PORT {
            let taken = (first..first + count).rev().find(|port| !is_free(*port));
            match taken {
                Some(port) => first = port + 1,
                None => {
                    *given = first + count - FIRST_PORT;
                    return Some((first, first + count - 1));
                }
            }
        }
        None
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Whatever happened, of a worktree that was made ready.
pub(crate) struct Ready {
    pub(crate) variables: Variables,
    /// What people should know of.
    pub(crate) notes: Vec<String>,
}

/// Who runs the commands, and where what they print goes.
pub(crate) struct Hand<'a> {
    pub(crate) stop: &'a Stop,
    pub(crate) log: &'a Path,
    /// Added to their environment.
    pub(crate) env: &'a [(String, String)],
}

/// Makes it ready, unless it is. Fails with the reason, for people.
pub(crate) fn make_ready(
    tree: &Tree,
    git: &Git,
    git_dir: &Path,
    ports: &Ports,
    hand: &Hand<'_>,
) -> anyhow::Result<Ready> {
    let mut variables = Vec::new();
    if let Some((first, last)) = ports.take(tree.setup.ports.unwrap_or(PORTS)) {
        for (name, port) in [("PORT", first), ("PORT_FIRST", first), ("PORT_LAST", last)] {
            variables.push((name.to_owned(), port.to_string()));
        }
    }
    let mut notes = Vec::new();
    let ready = git_dir.join(READY);
    if !ready.exists() {
        copy(tree, git).context("cannot copy files")?;
        commands(tree, &tree.setup, &variables, hand, &mut notes)?;
        File::create(&ready).with_context(|| format!("cannot write {}", ready.display()))?;
    }
    Ok(Ready { variables, notes })
}

fn commands(
    tree: &Tree,
    setup: &WorkspaceSetup,
    variables: &Variables,
    hand: &Hand<'_>,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    for command in &setup.setup {
        run(tree, command, variables, hand)?;
    }
    for command in &setup.baseline {
        let Err(error) = run(tree, command, variables, hand) else {
            continue;
        };
        if setup.baseline_policy != Some(BaselinePolicy::AllowFailing) || hand.stop.is_asked() {
            return Err(error.context("the baseline does not hold"));
        }
        notes.push(format!(
            "the baseline does not hold, and may not: {error:#}"
        ));
    }
    Ok(())
}

fn run(
    tree: &Tree,
    command: &Command,
    variables: &Variables,
    hand: &Hand<'_>,
) -> anyhow::Result<()> {
    let log = log(hand.log, command)?;
    let argv = command.argv();
    let (program, args) = argv.split_first().context("an empty command")?;
    let mut expression = duct::cmd(program, args)
        .dir(&tree.folder)
        .stdin_null()
        .stdout_file(log.try_clone().context("cannot use its log")?)
        .stderr_file(log);
    for name in super::git::LOCAL {
        expression = expression.env_remove(name);
    }
    for (name, value) in variables.iter().chain(hand.env) {
        expression = expression.env(name, value);
    }
    let status = hand
        .stop
        .watch(&expression)
        .with_context(|| format!("cannot run {command}"))?;
    if !status.success() {
        bail!(
            "`{command}` ended with {status}; what it printed is in {}",
            hand.log.display()
        );
    }
    Ok(())
}

fn log(path: &Path, command: &Command) -> anyhow::Result<File> {
    use std::io::Write;
    let open = || {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "$ {command}")?;
        Ok::<_, std::io::Error>(file)
    };
    open().with_context(|| format!("cannot write {}", path.display()))
}

/// Copies what is asked for of the user's checkout. Only what git ignores: anything else would count as the task's work.
fn copy(tree: &Tree, git: &Git) -> anyhow::Result<()> {
    let top = top_of(&tree.source, &tree.folder, &tree.path);
    let include = top.join(INCLUDE);
    if include.is_file() {
        let named = format!("--exclude-from={}", include.display());
        copy_all(git, &top, &tree.path, &[named])?;
    }
    if !tree.setup.copy.is_empty() {
        let patterns: Vec<String> = tree
            .setup
            .copy
            .iter()
            .map(|pattern| format!("--exclude={pattern}"))
            .collect();
        copy_all(git, &tree.source, &tree.folder, &patterns)?;
    }
    Ok(())
}

/// The top of the user's checkout: as far above the project's folder there as in the worktree.
fn top_of(source: &Path, folder: &Path, path: &Path) -> PathBuf {
    let depth = folder
        .strip_prefix(path)
        .map_or(0, |inner| inner.iter().count());
    source.ancestors().nth(depth).unwrap_or(source).to_owned()
}

fn copy_all(git: &Git, from: &Path, to: &Path, patterns: &[String]) -> anyhow::Result<()> {
    let source = git.at(from);
    let mut args = vec!["ls-files", "-z", "--others", "--ignored"];
    args.extend(patterns.iter().map(String::as_str));
    let named = source.run(&args)?;
    named.succeeded("ls-files")?;
    if named.stdout.is_empty() {
        return Ok(());
    }
    // 1: none of them.
    let ignored = source.run_with(&["check-ignore", "-z", "--stdin"], named.stdout)?;
    for name in ignored
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
        copy_one(&from.join(name), &to.join(name))
            .with_context(|| format!("cannot copy {}", name.display()))?;
    }
    Ok(())
}

fn copy_one(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Ok(());
    }
    std::fs::create_dir_all(to.parent().unwrap_or(to))?;
    match std::fs::read_link(from) {
        Ok(target) => symlink(target, to),
        Err(_) => std::fs::copy(from, to).map(drop),
    }
}
