//! `scripts/audit`, `scripts/ship`, `scripts/ops-loop`, with real git and a stand-in for gh that refuses what it should
//! never be asked.

use e2e::{Ran, Sandbox};
use serde_json::{Value, json};

use crate::scripts::script;

/// Two repositories, a registry in both forms, and GitHub's answers.
fn prepared() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write("bin/gh", include_str!("ops/gh"));
    sandbox
        .sh("chmod +x bin/gh; for name in shop page; do git init -q -b main $name && (cd $name && git config user.name Ann && git config user.email a@example.org && echo 1 >file && git add . && git commit -qm begin); done")
        .expect(0);
    sandbox.write(
        "registry.json",
        &json!({"version": "1.0", "projects": [
            {"alias": "shop", "paths": ["~/nowhere", "~/shop"], "repos": ["acme/shop"]},
            {"name": "page", "path": "~/page", "remote_url": "git@github.com:acme/page.git", "aliases": ["web"], "uncommitted": "0"},
            {"alias": "again", "paths": ["~/shop"], "repos": ["acme/shop"]},
            {"alias": "gone", "paths": ["~/gone"]},
            {"alias": "store", "source": "shopify", "type": "external"}
        ]})
        .to_string(),
    );
    for kind in ["run-list", "pr-list", "issue-list"] {
        sandbox.write(&format!("gh/{kind}.json"), "[]");
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let own = sandbox.path().join("bin").display().to_string();
    sandbox.env("PATH", &format!("{own}:{}:{path}", e2e::bins().display()));
    sandbox
}

fn audit(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!(
        "cd / && {} --registry $HOME/registry.json {arguments}",
        script("audit")
    ))
}

fn ids(ran: &Ran) -> Vec<String> {
    let list: Value = serde_json::from_str(&ran.stdout).expect("a task list is JSON");
    let tasks = list["tasks"].as_array().expect("there are tasks").clone();
    tasks
        .iter()
        .map(|task| {
            format!(
                "{} {}",
                task["id"].as_str().expect("a task has an id"),
                task["metadata"]["priority"]
                    .as_str()
                    .expect("a task has a priority")
            )
        })
        .collect()
}

fn run(workflow: &str, branch: &str, conclusion: &str, hour: u32) -> Value {
    json!({"workflowName": workflow, "headBranch": branch, "conclusion": conclusion,
        "createdAt": format!("2026-01-01T{hour:02}:00:00Z"), "url": format!("https://github.com/acme/shop/actions/{hour}")})
}

#[test]
fn the_ci_is_judged_by_what_came_before() {
    let sandbox = prepared();
    let runs = json!([
        run("fixed", "main", "failure", 1),
        run("fixed", "main", "failure", 2),
        run("fixed", "main", "success", 3),
        run("persistent", "dev", "failure", 1),
        run("persistent", "dev", "failure", 2),
        run("persistent", "dev", "failure", 3),
        run("regression", "main", "success", 1),
        run("regression", "main", "failure", 2),
        // What a branch of somebody's does, and what has not ended, is nobody else's affair.
        run("regression", "feature", "failure", 4),
        run("fixed", "main", "", 5),
    ]);
    sandbox.write("gh/run-list.json", &runs.to_string());
    let ran = audit(&sandbox, "--project shop").expect(0);
    assert_eq!(
        ids(&ran),
        ["shop-ci-persistent-dev P1", "shop-ci-regression-main P2"]
    );
    assert!(ran.stdout.contains("failed 3 times in a row"));
    assert!(
        ran.stdout
            .contains("New regression: it fails since 2026-01-01T02:00:00Z")
    );
}

