//! Which agents there are: what is told of them before any of them is started.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

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
