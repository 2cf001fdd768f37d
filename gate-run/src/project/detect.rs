//! Gates that a project could have, by what its manifests say: never a command that it does not have.

use std::path::Path;

use serde_json::{Value, json};

use super::{JUSTFILES, MAKEFILES, first, is_placeholder, read, targets};

/// What checks are called, in the order in which they are worth running: cheap and telling ones first.
const KINDS: [(&str, &[&str]); 4] = [
    (
        "typecheck",
        &["typecheck", "type-check", "check-types", "types", "tsc"],
    ),
    ("lint", &["lint", "check"]),
    ("test", &["test", "tests"]),
    ("build", &["build"]),
];

/// What was found: the gates, and for each manifest how many came of it.
#[derive(Debug, Default)]
pub(crate) struct Detected {
    pub(crate) gates: Vec<Value>,
    pub(crate) sources: Vec<(String, usize)>,
}

/// Proposes gates for the project in a folder.
pub(crate) fn detect(folder: &Path) -> Detected {
    let mut detected = Detected::default();
    for (manifest, gates) in [
        ("Cargo.toml", cargo(folder)),
        ("package.json", node(folder)),
        ("go.mod", go(folder)),
        ("pom.xml", maven(folder)),
        ("pyproject.toml", python(folder)),
        ("Makefile", by_targets(folder, &MAKEFILES, "make")),
        ("justfile", by_targets(folder, &JUSTFILES, "just")),
    ] {
        if !gates.is_empty() {
            detected.sources.push((manifest.to_owned(), gates.len()));
            detected.gates.extend(gates);
        }
    }
    detected
}

fn gate(name: &str, argv: &[&str]) -> Value {
    json!({"name": name, "command": argv})
}

fn tests(argv: &[&str], format: &str) -> Value {
    json!({"name": "test", "command": argv, "tests": {"format": format}})
}

fn has(folder: &Path, files: &[&str]) -> bool {
    files.iter().any(|file| folder.join(file).is_file())
}

/// Whether a TOML text has a table of that name, or one within it.
fn has_table(text: &str, table: &str) -> bool {
    text.lines().any(|line| {
        let name = line.trim().trim_start_matches('[');
        let rest = name
            .strip_prefix(table)
            .filter(|_| line.trim().starts_with('['));
        rest.is_some_and(|rest| rest.starts_with([']', '.']))
    })
}

fn cargo(folder: &Path) -> Vec<Value> {
    let Some(manifest) = read(&folder.join("Cargo.toml")) else {
        return Vec::new();
    };
    let mut gates = vec![gate("check", &["cargo", "check", "--all-targets"])];
    if has(folder, &["rustfmt.toml", ".rustfmt.toml"]) {
        gates.push(gate("format", &["cargo", "fmt", "--check"]));
    }
    let lints = ["lints.clippy", "workspace.lints.clippy"]
        .iter()
        .any(|table| has_table(&manifest, table));
    if lints || has(folder, &["clippy.toml", ".clippy.toml"]) {
        gates.push(gate("lint", &["cargo", "clippy", "--all-targets"]));
    }
    gates.push(tests(&["cargo", "test"], "cargo"));
    gates
}

fn node(folder: &Path) -> Vec<Value> {
    let manifest = read(&folder.join("package.json"));
    let Some(manifest) = manifest.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
        return Vec::new();
    };
    let declared = manifest
        .get("packageManager")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let program = match declared.split('@').next() {
        Some(name @ ("npm" | "pnpm" | "yarn" | "bun")) => name,
        _ if has(folder, &["pnpm-lock.yaml"]) => "pnpm",
        _ if has(folder, &["yarn.lock"]) => "yarn",
        _ if has(folder, &["bun.lock", "bun.lockb"]) => "bun",
        _ => "npm",
    };
    let script = |name: &str| {
        let line = manifest.get("scripts")?.get(name)?.as_str()?;
        (!is_placeholder(line)).then_some(())
    };
    let found = KINDS.iter().filter_map(|(kind, names)| {
        let name = names.iter().find(|name| script(name).is_some())?;
        Some(gate(kind, &[program, "run", name]))
    });
    found.collect()
}

fn go(folder: &Path) -> Vec<Value> {
    if !has(folder, &["go.mod"]) {
        return Vec::new();
    }
    let mut gates = vec![gate("vet", &["go", "vet", "./..."])];
    if has(
        folder,
        &[".golangci.yml", ".golangci.yaml", ".golangci.toml"],
    ) {
        gates.push(gate("lint", &["golangci-lint", "run"]));
    }
    gates.push(tests(&["go", "test", "-json", "./..."], "go-json"));
    gates
}

fn maven(folder: &Path) -> Vec<Value> {
    if !has(folder, &["pom.xml"]) {
        return Vec::new();
    }
    let program = if has(folder, &["mvnw"]) {
        "./mvnw"
    } else {
        "mvn"
    };
    vec![gate("verify", &[program, "--batch-mode", "verify"])]
}

fn python(folder: &Path) -> Vec<Value> {
    let manifest = read(&folder.join("pyproject.toml")).unwrap_or_default();
    let setup = read(&folder.join("setup.cfg")).unwrap_or_default();
    let configured = |table: &str, files: &[&str]| {
        has_table(&manifest, &format!("tool.{table}"))
            || has_table(&setup, table)
            || has(folder, files)
    };
    let mut gates = Vec::new();
    if configured("mypy", &["mypy.ini", ".mypy.ini"]) {
        gates.push(gate("typecheck", &["mypy", "."]));
    }
    if configured("ruff", &["ruff.toml", ".ruff.toml"]) {
        gates.push(gate("lint", &["ruff", "check"]));
    }
    if configured(
        "pytest",
        &["pytest.ini", "conftest.py", "tests/conftest.py"],
    ) {
        gates.push(tests(&["pytest"], "pytest"));
    }
    if has(folder, &["tox.ini"]) {
        gates.push(gate("tox", &["tox"]));
    }
    gates
}

fn by_targets(folder: &Path, files: &[&str], program: &str) -> Vec<Value> {
    let Some((_, text)) = first(folder, files) else {
        return Vec::new();
    };
    let (targets, _) = targets(&text);
    let found = KINDS.iter().filter_map(|(kind, names)| {
        let name = names
            .iter()
            .find(|name| targets.iter().any(|target| target == *name))?;
        Some(gate(kind, &[program, name]))
    });
    found.collect()
}
