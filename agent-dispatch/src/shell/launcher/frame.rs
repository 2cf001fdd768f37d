//! What travels between us and the shim behind a launcher: frames, amid whatever the launcher itself prints.
//!
//! ```text
//! RS nonce SP kind SP length LF payload
//! ```
//!
//! The nonce is drawn for each attempt and never told to the agent, so that nothing it prints is taken for a frame; its
//! output travels in payloads, and is not looked at. What is no frame is noise: banners, warnings, prompts for passwords.

use memchr::memmem;

/// Longest payload, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 64 << 10;

/// Longest that the length is written, with the blank before it and the line's end.
const MAX_LENGTH: usize = 8;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To the shim: the attempt's input goes on.
    Input,
    /// To the shim: it ends.
    EndOfInput,
    /// To the shim: ask it to end.
    Terminate,
    /// From the shim: the attempt is about to be started.
    Hello,
    /// From the shim: stdout.
    Output,
    /// From the shim: stderr.
    Errors,
    /// From the shim: it is there; CPU time of the attempt so far, in milliseconds.
    Beat,
    /// From the shim: the end record, the last frame.
    End,
}

impl Kind {
    const ALL: [(Kind, u8); 8] = [
        (Kind::Input, b'i'),
        (Kind::EndOfInput, b'c'),
        (Kind::Terminate, b't'),
        (Kind::Hello, b'h'),
        (Kind::Output, b'o'),
        (Kind::Errors, b'e'),
        (Kind::Beat, b'b'),
        (Kind::End, b'x'),
    ];

    fn letter(self) -> u8 {
        let found = Kind::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or(b'?', |(_, letter)| *letter)
    }

    fn of(letter: u8) -> Option<Kind> {
        let found = Kind::ALL.iter().find(|(_, known)| *known == letter);
        found.map(|(kind, _)| *kind)
    }
}

/// One frame, as bytes. The payload is at most [`MAX_PAYLOAD`] long.
pub(crate) fn encode(nonce: &str, kind: Kind, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= MAX_PAYLOAD, "long payloads go in pieces");
    let mut bytes = token(nonce);
    bytes.push(kind.letter());
    bytes.extend_from_slice(format!(" {}\n", payload.len()).as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// One piece of what was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Frame(Kind, &'a [u8]),
    Noise(&'a [u8]),
}

/// Takes bytes as they come, hands over frames and noise in order.
#[derive(Debug)]
pub(crate) struct Frames {
    token: Vec<u8>,
    held: Vec<u8>,
}

impl Frames {
    pub(crate) fn new(nonce: &str) -> Frames {
        Frames {
            token: token(nonce),
            held: Vec::new(),
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Piece<'_>)) {
        self.held.extend_from_slice(bytes);
        let mut read = 0;
        loop {
            let rest = &self.held[read..];
            let Some(at) = memmem::find(rest, &self.token) else {
                let noise = rest.len() - begun(rest, &self.token);
                if noise > 0 {
                    found(Piece::Noise(&rest[..noise]));
                }
                read += noise;
                break;
            };
            if at > 0 {
                found(Piece::Noise(&rest[..at]));
                read += at;
            }
            match parse(&rest[at + self.token.len()..]) {
                Parsed::Frame(kind, payload, length) => {
                    found(Piece::Frame(kind, payload));
                    read += self.token.len() + length;
                }
                Parsed::More => break,
                Parsed::Not => {
                    found(Piece::Noise(&self.held[read..=read]));
                    read += 1;
                }
            }
        }
        self.held.drain(..read);
    }

    /// There is no more: what was held back is noise.
    pub(crate) fn finish(&mut self, mut found: impl FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            found(Piece::Noise(&held));
        }
    }
}

enum Parsed<'a> {
    /// With its length behind the token.
    Frame(Kind, &'a [u8], usize),
    More,
    Not,
}

fn parse(bytes: &[u8]) -> Parsed<'_> {
    let Some((&letter, rest)) = bytes.split_first() else {
        return Parsed::More;
    };
    let end = rest.iter().take(MAX_LENGTH).position(|byte| *byte == b'\n');
    let Some(end) = end else {
        return if rest.len() < MAX_LENGTH {
            Parsed::More
        } else {
            Parsed::Not
        };
    };
    let length = std::str::from_utf8(&rest[..end])
        .ok()
        .and_then(|text| text.strip_prefix(' ')?.parse::<usize>().ok());
    match (Kind::of(letter), length) {
        (Some(kind), Some(length)) if length <= MAX_PAYLOAD => {
            match rest[end + 1..].get(..length) {
                Some(payload) => Parsed::Frame(kind, payload, end + 2 + length),
                None => Parsed::More,
            }
        }
        _ => Parsed::Not,
    }
}

fn token(nonce: &str) -> Vec<u8> {
    format!("\x1e{nonce} ").into_bytes()
}

/// How many bytes at the end may be the beginning of a token.
fn begun(bytes: &[u8], token: &[u8]) -> usize {
    let most = (token.len() - 1).min(bytes.len());
    let begins = |length: &usize| bytes.ends_with(&token[..*length]);
    (1..=most).rev().find(begins).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames as they are, noise put together.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<(Kind, Vec<u8>)>, String) {
        let mut frames = Frames::new("n0nce");
        let (mut found, mut noise) = (Vec::new(), Vec::new());
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Frame(kind, payload) => found.push((kind, payload.to_vec())),
            Piece::Noise(bytes) => noise.extend_from_slice(bytes),
        };
        for piece in pieces {
            frames.feed(piece, &mut take);
        }
        frames.finish(take);
        (found, String::from_utf8_lossy(&noise).into_owned())
    }

    #[test]
    fn frames_are_found_amid_noise_however_the_bytes_are_split() {
        let mut bytes = b"Welcome!\n\x1en0nc".to_vec();
        bytes.extend(encode("n0nce", Kind::Hello, b""));
        bytes.extend(encode("n0nce", Kind::Output, b"\x1en0nce x 2\n{}half"));
        bytes.extend(b"slow link\n\x1eother o 3\nabc\x1en0nce o 999999\n\x1en0nce ? 1\na");
        bytes.extend(encode("n0nce", Kind::End, b"{\"exit\":0}"));
        let whole = read([&bytes[..]]);
        let expected = vec![
            (Kind::Hello, b"".to_vec()),
            (Kind::Output, b"\x1en0nce x 2\n{}half".to_vec()),
            (Kind::End, b"{\"exit\":0}".to_vec()),
        ];
        assert_eq!(whole.0, expected, "what an agent prints is no frame");
        assert!(whole.1.starts_with("Welcome!\n") && whole.1.contains("slow link"));
        for at in 0..=bytes.len() {
            let (before, after) = bytes.split_at(at);
            assert_eq!(read([before, after]), whole, "split at {at}");
        }
        assert_eq!(read(bytes.chunks(1)), whole);
    }

    #[test]
    fn every_kind_has_a_letter_of_its_own() {
        for (kind, letter) in Kind::ALL {
            assert_eq!(Kind::of(letter), Some(kind));
            let bytes = encode("n0nce", kind, &[7; MAX_PAYLOAD]);
            let found = read([&bytes[..]]).0;
            assert_eq!(found, vec![(kind, vec![7; MAX_PAYLOAD])]);
        }
    }
}
