use super::*;

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("it is written");
        }
        Project(folder)
    }

    fn missing(&self, line: &str) -> Option<String> {
        missing(&Command::Shell(line.to_owned()), self.0.path())
    }

    fn detected(&self) -> Vec<String> {
        let gates = detect(self.0.path()).gates;
        let line = |gate: &Value| {
            let argv = gate["command"].as_array().expect("an argv").iter();
            argv.map(|word| word.as_str().expect("a word"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        gates.iter().map(line).collect()
    }
}

#[test]
fn commands_that_the_project_lacks() {
    let project = Project::new(&[
        (
            "package.json",
            r#"{"scripts": {"lint": "eslint .", "test": "echo \"Error: no test specified\" && exit 1"}}"#,
        ),
        (
            "Makefile",
            "VAR := x\n.PHONY: all\nall check: dep\n\techo: x\n",
        ),
    ]);
    for (line, said) in [
        ("npm run lint", None),
        (
            "npm run typecheck",
            Some("package.json has no script `typecheck`"),
        ),
        (
            "npm run -s typecheck -- x",
            Some("package.json has no script `typecheck`"),
        ),
        ("npm test", Some("package.json has no script `test`")),
        ("make check", None),
        ("make VAR", Some("Makefile has no `VAR`")),
        ("make", None),
        ("just test", Some("there is no justfile")),
        ("cargo test", None),
    ] {
        assert_eq!(project.missing(line).as_deref(), said, "{line}");
    }
    let open = Project::new(&[("Makefile", "include more.mk\n")]);
    assert_eq!(open.missing("make test"), None);
    assert_eq!(
        open.missing("npm test").as_deref(),
        Some("there is no package.json")
    );
}

#[test]
fn gates_are_proposed_from_what_is_there() {
    for (files, expected) in [
        (
            &[("Cargo.toml", "[package]\n[lints.clippy]\n")][..],
            &[
                "cargo check --all-targets",
                "cargo clippy --all-targets",
                "cargo test",
            ][..],
        ),
        (
            &[("Cargo.toml", "[lints]\nworkspace = true\n")],
            &["cargo check --all-targets", "cargo test"],
        ),
        (
            &[
                (
                    "package.json",
                    r#"{"scripts": {"build": "x", "test": "y", "type-check": "z"}}"#,
                ),
                ("pnpm-lock.yaml", ""),
            ],
            &["pnpm run type-check", "pnpm run test", "pnpm run build"],
        ),
        (
            &[(
                "package.json",
                r#"{"packageManager": "yarn@4.1.0", "scripts": {"lint": "x"}}"#,
            )],
            &["yarn run lint"],
        ),
        (
            &[("go.mod", "module x\n")],
            &["go vet ./...", "go test -json ./..."],
        ),
        (
            &[("pom.xml", "<project/>"), ("mvnw", "")],
            &["./mvnw --batch-mode verify"],
        ),
        (
            &[(
                "pyproject.toml",
                "[tool.ruff.lint]\n[tool.pytest.ini_options]\n",
            )],
            &["ruff check", "pytest"],
        ),
        (
            &[("Makefile", "test: x\nbuild:\n")],
            &["make test", "make build"],
        ),
        (
            &[("justfile", "lint *args:\n  x\n@test:\n  y\n")],
            &["just lint", "just test"],
        ),
        (
            &[(
                "package.json",
                r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#,
            )],
            &[],
        ),
        (&[("README.md", "x")], &[]),
    ] {
        assert_eq!(Project::new(files).detected(), expected, "{files:?}");
    }
}
