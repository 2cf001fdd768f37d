//! `scripts/milestones` and `scripts/hotfix`: Orchestra's milestones, with a bare repository as remote.

use e2e::{Ran, Sandbox};

use crate::scripts::script;

/// Writes what its phase is called to a file of that name, and what a review asked for to the file `mended`.
const WORKER: &str = r#"#!/bin/sh
cat >"$HOME/prompt.$TASK_ID"
case $TASK_ID in
  *-fix-*) seq ${FIX_LINES:-3} >mended ;;
  *) echo $TASK_ID >$TASK_ID.txt ;;
esac
test ! -e $HOME/plan-$TASK_ID || sh $HOME/plan-$TASK_ID
test ! -e broken-$TASK_ID
echo "[DONE:$TERMINAL_ID] did $TASK_ID"
"#;

/// Wants something mended, and counts how often it looked.
const CRITIC: &str = r#"#!/bin/sh
cat >/dev/null; echo looked >>$HOME/looked
if test -e $HOME/picky && ! test -e mended; then
  printf '```json\n{"verdict": "changes requested", "findings": [{"severity": "important", "message": "no labels"}]}\n```\n'
else
  printf '```json\n{"verdict": "approved", "findings": []}\n```\n'
fi
"#;

fn milestone(sandbox: &Sandbox, id: &str, phases: &[&str]) {
    let folder = format!("shop/.orchestra/milestones/{id}-prices");
    sandbox.write(
        &format!("{folder}/milestone.md"),
        &format!("# Milestone: {id} — Prices\n\n| Field | Value |\n|---|---|\n| Status | planning |\n| Priority | P1 |\n"),
    );
    for (index, objective) in phases.iter().enumerate() {
        sandbox.write(
            &format!("{folder}/phases/phase-{}.md", index + 1),
            &format!("---\nstatus: pending # as planned\norder: {}\ncomplexity: quick\n---\n\n## Objective\n\n{objective}\n\n## Acceptance Criteria\n\n- [ ] It is there\n", index + 1),
        );
    }
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("worker", WORKER);
    sandbox.write("critic", CRITIC);
    let home = sandbox.path().display();
    sandbox.write(
        "agents.yaml",
        &format!("agents:\n  worker: {{argv: [{home}/worker]}}\n  critic: {{argv: [{home}/critic], dialect: text}}\n"),
    );
    sandbox.write("shop/.gitignore", ".orchestra/milestones/\n");
    sandbox.write(
        "shop/.orchestra/config.yml",
        "verification:\n  typecheck: no-such-program --check\n  test: 'test ! -e broken'\n  lint: 'true'\n",
    );
    sandbox
        .sh("chmod +x worker critic; git init -q --bare remote; cd shop && git init -q -b main && git config user.name Ann && git config user.email a@example.org && git add . && git commit -qm begin && git remote add origin ../remote && git push -q origin main")
        .expect(0);
    milestone(
        &sandbox,
        "M2",
        &[
            "Write the list of prices.",
            "Show the list of prices on a page.",
        ],
    );
    milestone(&sandbox, "M10", &["Measure how long the start takes."]);
    sandbox
}

fn milestones(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!(
        "{} --agent worker --reviewer critic --agents agents.yaml {arguments} shop -- --backoff 10ms --retries 0",
        script("milestones")
    ))
}

