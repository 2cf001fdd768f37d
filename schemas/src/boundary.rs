//! Which files work may change: globs that allow, globs that forbid, and the list of files with secrets.
//!
//! In doubt the stricter reading counts: what allows is anchored at the top of the work tree, what forbids without a
//! `/` matches at any depth, and secrets are told in any case of letters.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Files that hold keys and credentials by what they are called (P13).
pub const SECRETS: &[&str] = &[
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
    "*.ppk",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    ".pypirc",
    "credentials",
    "credentials.json",
    "credentials.y{a,}ml",
    "secrets.json",
    "secrets.y{a,}ml",
    "secrets.toml",
    "service-account*.json",
    ".docker/config.json",
    ".kube/config",
];

/// Of these, what is written to be shared.
const SPARED: &[&str] = &[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
];

/// The rule that a file breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// It may hold a secret.
    Secret,
    /// A glob forbids it.
    Forbidden,
    /// No glob allows it.
    Outside,
}

/// Globs, ready to match.
#[derive(Debug)]
pub struct Boundary {
    allowed: Option<GlobSet>,
    forbidden: GlobSet,
    secrets: GlobSet,
    spared: GlobSet,
}

/// A glob that is none: in which list (`allowed`, `forbidden`, `secrets`), which of it, and why.
pub type Malformed = (&'static str, usize, String);

impl Default for Boundary {
    /// Everything may change but files with secrets.
    fn default() -> Boundary {
        Boundary::new(&[], &[], &[]).expect("no glob but those above")
    }
}

impl Boundary {
    /// Without `allowed`, anything is. `!GLOB` in `secrets` spares files of the built-in list. Fails with the first glob that
    /// is none.
    pub fn new(
        allowed: &[String],
        forbidden: &[String],
        secrets: &[String],
    ) -> Result<Boundary, Malformed> {
        let mut more = Globs::built_in(SECRETS);
        let mut spared = Globs::built_in(SPARED);
        for (at, glob) in secrets.iter().enumerate() {
            let to = match glob.strip_prefix('!') {
                Some(glob) => spared.add(glob, true, true),
                None => more.add(glob, true, true),
            };
            to.map_err(|why| ("secrets", at, why))?;
        }
        let (mut may, mut may_not) = (Globs::default(), Globs::default());
        for (at, glob) in allowed.iter().enumerate() {
            may.add(glob, false, false)
                .map_err(|why| ("allowed", at, why))?;
        }
        for (at, glob) in forbidden.iter().enumerate() {
            may_not
                .add(glob, true, false)
                .map_err(|why| ("forbidden", at, why))?;
        }
        let set = |globs: Globs| globs.0.build();
        let built = || {
            Ok::<_, globset::Error>(Boundary {
                allowed: if allowed.is_empty() {
                    None
                } else {
                    Some(set(may)?)
                },
                forbidden: set(may_not)?,
                secrets: set(more)?,
                spared: set(spared)?,
            })
        };
        built().map_err(|error| ("allowed", 0, error.to_string()))
    }

    /// What a change of the file, relative to the top, breaks first.
    pub fn breach(&self, path: &Path) -> Option<Breach> {
        if self.is_secret(path) {
            return Some(Breach::Secret);
        }
        if self.forbidden.is_match(path) {
            return Some(Breach::Forbidden);
        }
        let outside = |allowed: &GlobSet| !allowed.is_match(path);
        self.allowed
            .as_ref()
            .is_some_and(outside)
            .then_some(Breach::Outside)
    }

    /// Whether the file may hold a secret.
    pub fn is_secret(&self, path: &Path) -> bool {
        self.secrets.is_match(path) && !self.spared.is_match(path)
    }
}

/// A set of globs that are relative to the top of a work tree. Fails with which of them is none, and why.
pub fn globs(globs: &[String]) -> Result<GlobSet, (usize, String)> {
    let mut set = Globs::default();
    for (at, glob) in globs.iter().enumerate() {
        set.add(glob, false, false).map_err(|why| (at, why))?;
    }
    set.0.build().map_err(|error| (0, error.to_string()))
}

struct Globs(GlobSetBuilder);

impl Default for Globs {
    fn default() -> Globs {
        Globs(GlobSetBuilder::new())
    }
}

impl Globs {
    fn built_in(list: &[&str]) -> Globs {
        let mut globs = Globs::default();
        for glob in list {
            globs
                .add(glob, true, true)
                .expect("the globs above are globs");
        }
        globs
    }

    /// A folder stands for all that is in it.
    fn add(&mut self, glob: &str, floats: bool, any_case: bool) -> Result<(), String> {
        let inside = glob.strip_prefix("./").unwrap_or(glob);
        let plain = inside.trim_start_matches('/').trim_end_matches('/');
        if plain.is_empty() {
            return Err("the glob is empty".to_owned());
        }
        let anchored = inside.starts_with('/') || (!floats);
        let start = if anchored || plain.contains('/') && !any_case {
            ""
        } else {
            "**/"
        };
        for end in ["", "/**"] {
            let glob = GlobBuilder::new(&format!("{start}{plain}{end}"))
                .literal_separator(true)
                .case_insensitive(any_case)
                .build()
                .map_err(|error| error.kind().to_string())?;
            self.0.add(glob);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(allowed: &[&str], forbidden: &[&str], secrets: &[&str]) -> Boundary {
        let own = |list: &[&str]| {
            list.iter()
                .map(|glob| (*glob).to_owned())
                .collect::<Vec<_>>()
        };
        Boundary::new(&own(allowed), &own(forbidden), &own(secrets)).expect("globs")
    }

    #[test]
    fn what_allows_is_anchored_and_what_forbids_is_not() {
        let boundary = boundary(
            &["src/**", "README.md", "docs/", "*.toml"],
            &["*.lock", "src/generated", "/top"],
            &[],
        );
        for (path, breach) in [
            ("src/a.rs", None),
            ("src/deep/er/a.rs", None),
            ("README.md", None),
            ("docs/a/b.md", None),
            ("Cargo.toml", None),
            ("src/top/x", None),
            ("a/Cargo.toml", Some(Breach::Outside)),
            ("a/README.md", Some(Breach::Outside)),
            ("srcs/a.rs", Some(Breach::Outside)),
            ("src/Cargo.lock", Some(Breach::Forbidden)),
            ("src/generated/a.rs", Some(Breach::Forbidden)),
            ("top/x", Some(Breach::Forbidden)),
        ] {
            assert_eq!(boundary.breach(Path::new(path)), breach, "{path}");
        }
    }

    #[test]
    fn secrets_are_told_by_name_at_any_depth_and_in_any_case() {
        let boundary = boundary(&[], &[], &["ops/*.token", "!tests/fixtures/*.pem"]);
        for (path, secret) in [
            (".env", true),
            ("api/.env.production", true),
            ("api/.ENV", true),
            (".env.example", false),
            ("environment.ts", false),
            ("certs/server.key", true),
            ("deploy/id_ed25519", true),
            ("id_ed25519.pub", false),
            ("home/.aws/credentials", true),
            ("ops/ci.token", true),
            ("tests/fixtures/a.pem", false),
            ("tests/a.pem", true),
            ("src/credentials.rs", false),
            ("x/.docker/config.json", true),
        ] {
            let breach = boundary.breach(Path::new(path));
            assert_eq!(breach.is_some(), secret, "{path}: {breach:?}");
        }
    }

    #[test]
    fn what_is_no_glob_is_named() {
        let own = |glob: &str| vec!["a".to_owned(), glob.to_owned()];
        let (list, at, _) = Boundary::new(&own("{a"), &[], &[]).expect_err("no glob");
        assert_eq!((list, at), ("allowed", 1));
        let (list, at, why) = Boundary::new(&[], &own("/"), &[]).expect_err("no glob");
        assert_eq!(
            (list, at, why.as_str()),
            ("forbidden", 1, "the glob is empty")
        );
    }
}
