//! Tables of transitions: checked and drawn.

use crate::run::Run;

#[test]
fn the_machine_of_a_run_is_drawn() {
    let run = Run::missing();
    let mermaid = run.call(&["machine", "--format", "mermaid"]).out;
    assert!(mermaid.starts_with("stateDiagram-v2\n"), "{mermaid}");
    assert!(
        mermaid.contains("    [*] --> s0\n    s0 --> s1: start\n"),
        "{mermaid}"
    );
    let dot = run.call(&["machine", "--format", "dot"]).out;
    assert!(
        dot.contains("\"blocked\" -> \"in_progress\" [label=\"resume\"];"),
        "{dot}"
    );
    // What it prints it reads.
    let json = run.call(&["machine"]).out;
    let call = run.with_stdin(&["machine", "--machine", "-"], &json);
    assert_eq!((call.code, call.out), (0, json), "{}", call.err);
}

#[test]
fn states_without_a_way_in_or_out_are_found() {
    let run = Run::missing();
    let check = |text: &str| run.with_stdin(&["machine", "--machine", "-"], text);
    let one =
        r#"{"transitions":[{"from":"a","event":"go","to":"b"},{"from":"c","event":"x","to":"a"}]}"#;
    let call = check(one);
    call.refused(1, "nothing leads from a to c");
    assert!(call.err.contains("nothing leads out of b"), "{call:?}");
    assert!(!call.err.contains("out of c"), "{call:?}");
    let two = r#"{"final":["b"],"transitions":[{"from":"a","event":"go","to":"b"},{"from":"a","event":"go","to":"a"}]}"#;
    check(two).refused(1, "go leads from a to two places");
    check("{}").refused(3, "no table of transitions");
    check(r#"{"transitions":[]}"#).refused(1, "no transitions");
    let hostile =
        r#"{"final":["b"],"transitions":[{"from":"a\"]; x","event":"go\n[*]","to":"b"}]}"#;
    let call = run.with_stdin(
        &["machine", "--machine", "-", "--format", "mermaid"],
        hostile,
    );
    assert_eq!(call.out.lines().count(), 6, "{call:?}");
}
