//! Failures of the surroundings that tools report in words: the network, the memory, the disk.
//!
//! Only what tools say when *they* fetch or allocate: a test of the work that cannot reach its own server has failed.

use std::sync::LazyLock;

use regex::RegexSet;

/// What they say, and what has failed.
const SIGNS: &[(&str, &str)] = &[
    (
        r"^(?:error: )?(?:failed to download|spurious network error|failed to (?:fetch|get) `)",
        "network",
    ),
    (r"^(?:warning: )?spurious network error", "network"),
    (
        r"^npm (?:ERR!|error) (?:code|errno) (?:ENOTFOUND|EAI_AGAIN|ECONNRESET|ECONNREFUSED|ETIMEDOUT|ERR_SOCKET_TIMEOUT)",
        "network",
    ),
    (r"^\s*ERR_PNPM_(?:META_FETCH_FAIL|FETCH_\d+)", "network"),
    (
        r"^(?:fatal: unable to access|curl: \((?:5|6|7|28|35|56)\))",
        "network",
    ),
    (r"Could not resolve host", "network"),
    (
        r"Temporary failure in name resolution|Temporary failure resolving",
        "network",
    ),
    (
        r"^(?:WARNING: Retrying|ERROR: Could not install packages).*(?:NewConnectionError|Connection|ReadTimeout)",
        "network",
    ),
    (
        r"dial tcp: lookup .* (?:no such host|server misbehaving)|^go: .*i/o timeout",
        "network",
    ),
    (r"^Could not transfer artifact .* from/to", "network"),
    (r"No space left on device", "disk full"),
    (
        r"FATAL ERROR: .*JavaScript heap out of memory",
        "out of memory",
    ),
    (
        r"^(?:c\+\+|cc1|cc1plus|clang|ld|rustc).*(?:out of memory|Cannot allocate memory|Killed signal)",
        "out of memory",
    ),
    (r"java\.lang\.OutOfMemoryError", "out of memory"),
    (
        r"^(?:fatal error: runtime: out of memory|fatal: Out of memory)",
        "out of memory",
    ),
    (r"memory allocation of \d+ bytes failed", "out of memory"),
];

/// What of the surroundings has failed, and the line that says so.
pub(crate) fn failure(output: &str) -> Option<(&'static str, String)> {
    static SET: LazyLock<RegexSet> = LazyLock::new(|| {
        RegexSet::new(SIGNS.iter().map(|(sign, _)| sign))
            .expect("the signs are regular expressions")
    });
    output
        .lines()
        .filter(|line| line.len() < 4096)
        .find_map(|line| {
            let sign = SET.matches(line).iter().next()?;
            let short: String = line.trim().chars().take(160).collect();
            Some((SIGNS.get(sign)?.1, short))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_say_when_the_surroundings_fail() {
        for (line, what) in [
            ("npm ERR! code ENOTFOUND", "network"),
            ("npm error code EAI_AGAIN", "network"),
            ("error: failed to download from `https://x`", "network"),
            (
                "fatal: unable to access 'https://x/': Could not resolve host: x",
                "network",
            ),
            (
                "go: example.com/a: dial tcp: lookup example.com: no such host",
                "network",
            ),
            ("error: No space left on device (os error 28)", "disk full"),
            (
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "out of memory",
            ),
        ] {
            let found = failure(&format!("first\n{line}\nlast"));
            assert_eq!(found, Some((what, line.to_owned())), "{line}");
        }
    }

    #[test]
    fn what_the_work_says_of_its_own() {
        for line in [
            "Error: connect ECONNREFUSED 127.0.0.1:3000",
            "AssertionError: expected 'network' to equal 'disk'",
            "FAILED tests/test_net.py::test_dns - socket.gaierror",
            "thread 'a' panicked at 'timeout'",
        ] {
            assert_eq!(failure(line), None, "{line}");
        }
    }
}
