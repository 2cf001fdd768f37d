//! Delays and ids that look random and are not: both come from the seed of the run.

use super::Limits;

/// Milliseconds before the next attempt: exponential, with jitter so that tasks that failed together do not
/// come back together. Between a half and the whole of the doubled base.
pub(super) fn delay(limits: &Limits, id: &str, retry: u32) -> u64 {
    let doubled = limits.backoff.saturating_mul(1 << retry.min(20));
    let whole = doubled.min(limits.backoff_max);
    let half = whole / 2;
    half + hash(limits.seed, id, u64::from(retry)) % (whole - half + 1)
}

/// The id by which an attempt's markers are known: readable, and not to be guessed by a quoted prompt.
pub(crate) fn terminal_id(seed: u64, id: &str, number: u32) -> String {
    let plain: String = id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let nonce = hash(seed, id, 0x7e21_0000 + u64::from(number)) & 0xff_ffff_ffff;
    format!("{plain}-{number}-{nonce:010x}")
}

/// FNV-1a over the parts, then the finalizer of splitmix64.
fn hash(seed: u64, id: &str, salt: u64) -> u64 {
    let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in id.bytes().chain(salt.to_le_bytes()) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    state ^= state >> 30;
    state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^= state >> 27;
    state = state.wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
