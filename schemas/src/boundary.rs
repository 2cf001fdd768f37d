//! What a task may change: globs that it owns, globs that it must not touch, and files that hold secrets.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Names of files that hold keys and passwords, wherever they lie (P13). `.env.example` and its like are none.
pub const SECRETS: [&str; 23] = [
    ".env",
    ".env.*",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    "credentials",
    "credentials.json",
    "service-account*.json",
    "secrets.{json,yaml,yml,toml}",
    ".dockercfg",
];

/// What looks like one of [`SECRETS`] and shows people how to write theirs.
const EXAMPLES: [&str; 5] = [
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
];

/// What a task may change. Paths are relative to its project, with `/` between their parts.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// Absent: everything.
    owned: Option<GlobSet>,
    forbidden: GlobSet,
    secrets: GlobSet,
    examples: GlobSet,
}

/// Why a path must not be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// It holds secrets.
    Secret,
    /// The task must not touch it.
    Forbidden,
    /// The task does not own it.
    NotOwned,
}

impl Boundary {
    /// `owned`: without any, everything is. A folder stands for all that lies in it. Fails with the pattern that is no
    /// glob, and why.
    pub fn new(owned: &[String], forbidden: &[String]) -> Result<Boundary, String> {
        Ok(Boundary {
            owned: match owned {
                [] => None,
                owned => Some(set(owned)?),
            },
            forbidden: set(forbidden)?,
            secrets: names(&SECRETS)?,
            examples: names(&EXAMPLES)?,
        })
    }

    /// Of a changed path; the gravest violation only.
    pub fn violation(&self, path: &str) -> Option<Violation> {
        if self.is_secret(path) {
            return Some(Violation::Secret);
        }
        if self.forbidden.is_match(path) {
            return Some(Violation::Forbidden);
        }
        let owned = self.owned.as_ref();
        owned
            .is_some_and(|owned| !owned.is_match(path))
            .then_some(Violation::NotOwned)
    }

    /// Whether a file of this name holds secrets, as far as its name tells.
    pub fn is_secret(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.secrets.is_match(name) && !self.examples.is_match(name)
    }
}

/// Whole paths; `*` does not cross a `/`, `**` does.
fn set(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let plain = pattern.trim_start_matches("./").trim_end_matches('/');
        for pattern in [plain.to_owned(), format!("{plain}/**")] {
            set.add(glob(&pattern, false)?);
        }
    }
    set.build().map_err(|error| error.to_string())
}

/// File names, however they are written.
fn names(patterns: &[&str]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern, true)?);
    }
    set.build().map_err(|error| error.to_string())
}

fn glob(pattern: &str, any_case: bool) -> Result<Glob, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .case_insensitive(any_case)
        .build()
        .map_err(|error| format!("{pattern:?} is no glob: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(owned: &[&str], forbidden: &[&str]) -> Boundary {
        let all = |globs: &[&str]| {
            globs
                .iter()
                .map(|&glob| glob.to_owned())
                .collect::<Vec<_>>()
        };
        Boundary::new(&all(owned), &all(forbidden)).unwrap()
    }

    #[test]
    fn a_task_changes_what_it_owns_and_nothing_that_is_forbidden() {
        let boundary = boundary(
            &["src/auth/**", "docs", "*.md", "./lib.rs"],
            &["src/auth/keys/"],
        );
        let violation = |path| boundary.violation(path);
        for fine in [
            "src/auth/a.rs",
            "src/auth/b/c.rs",
            "docs/x/y.txt",
            "README.md",
            "lib.rs",
        ] {
            assert_eq!(violation(fine), None, "{fine}");
        }
        for other in ["src/a.rs", "x/README.md", "docsx", "src/authority/a.rs"] {
            assert_eq!(violation(other), Some(Violation::NotOwned), "{other}");
        }
        assert_eq!(violation("src/auth/keys/k.rs"), Some(Violation::Forbidden));
        assert_eq!(violation("docs/.env"), Some(Violation::Secret));
    }

    #[test]
    fn secrets_are_told_by_their_names() {
        let boundary = boundary(&[], &[]);
        for secret in [
            ".env",
            "a/.env.local",
            "x/y/server.PEM",
            "id_rsa",
            ".aws/credentials",
            "secrets.yaml",
        ] {
            assert_eq!(
                boundary.violation(secret),
                Some(Violation::Secret),
                "{secret}"
            );
        }
        for plain in [
            ".env.example",
            "environment.ts",
            "id_rsa.pub",
            "keys.rs",
            "monkey",
            "a.env.rs",
        ] {
            assert_eq!(boundary.violation(plain), None, "{plain}");
        }
    }

    #[test]
    fn what_is_no_glob_is_told() {
        let error = Boundary::new(&["src/[".to_owned()], &[]).unwrap_err();
        assert!(error.contains("src/["), "{error}");
    }
}
