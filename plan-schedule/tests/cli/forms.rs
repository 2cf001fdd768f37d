//! Forms other than the document: for people, for other programs, as pictures.

use std::process::Command;

use serde_json::{Value, json};

use crate::{PUBLISHED, refused, run, text};

fn shown(format: &str, plan: &str) -> String {
    let output = run(&["--format", format], plan);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_dry_run_tells_entries_and_worktrees_and_that_nothing_is_done() {
    let plan = json!({
        "planId": "shop",
        "projects": [{"name": "store"}],
        "phases": [{"id": "p01"}, {"id": "p02"}, {"id": "p03"}, {"id": "p04", "checkpoint": true}],
        "parallelGroups": [["p02", "p03"]],
        "tasks": [
            {"id": "t1", "title": "", "phase": "p01"}, {"id": "t2", "title": "", "phase": "p02"},
            {"id": "t3", "title": "", "phase": "p03"}, {"id": "t4", "title": "", "phase": "p04"},
            {"id": "t5", "title": ""},
        ],
    });
    assert_eq!(
        shown("text", &plan.to_string()),
        "shop (dry run)\n\n5 tasks, 5 slots, about 45 min.\n\nSchedule:\n\
         [1] p01 (sequential)\n[2] p02, p03 (parallel group, worktrees)\n[3] p04 (sequential, then pauses)\n\
         [4] t5 (of no phase, at any time)\n\n\
         Worktrees that would be created:\n- orchestrate/work/shop/p02 (store)\n- orchestrate/work/shop/p03 (store)\n\n\
         No commits, no artifact writes.\n"
    );
}

#[test]
fn without_groups_the_dry_run_tells_waves() {
    let dry = shown("text", PUBLISHED);
    assert!(
        dry.contains("[1] t1, t2 (side by side, each as soon as it can)\n[2] t3 (sequential)\n"),
        "{dry}"
    );
}

#[test]
fn the_tree_has_each_task_once_below_the_one_that_it_waits_for_longest() {
    assert_eq!(
        shown("tree", PUBLISHED),
        "t2  B  0–10 min  back  *\n\
         └─ t3  C  10–40 min  back  *\n   \
         └─ t4  D  40–65 min  front  *  (also after t1)\n\
         t1  A  0–10 min  front\n"
    );
}

/// A chain that is deeper than anyone indents.
#[test]
fn a_long_chain_is_a_tree_of_bounded_width() {
    let tasks: Vec<Value> = (0..3000)
        .map(|number: i32| {
            let before: Vec<String> = (number > 0)
                .then(|| format!("t{}", number - 1))
                .into_iter()
                .collect();
            json!({"id": format!("t{number}"), "title": "x", "dependsOn": before})
        })
        .collect();
    let tree = shown("tree", &json!({"planId": "p", "tasks": tasks}).to_string());
    assert_eq!(tree.lines().count(), 3000);
    assert!(tree.lines().all(|line| line.chars().count() < 200));
}

/// What a plan may hold that means something to the language it is written into.
const HOSTILE: &str = r#"{"planId": "p", "summary": "<script>alert(1)</script>",
    "projects": [{"name": "a\"]; end \\ <b>"}],
    "tasks": [
        {"id": "t1", "title": "\"] --> x; <img src=x onerror=alert(1)> & \u001b[2J \u0000 \ud83d\ude00"},
        {"id": "t2\"<", "title": "]]>--\nend\n", "dependsOn": ["t1"], "runIf": "always"}
    ]}"#;

