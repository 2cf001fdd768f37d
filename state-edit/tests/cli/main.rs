//! The real program, tried on run directories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkpoint;
mod compact;
mod crash;
mod decision;
mod disk;
mod edits;
mod file;
mod history;
mod live;
mod lock;
mod look;
mod machine;
mod record;
mod repair;
mod replay;
mod run;
mod undo;
mod verify;
mod wait;
mod writers;
