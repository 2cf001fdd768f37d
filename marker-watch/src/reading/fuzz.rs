//! Streams that nobody would write: mutations of known ones, read whole and in pieces, by every manner of reading.
//!
//! A few thousand with each test run; for as long as one likes by `scripts/fuzz-markers`.

use std::time::{Duration, Instant};

use schemas::marker::Marker;
use schemas::stream::Dialect;

use super::{Manner, Reading, Said};
use crate::signal::Signal;

/// What mutations begin with.
const SEEDS: [&[u8]; 14] = [
    include_bytes!("../../../schemas/examples/prompt-echo.txt"),
    include_bytes!("../../../schemas/tests/streams/claude.jsonl"),
    include_bytes!("../../../schemas/tests/streams/codex.jsonl"),
    include_bytes!("../../../schemas/tests/streams/gemini.jsonl"),
    include_bytes!("../../../schemas/tests/streams/opencode.jsonl"),
    include_bytes!("../../../schemas/tests/streams/copilot.jsonl"),
    include_bytes!("../../../schemas/tests/streams/goose.jsonl"),
    include_bytes!("../../../schemas/tests/streams/acp.jsonl"),
    include_bytes!("../../../schemas/tests/streams/aider.txt"),
    include_bytes!("../../../schemas/examples/terminal/done.txt"),
    "\x1b[1m[PROGRESS:t]\x1b[0m 45 % – 日本\r\n[DO\x1b[1mNE:t] 👩‍💻 e\u{301}\n~~~\n[DONE:t] q\n~~~\n".as_bytes(),
    b"\x1b[2J\x1b[H[DONE:t]\x1b[3Cx\x1b[1A\x1b[2K\r[ERROR:t] y\x1b]9;4;1;40\x07\x1b]133;D;1\x1b\\",
    b"0123456789012345678901234567890123456789\r\n[QUESTION:t] wraps at the edge of the scre\r\nen, does it?\r\n",
    b"[PROGRESS:a] 1% [DONE:a] x [QUESTION:a] \"[ERROR:a] no\" \xff\xfe\xc2\x9b1m\0\0[DONE:b] z\n",
];

/// What mutations put in.
const WORDS: [&[u8]; 31] = [
    b"[DONE:t] x",
    b"[PROGRESS:t] 5%",
    b"[ERROR:",
    b"[QUESTION:t]",
    b"\n",
    b"\r",
    b"\r\n",
    b"```",
    b"~~~~",
    b"\x1b",
    b"\x1b[",
    b"\x1b[31m",
    b"\x1b[2J",
    b"\x1b[H",
    b"\x1b[5C",
    b"\x1b[3A",
    b"\x1b[12G",
    b"\x1b[5;9H",
    b"\x1b[5;14H",
    b"\x1b]0;t\x07",
    b"\x1b]9;4;3;\x07",
    b"\x1b]133;D;0\x07",
    b"\x1b\\",
    b"\xc2\x9b",
    b"\xf0\x9f\x91",
    b"\0\0\0",
    b"<summary>",
    b"{\"type\":\"text\",\"text\":\"[DONE:t] x\"}\n",
    b"\\n[DONE:t] x\\n",
    b" [",
    b"\"",
];

/// Enough, and the same everywhere: the generator of Marsaglia.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    fn stream(&mut self) -> Vec<u8> {
        let mut stream = SEEDS[self.roll(SEEDS.len())].to_vec();
        for _ in 0..=self.roll(12) {
            let at = self.roll(stream.len() + 1);
            let end = (at + self.roll(80)).min(stream.len());
            match self.roll(6) {
                0 => drop(stream.drain(at..end)),
                1 => drop(stream.splice(at..at, WORDS[self.roll(WORDS.len())].iter().copied())),
                2 if at < stream.len() => stream[at] = self.roll(256) as u8,
                3 => {
                    let copy = stream[at..end].to_vec();
                    let to = self.roll(stream.len() + 1);
                    drop(stream.splice(to..to, copy));
                }
                4 => {
                    let other = SEEDS[self.roll(SEEDS.len())];
                    let from = self.roll(other.len());
                    let to = (from + self.roll(200)).min(other.len());
                    drop(stream.splice(at..end, other[from..to].iter().copied()));
                }
                _ => drop(stream.splice(
                    at..at,
                    std::iter::repeat_n(b"x[ \n"[self.roll(4)], self.roll(300)),
                )),
            }
        }
        stream
    }

    fn manner(&mut self) -> Manner {
        let dialect = match self.roll(4) {
            0 => None,
            1 => Some(Dialect::ALL[self.roll(Dialect::ALL.len())]),
            _ => Some(Dialect::Text),
        };
        Manner {
            dialect,
            is_terminal: self.roll(3) == 0,
            columns: (self.roll(3) == 0).then(|| [2, 20, 40, 80][self.roll(4)]),
            lines: self.roll(2) == 0,
        }
    }
}

type Understood = (Vec<(Marker, u64)>, Vec<String>, Vec<Signal>, u64);

fn read<'a>(manner: Manner, pieces: impl Iterator<Item = &'a [u8]>) -> Understood {
    let mut all: Understood = Default::default();
    let mut reading = Reading::new(manner, None);
    for piece in pieces {
        reading.feed(piece, |said| note(said, &mut all));
    }
    all.3 = reading.since_break();
    reading.finish(|said| note(said, &mut all));
    all
}

