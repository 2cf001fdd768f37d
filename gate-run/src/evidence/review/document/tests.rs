use super::*;

fn counts(text: &str) -> [u32; 4] {
    read(text, None)
        .unwrap_or_else(|why| panic!("{why}: {text}"))
        .counts
}

const WHOLE: &str = "---\noat_review_scope: final\ncritical_count: 1\nimportant_count: 0\n---\n# Review\n\n**Scope:** all (`82a2645da74..d5b83dcc56e`)\n\nFindings: 1 critical, 0 important, 0 medium, 1 minor\n\n## Findings\n\n### Critical\n\n- **The lock is never let go** (`src/a.rs:12`)\n  - Issue: - it hangs\n  - Fix: drop it\n\n### Important\n\nNone\n\n### Medium\n\n- None.\n\n### Minor\n\n1. A name\n\n## Checks\n\n- one\n- two\n";

#[test]
fn what_agrees_is_believed() {
    let text = WHOLE.replace(
        "important_count: 0\n",
        "important_count: 0\nminor_count: 1\n",
    );
    let review = read(&text, None).expect("it agrees");
    assert_eq!(review.counts, [1, 0, 0, 1]);
    assert_eq!(review.commit.as_deref(), Some("d5b83dcc56e"));
    let first = &review.findings[0];
    assert_eq!(
        (first.file.as_deref(), first.line),
        (Some("src/a.rs"), Some(12))
    );
    assert!(first.message.starts_with("The lock is never let go"));
    assert_eq!(review.findings.len(), 2);
}

#[test]
fn what_contradicts_itself_is_not() {
    for text in [
        WHOLE.to_owned(),
        WHOLE.replace("1 critical, 0 important", "0 critical, 0 important"),
        "Findings: 0 critical, 0 important, 0 medium, 0 minor\n### Critical\n- it is broken\n"
            .to_owned(),
        "---\nverdict: pass\n---\n**Verdict:** changes requested\n".to_owned(),
        "Nice work overall.\n".to_owned(),
        "```\nVerdict: pass\n### Critical\nNone\n```\n".to_owned(),
        "{\"looks\": \"good\"}".to_owned(),
        String::new(),
    ] {
        assert!(read(&text, None).is_err(), "{text}");
    }
}

#[test]
fn both_vocabularies_and_the_third() {
    assert_eq!(
        counts("Findings by severity: 1 critical, 2 high, 3 medium, 4 low\n"),
        [1, 2, 3, 4]
    );
    assert_eq!(
        counts("## Critical\nNone\n## High\n- a\n- b\n## Low\n- c\n"),
        [0, 2, 0, 1]
    );
    assert_eq!(
        counts("### Blocking (1)\n- a\n### Suggestion\n* b\n### Praise\n- lovely\n"),
        [1, 0, 0, 1]
    );
    assert_eq!(
        counts(
            "## 🔴 Critical issues\n#### C1: one\ntext\n- point\n#### C2: two\n## Minor\nNo minor findings.\n"
        ),
        [2, 0, 0, 0]
    );
    assert_eq!(
        counts("### Important\nThe whole design is wrong.\n"),
        [0, 1, 0, 0]
    );
    let json = r#"{"verdict": "changes-requested", "issues": [{"severity": "blocking", "message": "x", "file": "a", "line": 3}, {"severity": "suggestion"}, {"note": 1}]}"#;
    assert_eq!(counts(json), [1, 1, 0, 1]);
}

#[test]
fn verdict_words_of_all_sources() {
    use Opinion::{Approved, ChangesRequested, WithComments};
    for (words, opinion) in [
        ("pass", Some(Approved)),
        ("PASSED", Some(Approved)),
        ("APPROVE", Some(Approved)),
        ("pass (after fix)", Some(Approved)),
        ("fail → pass", Some(Approved)),
        ("LGTM!", Some(Approved)),
        ("approved-with-comments", Some(WithComments)),
        ("pass_with_findings", Some(WithComments)),
        ("changes-requested", Some(ChangesRequested)),
        ("Request changes", Some(ChangesRequested)),
        ("BLOCKED", Some(ChangesRequested)),
        ("fail", Some(ChangesRequested)),
        ("pass → fail", Some(ChangesRequested)),
        ("not approved", Some(ChangesRequested)),
        ("not run", None),
        ("skipped", None),
        ("pending", None),
    ] {
        assert_eq!(Opinion::of(words), opinion, "{words}");
    }
    for text in [
        "**Verdict:** approved\n",
        "## Verdict\n\nPASS\n",
        "## Verdict: pass\n",
        "---\nverdict: pass\n---\nfine\n",
    ] {
        assert_eq!(
            read(text, None).expect(text).opinion,
            Some(Approved),
            "{text}"
        );
    }
}
