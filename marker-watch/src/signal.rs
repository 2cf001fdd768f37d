//! Signs that programs give to the terminal: OSC 9;4 (progress, as ConEmu has it) and OSC 133 (the shell's marks).
//!
//! Claude Code and Kimi say by the first when they are busy and when they are not; shells say by the second with which code
//! a command has exited.

use memchr::memmem;
use schemas::ActivityState;

/// The longest sequence that is read.
const LONGEST: usize = 64;

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// What the terminal is told to show: OSC 9;4.
    Shows(ActivityState, Option<u8>),
    /// A command of the shell has exited: OSC 133;D.
    CommandEnded(Option<i32>),
}

/// Finds signs in a stream of bytes that comes in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// A sequence that has begun.
    begun: Vec<u8>,
}

impl Signals {
    pub(crate) fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Signal)) {
        if !self.begun.is_empty() {
            let missing = LONGEST.saturating_sub(self.begun.len()).min(bytes.len());
            self.begun.extend_from_slice(&bytes[..missing]);
            match parse(&self.begun) {
                Parsed::Sign(signal) => found(signal),
                Parsed::Unfinished if missing == bytes.len() => return,
                Parsed::Unfinished | Parsed::Nothing => {}
            }
            self.begun.clear();
        }
        for at in memmem::find_iter(bytes, b"\x1b]") {
            match parse(&bytes[at..]) {
                Parsed::Sign(signal) => found(signal),
                Parsed::Unfinished => self.begun = bytes[at..].to_vec(),
                Parsed::Nothing => {}
            }
        }
        if self.begun.is_empty() && bytes.last() == Some(&0x1b) {
            self.begun.push(0x1b);
        }
    }
}

enum Parsed {
    Sign(Signal),
    /// It may be one, once there is more of it.
    Unfinished,
    Nothing,
}

fn parse(bytes: &[u8]) -> Parsed {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    // An escape at the end of a piece may begin anything.
    if bytes.get(1).is_some_and(|byte| *byte != b']') {
        return Parsed::Nothing;
    }
    let end = bytes
        .iter()
        .skip(2)
        .position(|byte| matches!(byte, 0x07 | 0x1b | b'\n'));
    let Some(end) = end.map(|at| at + 2) else {
        let short = bytes.len() < LONGEST;
        let fits = [&b"\x1b]9;4;"[..], b"\x1b]133;D"].iter().any(|start| {
            let length = start.len().min(bytes.len());
            bytes[..length] == start[..length]
        });
        return if short && fits {
            Parsed::Unfinished
        } else {
            Parsed::Nothing
        };
    };
    let text = std::str::from_utf8(&bytes[2..end]).unwrap_or_default();
    let mut parts = text.split(';');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("9"), Some("4"), Some(state), percent) => {
            let percent = percent
                .and_then(|text| text.parse::<u8>().ok())
                .map(|it| it.min(100));
            let (state, percent) = match state {
                "0" => (ActivityState::Idle, None),
                "1" => (ActivityState::Working, percent),
                "2" => (ActivityState::Failed, percent),
                "3" => (ActivityState::Working, None),
                "4" => (ActivityState::Paused, percent),
                _ => return Parsed::Nothing,
            };
            Parsed::Sign(Signal::Shows(state, percent))
        }
        (Some("133"), Some("D"), code, _) => Parsed::Sign(Signal::CommandEnded(
            code.and_then(|code| code.parse().ok()),
        )),
        _ => Parsed::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"a\x1b]0;title\x07\x1b]9;4;3;\x07b\x1b]9;4;1;45\x1b\\\x1b]9;4;0;\x1b\\\x1b]9;done\x07\
        \x1b]133;C\x07ls\n\x1b]133;D;2\x07\x1b]133;D\x1b\\\x1b]9;4;7\x07\x1b]9;4;1;250\x07\x1b]9;4;4;300\x07\x1bm9;4;1;4\x07\x1b]9;4;1";

    fn signals(pieces: &[&[u8]]) -> Vec<Signal> {
        let mut found = Vec::new();
        let mut signals = Signals::default();
        for piece in pieces {
            signals.feed(piece, |signal| found.push(signal));
        }
        found
    }

    #[test]
    fn signs_are_read_however_they_are_cut() {
        let all = [
            Signal::Shows(ActivityState::Working, None),
            Signal::Shows(ActivityState::Working, Some(45)),
            Signal::Shows(ActivityState::Idle, None),
            Signal::CommandEnded(Some(2)),
            Signal::CommandEnded(None),
            Signal::Shows(ActivityState::Working, Some(100)),
            Signal::Shows(ActivityState::Paused, None),
        ];
        assert_eq!(signals(&[STREAM]), all);
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(signals(&bytes), all);
        for at in 0..STREAM.len() {
            let (first, second) = STREAM.split_at(at);
            assert_eq!(signals(&[first, second]), all, "cut at {at}");
        }
    }
}
