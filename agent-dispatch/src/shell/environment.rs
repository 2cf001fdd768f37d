//! What an attempt inherits of our environment.

use std::ffi::OsString;

use schemas::Profile;

/// What is passed in any case when only some of it is: without these hardly a program starts.
const ALWAYS: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_*",
    "LOGNAME",
    "PATH",
    "PWD",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "ORCHESTRATE_MARK",
];

/// Names that an attempt does not get. An agent that ran state-edit would find its own run by `ORCHESTRATE_DIR`, and could
/// answer its own question.
pub(super) fn removed(is_agent: bool) -> impl Iterator<Item = &'static str> {
    let nesting: &[&str] = if is_agent { &Profile::NESTING } else { &[] };
    ["ORCHESTRATE_DIR"]
        .into_iter()
        .chain(nesting.iter().copied())
}

/// The part of our environment that an attempt gets when only what is named is passed. A name may end in `*`.
pub(super) fn passed(names: &[String]) -> Vec<(OsString, OsString)> {
    let named = |name: &OsString| {
        let Some(name) = name.to_str() else {
            return false;
        };
        let own = names.iter().map(String::as_str);
        ALWAYS
            .into_iter()
            .chain(own)
            .any(|pattern| fits(pattern, name))
    };
    std::env::vars_os()
        .filter(|(name, _)| named(name))
        .collect()
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_end_and_names_are_whole() {
        assert!(fits("LC_*", "LC_ALL") && fits("HOME", "HOME"));
        assert!(!fits("HOME", "HOMEPAGE") && !fits("LC_*", "ALL"));
    }
}
