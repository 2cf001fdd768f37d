//! Whether a command is known and does no lasting harm, told before any check starts.
//!
//! A list, not a sandbox: what a known tool is told to do by the project's own files is not looked at.

mod shell;

use std::path::Path;

use schemas::Command;

use crate::planned::Planned;
use crate::tools::{BUILTINS, TOOLS, WORDS};

/// Programs that only look, beside the tools that checks are made of.
const HARMLESS: &[&str] = &[
    "[",
    "[[",
    "basename",
    "cat",
    "cmp",
    "comm",
    "cut",
    "date",
    "diff",
    "dirname",
    "du",
    "env",
    "expr",
    "false",
    "file",
    "find",
    "fold",
    "head",
    "id",
    "join",
    "ls",
    "md5sum",
    "mktemp",
    "nl",
    "nproc",
    "od",
    "paste",
    "printenv",
    "pwd",
    "readlink",
    "realpath",
    "seq",
    "sha1sum",
    "sha256sum",
    "sort",
    "stat",
    "tail",
    "tee",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "wc",
    "which",
    "whoami",
    "xargs",
    "yes",
    "mkdir",
    "!",
    ":",
    "gate-run",
    "{",
    "}",
    "then",
    "else",
    "elif",
    "fi",
    "do",
    "done",
    "esac",
    "in",
];

/// Programs that destroy, or let others do it.
const DESTRUCTIVE: &[&str] = &[
    "chmod",
    "chown",
    "dd",
    "doas",
    "fdisk",
    "halt",
    "kill",
    "killall",
    "mkfs",
    "mount",
    "parted",
    "pkill",
    "poweroff",
    "reboot",
    "rm",
    "rmdir",
    "shred",
    "shutdown",
    "su",
    "sudo",
    "systemctl",
    "truncate",
    "umount",
    "unlink",
    "userdel",
    "wipefs",
    "eval",
];

/// A program and the words that make it do lasting harm.
const HARMFUL: &[(&str, &[&str])] = &[
    (
        "git",
        &[
            "push",
            "reset",
            "clean",
            "rebase",
            "filter-branch",
            "filter-repo",
            "gc",
            "prune",
            "update-ref",
            "branch",
            "checkout",
            "restore",
            "rm",
            "stash",
            "commit",
            "merge",
        ],
    ),
    ("docker", &["rm", "rmi", "prune", "push", "kill", "stop"]),
    ("podman", &["rm", "rmi", "prune", "push", "kill", "stop"]),
    (
        "kubectl",
        &["delete", "apply", "drain", "scale", "replace", "patch"],
    ),
    (
        "helm",
        &["install", "upgrade", "uninstall", "delete", "rollback"],
    ),
    ("terraform", &["apply", "destroy", "import", "taint"]),
    ("tofu", &["apply", "destroy", "import", "taint"]),
    (
        "npm",
        &["publish", "unpublish", "deprecate", "login", "logout"],
    ),
    ("pnpm", &["publish"]),
    ("yarn", &["publish"]),
    ("cargo", &["publish", "yank", "login"]),
    ("poetry", &["publish"]),
    ("uv", &["publish"]),
    (
        "gh",
        &["delete", "merge", "close", "release", "create", "api"],
    ),
    ("find", &["-delete", "-exec", "-execdir", "-ok"]),
    (
        "make",
        &[
            "deploy",
            "publish",
            "release",
            "install",
            "clean",
            "distclean",
        ],
    ),
    ("ansible-playbook", &[""]),
];

/// Why each of these gates must not be started.
pub(crate) fn objections(gates: &[Planned], cwd: &Path) -> Vec<(String, String)> {
    let objection = |gate: &Planned| {
        let folder = gate
            .cwd
            .as_ref()
            .map_or_else(|| cwd.to_path_buf(), |inside| cwd.join(inside));
        let commands = gate.run().map(|run| &run.command).into_iter();
        let why = commands
            .chain(&gate.fix)
            .find_map(|command| objection(command, &folder))?;
        Some((gate.name.clone(), why))
    };
    gates.iter().filter_map(objection).collect()
}

