//! The scripts of open-agent-toolkit by ours: what dispatch and review gate had to do, and what they got wrong.

use e2e::{Ran, Sandbox};
use serde_json::{Value, json};

use crate::scripts::script;

pub(crate) const PLAN: &str = include_str!("oat_plan.md");

/// A sandbox with the plan and a repository in `shop`, whose tools are what `tools` says of each.
pub(crate) fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write("plan.md", PLAN);
    // Whatever is in the file `broken` fails.
    let pnpm = "#!/bin/sh\ngrep -qx \"$2\" ../broken && { echo \"$2 is broken\" >&2; exit 1; }\ntest ! -e broken || ! grep -qx \"$2\" broken\n";
    sandbox.write("bin/pnpm", pnpm);
    sandbox.write("broken", "");
    sandbox.write("shop/pnpm-lock.yaml", "");
    sandbox.write(
        "shop/package.json",
        r#"{"scripts": {"test": "x", "lint": "x", "type-check": "x", "build": "x"}}"#,
    );
    sandbox.write("shop/prices", "apple 120\n");
    sandbox
        .sh("chmod +x bin/pnpm; cd shop && git init -q -b main && git config user.name Ann && git config user.email a@example.org && git add . && git commit -qm begin")
        .expect(0);
    let path = std::env::var("PATH").unwrap_or_default();
    let own = sandbox.path().join("bin").display().to_string();
    sandbox.env("PATH", &format!("{own}:{}:{path}", e2e::bins().display()));
    sandbox
}

pub(crate) fn manifest(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ran.stdout, ran.stderr))
}

fn dispatch(sandbox: &Sandbox, arguments: &str) -> Ran {
    let line = format!("cd shop && {} {arguments}", script("oat-dispatch"));
    sandbox.sh(&line)
}

fn ids(manifest: &Value) -> Vec<&str> {
    let units = manifest["units"].as_array().expect("there are units");
    units
        .iter()
        .filter_map(|unit| unit["unit_id"].as_str())
        .collect()
}

#[test]
fn phases_are_units_with_their_tasks_in_all_their_spellings() {
    let sandbox = prepared();
    let ran = dispatch(&sandbox, "../plan.md .oat/projects/shop main").expect(0);
    let manifest = manifest(&ran);
    assert_eq!(ids(&manifest), ["p01", "p02", "p03", "p10"]);
    let first = json!({"unit_id": "p01", "phase": "p01", "phase_name": "Ground", "type": "phase",
        "tasks": ["p01-t01", "p01-t02"], "done": false});
    assert_eq!(manifest["units"][0], first);
    assert_eq!(manifest["orchestration_branch"], "main");
    assert_eq!(manifest["log_path"], ".oat/projects/shop/implementation.md");
    assert_eq!(manifest["hill_checkpoints"], json!(["p10"]));
    assert_eq!(manifest["parallel_groups"], json!([["p02", "p03"]]));
    assert_eq!(manifest["branch_naming"]["examples"][3], "shop/p10");
    assert_eq!(manifest["branch_naming"]["pattern"], "shop/{unit-id}");
}

#[test]
fn tasks_are_units_with_their_files_also_behind_a_blank_line() {
    let sandbox = prepared();
    let ran = dispatch(&sandbox, "../plan.md shop main --unit-granularity task").expect(0);
    let manifest = manifest(&ran);
    assert_eq!(
        ids(&manifest),
        ["p01-t01", "p01-t02", "p02-t01", "p03-t01", "p10-t01"]
    );
    let files = json!([{"action": "Create", "path": "prices/list.csv"}, {"action": "Create", "path": "prices/list.md"}]);
    assert_eq!(manifest["units"][0]["files"], files);
    assert_eq!(manifest["units"][1]["task_name"], "Say what a \"price\" is");
}

#[test]
fn checkpoints_are_told_as_the_plan_has_them() {
    let sandbox = prepared();
    for (given, told) in [
        ("['p02']", json!(["p02"])),
        ("['p02', 'p10']", json!(["p02", "p10"])),
        ("[]", json!([])),
    ] {
        sandbox.write("other.md", &PLAN.replace("['p10']", given));
        let ran = dispatch(&sandbox, "../other.md shop main").expect(0);
        assert_eq!(manifest(&ran)["hill_checkpoints"], told);
    }
}

#[test]
fn the_yaml_is_yaml_and_has_the_lines_that_were_looked_for() {
    let sandbox = prepared();
    let ran = dispatch(&sandbox, "../plan.md shop main --format yaml").expect(0);
    for line in [
        "--- dispatch_manifest ---",
        "orchestration_branch: main",
        "  - unit_id: \"p03\"",
        "    type: phase",
        "      - \"p01-t02\"",
        "hill_checkpoints: [\"p10\"]",
        "  pattern: \"shop/{unit-id}\"",
        "    - \"shop/p10\"",
    ] {
        assert!(
            ran.stdout.lines().any(|it| it == line),
            "{line}:\n{}",
            ran.stdout
        );
    }
    // Names with quotes are as safe as others.
    let tasks = "../plan.md shop main --format yaml --unit-granularity task";
    let tasks = dispatch(&sandbox, tasks).expect(0).stdout;
    assert!(
        tasks.contains(r#"task_name: "Say what a \"price\" is""#),
        "{tasks}"
    );
}

#[test]
fn nothing_is_written_of_a_plan_that_is_none_or_for_words_that_mean_nothing() {
    let sandbox = prepared();
    for (arguments, code) in [
        ("no-plan.md shop main", 3),
        ("../plan.md shop", 2),
        ("../plan.md shop main --unit-granularity module", 2),
        ("../plan.md shop main --colour", 2),
    ] {
        let ran = dispatch(&sandbox, arguments).expect(code);
        assert_eq!(ran.stdout, "", "{arguments}");
    }
    sandbox.write("bad.md", &PLAN.replace("'p03']]", "'p99']]"));
    let ran = dispatch(&sandbox, "../bad.md shop main").expect(1);
    assert_eq!(ran.stdout, "");
    ran.says("p99");
}

#[test]
fn branches_that_git_could_not_make_are_not_named() {
    let sandbox = prepared();
    sandbox.sh("git -C shop branch shop").expect(0);
    let ran = dispatch(&sandbox, "../plan.md .oat/projects/shop main").expect(0);
    assert_eq!(manifest(&ran)["branch_naming"]["examples"][0], "shop-p01");
}

pub(crate) fn gate(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!("{} {arguments}", script("oat-review-gate")))
}

