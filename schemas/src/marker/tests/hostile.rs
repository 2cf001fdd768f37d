//! Streams made to mislead: the prompt in every dress, and bytes that are cut everywhere.

use super::{Marker, Scanner, scan};

const PROMPT: &str = include_str!("../../../examples/prompt-echo.txt");

/// As a terminal of so many columns breaks lines: anywhere.
fn hard_wrapped(text: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    for line in text.lines() {
        for (at, c) in line.chars().enumerate() {
            if at > 0 && at % columns == 0 {
                wrapped.push('\n');
            }
            wrapped.push(c);
        }
        wrapped.push('\n');
    }
    wrapped
}

/// As a program breaks lines: between words.
fn word_wrapped(text: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    for line in text.lines() {
        let mut used = 0;
        for word in line.split_inclusive(' ') {
            if used > 0 && used + word.len() > columns {
                wrapped.push('\n');
                used = 0;
            }
            wrapped.push_str(word);
            used += word.len();
        }
        wrapped.push('\n');
    }
    wrapped
}

#[test]
fn the_prompt_completes_nothing_in_any_dress() {
    let json = serde_json::json!({"type": "user", "text": PROMPT, "lines": PROMPT.lines().collect::<Vec<_>>()});
    let colours = |text: &str| {
        let lines = text.lines();
        let lines = lines.map(|line| {
            line.replace("[", "\x1b[1m[\x1b[36m")
                .replace(' ', "\x1b[0m ")
        });
        lines
            .map(|line| format!("\x1b[38;5;12m{line}\x1b[0m\x1b[K\r\n"))
            .collect::<String>()
    };
    let mut dresses = vec![
        PROMPT.to_owned(),
        PROMPT.replace('\n', "\r\n"),
        PROMPT.replace('\n', "\r"),
        format!("```\n{PROMPT}```\n"),
        format!("cat <<'EOF' >prompt.md\n{PROMPT}EOF\n"),
        json.to_string(),
        serde_json::to_string_pretty(&json).expect("it is JSON"),
        colours(PROMPT),
        colours(&hard_wrapped(PROMPT, 80)),
    ];
    dresses.extend((40..=200).map(|columns| hard_wrapped(PROMPT, columns)));
    dresses.extend((40..=200).map(|columns| word_wrapped(PROMPT, columns)));
    for dress in dresses {
        let found = scan(dress.as_bytes());
        assert!(found.is_empty(), "{found:?} in\n{dress}");
    }
}

/// Each is cut at every byte.
const STREAMS: [&[u8]; 12] = [
    "\u{1b}[1m[PROGRESS:t]\u{1b}[0m 5 % – fünf\r\n[DONE:t] größer 日本語 👩‍💻\n".as_bytes(),
    b"[DO\x1b[1mNE:t] a\x1b]8;;http://x\x07b\x1b]8;;\x1b\\c\n[ERROR:t] \x1b[",
    b"spin\r\x1b[2K[PROGRESS:t] 1%\rspin\r\x1b[2K[PROGRESS:t] 2%\r\n",
    b"```\n[DONE:t] quoted\n```\n[DONE:t] said\n~~~sh\n[DONE:t] quoted",
    b"`\x1b[0m``\n[DONE:t] quoted\n\x1b[1m```\x1b[0m\n[DONE:t] said",
    b"\xc2\x9b1m[DONE:t] c1 \xc2\x9d0;title\xc2\x9c x\n\xff\xfe[DONE:t] no\n[DONE:t] \xff\xfe\n",
    b"\0\0\0[DONE:t] behind a hole\n\x07[ERROR:t] bell\n",
    b"[PROGRESS:a] 1% x [DONE:a] \"[ERROR:a] quoted\" [QUESTION:a] ok? [DONE:\n",
    b"[\x1b[1;3D[DONE:t] x\n[D\x1b[0mONE:t] y\n[DON\x1b]0;title\x07E:t] z\n",
    b"[[[DONE:t] x\n[DONE:t[DONE:t] y\n[DONE:t]\n[DONE:t]]\n[[DONE:t] z]\n",
    b"\x1b\x1b[DONE:t] x\n\x1b(B[DONE:t] y\n\x1b]0;no end\n[DONE:t] z\n",
    b"[DONE:t] <cut\nplaceholder>\n[DONE:t] {cut\n}\n[DONE:t] <3\n",
];

fn cut(stream: &[u8], cuts: &[usize]) -> Vec<Marker> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([stream.len()]) {
        scanner.feed(&stream[from..to], |marker| found.push(marker));
        from = to;
    }
    scanner.finish(|marker| found.push(marker));
    found
}

#[test]
fn every_split_of_the_bytes_finds_the_same() {
    for stream in STREAMS {
        let whole = scan(stream);
        assert!(!whole.is_empty(), "{}", String::from_utf8_lossy(stream));
        let all: Vec<usize> = (0..stream.len()).collect();
        assert_eq!(cut(stream, &all), whole, "byte by byte");
        for first in 0..stream.len() {
            for second in first..stream.len() {
                assert_eq!(
                    cut(stream, &[first, second]),
                    whole,
                    "cut at {first} and {second}"
                );
            }
        }
    }
}

#[test]
fn a_line_is_cut_at_the_same_place_however_it_comes() {
    let mut stream = b"[DONE:t] ".to_vec();
    stream.resize(70_000, b'x');
    stream.extend_from_slice(b" [ERROR:t] beyond\n");
    stream.resize(150_000, b'y');
    stream.extend_from_slice(b"[ERROR:t] in the middle\n[DONE:t] after\n");
    let whole = scan(&stream);
    let texts: Vec<usize> = whole.iter().map(|marker| marker.text.len()).collect();
    assert_eq!(texts, [super::MAX_LINE - "[DONE:t] ".len(), "after".len()]);
    for cuts in [
        vec![1],
        vec![65_536],
        vec![69_999, 70_005],
        (0..stream.len()).step_by(4096).collect(),
    ] {
        assert_eq!(cut(&stream, &cuts), whole);
    }
}

#[test]
fn who_takes_over_within_a_fence_stays_in_it() {
    let mut first = Scanner::new();
    first.feed(b"~~~~ sh\n", |_| ());
    let fence = first.open_fence().expect("a fence is open");
    let mut second = Scanner::new();
    let mut found = Vec::new();
    second.feed(format!("{fence}\n").as_bytes(), |_| ());
    second.feed(
        b"[DONE:t] no\n~~~\n[DONE:t] no\n~~~~\n[DONE:t] yes\n",
        |marker| found.push(marker.text),
    );
    assert_eq!(found, ["yes"]);
    assert_eq!(second.open_fence(), None);
}
