mod hostile;

use proptest::prelude::*;

use super::*;

fn scan(bytes: &[u8]) -> Vec<Marker> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new();
    scanner.feed(bytes, |marker| found.push(marker));
    scanner.finish(|marker| found.push(marker));
    found
}

/// `kind id percent text` per marker, one per line.
fn check(text: &str, expected: &[&str]) {
    let found: Vec<String> = scan(text.as_bytes())
        .into_iter()
        .map(|m| {
            let percent = m.percent.map(|p| format!("{p}% ")).unwrap_or_default();
            format!("{} {} {percent}{}", m.kind.as_str(), m.id, m.text)
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn the_four_kinds() {
    check(
        "[PROGRESS:t1] 45% - Implementing auth\n[DONE:t1] API complete\n[ERROR:t1] refused\n[QUESTION:t1] JWT?\n",
        &[
            "progress t1 45% Implementing auth",
            "done t1 API complete",
            "error t1 refused",
            "question t1 JWT?",
        ],
    );
}

#[test]
fn percentages_as_agents_write_them() {
    check("[PROGRESS:t] 45 % - a\n", &["progress t 45% a"]);
    check("[PROGRESS:t] 150% - a\n", &["progress t 100% a"]);
    check(
        "[PROGRESS:t] 99999999999999999999999%\n",
        &["progress t 100%"],
    );
    check("[PROGRESS:t] 12.5%: a\n", &["progress t 12% a"]);
    check(
        "[PROGRESS:t] reading 3 files\n",
        &["progress t reading 3 files"],
    );
    check("[PROGRESS:t] % a\n", &["progress t % a"]);
}

#[test]
fn a_percentage_that_was_made_to_fit_is_told() {
    for (text, said) in [
        ("45% - a", None),
        ("0%", None),
        ("45 % - a", Some("45 %")),
        ("150% - a", Some("150%")),
        ("12.5%: a", Some("12.5%")),
        ("007% - a", Some("007%")),
        ("reading", None),
    ] {
        let found = scan(format!("[PROGRESS:t] {text}").as_bytes());
        assert_eq!(found[0].said.as_deref(), said, "{text}");
    }
}

#[test]
fn only_at_the_start_of_a_line() {
    check("say [DONE:t] x\n", &[]);
    check("$ echo \"[DONE:t] x\"\n", &[]);
    check("echo \"[DONE:t] x\"\n", &[]);
    check("\"[DONE:t] x\"\n", &[]);
    check("  [DONE:t] x\n", &[]);
    check("\t[DONE:t] x\n", &[]);
}

#[test]
fn on_a_screen_an_agents_bullet_may_come_before() {
    let shown = "\u{1b}[38;5;231m●\u{1b}[39m [DONE:t1] all well\n• [DONE:t2] x\n⏺ [QUESTION:t3] which?\n\
        ● Bash(echo \"[DONE:t4] x\")\n  ⎿  [DONE:t5] x\n> [DONE:t6] x\n  [DONE:t7] x\n●  [DONE:t8] x\n- [DONE:t9] x\n";
    let mut ids = Vec::new();
    let mut scanner = Scanner::of_a_screen();
    for byte in shown.as_bytes() {
        scanner.feed(&[*byte], |marker| ids.push(marker.id));
    }
    assert_eq!(ids, ["t1", "t2", "t3"]);
    // Elsewhere it is a list that somebody has written.
    assert_eq!(scan(shown.as_bytes()), []);
}

#[test]
fn ansi_sequences_and_overdraw_are_removed() {
    check(
        "\x1b[32m[DONE:t]\x1b[0m \x1b]8;;http://x\x07ok\x1b]8;;\x1b\\\n",
        &["done t ok"],
    );
    check("⠋ thinking\r\x1b[K[DONE:t] ok\n", &["done t ok"]);
    check(
        "[PROGRESS:t] 1% - a\r[PROGRESS:t] 2% - b\r\n",
        &["progress t 1% a", "progress t 2% b"],
    );
    check("[DO\x1b[1mNE:t] ok\n", &["done t ok"]);
    check("\u{9b}1m[DONE:t] ok\n", &["done t ok"]);
}

#[test]
fn a_fenced_block_is_quoted_text() {
    check("```sh\n[DONE:t] x\n```\n[DONE:t] y\n", &["done t y"]);
    check("~~~\n```\n[DONE:t] x\n~~~~\n[DONE:t] y\n", &["done t y"]);
    check("````\n```\n[DONE:t] x\n````\n", &[]);
    check("```inline``` code\n[DONE:t] y\n", &["done t y"]);
}

#[test]
fn placeholders_complete_nothing() {
    for text in [
        "[DONE:t] <summary>",
        "[DONE:t] <one-line summary of deliverables>",
        "[PROGRESS:t] <0-100>% - <what you just completed>",
        "[PROGRESS:t] <percentage>% - x",
        "[DONE:t] <one line: what you did, in \"which\" files>",
        "[ERROR:t] {error description}",
        "[DONE:{terminal_id}] ok",
        "[DONE:<id>] ok",
        "[DONE:] ok",
        "[DONE:$TERMINAL_ID] ok",
        "[done:t] ok",
        "[DONE :t] ok",
    ] {
        check(text, &[]);
    }
    check(
        "[DONE:t] Vec<String, u8> and <App/> and {ok: true} done\n",
        &["done t Vec<String, u8> and <App/> and {ok: true} done"],
    );
    check(
        "[DONE:t] added <div> to the page\n",
        &["done t added <div> to the page"],
    );
}

#[test]
fn every_marker_of_a_line_counts_but_not_a_quoted_one() {
    check(
        "[PROGRESS:a] 100% - x [DONE:a] y\n",
        &["progress a 100% x", "done a y"],
    );
    check(
        "[ERROR:a] it printed \"ok [DONE:a] y\" twice\n",
        &["error a it printed \"ok [DONE:a] y\" twice"],
    );
    check(
        "[QUESTION:a] may I print ` [DONE:a] `?\n",
        &["question a may I print ` [DONE:a] `?"],
    );
}

#[test]
fn ids_are_exact() {
    check("[DONE:term-12] x\n", &["done term-12 x"]);
    check("[DONE:a b] x\n", &[]);
}

#[test]
fn a_line_without_an_end_costs_no_memory() {
    let mut scanner = Scanner::new();
    let piece = vec![b'x'; 1 << 16];
    for _ in 0..64 {
        scanner.feed(&piece, |_| panic!("no marker there"));
        assert!(scanner.line.len() <= MAX_LINE);
    }
    let long = vec![b'['; 1 << 20];
    scanner.feed(b"\n", |_| ());
    scanner.feed(&long, |_| ());
    assert!(scanner.line.len() <= MAX_LINE);
    let mut found = 0;
    scanner.feed(b"\n[DONE:t] after\n", |_| found += 1);
    assert_eq!(found, 1);
}

#[test]
fn the_prompt_itself_completes_nothing() {
    let prompt = include_str!("../../examples/prompt-echo.txt");
    check(prompt, &[]);
    let indented: String = prompt.lines().map(|line| format!("> {line}\n")).collect();
    check(&indented, &[]);
}

proptest! {
    #[test]
    fn splitting_the_bytes_changes_nothing(
        lines in prop::collection::vec(prop_oneof![
            Just("[DONE:t] fertig — ok".to_owned()),
            Just("\u{1b}[1m[PROGRESS:t]\u{1b}[0m 5% - a".to_owned()),
            Just("```".to_owned()),
            Just("plain".to_owned()),
            "[\\[\\]A-Z:a-z \u{1b}\\r`~%<>]{0,24}",
        ], 0..12),
        cuts in prop::collection::vec(0usize..400, 0..12),
    ) {
        let bytes = lines.join("\n").into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut found = Vec::new();
        let mut scanner = Scanner::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            scanner.feed(&bytes[from..cut], |marker| found.push(marker));
            from = cut;
        }
        scanner.finish(|marker| found.push(marker));
        prop_assert_eq!(found, scan(&bytes));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        scan(&bytes);
    }
}
