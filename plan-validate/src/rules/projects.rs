//! Projects: unique, inside of the root, and known to the tasks.

use std::collections::HashMap;

use schemas::Problem;

use super::leads_out;
use crate::found::Found;
use crate::outline::Outline;
use crate::suggestion::Suggestions;

pub(super) fn check(plan: &Outline, found: &mut Found) {
    let known = declared(plan, found);
    let mut suggestions = Suggestions::new(known.keys().copied());
    let or = match known.len() {
        0 => "the plan has no projects: add it to `projects`".to_owned(),
        1..=8 => format!("the projects are {}", list(plan)),
        count => format!("none of the {count} projects of the plan has this name"),
    };
    for (index, task) in plan.tasks.iter().enumerate() {
        let id = || super::name(plan, index);
        match task.project.as_deref() {
            Some(name) if known.contains_key(name) => {}
            Some(name) => found.push(
                Problem::error(
                    "unknown-project",
                    format!(
                        "task {} names the project `{name}`, which is not in `projects`",
                        id()
                    ),
                )
                .help(suggestions.help(name, &or))
                .at(format!("/tasks/{index}/project")),
            ),
            None if known.len() > 1 => found.push(
                Problem::error(
                    "missing-project",
                    format!(
                        "task {} names no project, and the plan has {}",
                        id(),
                        known.len()
                    ),
                )
                .help(&or)
                .at(format!("/tasks/{index}/project")),
            ),
            None => {}
        }
        for (at, name) in task.more().projects.iter().enumerate() {
            let Some(name) = name.as_deref().filter(|name| !known.contains_key(name)) else {
                continue;
            };
            found.push(
                Problem::error(
                    "unknown-project",
                    format!(
                        "task {} changes the project `{name}` too, which is not in `projects`",
                        id()
                    ),
                )
                .help(suggestions.help(name, &or))
                .at(format!("/tasks/{index}/projects/{at}")),
            );
        }
    }
}

fn declared<'p>(plan: &'p Outline, found: &mut Found) -> HashMap<&'p str, usize> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut folders: HashMap<String, usize> = HashMap::new();
    for (index, project) in plan.projects.iter().enumerate() {
        if let Some(name) = project.name.as_deref()
            && let Some(first) = names.insert(name, index)
        {
            names.insert(name, first);
            found.push(
                Problem::error(
                    "duplicate-project",
                    format!("two projects have the name `{name}`"),
                )
                .help("tasks name their project: each name must be given once")
                .at(format!("/projects/{index}/name"))
                .see(format!("/projects/{first}/name"), "the first one"),
            );
            continue;
        }
        let Some(path) = project.path.as_deref().or(project.name.as_deref()) else {
            continue;
        };
        let at = format!("/projects/{index}/path");
        if let Some(why) = outside(path) {
            found.push(
                Problem::warning("project-path-outside", format!("the path `{path}` {why}"))
                    .help("paths are relative to --root, the folder that holds the run: a plan that leaves it runs on one machine only")
                    .at(at.clone()),
            );
        }
        if let Some(first) = folders.insert(normal(path), index) {
            found.push(
                Problem::error(
                    "duplicate-project-path",
                    format!("two projects have the path `{path}`"),
                )
                .help("their tasks may run side by side in one folder: make them one project")
                .at(at)
                .see(format!("/projects/{first}/path"), "the first one"),
            );
        }
    }
    names
}

/// Where the projects of a plan are.
pub(super) struct Folders<'p> {
    of: HashMap<&'p str, &'p crate::outline::Project<'p>>,
    /// In a plan of one project every task is of it.
    only: Option<&'p str>,
}

impl<'p> Folders<'p> {
    pub(super) fn new(plan: &'p Outline) -> Folders<'p> {
        let projects = plan.projects.iter().rev();
        Folders {
            of: projects
                .filter_map(|project| Some((project.name.as_deref()?, project)))
                .collect(),
            only: match plan.projects.as_slice() {
                [only] => only.name.as_deref(),
                _ => None,
            },
        }
    }

    /// The folder of a task's project.
    pub(super) fn of<'n>(&self, name: Option<&'n str>) -> &'n str
    where
        'p: 'n,
    {
        match name.or(self.only) {
            Some(name) => match self.of.get(name) {
                Some(project) => project.path.as_deref().unwrap_or(name),
                None => name,
            },
            None => "",
        }
    }

    /// What names its repository: that, or the folder.
    pub(super) fn repository<'n>(&self, name: &'n str) -> &'n str
    where
        'p: 'n,
    {
        let repository = self
            .of
            .get(name)
            .and_then(|project| project.repo.as_deref());
        let folder = repository.unwrap_or_else(|| self.of(Some(name)));
        folder.trim_start_matches("./").trim_end_matches('/')
    }
}

fn list(plan: &Outline) -> String {
    let names = plan
        .projects
        .iter()
        .filter_map(|project| project.name.as_deref());
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn outside(path: &str) -> Option<&'static str> {
    if path.starts_with('/') || path == "~" || path.starts_with("~/") {
        return Some("is absolute");
    }
    leads_out(path).then_some("leads out of the root")
}

/// The path without what makes no difference: `./a//b/` is `a/b`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_root_are_seen() {
        for path in ["/srv/a", "~/a", "..", "../a", "a/../../b", "./../a"] {
            assert!(outside(path).is_some(), "{path}");
        }
        for path in [".", "a", "./a/b/", "a/../b", "..a", "a..b"] {
            assert!(outside(path).is_none(), "{path}");
        }
        assert_eq!(normal("./a//b/../c/"), "a/c");
    }
}
