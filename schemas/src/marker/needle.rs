//! What a line must hold to matter: the beginning of a marker or of a fence, found at the speed of memory.
//!
//! One pass for three bytes that are rare in logs. A set of words by Aho and Corasick's means is as fast where brackets are
//! rare and several times slower where each line has some; a pass per word reads everything seven times.

use memchr::memchr3;

use super::MarkerKind;

const ESCAPE: u8 = 0x1b;

/// Where the first one is: `[KIND:`, three marks of a fence, or what may be one of both once its escape sequences are gone.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr3(b'[', b'`', b'~', &bytes[from..]) {
        let at = from + at;
        let rest = &bytes[at..];
        let is_one = match rest[0] {
            b'[' => begins_marker(rest),
            mark => begins_fence(rest, mark),
        };
        if is_one {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The words of a marker up to its colon, or up to an escape sequence.
fn begins_marker(rest: &[u8]) -> bool {
    let Some(&first) = rest.get(1) else {
        return false;
    };
    if first == ESCAPE {
        return true;
    }
    // Almost every bracket ends here.
    let word = match first {
        b'P' => MarkerKind::Progress,
        b'D' => MarkerKind::Done,
        b'E' => MarkerKind::Error,
        b'Q' => MarkerKind::Question,
        _ => return false,
    }
    .word();
    let same = rest[1..]
        .iter()
        .zip(word.as_bytes())
        .take_while(|(a, b)| a == b)
        .count();
    match rest.get(1 + same) {
        Some(b':') => same == word.len(),
        next => next == Some(&ESCAPE),
    }
}

fn begins_fence(rest: &[u8], mark: u8) -> bool {
    let same = rest
        .iter()
        .take(3)
        .take_while(|byte| **byte == mark)
        .count();
    same == 3 || rest.get(same) == Some(&ESCAPE)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn what_may_begin_a_marker_or_a_fence() {
        for (text, at) in [
            ("a [DONE:t]", Some(2)),
            ("[INFO] [x] [DO] [DONE] [ERROR] [PROGRESSIVE:", None),
            ("[DO\x1b[1mNE:t]", Some(0)),
            ("[\x1b[1mDONE:t]", Some(0)),
            ("\x1b[D \x1b[1;3P \x1b[Eabc", None),
            ("`a` ``b``", None),
            ("a ```", Some(2)),
            ("``\x1b[0m`", Some(0)),
            ("~~~", Some(0)),
            ("[QUESTION", None),
            ("[", None),
        ] {
            assert_eq!(find(text.as_bytes()), at, "{text:?}");
        }
    }
}
