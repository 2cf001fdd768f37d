//! Fake agent.
fn main() {}
