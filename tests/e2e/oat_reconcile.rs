//! `scripts/oat-reconcile`: what is merged, what is not, and that nothing half done stays.

use e2e::{Ran, Sandbox};
use serde_json::{Value, json};

use crate::oat::{gate, manifest as manifest_of, prepared};
use crate::scripts::script;

/// Units beside main, each made by a line of shell, and reviewed.
fn units(sandbox: &Sandbox, units: &[(&str, &str)]) {
    for (unit, work) in units {
        sandbox
            .sh(&format!("cd shop && git checkout -qb {unit} main && {work} && git add -A && git commit -qm 'work of {unit}' --allow-empty"))
            .expect(0);
        gate(sandbox, &format!("{unit} shop"));
    }
    sandbox.sh("git -C shop checkout -q main").expect(0);
}

fn reconcile(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!(
        "cd shop && {} {arguments}",
        script("oat-reconcile")
    ))
}

fn results(manifest: &Value) -> Vec<(&str, &str)> {
    let outcomes = manifest["merge_outcomes"]
        .as_array()
        .expect("there are outcomes");
    outcomes
        .iter()
        .filter_map(|outcome| Some((outcome["unit_id"].as_str()?, outcome["result"].as_str()?)))
        .collect()
}

#[test]
fn units_are_merged_in_the_order_of_their_numbers() {
    let sandbox = prepared();
    units(
        &sandbox,
        &[
            ("shop/p10", "echo 10 >ten"),
            ("shop/p2", "echo 2 >two"),
            ("shop/p-rev1", "echo r >rev"),
        ],
    );
    let ran = reconcile(&sandbox, "main shop/p10 shop/p-rev1 shop/p2").expect(0);
    let manifest = manifest_of(&ran);
    assert_eq!(
        results(&manifest),
        [("p2", "clean"), ("p10", "clean"), ("p-rev1", "clean")]
    );
    let integration = json!({"test": "pass", "lint": "pass", "typecheck": "pass", "build": "pass", "verdict": "pass"});
    assert_eq!(manifest["merge_outcomes"][0]["integration"], integration);
    assert_eq!(manifest["summary"]["merged"], 3);
    let head = sandbox.sh("git -C shop rev-parse main").stdout;
    assert_eq!(manifest["summary"]["final_commit"], head.trim());
    let again = reconcile(&sandbox, "main shop/p2").expect(0);
    assert_eq!(results(&manifest_of(&again)), [("p2", "no_commits")]);
}

#[test]
fn a_conflict_leaves_nothing_behind_and_is_no_success() {
    let sandbox = prepared();
    units(
        &sandbox,
        &[
            ("shop/p01", "echo apple 100 >prices"),
            (
                "shop/p02",
                "echo x >new && git add new && git commit -qm first && echo apple 200 >prices",
            ),
            ("shop/p03", "echo y >other"),
        ],
    );
    let ran = reconcile(&sandbox, "main shop/p01 shop/p02 shop/p03").expect(1);
    let manifest = manifest_of(&ran);
    assert_eq!(
        results(&manifest),
        [("p01", "clean"), ("p02", "conflict"), ("p03", "clean")]
    );
    assert_eq!(manifest["merge_outcomes"][1]["files"], json!(["prices"]));
    assert_eq!(
        manifest["merge_outcomes"][1]["integration"],
        "skipped (merge not clean)"
    );
    // Not even the first commit of the unit, which would have gone in.
    assert_eq!(
        sandbox.sh("cd shop && ls new; cat prices").stdout,
        "apple 100\n"
    );
    let yaml = reconcile(&sandbox, "main shop/p02 --format yaml")
        .expect(1)
        .stdout;
    for line in [
        "--- reconcile_manifest ---",
        "result: conflict",
        "conflict_type: file-level",
        "conflicts: 1",
    ] {
        assert!(
            yaml.lines().any(|it| it.trim().trim_matches('"') == line),
            "{line}:\n{yaml}"
        );
    }
}

#[test]
fn what_breaks_the_whole_is_taken_back() {
    let sandbox = prepared();
    units(
        &sandbox,
        &[("shop/p01", "echo 1 >one"), ("shop/p02", "echo 2 >two")],
    );
    // Each passes alone; together the tests of the whole do not.
    sandbox.write(
        "bin/pnpm",
        "#!/bin/sh\ntest \"$2\" != test || ! test -e one || ! test -e two\n",
    );
    let before = sandbox.sh("git -C shop status --porcelain").stdout;
    let ran = reconcile(&sandbox, "main shop/p01 shop/p02").expect(1);
    let manifest = manifest_of(&ran);
    assert_eq!(results(&manifest), [("p01", "clean"), ("p02", "reverted")]);
    assert_eq!(
        manifest["merge_outcomes"][1]["integration"]["verdict"],
        "fail"
    );
    assert_eq!(sandbox.sh("git -C shop status --porcelain").stdout, before);
    assert_eq!(sandbox.sh("ls shop/one shop/two").stdout, "shop/one\n");
}

#[test]
fn nothing_is_merged_that_no_review_has_passed() {
    let sandbox = prepared();
    units(
        &sandbox,
        &[
            ("shop/p01", "echo 1 >one"),
            ("shop/p02", "echo test >broken"),
            ("shop/p03", "echo 3 >three"),
        ],
    );
    sandbox.sh("cd shop && git checkout -q shop/p03 && git commit -q --allow-empty -m later && git checkout -q main && git branch shop/p04 shop/p03").expect(0);
    let ran = reconcile(&sandbox, "main shop/p01 shop/p02 shop/p03 shop/p04").expect(1);
    let manifest = manifest_of(&ran);
    assert_eq!(
        results(&manifest),
        [
            ("p01", "clean"),
            ("p02", "excluded"),
            ("p03", "skipped"),
            ("p04", "skipped")
        ]
    );
    assert_eq!(
        manifest["merge_outcomes"][1]["reason"],
        "review_gate_failed"
    );
    assert_eq!(
        manifest["merge_outcomes"][2]["reason"],
        "review_gate_missing"
    );
    reconcile(&sandbox, "main shop/p03 --unreviewed").expect(0);
}

#[test]
fn typing_errors_and_a_checkout_that_is_not_clean_begin_nothing() {
    let sandbox = prepared();
    units(&sandbox, &[("shop/p01", "echo 1 >one")]);
    let tip = sandbox.sh("git -C shop rev-parse main").stdout;
    let ran = reconcile(&sandbox, "main shop/p01 shop/p99").expect(3);
    assert_eq!(ran.stdout, "");
    reconcile(&sandbox, "main shop/p01 --merge-strategy squash").expect(2);
    sandbox.sh("echo half >>shop/prices").expect(0);
    reconcile(&sandbox, "main shop/p01")
        .expect(1)
        .says("uncommitted changes");
    assert_eq!(sandbox.read("shop/prices"), "apple 120\nhalf\n");
    let looked = reconcile(&sandbox, "main shop/p01 --dry-run");
    assert_eq!(sandbox.sh("git -C shop rev-parse main").stdout, tip);
    assert!(looked.code <= 1);
}