fn pushed(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.sh("git -C remote log --reverse --format=%s main");
    log.stdout.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn each_phase_is_a_commit_and_the_milestone_is_pushed_after_its_review() {
    let sandbox = prepared();
    milestones(&sandbox, "")
        .expect(5)
        .says("M10 waits: scripts/milestones goes on with it");
    let subjects = pushed(&sandbox);
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    for subject in &subjects {
        assert!(
            subject.chars().count() <= 72 && subject.contains("(M2-phase-"),
            "{subject}"
        );
    }
    assert_eq!(sandbox.read("looked"), "looked\n");
    let folder = "shop/.orchestra/milestones/M2-prices";
    let status = sandbox.read(&format!("{folder}/milestone.md"));
    assert!(
        status.contains("| Status | done") && !status.contains("Locked-By"),
        "{status}"
    );
    let phase = sandbox.read(&format!("{folder}/phases/phase-1.md"));
    assert!(phase.contains("status: done # as planned"), "{phase}");
    let context = sandbox.read(&format!("{folder}/context.md"));
    assert!(
        context.contains("- phase-1: done | commit: ") && context.contains("## Metrics"),
        "{context}"
    );
    let branches = sandbox
        .sh("git -C shop branch --format='%(refname:short)'")
        .stdout;
    assert_eq!(branches, "main\n");

    milestones(&sandbox, "").expect(0);
    assert_eq!(pushed(&sandbox).len(), 3);
    milestones(&sandbox, "")
        .expect(0)
        .says("nothing is left to do");
}

#[test]
fn auto_chains_and_finds_what_was_planned_meanwhile() {
    let sandbox = prepared();
    sandbox.write(
        "plan-M10-phase-1",
        "cd $HOME/shop/.orchestra/milestones && cp -R M10-prices M11-prices && sed -i 's/M10/M11/; s/in-progress/planning/; /Locked-By/d' M11-prices/milestone.md\n",
    );
    milestones(&sandbox, "--auto").expect(0);
    let last = pushed(&sandbox);
    assert_eq!(last.len(), 4, "{last:?}");
    assert!(last[3].contains("(M11-phase-1)"), "{last:?}");
}

#[test]
fn what_the_review_asks_for_is_mended_and_looked_at_again_when_it_is_much() {
    let mut sandbox = prepared();
    sandbox.write("picky", "");
    milestones(&sandbox, "--only M2").expect(0);
    assert!(sandbox.read("prompt.M2-fix-1").contains("no labels"));
    assert_eq!(pushed(&sandbox).len(), 3);
    assert_eq!(sandbox.read("looked"), "looked\n");
    sandbox
        .sh("rm looked; git -C shop rm -q mended; git -C shop commit -qm 'test: begin anew'")
        .expect(0);
    sandbox.env("FIX_LINES", "60");
    milestones(&sandbox, "--only M10").expect(0);
    assert_eq!(sandbox.read("looked"), "looked\nlooked\n");
}

#[test]
fn what_fails_is_not_pushed_and_auto_goes_on_to_the_next() {
    let sandbox = prepared();
    sandbox.write("plan-M2-phase-2", "touch broken\n");
    milestones(&sandbox, "--auto")
        .expect(1)
        .says("M2: ended with 1");
    let status = sandbox.read("shop/.orchestra/milestones/M2-prices/milestone.md");
    assert!(status.contains("| Status | failed"), "{status}");
    // The first phase of M2 has passed; M10 is done, and with it goes what was there.
    assert!(
        pushed(&sandbox)
            .iter()
            .all(|subject| !subject.contains("M2-phase-2"))
    );
    assert!(
        pushed(&sandbox)
            .iter()
            .any(|subject| subject.contains("M10-phase-1"))
    );
}

#[test]
fn what_somebody_has_locked_is_passed_over_and_what_is_not_pushed_is_no_success() {
    let sandbox = prepared();
    sandbox
        .sh("echo Locked-By: $(date -u +%FT%TZ) >>shop/.orchestra/milestones/M2-prices/milestone.md")
        .expect(0);
    milestones(&sandbox, "--auto")
        .expect(0)
        .says("M2: somebody else is at work on it");
    assert_eq!(pushed(&sandbox).len(), 1);
    sandbox
        .sh("sed -i /Locked-By/d shop/.orchestra/milestones/M2-prices/milestone.md; rm -r remote")
        .expect(0);
    milestones(&sandbox, "--only M2")
        .expect(1)
        .says("done, but not pushed");
}

#[test]
fn a_hotfix_is_a_milestone_of_one_phase() {
    let sandbox = prepared();
    let text = "Prices like $(rm -rf .) are \"cut\" off";
    let line = |flags: &str| {
        format!(
            "{} {flags} '{text}' shop --agent worker --reviewer critic --agents agents.yaml -- --backoff 10ms",
            script("hotfix")
        )
    };
    sandbox.sh(&line("--dry-run")).expect(0);
    assert_eq!(
        sandbox.sh("ls shop/.orchestra/milestones").stdout,
        "M10-prices\nM2-prices\n"
    );
    sandbox.sh(&line("--paths 'M11-phase-1.txt'")).expect(0);
    let subjects = pushed(&sandbox);
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(sandbox.read("prompt.M11-phase-1").contains(text));
    let status = sandbox
        .read("shop/.orchestra/milestones/M11-hotfix-prices-like-rm-rf-are-cut-off/milestone.md");
    assert!(status.contains("| Status | done"), "{status}");
    let other = sandbox.read("shop/.orchestra/milestones/M2-prices/milestone.md");
    assert!(other.contains("| Status | planning"), "{other}");
}