#[test]
fn pictures_are_well_formed_whatever_the_plan_holds() {
    let svg = shown("gantt-svg", HOSTILE);
    assert!(
        !svg.contains("<script") && !svg.contains("<img") && !svg.contains("]]>"),
        "{svg}"
    );
    assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "{svg}");
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    // Nothing that a browser would fetch or run.
    assert!(!svg.contains("href") && !svg.contains("url("));
    for (open, close) in [
        ("<g>", "</g>"),
        ("<text", "</text>"),
        ("<title>", "</title>"),
    ] {
        assert_eq!(
            svg.matches(open).count(),
            svg.matches(close).count(),
            "{open}"
        );
    }
    let mermaid = shown("mermaid", HOSTILE);
    for line in mermaid.lines().filter(|line| line.contains('"')) {
        assert_eq!(line.matches('"').count(), 2, "{line}");
        assert!(!line.contains("<img"), "{line}");
    }
    let dot = shown("dot", HOSTILE);
    assert!(dot.contains(r#"label="t1\n\"] --> x; <img"#), "{dot}");
}

/// Only what the language's own program says is proof; it is not everywhere.
#[test]
fn graphviz_reads_the_graph() {
    for plan in [PUBLISHED, HOSTILE] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.dot");
        std::fs::write(&file, shown("dot", plan)).unwrap();
        let Ok(output) = Command::new("dot").arg("-Tsvg").arg(&file).output() else {
            eprintln!("skipped: no dot on PATH");
            return;
        };
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

#[test]
fn graphs_show_lanes_the_critical_path_and_what_is_shared() {
    let plan = json!({
        "planId": "p",
        "projects": [{"name": "front"}, {"name": "back"}],
        "tasks": [
            {"id": "t1", "title": "A", "project": "front", "ports": [80]},
            {"id": "t2", "title": "B", "project": "back", "dependsOn": ["t1"]},
            {"id": "t3", "title": "C", "project": "back", "dependsOn": ["t2"], "runIf": "failed"},
            {"id": "t4", "title": "D", "project": "back", "ports": [80], "estimatedMinutes": 1},
        ],
    })
    .to_string();
    let mermaid = shown("mermaid", &plan);
    for line in [
        "  subgraph lane0[\"back\"]\n",
        "    n0[\"t1<br/>A<br/>15 min\"]\n",
        "  n0 ==> n1\n",
        "  n1 -. on failure .-> n2\n",
        "  n0 -. \"port 80\" .- n3\n",
        "  class n0,n1 critical\n",
    ] {
        assert!(mermaid.contains(line), "{line}{mermaid}");
    }
    let dot = shown("dot", &plan);
    for line in [
        "  n0 -> n1 [color=crimson, penwidth=2];\n",
        "  n1 -> n2 [style=dashed, label=\"on failure\"];\n",
        "  n0 -> n3 [dir=none, style=dotted, constraint=false, label=\"port 80\"];\n",
    ] {
        assert!(dot.contains(line), "{line}{dot}");
    }
}

#[test]
fn the_picture_has_lanes_slots_checkpoints_and_both_colour_schemes() {
    let plan = PUBLISHED.replace(
        r#""tasks": ["#,
        r#""phases": [{"id": "all", "checkpoint": true}, {"id": "rest"}], "tasks": [{"id": "t0", "title": "Z", "phase": "all", "estimatedMinutes": 3}, {"id": "t9", "title": "Y", "phase": "rest"},"#,
    );
    let plan = plan.replace(
        r#"["t1", "t2"], ["t3"]"#,
        r#"["t0", "t1", "t2"], ["t9", "t3"]"#,
    );
    let svg = shown("gantt-svg", &plan);
    for part in [
        "Lanes, as estimated",
        "Slots, as estimated",
        ">front<",
        "pause after all",
        "class=\"critical\"",
        "class=\"path\"",
        "prefers-color-scheme: dark",
        "slack 0 min",
    ] {
        assert!(svg.contains(part), "{part}");
    }
}

const RECORDS: &str = r#"
{"seq":1,"time":"2026-01-01T00:00:00.000Z","type":"run-started","run":"orch-1","planId":"orch-1","seed":1,"mark":"m","pid":1,"jobs":2,"containment":"none","tasks":[],"agents":[]}
{"seq":2,"time":"2026-01-01T00:00:01.000Z","type":"attempt-started","run":"orch-1","task":"t2","attempt":1,"agent":"a","pid":1,"terminal":"x","workspace":"","promptFile":"","logFile":""}
{"seq":3,"time":"2026-01-01T00:20:01.000Z","type":"attempt-finished","run":"orch-1","task":"t2","attempt":1,"result":"done"}
{"seq":4,"time":"2026-01-01T00:20:01.000Z","type":"gate-started","run":"orch-1","task":"t2","attempt":1}
{"seq":5,"time":"2026-01-01T00:30:01.000Z","type":"gate-finished","run":"orch-1","task":"t2","attempt":1,"verdict":"failed"}
{"seq":6,"time":"2026-01-01T00:30:01.000Z","type":"task-settled","run":"orch-1","task":"t2","outcome":"failed","verification":"failed"}
{"seq":7,"time":"2026-01-01T00:30:01.000Z","type":"of-the-future","run":"orch-1"}
"#;

#[test]
fn what_really_happened_is_drawn_beside_the_estimate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.ndjson");
    std::fs::write(&file, RECORDS).unwrap();
    let file = file.to_str().unwrap();
    let output = run(&["--format", "gantt-svg", "--actual", file], PUBLISHED);
    let svg = text(&output.stdout);
    for part in [
        "Lanes, as estimated",
        "Lanes, as it happened",
        "so far 30 min",
        "20 min instead of 10 min",
        "class=\"gates\"",
        "class=\"failed\"",
    ] {
        assert!(svg.contains(part), "{part}: {svg}");
    }
    assert!(!svg.contains("Slots, as estimated"));
}

#[test]
fn a_run_that_cannot_be_drawn_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.ndjson");
    let name = file.to_str().unwrap().to_owned();
    let drawn = |records: &str| {
        std::fs::write(&file, records).unwrap();
        refused(&["--format", "gantt-svg", "--actual", &name], PUBLISHED)
    };
    let (code, stderr) = drawn(&RECORDS.replace("orch-1", "orch-2"));
    assert_eq!(code, 1);
    assert!(
        stderr.contains("is of the plan orch-2, not of orch-1"),
        "{stderr}"
    );
    let (code, stderr) = drawn("");
    assert_eq!(code, 3);
    assert!(stderr.contains("nothing has happened yet"), "{stderr}");
    let (code, stderr) = drawn("\nno record\n");
    assert_eq!(code, 3);
    assert!(stderr.contains("line 2 is no record"), "{stderr}");
    assert_eq!(
        refused(
            &["--format", "gantt-svg", "--actual", "/nonexistent"],
            PUBLISHED
        )
        .0,
        3
    );
    let (code, stderr) = refused(&["--actual", &name], PUBLISHED);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("--actual goes with --format gantt-svg"),
        "{stderr}"
    );
}
