//! The program as the shell sees it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program with `text` as its stdin.
fn run(args: &[&str], text: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let text = text.to_owned();
    let writer = std::thread::spawn(move || {
        // The program may have seen enough: a broken pipe is its right.
        let _ = stdin.write_all(&text);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("stderr is text")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// Code, and problems by code: a failing filter must write nothing to stdout.
fn codes(args: &[&str], text: &[u8]) -> (i32, Vec<String>) {
    let args: Vec<&str> = args.iter().copied().chain(["--problems", "json"]).collect();
    let output = run(&args, text);
    assert_eq!(
        output.stdout.is_empty(),
        !output.status.success(),
        "{args:?}"
    );
    let problem = |line: &str| -> String {
        let problem: serde_json::Value =
            serde_json::from_str(line).expect("every line of stderr is a problem");
        problem["code"]
            .as_str()
            .expect("every problem has a code")
            .to_owned()
    };
    (
        code(&output),
        stderr(&output).lines().map(problem).collect(),
    )
}

const SOUND: &str = r#"{"planId":"p","tasks":[{"id":"t1","title":"T","description":"Write the login page and its tests","gates":["make"],"extra":1.50}]}"#;
const THIN: &str =
    r#"{"planId":"p","tasks":[{"id":"t1","title":"T","description":"x","gates":["make"]}]}"#;

#[test]
fn the_published_plan_passes_byte_by_byte() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpus/aiter/plan.orch-abc123.json");
    let Ok(text) = std::fs::read(&file) else {
        return writeln!(std::io::stderr(), "skipped: {} is absent", file.display())
            .expect("stderr is open");
    };
    // It has neither acceptance criteria nor gates, and nothing else is to be said of it.
    let output = run(&["--allow", "missing-acceptance"], &text);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    assert_eq!(output.stdout, text);
}

#[test]
fn json_passes_unchanged_but_for_the_last_newline_and_a_mark() {
    for text in [
        SOUND.to_owned(),
        format!("{SOUND}\n"),
        format!("\u{feff}{SOUND}"),
        format!("  {SOUND} \n\n"),
    ] {
        let output = run(&["-"], text.as_bytes());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut expected = text.trim_start_matches('\u{feff}').to_owned();
        if !expected.ends_with('\n') {
            expected.push('\n');
        }
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}

#[test]
fn a_dozen_defects_are_drawn_as_in_the_golden_text() {
    let output = run(&["tests/golden/defects.json"], b"");
    assert_eq!(code(&output), 3);
    assert!(output.stdout.is_empty());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/defects.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &output.stderr).expect("the golden text can be written");
    }
    let expected =
        std::fs::read_to_string(&golden).expect("there is a golden text; BLESS=1 writes it");
    assert_eq!(stderr(&output), expected);
}

#[test]
fn yaml_becomes_json_with_its_keys_in_order() {
    let output = run(&["examples/shop.yaml"], b"");
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    let keys: Vec<usize> = ["planId", "projects", "tasks", "dependsOn"]
        .map(|key| text.find(key).expect("a key"))
        .to_vec();
    assert!(keys.is_sorted());
    // What came out is sound JSON, and passes again unchanged.
    assert_eq!(
        run(&["--from", "json"], text.as_bytes()).stdout,
        text.as_bytes()
    );
    assert_eq!(
        codes(&["--from", "json"], b"planId: p"),
        (3, vec!["syntax".to_owned()])
    );
    assert_eq!(code(&run(&["--from", "yaml"], SOUND.as_bytes())), 0);
}

#[test]
fn exit_codes_tell_what_is_wrong() {
    let cycle = r#"{"planId":"p","tasks":[{"id":"t1","title":"T","description":"Write the login page and its tests","dependsOn":["t1"],"gates":["make"]}]}"#;
    let both = cycle.replace("\"planId\":\"p\",", "");
    assert_eq!(
        codes(&[], cycle.as_bytes()),
        (1, vec!["self-dependency".to_owned()])
    );
    assert_eq!(
        codes(&[], both.as_bytes()),
        (3, vec!["schema".to_owned(), "self-dependency".to_owned()])
    );
    assert_eq!(codes(&[], b" \n"), (3, vec!["unreadable".to_owned()]));
    assert_eq!(
        codes(&["no/such/file"], b""),
        (3, vec!["unreadable".to_owned()])
    );
    assert_eq!(code(&run(&["--no-such-flag"], b"")), 2);
    assert_eq!(code(&run(&["--as", "poem"], b"{}")), 2);
    let empty = run(&[], b"");
    assert_eq!(code(&empty), 3);
    assert_eq!(
        stderr(&empty),
        "plan-validate: cannot read stdin: the stage before this one wrote nothing\n"
    );
}

#[test]
fn warnings_block_only_when_strict() {
    assert_eq!(
        codes(&[], THIN.as_bytes()),
        (0, vec!["thin-description".to_owned()])
    );
    assert_eq!(
        codes(&["--strict"], THIN.as_bytes()),
        (1, vec!["thin-description".to_owned()])
    );
    let quiet = run(&["--quiet"], THIN.as_bytes());
    assert_eq!((code(&quiet), stderr(&quiet)), (0, String::new()));
}

#[test]
fn other_documents_of_the_contract_are_checked_by_their_schema() {
    let record = |seq: u32| {
        format!(
            "{{\"seq\":{seq},\"time\":\"2026-01-01T12:00:00Z\",\"type\":\"note\",\"run\":\"r\",\"text\":\"x\"}}\n"
        )
    };
    let stream = record(1) + "\n" + &record(2);
    let output = run(&["--as", "record"], stream.as_bytes());
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    assert_eq!(output.stdout, stream.as_bytes());

    let torn = record(1) + "{\"seq\":2,\"ti\n" + &record(3) + "{\"seq\":-4}\n";
    let output = run(&["--as", "record", "--problems", "json"], torn.as_bytes());
    assert_eq!(code(&output), 3);
    let lines: Vec<serde_json::Value> = stderr(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        (&lines[0]["code"], &lines[0]["line"]),
        (&"syntax".into(), &2.into())
    );
    assert!(
        lines[1..].iter().all(|problem| problem["line"] == 4),
        "{lines:?}"
    );

    let schedule = |plan: &str| {
        format!("{{\"kind\":\"schedule\",\"version\":1,\"plan\":{plan},\"waves\":[[\"t1\"]]}}")
    };
    assert_eq!(
        codes(&["--as", "schedule"], schedule(SOUND).as_bytes()),
        (0, vec![])
    );
    let broken = SOUND.replace("\"extra\":1.50", "\"dependsOn\":[\"t1\"]");
    let output = run(
        &["--as", "schedule", "--problems", "json"],
        schedule(&broken).as_bytes(),
    );
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("\"pointer\":\"/plan/tasks/0/dependsOn/0\""),
        "{}",
        stderr(&output)
    );
    let dangling = schedule(SOUND).replace("[[\"t1\"]]", "[[\"t2\"]]");
    assert_eq!(
        codes(&["--as", "schedule"], dangling.as_bytes()),
        (1, vec!["unknown-task".to_owned()])
    );

    // What --problems json writes is itself of the contract.
    let problems = run(&["--problems", "json", "tests/golden/defects.json"], b"").stderr;
    let output = run(&["--as", "problem"], &problems);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(output.stdout, problems);
}