#[test]
fn everything_that_is_left_undone_becomes_a_task_and_nothing_is_changed() {
    let sandbox = prepared();
    sandbox.sh("git clone -q --bare shop remote && cd shop && git remote add origin ../remote && git fetch -q && git branch -q -u origin/main && echo 2 >file && git commit -qam 'only here' && echo 3 >'a b'").expect(0);
    sandbox.write("page/.planning/ROADMAP.md", "# Roadmap\n\n- [x] **Phase 1: Ground** - done\n- [ ] **Phase 2: Sign-in** - who is it?\n- [ ] **Phase 3: Rest**\n");
    sandbox.write(
        "page/.planning/STATE.md",
        "# State\n\nPhase: 2 of 3 (Sign-in)\nStatus: ready to plan\n",
    );
    sandbox
        .sh("cd page && git add . && git commit -qm plan")
        .expect(0);
    sandbox.write("gh/pr-list.json", &json!([
        {"number": 7, "title": "Prices", "url": "u7", "isDraft": false, "mergeable": "CONFLICTING", "reviewDecision": "CHANGES_REQUESTED",
            "statusCheckRollup": [{"name": "test", "conclusion": "FAILURE"}]},
        {"number": 8, "title": "Draft", "url": "u8", "isDraft": true, "mergeable": "CONFLICTING"},
        {"number": 9, "title": "Fine", "url": "u9", "isDraft": false, "mergeable": "MERGEABLE", "statusCheckRollup": []}
    ]).to_string());
    sandbox.write(
        "gh/issue-list.json",
        &json!([{"number": 3, "title": "Fire", "url": "u3", "labels": [{"name": "p0"}]}])
            .to_string(),
    );
    let look = "for name in shop page; do git -C $name status --porcelain; git -C $name for-each-ref; sha1sum $name/.git/index; done";
    let before = sandbox.sh(look).stdout;
    let ran = audit(&sandbox, "--source 'echo [{\\\"id\\\":\\\"sentry-1\\\",\\\"title\\\":\\\"TypeError\\\",\\\"description\\\":\\\"in checkout\\\",\\\"metadata\\\":{\\\"project\\\":\\\"shop\\\",\\\"priority\\\":\\\"P0\\\"}}]'").expect(1);
    assert_eq!(
        ids(&ran),
        [
            "shop-dirty P2",
            "shop-unpushed P2",
            "shop-pr-7 P2",
            "shop-issue-3 P0",
            "page-phase P3",
            "page-pr-7 P2",
            "page-issue-3 P0",
            "sentry-1 P0",
        ]
    );
    for told in [
        "its checks fail, it conflicts with its target, changes are requested",
        "only here",
        "Phase 2: Sign-in",
        "State: ready to plan",
    ] {
        assert!(
            ran.stdout.contains(told),
            "{told:?} is not in\n{}",
            ran.stdout
        );
    }
    let ran = ran.says("gone: ");
    assert!(!ran.stderr.contains("store"), "{}", ran.stderr);
    assert_eq!(sandbox.sh(look).stdout, before);
    assert_eq!(sandbox.read("gh.refused"), "");

    sandbox.write("tasks.json", &ran.stdout);
    let plan = sandbox.sh("plan-validate --from tasks tasks.json | plan-schedule --fires-only --quiet | jq -c '.waves[0] | sort'").expect(0);
    assert_eq!(
        plan.stdout,
        "[\"page-issue-3\",\"sentry-1\",\"shop-issue-3\"]\n"
    );
}

#[test]
fn within_a_repository_only_that_one_is_looked_at() {
    let sandbox = prepared();
    sandbox.sh("echo 2 >shop/file; echo 2 >page/file").expect(0);
    let audit_here =
        |arguments: &str| sandbox.sh(&format!("cd page && {} {arguments}", script("audit")));
    assert_eq!(ids(&audit_here("").expect(0)), ["page-dirty P2"]);
    assert_eq!(
        ids(&audit_here("--registry ../registry.json --project shop").expect(0)),
        ["shop-dirty P2"]
    );
    assert_eq!(
        ids(&audit_here("--registry ../registry.json --project web").expect(0)),
        ["page-dirty P2"]
    );
    audit_here("--registry ../registry.json --project nobody").expect(3);
    audit_here("--global").expect(3);
    sandbox.sh("rm gh/run-list.json").expect(0);
    audit(&sandbox, "--project shop")
        .expect(1)
        .says("warning: shop: gh run list: gh: HTTP 404");
}

/// What GitHub says of a pull request, with some of it replaced.
fn pull_request(sandbox: &Sandbox, number: u32, changes: Value) {
    let mut view = json!({"isDraft": false, "mergeable": "MERGEABLE", "reviewDecision": "", "baseRefName": "dev", "state": "OPEN",
        "headRefOid": format!("head-{number}"), "statusCheckRollup": [{"name": "test", "conclusion": "SUCCESS"}],
        "files": [{"path": "src/list.rs"}], "mergeCommit": {"oid": format!("merged-{number}")}});
    for (key, value) in changes.as_object().into_iter().flatten() {
        view[key] = value.clone();
    }
    sandbox.write(&format!("gh/pr-view-{number}.json"), &view.to_string());
    let open = view["open"].clone();
    let nodes: Vec<Value> = open.as_array().into_iter().flatten().map(|body| {
        json!({"isResolved": false, "path": "src/list.rs", "comments": {"nodes": [{"body": body}]}})
    }).collect();
    let threads =
        json!({"data": {"repository": {"pullRequest": {"reviewThreads": {"nodes": nodes}}}}});
    sandbox.write(
        &format!("gh/api-graphql-{number}.json"),
        &threads.to_string(),
    );
}

fn ship(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!("{} --repo acme/shop {arguments}", script("ship")))
}