fn note(said: Said, all: &mut Understood) {
    match said {
        Said::Marker(marker, jumps) => all.0.push((marker, jumps)),
        Said::Line(line) => all.1.push(line.to_owned()),
        Said::Signal(signal) => all.2.push(signal),
        Said::Shown(_) => {}
    }
}

/// One stream; panics when it is understood otherwise in pieces than as a whole.
fn try_one(dice: &mut Dice) {
    let (stream, manner) = (dice.stream(), dice.manner());
    let whole = read(manner, std::iter::once(&stream[..]));
    for (marker, _) in &whole.0 {
        assert!(
            !marker.id.is_empty() && !marker.id.contains(char::is_whitespace),
            "{marker:?}"
        );
        assert!(!marker.text.contains(['\n', '\r', '\x1b']), "{marker:?}");
        assert!(
            marker.percent.is_none_or(|percent| percent <= 100),
            "{marker:?}"
        );
    }
    let most = [1, 2, 7, 64, 500][dice.roll(5)];
    let mut rest = &stream[..];
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((1 + dice.roll(most)).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    let cut = read(manner, pieces.into_iter());
    assert_eq!(
        cut,
        whole,
        "{manner:?} {:?}",
        stream.escape_ascii().to_string()
    );
}

#[test]
fn every_split_of_every_known_stream_is_understood_the_same() {
    for stream in SEEDS {
        // A long one, as far as it is looked at in a moment.
        let stream = &stream[..stream.len().min(250)];
        for dialect in [Some(Dialect::Text), None, Some(Dialect::Claude)] {
            for (is_terminal, columns) in [(false, None), (true, None), (false, Some(40))] {
                let manner = Manner {
                    dialect,
                    is_terminal,
                    columns,
                    lines: true,
                };
                let whole = read(manner, std::iter::once(stream));
                assert_eq!(read(manner, stream.chunks(1)), whole, "{manner:?}");
                for at in 1..stream.len() {
                    let (first, rest) = stream.split_at(at);
                    assert_eq!(
                        read(manner, [first, rest].into_iter()),
                        whole,
                        "{manner:?} {at}"
                    );
                }
            }
        }
    }
}

/// As a terminal of so many columns breaks lines.
fn wrapped(text: &str, columns: usize) -> String {
    let rows = text.lines().map(|line| {
        let letters: Vec<char> = line.chars().collect();
        let rows = letters.chunks(columns).map(String::from_iter);
        rows.collect::<Vec<_>>().join("\r\n")
    });
    rows.map(|row| row + "\r\n").collect()
}

#[test]
fn the_prompt_in_any_dress_says_nothing_however_it_is_read() {
    let prompt = include_str!("../../../schemas/examples/prompt-echo.txt");
    let coloured = |text: &str| {
        text.replace('[', "\x1b[1m[\x1b[36m")
            .replace(' ', "\x1b[0m ")
    };
    // As programs do that send the cursor to each word.
    let placed = prompt.replace("\n", "\r\n").replace(' ', "\x1b[5C");
    let message =
        serde_json::json!({"type": "user", "message": {"role": "user", "content": prompt}});
    let dresses = [
        prompt.to_owned(),
        prompt.replace('\n', "\r\n"),
        format!("```\n{prompt}```\n"),
        format!("cat <<'EOF' >prompt.md\n{prompt}EOF\n"),
        message.to_string() + "\n",
        wrapped(prompt, 80),
        wrapped(prompt, 40),
        coloured(prompt),
        coloured(&wrapped(prompt, 80)),
        placed,
    ];
    let dialects = [
        None,
        Some(Dialect::Text),
        Some(Dialect::Claude),
        Some(Dialect::Codex),
    ];
    for (dress, dialect) in dresses
        .iter()
        .flat_map(|dress| dialects.map(|it| (dress, it)))
    {
        for (is_terminal, columns) in [
            (false, None),
            (true, None),
            (false, Some(80)),
            (false, Some(40)),
        ] {
            let manner = Manner {
                dialect,
                is_terminal,
                columns,
                lines: false,
            };
            let (markers, ..) = read(manner, std::iter::once(dress.as_bytes()));
            assert!(markers.is_empty(), "{manner:?} {markers:?} in\n{dress}");
        }
    }
}

#[test]
fn mutations_are_understood_the_same_however_they_are_cut() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..3000).for_each(|_| try_one(&mut dice));
}

/// For `scripts/fuzz-markers`.
#[test]
#[ignore = "takes FUZZ_SECONDS"]
fn for_a_long_time() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seconds = number("FUZZ_SECONDS").unwrap_or(10);
    let mut seed = number("FUZZ_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20 | 1);
    let (begun, mut count) = (Instant::now(), 0u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        // Told when it fails: it is enough to see it again.
        let mut dice = Dice(seed | 1);
        let one = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_one(&mut dice)));
        assert!(one.is_ok(), "again by FUZZ_SEED={seed}");
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        count += 1;
    }
    std::fs::write(
        std::env::temp_dir().join("fuzz-markers.count"),
        count.to_string(),
    )
    .expect("it is written");
}