/// Why a command must not be started; `None`: it may.
fn objection(command: &Command, cwd: &Path) -> Option<String> {
    match command {
        Command::Argv(argv) => of_words(argv, cwd),
        Command::Shell(line) => of_line(line, cwd),
    }
}

/// Why a line for the shell must not be started.
#[cfg(test)]
pub(crate) fn objection_to(line: &str) -> Option<String> {
    of_line(line, Path::new("/nowhere"))
}

fn of_line(line: &str, cwd: &Path) -> Option<String> {
    let commands = match shell::commands(line) {
        Ok(commands) => commands,
        Err(why) => return Some(why),
    };
    let piped_into_shell = commands.windows(2).any(|pair| {
        let fetches = pair[0]
            .words
            .first()
            .is_some_and(|word| matches!(word.as_str(), "curl" | "wget"));
        fetches && pair[1].piped && pair[1].words.first().is_some_and(|word| is_shell(word))
    });
    if piped_into_shell {
        return Some("it runs what it fetches".to_owned());
    }
    commands.iter().find_map(|command| {
        let written = command.writes.iter().find(|file| {
            let outside = file.starts_with('/')
                || file.starts_with('~')
                || file.split('/').any(|part| part == "..");
            outside && !file.starts_with("/dev/") && !file.starts_with("/tmp/")
        });
        match written {
            Some(file) => Some(format!("it writes to {file}")),
            None => of_words(&command.words, cwd),
        }
    })
}

fn of_words(words: &[String], cwd: &Path) -> Option<String> {
    let setting = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let lead = words
        .iter()
        .take_while(|word| {
            setting(word)
                || matches!(
                    word.as_str(),
                    "!" | "time" | "then" | "else" | "do" | "{" | "if" | "while" | "until" | "elif"
                )
        })
        .count();
    let (program, rest) = words[lead..].split_first()?;
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(program);
    if DESTRUCTIVE.contains(&name) || name.starts_with("mkfs.") {
        return Some(format!("`{name}` may do lasting harm"));
    }
    let harmful = HARMFUL.iter().find(|(tool, _)| *tool == name);
    if let Some((_, verbs)) = harmful
        && let Some(word) = rest
            .iter()
            .find(|word| verbs.contains(&word.as_str()) || verbs == &[""])
    {
        return Some(format!("`{name} {word}` may do lasting harm"));
    }
    // These run what is behind them.
    if is_shell(name)
        && let Some(at) = rest
            .iter()
            .position(|word| word.starts_with('-') && word.ends_with('c'))
    {
        return rest.get(at + 1).and_then(|line| of_line(line, cwd));
    }
    if matches!(
        name,
        "env"
            | "xargs"
            | "nice"
            | "timeout"
            | "command"
            | "exec"
            | "nohup"
            | "npx"
            | "bunx"
            | "uvx"
    ) {
        let inner = rest.iter().position(|word| {
            !word.starts_with('-') && !setting(&word) && word.parse::<f64>().is_err()
        });
        return inner.and_then(|at| of_words(&rest[at..], cwd));
    }
    let known = [HARMLESS, TOOLS, WORDS, BUILTINS]
        .iter()
        .any(|list| list.contains(&name));
    let own = program.contains('/') && is_inside(program, cwd);
    // A tool is known by its name where the machine finds it, not where the project has put something.
    match (known && !program.contains('/'), own) {
        (true, _) | (_, true) => None,
        _ => Some(format!("`{program}` is not known")),
    }
}

/// A script of the project itself.
fn is_inside(program: &str, cwd: &Path) -> bool {
    let whole = std::fs::canonicalize(cwd.join(program));
    let cwd = std::fs::canonicalize(cwd);
    matches!((whole, cwd), (Ok(whole), Ok(cwd)) if whole.starts_with(&cwd))
}

fn is_shell(word: &str) -> bool {
    matches!(word, "sh" | "bash" | "zsh" | "dash" | "ksh")
}

#[cfg(test)]
mod tests;
