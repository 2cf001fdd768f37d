//! What a task may change, as gates: its own globs, those of its role, and in any case no file with secrets.

use std::path::Path;

use schemas::{Plan, Task};

/// Where what has changed is to be seen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ground<'a> {
    /// In a worktree, since this commit; the project lies in the folder `inner` of it.
    Worktree { base: &'a str, inner: &'a Path },
    /// In the project's folder, as this file lists it.
    Folder { changed: &'a Path },
}

/// Gates for what a task has changed.
pub(crate) fn boundaries(
    plan: &Plan,
    task: &Task,
    ground: Ground<'_>,
    secrets: &[String],
) -> Vec<String> {
    let role = task
        .role
        .as_ref()
        .and_then(|name| Some((name, plan.roles.get(name)?)));
    let own = ("boundaries".to_owned(), &task.paths, &task.forbidden_paths);
    let of_role = role.map(|(name, role)| {
        (
            format!("boundaries of the role {name}"),
            &role.paths,
            &role.forbidden_paths,
        )
    });
    let gate = |(name, allowed, forbidden): (String, &Vec<String>, &Vec<String>)| {
        let paths = match ground {
            Ground::Worktree { base, inner } => {
                let at_top = |globs: &Vec<String>, floats: bool| {
                    let globs = globs.iter().map(|glob| below(inner, glob, floats));
                    globs.collect::<Vec<_>>()
                };
                serde_json::json!({
                    "base": base, "allowed": at_top(allowed, false), "forbidden": at_top(forbidden, true), "secrets": secrets,
                })
            }
            Ground::Folder { changed } => serde_json::json!({
                "list": changed.to_string_lossy(), "allowed": allowed, "forbidden": forbidden, "secrets": secrets,
            }),
        };
        serde_json::json!({ "name": name, "paths": paths }).to_string()
    };
    std::iter::once(own).chain(of_role).map(gate).collect()
}

/// A glob of the project's, seen from the top of its repository. One without a slash that forbids means any depth.
fn below(inner: &Path, glob: &str, floats: bool) -> String {
    let glob = glob.trim_start_matches("./");
    let folder = inner.to_string_lossy();
    match (folder.is_empty(), floats && !glob.contains('/')) {
        (true, _) => glob.to_owned(),
        (false, false) => format!("{folder}/{}", glob.trim_start_matches('/')),
        (false, true) => format!("{folder}/**/{glob}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_bound_by_its_own_globs_and_by_those_of_its_role() {
        let plan = r#"{"planId":"p","roles":{"web":{"paths":["src/**"]}},
            "tasks":[{"id":"t1","title":"T","role":"web","paths":["src/a/**"],"forbiddenPaths":["./src/a/b"]}]}"#;
        let plan: Plan = serde_json::from_str(plan).unwrap();
        let at = |inner| Ground::Worktree {
            base: "abc",
            inner: Path::new(inner),
        };
        let gates = boundaries(&plan, &plan.tasks[0], at("page"), &[]);
        let gates: Vec<serde_json::Value> = gates
            .iter()
            .map(|gate| serde_json::from_str(gate).unwrap())
            .collect();
        assert_eq!(
            gates[0],
            serde_json::json!({"name": "boundaries", "paths":
                {"base": "abc", "allowed": ["page/src/a/**"], "forbidden": ["page/src/a/b"], "secrets": []}})
        );
        assert_eq!(
            gates[1]["paths"]["allowed"],
            serde_json::json!(["page/src/**"])
        );
        let alone = boundaries(&plan, &plan.tasks[0], at(""), &[]);
        assert!(alone[0].contains(r#""src/a/**""#), "{alone:?}");
    }
}
