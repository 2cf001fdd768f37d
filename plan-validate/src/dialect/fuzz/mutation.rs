//! Texts that nobody would write, by a number.

use super::Sample;

/// Longest text that is mutated; what takes long on it is told, not waited for.
const LONGEST: usize = 60_000;

/// Put in anywhere.
const WORDS: &[&str] = &[
    "---\n",
    "```\n",
    "````yaml\n",
    "## Phase 1: a\n",
    "## Phase 99999999999: b\n",
    "### Task p01-t01: c\n",
    "### Task p01-t02: d\n",
    "# Title: e\n",
    "- [ ] T001 [P] [US1] do `a/b.rs` (depends on T002-T900)\n",
    "- [x] T002 x\n",
    "### TASK-001: f\n",
    "- [ ] TXXX g\n",
    "**Files:**\n\n- Create: `x/[y].rs`, `../z`\n",
    "Run: `make` and `test`\nExpected: fail\n",
    "| Phase | Status |\n|---|---|\n| p01 | done |\n",
    "depends_on: [1, 001, ~]\n",
    "status: done\n",
    "oat_plan_parallel_groups: [[p01, p02], [p01], []]\n",
    "oat_plan_hill_phases: ['']\n",
    "conflicts_with: [1]\n",
    "parallel: false\n",
    "phases:\n  - id: a\n    order: .5\n    dynamic: true\n",
    "quality_gates: {after_feature: ['', {}]}\n",
    "features: [{id: '', name: 1}]\n",
    "<!--",
    "-->",
    "> ",
    "  ",
    "\t",
    "\0",
    "\u{feff}",
    "ä",
    "🎯",
    "\r\n",
    "*a: &a [*a]\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ": ",
    "null",
    "-1",
    "1e999",
    "T001",
    "p01-t01",
    "M1",
    "\u{202e}",
    "999999999999999999999",
    "{\"a\":",
    "[[[[[[[[",
    "\\u0000",
    ",",
    "//",
    "https://x/1",
];

/// A small generator of numbers: equal seeds give equal texts.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// The samples, cut to a length at which a mutation is quick.
pub(super) fn mutated(samples: &[Sample], seed: u64) -> Sample {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        dice.roll(2);
    }
    let mut sample = samples[dice.roll(samples.len())].clone();
    for (_, text) in &mut sample.files {
        let from = match text.len() > LONGEST {
            true => dice.roll(text.len() - LONGEST),
            false => 0,
        };
        *text = slice(text, from, from + LONGEST).to_owned();
    }
    for _ in 0..=dice.roll(6) {
        let count = sample.files.len();
        let Some((_, text)) = sample.files.get_mut(dice.roll(count)) else {
            break;
        };
        mutate(text, &mut dice, samples);
    }
    sample
}

/// A part of a text that begins and ends at characters.
fn slice(text: &str, from: usize, to: usize) -> &str {
    let bound = |at: usize| {
        (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    text.get(bound(from)..bound(to)).unwrap_or_default()
}

fn mutate(text: &mut String, dice: &mut Dice, samples: &[Sample]) {
    let at = slice(text, 0, dice.roll(text.len() + 1)).len();
    let end = slice(text, 0, at + dice.roll(80)).len().max(at);
    match dice.roll(8) {
        0 => text.insert_str(at, WORDS[dice.roll(WORDS.len())]),
        1 => text.replace_range(at..end, WORDS[dice.roll(WORDS.len())]),
        2 => text.replace_range(at..end, ""),
        3 => {
            let part = text[at..end].repeat(1 + dice.roll(40));
            text.insert_str(at, &part);
        }
        4 => text.truncate(at),
        5 => {
            // Lines change places.
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            if lines.len() > 1 {
                let (a, b) = (dice.roll(lines.len()), dice.roll(lines.len()));
                lines.swap(a, b);
                *text = lines.concat();
            }
        }
        6 => {
            let other = &samples[dice.roll(samples.len())];
            if let Some((_, other)) = other.files.get(dice.roll(other.files.len())) {
                let from = dice.roll(other.len() + 1);
                let part = slice(other, from, from + 1 + dice.roll(2000)).to_owned();
                text.insert_str(at, &part);
            }
        }
        _ => {
            let c = char::from_u32(dice.roll(0x300) as u32).unwrap_or('x');
            text.insert(at, c);
        }
    }
}