#[test]
fn what_has_earned_it_is_merged_and_then_dev_into_main() {
    let sandbox = prepared();
    pull_request(&sandbox, 12, json!({}));
    pull_request(&sandbox, 90, json!({"baseRefName": "main"}));
    sandbox.write("gh/pr-list-main.json", "[]");
    ship(&sandbox, "12 --dry-run").expect(0);
    ship(&sandbox, "12")
        .expect(5)
        .says("nobody has confirmed it");
    assert_eq!(sandbox.read("gh.merged"), "");
    let ran = ship(&sandbox, "--force --health 'touch healthy' 12").expect(0);
    let results: Vec<Value> = ran
        .records()
        .iter()
        .map(|it| json!([it["pr"], it["result"]]))
        .collect();
    assert_eq!(results, [json!([12, "merged"]), json!([90, "merged"])]);
    assert_eq!(sandbox.read("gh.merged"), "12 --squash\n90 --merge\n");
    assert!(sandbox.path().join("healthy").exists());
    ship(&sandbox, "--force --health false 12")
        .expect(1)
        .says("git revert -m 1 merged-90");
    sandbox.sh("rm gh.merged").expect(0);
    ship(&sandbox, "--force --no-main 12").expect(0);
    assert_eq!(sandbox.read("gh.merged"), "12 --squash\n");
    assert_eq!(sandbox.read("gh.refused"), "");
}

#[test]
fn nothing_else_is_merged_not_even_by_force() {
    let sandbox = prepared();
    let cases = [
        (
            json!({"statusCheckRollup": [{"name": "test", "conclusion": "FAILURE"}]}),
            "the check test is red",
        ),
        (
            json!({"statusCheckRollup": [{"context": "ci/old", "state": "ERROR"}]}),
            "the check ci/old is red",
        ),
        (json!({"isDraft": true}), "it is a draft"),
        (json!({"mergeable": "CONFLICTING"}), "it conflicts with dev"),
        (
            json!({"reviewDecision": "CHANGES_REQUESTED"}),
            "changes are requested",
        ),
        (
            json!({"open": ["why is that a float?"]}),
            "open thread at src/list.rs: why is that a float?",
        ),
        (
            json!({"files": [{"path": "api/.env.production"}]}),
            "api/.env.production may hold a secret",
        ),
        (
            json!({"files": [{"path": "src/auth/login.rs"}]}),
            "it touches what must be approved",
        ),
        (
            json!({"baseRefName": "main"}),
            "it goes to main, not to dev",
        ),
        (json!({"state": "MERGED"}), "it is merged"),
    ];
    for (changes, told) in cases {
        pull_request(&sandbox, 12, changes);
        let ran = ship(&sandbox, "--force 12").expect(1).says(told);
        assert_eq!(ran.records()[0]["result"], "refused");
    }
    pull_request(
        &sandbox,
        12,
        json!({"statusCheckRollup": [{"name": "test", "status": "IN_PROGRESS", "conclusion": ""}]}),
    );
    ship(&sandbox, "--force 12")
        .expect(5)
        .says("the check test has not ended");
    pull_request(&sandbox, 12, json!({}));
    sandbox.write("gh/protected-12", "");
    ship(&sandbox, "--force 12")
        .expect(1)
        .says("a rule of the branch applies");
    assert_eq!(sandbox.read("gh.merged"), "");
    ship(&sandbox, "--admin 12").expect(2);
    assert_eq!(sandbox.read("gh.refused"), "");
}

#[test]
fn the_loop_goes_from_an_audit_to_merged_work_and_ends_when_nothing_is_left() {
    let sandbox = prepared();
    sandbox.write(
        "gh/issue-list.json",
        &json!([{"number": 3, "title": "Fire", "url": "u3", "labels": [{"name": "P0"}]}])
            .to_string(),
    );
    pull_request(&sandbox, 12, json!({}));
    sandbox.write(
        "agent",
        "#!/bin/sh\ncat >$HOME/prompt; echo fixed >file; echo '[]' >$HOME/gh/issue-list.json\n\
         echo \"[DONE:$TERMINAL_ID] https://github.com/acme/shop/pull/12\"\n",
    );
    sandbox.sh("chmod +x agent").expect(0);
    let line = |flags: &str| {
        format!(
            "{} --registry registry.json --project shop --global --dir run {flags}",
            script("ops-loop")
        )
    };
    let dry = sandbox.sh(&line("--dry-run")).expect(0);
    assert!(dry.stdout.contains("shop-issue-3"), "{}", dry.stdout);
    assert!(!sandbox.path().join("run").exists());

    let ran = sandbox
        .sh(&line("--force --no-main -- -- $PWD/agent"))
        .expect(0);
    assert_eq!(sandbox.read("gh.merged"), "12 --squash\n");
    assert!(sandbox.read("prompt").contains("Open a pull request"));
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    assert_eq!(report["kind"], "report");
    let ran = ran
        .says("round 1, subagents")
        .says("Shipped: 1 pull requests");
    assert!(ran.stderr.contains("✓ done"), "{}", ran.stderr);
    assert_eq!(sandbox.read("shop/file"), "1\n");
    assert_eq!(sandbox.read("gh.refused"), "");
    sandbox.sh(&line("--force --no-main")).expect(0);
    assert_eq!(sandbox.read("gh.merged"), "12 --squash\n");
}