#[test]
fn hostile_input_ends_in_a_clear_error() {
    let deep_yaml = "- ".repeat(100_000);
    let deep_json = "[".repeat(100_000);
    let long_line = format!("{{\"planId\": \"{}", "x".repeat(20 << 20));
    for (text, expected) in [
        (deep_json.as_bytes(), "recursion limit"),
        (deep_yaml.as_bytes(), "nested deeper than 128 levels"),
        (long_line.as_bytes(), "EOF while parsing"),
        (b"{\"planId\": \"\xff\"}", "not UTF-8 in line 1 (byte 12)"),
        (b"{\"planId\": \"\\ud800\"}", "surrogate pair"),
        (b"{\"planId\": NaN}", "not JSON"),
        (b"\0\0\0\0", "not YAML"),
        (b"planId: p\nplanId: q\ntasks: []\n", "stands twice"),
    ] {
        let output = run(&[], text);
        assert_eq!(code(&output), 3, "{expected}");
        assert!(output.stdout.is_empty());
        let said = stderr(&output);
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(said.len() < 2000, "{} bytes for {expected}", said.len());
    }
}

/// `HUGE=1`: a line of a gigabyte. Refused at 512 MiB, having read no more than that.
#[test]
fn a_line_of_a_gigabyte_is_refused() {
    if std::env::var_os("HUGE").is_none() {
        return;
    }
    let output = Command::new("sh")
        .args([
            "-c",
            "head -c 1000000000 /dev/zero | tr '\\0' x | \"$0\"",
            env!("CARGO_BIN_EXE_plan-validate"),
        ])
        .output()
        .expect("sh starts");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        stderr(&output),
        "plan-validate: cannot read <stdin>: larger than 512 MiB\n"
    );
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let text = format!("{}{}", SOUND, " ".repeat(1 << 20));
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin
        .write_all(text.as_bytes())
        .expect("it reads all of it");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
}

#[test]
fn help_has_examples() {
    let output = run(&["--help"], b"");
    let help = String::from_utf8(output.stdout).expect("help is text");
    assert!(
        help.contains("Examples:") && help.contains("Exit codes:"),
        "{help}"
    );
    assert!(
        String::from_utf8_lossy(&run(&["--version"], b"").stdout).starts_with("plan-validate 0.")
    );
}
