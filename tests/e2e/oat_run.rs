//! `scripts/oat-run`: a project of open-agent-toolkit, from plan.md to merged and recorded work.

use e2e::{Ran, Sandbox};

use crate::oat::PLAN;
use crate::scripts::script;

const PROJECT: &str = "shop/.oat/projects/shared/shop";

/// Writes what each phase is to write, and on the page what the reviewer asked for.
const WORKER: &str = r#"#!/bin/sh
prompt=$(cat)
mkdir -p prices page totals
case $TASK_ID in
  p01) printf 'apple,120\npear,90\n' >prices/list.csv; echo cents >prices/list.md ;;
  p02) echo '<li>apple<li>pear' >page/page.html; test $ATTEMPT = 1 || echo labels >>page/page.html ;;
  p03) echo 21 >totals/total.txt ;;
  p10) echo total >>page/page.html ;;
esac
rmdir prices page totals 2>/dev/null
printf '%s' "$prompt" >"$HOME/prompt.$TASK_ID.$ATTEMPT"
git add -A && git commit -qm "feat($TASK_ID): as told"
echo "[DONE:$TERMINAL_ID] did $TASK_ID"
"#;

/// Wants labels on the page, and has never seen a sum that was right.
const CRITIC: &str = r#"#!/bin/sh
cat >/dev/null
verdict() { printf '```json\n{"verdict": "%s", "findings": [%s]}\n```\n' "$1" "$2"; exit; }
test ! -e totals/total.txt || verdict 'changes requested' '{"severity": "important", "message": "the sum is wrong"}'
test ! -e page/page.html || grep -q labels page/page.html || verdict 'changes requested' '{"severity": "important", "message": "no labels"}'
verdict approved ''
"#;

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("worker", WORKER);
    sandbox.write("critic", CRITIC);
    let home = sandbox.path().display();
    sandbox.write(
        "agents.yaml",
        &format!("agents:\n  worker: {{argv: [{home}/worker]}}\n  critic: {{argv: [{home}/critic], dialect: text}}\n"),
    );
    sandbox.write(
        &format!("{PROJECT}/plan.md"),
        &PLAN.replace("['p10']", "['p01'] # after the ground"),
    );
    sandbox.write(
        &format!("{PROJECT}/state.md"),
        "---\noat_phase: implement\noat_current_task: p01-t01 # the next one\noat_execution_mode: subagent-driven\n---\n\n# State\n",
    );
    sandbox.write(
        &format!("{PROJECT}/implementation.md"),
        "# Implementation\n\n## Orchestration Runs\n\n<!-- orchestration-runs-start -->\n<!-- orchestration-runs-end -->\n\n## After\n\n\
         ### Task p02-t01: Show the list\n\n**Status:** pending\n\n### Task p03-t01: Excluded\n\n**Status:** pending\n",
    );
    sandbox
        .sh("chmod +x worker critic; cd shop && git init -q -b main && git config user.name Ann && git config user.email a@example.org && git add . && git commit -qm begin")
        .expect(0);
    sandbox
}

fn oat_run(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!("{} {arguments}", script("oat-run")))
}

const RUN: &str = "--yes --agent worker --reviewer critic --retry-limit 1 shop/.oat/projects/shared/shop --agents agents.yaml --backoff 10ms";

