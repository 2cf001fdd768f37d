//! Which agents there are: what is told of them before any of them is started.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, plan};

fn listed(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let run = sandbox.run("", &["--agents", file, "--list-agents"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn agent<'a>(listed: &'a [Value], name: &str) -> &'a Value {
    let found = listed.iter().find(|agent| agent["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not listed"))
}

#[test]
fn agents_are_listed_with_their_versions_and_what_authorizes_them() {
    let mut sandbox = Sandbox::new();
    sandbox.in_path();
    sandbox.env("SHOP_API_KEY", "0123456789abcdef");
    let says =
        "test \"$1\" = --version && printf '\\n\\033[1mtalker 1.2.3\\033[0m (abc)\\nmore\\n'";
    sandbox.script("talker", says);
    sandbox.script("mute", "echo what is --version; exit 1");
    sandbox.script("sleeper", "sleep 600 & echo $! > pid; wait");
    let own = sandbox.script("own", "touch began");
    let agents = json!({"agents": {
        "talker": {"argv": ["talker"], "authorization": {"env": ["SHOP_API_KEY"]}},
        "mute": {"argv": ["mute"], "authorization": {"env": ["NO_SUCH_KEY"], "files": ["/no/such/file"]}},
        "sleeper": {"argv": ["sleeper"]},
        "own": {"argv": [own]},
        "absent": {"argv": ["no-such-program"]},
    }});
    sandbox.write("agents.json", &agents.to_string());
    let listed = listed(&sandbox, "agents.json");
    for (name, found, version, authorization) in [
        (
            "talker",
            true,
            json!("talker 1.2.3 (abc)"),
            json!("$SHOP_API_KEY"),
        ),
        ("mute", true, Value::Null, Value::Null),
        ("sleeper", true, Value::Null, json!("none needed")),
        ("own", true, Value::Null, json!("none needed")),
        ("absent", false, Value::Null, json!("none needed")),
    ] {
        let agent = agent(&listed, name);
        assert_eq!(agent["found"], found, "{agent}");
        assert_eq!(agent["version"], version, "{agent}");
        assert_eq!(agent["authorization"], authorization, "{agent}");
    }
    assert!(
        !sandbox.exists("began"),
        "a script is not started to be asked"
    );
    let pid = sandbox.read("pid");
    sandbox.wait_until(|| !std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
}

#[test]
fn profiles_may_be_yaml_and_what_is_wrong_is_told_in_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "good.yaml",
        "agents:\n  small:\n    argv: [sh, -c, 'echo \"[DONE:$TERMINAL_ID] no\"']\n    promptBy: file\n",
    );
    let schedule = plan(json!([{"id": "t1", "title": "one"}]));
    let run = sandbox.dispatch(&schedule, &["--agents", "good.yaml", "--agent", "small"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].summary.as_deref(), Some("no"));
    for (name, text, places) in [
        (
            "bad.yaml",
            "agents:\n  small:\n    argv: [a]\n    promptBy: pigeon\n    env: 7\n  other: {}\n",
            &[
                "bad.yaml:4:",
                "pigeon",
                "bad.yaml:5:",
                "bad.yaml:6:",
                "needs `argv`",
            ][..],
        ),
        ("torn.yml", "agents:\n  a: [\n", &["torn.yml:"]),
        (
            "bad.json",
            "{\"agents\": {\n\"a\": {\"argv\": []}}}",
            &["bad.json:2:", "there is no program"],
        ),
        ("torn.json", "{\"agents\":\n", &["torn.json:"]),
        (
            "kind.json",
            "{\"kind\": \"plan\",\n\"agents\": {}}",
            &["kind.json:1:10"],
        ),
        ("none.json", "{}", &["none.json:1:1", "no `agents`"]),
    ] {
        sandbox.write(name, text);
        let run = sandbox.dispatch(&schedule, &["--agents", name, "--agent", "small"]);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{name}");
        for place in places {
            assert!(
                run.stderr.contains(place),
                "{name}: {place}: {}",
                run.stderr
            );
        }
    }
}

#[test]
fn what_a_budget_cannot_bound_is_said_once_before_the_first_task() {
    let sandbox = Sandbox::new();
    let done = |reports: Value| {
        let script = "cat > /dev/null; echo \"[DONE:$TERMINAL_ID] ok\"";
        json!({"argv": ["sh", "-c", script], "reports": reports})
    };
    let mut counted = done(json!({"tokens": true}));
    counted["usdPerMillionTokens"] = json!(4);
    let agents = json!({"agents": {
        "counted": counted, "open": done(json!({})), "told": done(json!({"cost": true, "tokens": true}))}});
    sandbox.write("agents.json", &agents.to_string());
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "agent": "counted"},
        {"id": "t2", "title": "two", "agent": "counted"},
        {"id": "t3", "title": "three", "agent": "open"},
        {"id": "t4", "title": "four", "agent": "told"}
    ]));
    let args = ["--agents", "agents.json", "--max-cost-usd", "3"];
    let run = sandbox.dispatch(&schedule, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (says, times) in [
        (
            "counted tells no cost: maxCostUsd counts its tokens, at $4 per million",
            1,
        ),
        (
            "open is not bounded by maxCostUsd: it tells neither cost nor tokens",
            1,
        ),
        ("warning: told", 0),
    ] {
        assert_eq!(run.stderr.matches(says).count(), times, "{}", run.stderr);
    }
    let opening: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    let label = |name: &str| {
        let labels = opening["agents"].as_array().unwrap();
        labels
            .iter()
            .find(|label| label["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(label("counted")["budget"], "tokens");
    assert_eq!(label("counted")["usdPerMillionTokens"], json!(4.0));
    assert_eq!(label("open")["budget"], "nothing");
    assert_eq!(label("told")["budget"], "cost");
    let free = Sandbox::new();
    free.write("agents.json", &agents.to_string());
    let run = free.dispatch(&schedule, &["--agents", "agents.json"]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}
