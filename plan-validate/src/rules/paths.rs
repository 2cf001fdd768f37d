//! Globs of files: within their project, and not of files with secrets.

use std::path::Path;

use schemas::source::escape;
use schemas::{Boundary, Problem};

use super::leads_out;
use crate::found::Found;
use crate::outline::{Outline, Text};

/// Folders at the top of a machine. A glob that begins with `/` is anchored at the project; one with these is meant to be
/// of the machine, and would match nothing.
const OF_MACHINE: &[&str] = &[
    "home", "Users", "root", "etc", "usr", "var", "tmp", "opt", "mnt", "srv", "private",
];

pub(super) fn check(plan: &Outline, found: &mut Found) {
    let mut boundary = None;
    for (index, task) in plan.tasks.iter().enumerate() {
        let more = task.more();
        let at = |list: &str| format!("/tasks/{index}/{list}");
        outside(&more.paths, || at("paths"), found);
        outside(&more.forbidden, || at("forbiddenPaths"), found);
        if !more.paths.is_empty() && !task.is_read_only {
            let boundary = boundary.get_or_insert_with(Boundary::default);
            secrets(boundary, &more.paths, || at("paths"), found);
        }
    }
    for (index, project) in plan.projects.iter().enumerate() {
        let at = || format!("/projects/{index}/ownership");
        outside(&project.ownership, at, found);
    }
    for (name, role) in &plan.roles {
        let at = |list: &str| format!("/roles/{}/{list}", escape(name));
        outside(&role.paths, || at("paths"), found);
        outside(&role.forbidden, || at("forbiddenPaths"), found);
        if !role.paths.is_empty() {
            let boundary = boundary.get_or_insert_with(Boundary::default);
            secrets(boundary, &role.paths, || at("paths"), found);
        }
    }
}

fn outside(paths: &[Text], at: impl Fn() -> String, found: &mut Found) {
    for (position, path) in paths.iter().enumerate() {
        let Some(path) = path.as_deref() else {
            continue;
        };
        let Some(why) = leaves(path) else { continue };
        found.push(
            Problem::error("path-outside-project", format!("the path `{path}` {why}"))
                .help("paths are globs relative to the task's project: a task that changes another project names it in `projects`")
                .at(format!("{}/{position}", at())),
        );
    }
}

fn leaves(path: &str) -> Option<&'static str> {
    if path == "~" || path.starts_with("~/") {
        return Some("is of somebody's home");
    }
    let drive = path.as_bytes();
    if matches!(drive, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic()) {
        return Some("is of a machine, not of the project");
    }
    if let Some(absolute) = path.strip_prefix('/')
        && let Some((top, _)) = absolute.split_once('/')
        && OF_MACHINE.contains(&top)
    {
        return Some("is of a machine, not of the project");
    }
    leads_out(path).then_some("leaves its project")
}

fn secrets(boundary: &Boundary, paths: &[Text], at: impl Fn() -> String, found: &mut Found) {
    for (position, path) in paths.iter().enumerate() {
        let Some(path) = path.as_deref() else {
            continue;
        };
        if !boundary.is_secret(Path::new(path.trim_end_matches('/'))) {
            continue;
        }
        found.push(
            Problem::warning(
                "secret-path",
                format!("`{path}` is of files that hold secrets: changes of them are never committed"),
            )
            .help("let the task change an example (`.env.example`) and name the variables in its description")
            .at(format!("{}/{position}", at())),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_that_leave_the_project_are_seen() {
        for path in [
            "../a",
            "a/../../b",
            "~/a",
            "/home/me/a.rs",
            "C:\\a",
            "/etc/hosts",
        ] {
            assert!(leaves(path).is_some(), "{path}");
        }
        for path in [
            "a/../b",
            "/src/**",
            "/homepage.ts",
            "..a/b",
            "**/*.rs",
            "src/",
            "etc/x",
        ] {
            assert!(leaves(path).is_none(), "{path}");
        }
    }
}