fn subjects(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.sh("git -C shop log --first-parent --reverse --format=%s main");
    log.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn phases_are_implemented_reviewed_merged_in_order_and_recorded() {
    let sandbox = prepared();
    oat_run(&sandbox, RUN).expect(5).says("approve p01");
    let subject = subjects(&sandbox);
    assert_eq!(subject.len(), 3, "{subject:?}");
    assert!(subject[1].starts_with("merge(p01): "), "{subject:?}");
    assert_eq!(subject[2], "chore(oat): bookkeeping after p01 pass");
    let state = sandbox.read(&format!("{PROJECT}/state.md"));
    assert!(
        state.contains("oat_current_task: p02-t01 # the next one"),
        "{state}"
    );
    assert!(
        state.contains("oat_orchestration_retry_limit: 1"),
        "{state}"
    );
    assert!(!state.contains("oat_execution_mode"), "{state}");

    sandbox
        .sh(&format!(
            "state-edit --quiet --dir {PROJECT}/.orchestrate approve p01"
        ))
        .expect(0);
    oat_run(&sandbox, RUN).expect(1);
    let subject = subjects(&sandbox);
    let merged: Vec<&str> = subject[3..]
        .iter()
        .map(|it| it.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        merged,
        ["merge(p02):", "merge(p10):", "chore(oat):"],
        "{subject:?}"
    );

    // The findings went into the second attempt.
    assert!(sandbox.read("prompt.p02.2").contains("no labels"));
    let first = sandbox.read("prompt.p02.1");
    for told in [
        "phase: p02",
        "plan: .oat/projects/shared/shop/plan.md",
        "### Task p02-t01: Show the list",
    ] {
        assert!(first.contains(told), "{told:?} is not in\n{first}");
    }
    let plan = sandbox.read(&format!("{PROJECT}/plan.md"));
    let row = |scope: &str| {
        let mut rows = plan
            .lines()
            .filter(|line| line.starts_with(&format!("| {scope} ")));
        rows.next().unwrap_or_default().to_owned()
    };
    assert!(row("p02").contains("| passed "), "{plan}");
    assert!(row("p02").contains("reviews/p02-gate.json"), "{plan}");
    assert!(row("p03").contains("| fixes_added "), "{plan}");
    assert!(row("p03").contains("excluded: "), "{plan}");
    assert!(row("final").contains("| pending "), "{plan}");
    assert!(plan.contains("oat_plan_hill_phases: ['p01'] # after the ground"));

    let kept = sandbox.read(&format!("{PROJECT}/implementation.md"));
    let place = |text: &str| {
        kept.find(text)
            .unwrap_or_else(|| panic!("{text:?} is not in\n{kept}"))
    };
    // What is merged is done, what was left out is not.
    place("### Task p02-t01: Show the list\n\n**Status:** completed\n");
    place("### Task p03-t01: Excluded\n\n**Status:** pending\n");
    assert!(place("### Run 1 ") < place("### Run 2 "));
    assert!(place("### Run 2 ") < place("<!-- orchestration-runs-end -->"));
    assert!(place("<!-- orchestration-runs-end -->") < place("## After"));
    let second = &kept[place("### Run 2 ")..];
    assert!(
        second.contains("| p02 |") && second.contains("| p03 |") && !second.contains("| p01 |"),
        "{kept}"
    );
    let first = &kept[..place("### Run 2 ")];
    assert!(
        first.contains("| p01 |") && !first.contains("| p02 |"),
        "{kept}"
    );

    let look = "git -C shop ls-tree -r --name-only main .oat/projects/shared/shop/reviews";
    let kept = sandbox.sh(look).stdout;
    assert_eq!(kept.lines().count(), 4, "{kept}");

    // What is excluded is kept, and nobody is at work any more.
    assert_eq!(
        sandbox.sh("git -C shop show main:totals/total.txt").code,
        128
    );
    let branches =
        sandbox.sh("git -C shop branch --list 'orchestrate/work/*' --format='%(refname:short)'");
    assert!(branches.stdout.contains("p03"), "{}", branches.stdout);
    assert_eq!(sandbox.sh("git -C shop status --porcelain").stdout, "");

    // Again: nothing is left to do, and nothing to record.
    let before = subjects(&sandbox);
    oat_run(&sandbox, RUN).expect(1);
    assert_eq!(subjects(&sandbox), before);
}

#[test]
fn a_dry_run_shows_the_schedule_and_writes_nothing() {
    let sandbox = prepared();
    let look = "cd shop && git status --porcelain --ignored && git for-each-ref && find . -path ./.git -prune -o -type f -print | sort";
    let before = sandbox.sh(look).stdout;
    let ran = oat_run(&sandbox, &format!("--dry-run --retry-limit 3 {PROJECT}")).expect(0);
    for told in [
        "OAT ▸ IMPLEMENT (dry-run)",
        "Project: .oat/projects/shared/shop",
        "Retry: 3",
        "[1] p01 (sequential",
        "[2] p02, p03 (parallel group, worktrees)",
        "No commits, no artifact writes.",
    ] {
        assert!(
            ran.stdout.contains(told),
            "{told:?} is not in\n{}",
            ran.stdout
        );
    }
    assert_eq!(sandbox.sh(look).stdout, before);
}

#[test]
fn it_does_not_begin_before_the_plan_is_ready_and_the_pauses_are_confirmed() {
    let sandbox = prepared();
    let plan = sandbox.read(&format!("{PROJECT}/plan.md"));
    sandbox.write(
        &format!("{PROJECT}/plan.md"),
        &plan.replace("oat_status: complete", "oat_status: in_progress"),
    );
    oat_run(&sandbox, RUN)
        .expect(1)
        .says("the plan is not ready");
    let unconfirmed = plan.replace("oat_plan_hill_phases: ['p01'] # after the ground\n", "");
    sandbox.write(&format!("{PROJECT}/plan.md"), &unconfirmed);
    oat_run(&sandbox, RUN).expect(5).says("--hill every");
    oat_run(&sandbox, &format!("--hill p02,p10 {RUN}"));
    let plan = sandbox.read(&format!("{PROJECT}/plan.md"));
    let confirmed = plan
        .lines()
        .find(|line| line.starts_with("oat_plan_hill_phases"))
        .unwrap_or_default();
    assert!(
        confirmed.contains("p02") && confirmed.contains("p10"),
        "{plan}"
    );
    oat_run(&sandbox, "shop")
        .expect(3)
        .says("shop/plan.md is not there");
}
