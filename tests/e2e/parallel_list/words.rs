//! SPCCHAR, COMPOSED, INPUTSIZE: what is in a command, an id, a name or a prompt arrives as it is, however it is written
//! and however long it is.

use serde_json::json;

use super::{log, run, with};
use crate::plan::{of_type, succeeded, task};

/// Words that a shell, a terminal or a file system would take for something else.
const NASTY: [&str; 14] = [
    "two words",
    " led and followed by blanks ",
    "it's",
    "\"quoted\"",
    "$(touch ../hacked)",
    "`touch ../hacked`",
    "$HOME",
    "*",
    "--help",
    "; touch ../hacked #",
    "back\\slash",
    "one\ntwo",
    "tab\tand {model} {prompt}",
    "ä 漢字 🦀",
];

#[test]
fn spcchar_words_of_a_command_arrive_as_they_are() {
    let script = "for word; do printf '%s\\0' \"$word\"; done >../words";
    let mut argv = vec!["sh", "-c", script, "sh"];
    argv.extend(NASTY);
    let mut one = task("t1", &[], "true");
    one["command"] = json!(argv);
    let sandbox = with([one]);
    run(&sandbox, "").expect(0);
    let words = sandbox.read("words");
    let words: Vec<&str> = words.split_terminator('\0').collect();
    assert_eq!(words, NASTY);
    assert!(!sandbox.path().join("hacked").exists());
}

#[test]
fn spcchar_ids_titles_and_folders_of_any_kind_are_carried_through() {
    let command =
        "cat >prompt; printf %s \"$TASK_ID\" >id; printf %s \"$WORKSPACE\" >workspace; echo seen";
    let tasks = NASTY.map(|word| {
        let id = word.replace('/', "|");
        let mut one = task(&id, &[], command);
        one["title"] = json!(word);
        one
    });
    let sandbox = with(tasks);
    let ran = run(&sandbox, "").expect(0);
    let records = ran.records();
    for word in NASTY {
        let id = word.replace('/', "|");
        let settled = of_type(&records, "task-settled").find(|record| record["task"] == *id);
        assert_eq!(settled.expect("each is settled")["outcome"], "succeeded");
        assert_eq!(sandbox.read(&format!("{id}/id")), id);
        assert!(sandbox.read(&format!("{id}/workspace")).ends_with(&id));
        assert!(
            sandbox.read(&format!("{id}/prompt")).contains(word),
            "{word}"
        );
        assert_eq!(log(&sandbox, &id), "seen\n");
    }
    assert!(!sandbox.path().join("hacked").exists());
}

#[test]
fn spcchar_names_that_are_not_utf_8_do_no_harm() {
    let sandbox = with([task("t1", &[], "echo x >\"$(printf 'caf\\351')\"; ls -b")]);
    let line = "agent-dispatch --quiet --dir $'run \\xff' --root $'root \\xfe' schedule.json";
    sandbox
        .sh(&format!("mkdir $'root \\xfe' && {line}"))
        .expect(0);
    sandbox
        .sh("test -s $'run \\xff/journal.ndjson' && test -s $'root \\xfe/t1/caf\\xe9'")
        .expect(0);
    let ran = sandbox.sh("cat $'run \\xff/logs/t1/1.log'").expect(0);
    assert_eq!(ran.stdout, "caf\\351\n");
}

#[test]
fn composed_a_string_is_a_whole_line_of_shell() {
    let command = "seq 20 | grep -c 1 | tr 0-9 a-j && (false || echo \"it's $((6 * 7))\") && for x in 'a  b' c; do echo \"<$x>\"; done";
    let sandbox = with([task("t1", &[], command)]);
    run(&sandbox, "").expect(0);
    assert_eq!(log(&sandbox, "t1"), "bb\nit's 42\n<a  b>\n<c>\n");
}

#[test]
fn composed_the_exit_code_is_that_of_the_whole_line() {
    let tasks = [
        task("t1", &[], "true; false"),
        task("t2", &[], "false; true"),
        task("t3", &[], "exit 7"),
        task("t4", &[], "kill -TERM $$"),
    ];
    let sandbox = with(tasks);
    let ran = run(&sandbox, "").expect(1);
    let records = ran.records();
    let of = |id: &str| {
        let mut finished = of_type(&records, "attempt-finished");
        finished
            .find(|record| record["task"] == id)
            .expect("it has an end")
            .clone()
    };
    assert_eq!(succeeded(&records).into_iter().collect::<Vec<_>>(), ["t2"]);
    assert_eq!(
        (&of("t1")["exitCode"], &of("t3")["exitCode"]),
        (&json!(1), &json!(7))
    );
    assert_eq!(of("t4")["signal"], 15);
}

#[test]
fn inputsize_a_prompt_of_a_megabyte_arrives_whole() {
    let mut one = task("t1", &[], "cat >../prompt");
    one["description"] = json!("x".repeat(1 << 20));
    let sandbox = with([one]);
    run(&sandbox, "").expect(0);
    assert!(sandbox.read("prompt").contains(&"x".repeat(1 << 20)));
}

#[test]
fn inputsize_the_longest_word_that_the_kernel_takes_arrives_and_a_longer_one_is_told() {
    let command = |length: usize| {
        let mut one = task(&format!("t{length}"), &[], "true");
        one["command"] = json!([
            "sh",
            "-c",
            "printf %s \"$1\" | wc -c >../length.$TASK_ID",
            "sh",
            "x".repeat(length)
        ]);
        one
    };
    // 32 pages, with the zero at its end.
    let (longest, longer) = ((128 << 10) - 1, 128 << 10);
    let sandbox = with([command(longest), command(longer)]);
    let ran = run(&sandbox, "").expect(1);
    let records = ran.records();
    assert_eq!(
        sandbox.read(&format!("length.t{longest}")).trim(),
        longest.to_string()
    );
    let failed = of_type(&records, "task-settled").find(|record| record["outcome"] == "failed");
    let reason = failed.expect("the longer one fails")["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        reason.contains("could not be started") && reason.contains("too long"),
        "{reason}"
    );
}
