//! Files that are there and do not grow, at the speed of the disk.
//!
//! One thread, one buffer: a second thread that reads ahead makes each byte travel from one core's cache to the other's, and
//! takes three times as long.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::time::Instant;

use schemas::Failure;

use crate::buffer::Buffer;
use crate::intake::{Ending, Intake, Opening};

/// A file, and how records name it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) is_named: bool,
    pub(crate) file: File,
}

/// Reads a file to its end. Answers whether the time was over before.
pub(crate) fn read(
    mut opened: Opened,
    intake: &mut dyn Intake,
    deadline: Option<Instant>,
) -> Result<bool, Failure> {
    let stream = intake.begin(Opening {
        name: &opened.name,
        is_named: opened.is_named,
        ..Opening::default()
    });
    let mut buffer = Buffer::new();
    let mut is_late = false;
    while !is_late && !intake.is_over() {
        let size = match opened.file.read(buffer.all()) {
            Ok(0) => break,
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let text = format!("cannot read {}", opened.name);
                return Err(Failure::input(text).because(&error));
            }
        };
        intake.piece(stream, buffer.first(size))?;
        is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
    }
    intake.end(stream, Ending::Closed)?;
    Ok(is_late && !intake.is_over())
}