#[test]
fn a_unit_that_passes_may_be_merged() {
    let sandbox = prepared();
    let ran = gate(&sandbox, "main shop --retry-limit 2").expect(0);
    let manifest = manifest(&ran);
    assert_eq!(manifest["verdict"]["overall"], "pass");
    assert_eq!(manifest["verdict"]["disposition"], "eligible_for_merge");
    assert_eq!(manifest["fix_loop"]["action"], "finalize");
    let checks = json!({"type_check": "pass", "lint": "pass", "build": "pass"});
    assert_eq!(manifest["stages"][1]["checks"], checks);
    let yaml = gate(&sandbox, "main shop --format yaml").expect(0).stdout;
    for line in [
        "spec_verdict: pass",
        "quality_verdict: pass",
        "overall: pass",
        "action: finalize",
    ] {
        assert!(yaml.lines().any(|it| it.trim() == line), "{line}:\n{yaml}");
    }
}

#[test]
fn what_does_not_pass_is_found_and_the_second_stage_waits_for_the_first() {
    let sandbox = prepared();
    sandbox.write("broken", "test\n");
    let ran = gate(&sandbox, "main shop").expect(1);
    let tests = manifest(&ran);
    assert_eq!(tests["verdict"]["spec_compliance"], "fail");
    assert_eq!(tests["verdict"]["code_quality"], "pending");
    assert_eq!(tests["stages"].as_array().unwrap().len(), 1);
    let found = tests["verdict"]["findings"]["critical"][0]
        .as_str()
        .unwrap();
    assert!(
        found.starts_with("tests: ") && found.contains("test is broken"),
        "{found}"
    );
    assert_eq!(tests["fix_loop"]["next_retry_count"], 1);

    sandbox.write("broken", "lint\n");
    let ran = gate(&sandbox, "main shop").expect(1);
    let lint = manifest(&ran);
    assert_eq!(lint["verdict"]["spec_compliance"], "pass");
    assert_eq!(lint["verdict"]["code_quality"], "fail");
    // All of a stage is looked at.
    assert_eq!(lint["stages"][1]["checks"]["build"], "pass");
    assert_eq!(
        lint["verdict"]["findings"]["important"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    sandbox.write("broken", "");
    sandbox.write("shop/left-over", "");
    let dirty = manifest(&gate(&sandbox, "main shop").expect(1));
    assert_eq!(
        dirty["stages"][0]["checks"],
        json!({"tests": "pass", "git_clean": "fail"})
    );
    assert_eq!(
        dirty["verdict"]["findings"]["important"],
        json!(["git_clean: left-over: untracked"])
    );
}

#[test]
fn retries_are_counted_to_their_limit() {
    let sandbox = prepared();
    sandbox.write("broken", "test\n");
    let under = manifest(&gate(&sandbox, "main shop --retry-limit 2 --retry-count 1").expect(1));
    assert_eq!(
        under["fix_loop"],
        json!({"retry_count": 1, "retry_limit": 2, "action": "retry", "next_retry_count": 2})
    );
    let at = manifest(&gate(&sandbox, "main shop --retry-limit 2 --retry-count 2").expect(1));
    assert_eq!(
        at["fix_loop"],
        json!({"retry_count": 2, "retry_limit": 2, "action": "dispatch_fix"})
    );
}

#[test]
fn the_gate_looks_at_the_unit_that_it_names_and_knows_when_it_knows_nothing() {
    let sandbox = prepared();
    gate(&sandbox, "shop/p01 shop")
        .expect(2)
        .says("shop is on main, not on shop/p01");
    // Nothing is run, and nothing is kept that a merge could go by.
    gate(&sandbox, "--dry-run main shop").expect(0).says("");
    assert!(!sandbox.path().join("shop/.git/oat-verdicts").exists());
    sandbox.sh("rm bin/pnpm").expect(0);
    let line = format!(
        "PATH={}:/usr/bin:/bin {} main shop",
        e2e::bins().display(),
        script("oat-review-gate")
    );
    let blocked = sandbox.sh(&line).expect(4);
    assert_eq!(manifest(&blocked)["verdict"]["disposition"], "blocked");
    assert_eq!(manifest(&blocked)["fix_loop"]["action"], "blocked");
    sandbox
        .sh("git -C shop rm -q package.json && git -C shop commit -qm none")
        .expect(0);
    gate(&sandbox, "main shop")
        .expect(3)
        .says("no tests were found");
}
