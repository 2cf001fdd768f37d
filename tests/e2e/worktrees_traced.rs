//! What git is told to do in whole runs, as git itself traces it.

use crate::worktrees_ground::Ground;

/// A line of git's trace: where it was started, and with which arguments.
struct Command {
    folder: String,
    arguments: Vec<String>,
}

/// Runs with git's trace on, and answers all that git was told, by whomever.
fn traced(mut ground: Ground, code: i32) -> Vec<Command> {
    let trace = ground.sandbox.path().join("trace");
    std::fs::create_dir(&trace).expect("folders can be made in the sandbox");
    // Of this form each line is an event, and says in which repository it happened.
    ground
        .sandbox
        .env("GIT_TRACE2_EVENT", &trace.display().to_string());
    ground.run().expect(code);
    let mut commands = Vec::new();
    for file in std::fs::read_dir(&trace).expect("there is a trace") {
        let text = std::fs::read(file.expect("a file").path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let events: Vec<serde_json::Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let of = |kind: &'static str| events.iter().find(move |event| event["event"] == kind);
        let Some(start) = of("start") else { continue };
        let folder = of("def_repo")
            .and_then(|event| event["worktree"].as_str())
            .unwrap_or_default();
        let arguments = start["argv"]
            .as_array()
            .expect("a start has arguments")
            .iter();
        commands.push(Command {
            folder: folder.to_owned(),
            arguments: arguments
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect(),
        });
    }
    assert!(
        commands.len() > 20,
        "{} commands are traced",
        commands.len()
    );
    commands
}

/// Agents in this module use no git, so all of it is ours.
fn assert_harmless(commands: &[Command]) {
    for Command { folder, arguments } in commands {
        let told = format!("{} in {folder}", arguments.join(" "));
        let has = |word: &str| arguments.iter().any(|argument| argument == word);
        // `git merge` looks at what it may have to restore by `git stash create`, which stashes nothing away.
        let looks = has("stash") && has("create");
        assert!(!has("push") && !has("filter-branch"), "{told}");
        assert!(!has("stash") || looks, "{told}");
        assert!(
            !has("branch") || !(has("-D") || has("-f") || has("--force")),
            "{told}"
        );
        let is_ours = folder.contains("/my repo-worktrees/p/");
        let discards = (has("reset") && has("--hard"))
            || (has("checkout") && (has("--force") || has("-f")))
            || has("clean")
            || (has("restore") && !has("--staged"));
        // `git worktree add` fills a new worktree that way.
        let fills = is_ours && has("reset") && has("--no-recurse-submodules");
        if discards && !fills {
            // Nobody works there: agents have all other worktrees.
            assert!(
                folder.ends_with("/my repo-worktrees/p/.integration"),
                "{told}"
            );
        }
        let changes = [
            "checkout",
            "merge",
            "rebase",
            "cherry-pick",
            "commit",
            "add",
            "reset",
            "switch",
        ];
        if changes.iter().any(|word| {
            arguments.get(1) == Some(&(*word).to_owned()) || subcommand(arguments) == Some(word)
        }) {
            let delivers = has("merge") && has("--ff-only");
            assert!(is_ours || delivers, "{told}");
        }
    }
}

/// Of `git -c a=b add x`, `add`.
fn subcommand(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-c" | "-C" => drop(words.next()),
            option if option.starts_with('-') => {}
            command => return Some(command),
        }
    }
    None
}

/// Some succeed, one conflicts, one fails its gate, one fails; one gets a second attempt.
fn eventful(strategy: &str) -> Ground {
    Ground::new()
        .task("t1", &[], "echo 1 >t1; sed -i s/2/one/ a; reach t1")
        .task("t2", &[], "await t1; until grep -q merge-finished \"$HOME/.orchestrate/journal.ndjson\"; do sleep 0.1; done; sed -i s/2/two/ a")
        .task("t3", &["t1"], "echo 3 >bad")
        .task("t4", &["t1"], "echo 4 >t4; exit 1")
        .task("t5", &["t1"], "case $ATTEMPT in 1) echo 5 >t5; exit 1;; esac; echo SECRET >.env")
        .before_merge("test ! -e bad")
        .flags(&format!("--merge-strategy {strategy} --retries 1 --fix-limit 1"))
}

#[test]
fn no_run_pushes_by_force_or_resets_what_is_not_ours() {
    for strategy in ["cherry-pick", "rebase", "squash"] {
        assert_harmless(&traced(eventful(strategy), 1));
    }
    let target = "--target current --merge-strategy merge";
    let ground = eventful("merge").flags(target);
    let commands = traced(ground, 1);
    assert_harmless(&commands);
    let in_checkout = |command: &&Command| {
        command.folder.ends_with("/my repo") && subcommand(&command.arguments) == Some("merge")
    };
    assert_eq!(
        commands.iter().filter(in_checkout).count(),
        1,
        "the checkout of the target is touched once"
    );
}

#[test]
fn what_is_looked_for_would_be_found() {
    let is_found = |line: &str, folder: &str| {
        let command = Command {
            folder: folder.to_owned(),
            arguments: line.split(' ').map(str::to_owned).collect(),
        };
        std::panic::catch_unwind(|| assert_harmless(&[command])).is_err()
    };
    let tree = "/x/my repo-worktrees/p/t1";
    for (line, folder) in [
        ("git push -f . HEAD:x", tree),
        ("git reset -q --hard", tree),
        ("git checkout -q -f", tree),
        ("git checkout --force --detach x", "/x/my repo"),
        ("git -c a=b commit --quiet", "/x/my repo"),
        ("git clean -ffdq", tree),
        ("git stash", "/x/my repo-worktrees/p/.integration"),
    ] {
        assert!(is_found(line, folder), "{line}");
    }
    let ground = "/x/my repo-worktrees/p/.integration";
    assert!(!is_found("git checkout --force --detach x", ground));
}
