//! What takes in what sources print: the seam between reading and understanding.

use schemas::Failure;

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing more comes.
    Closed,
    /// It was cut off or written anew: what comes is another stream.
    Cut,
    /// The command that printed it has exited.
    Exited {
        code: Option<i32>,
        signal: Option<i32>,
    },
}

/// Where a stream could be taken up again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    /// Bytes since the beginning of the last line.
    pub(crate) bytes: u64,
    /// The fence that is open there.
    pub(crate) fence: Option<String>,
}

/// How a stream begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opening<'a> {
    /// As records name its source.
    pub(crate) name: &'a str,
    /// The name was given to it: it is the id that it owns.
    pub(crate) is_named: bool,
    /// A terminal draws it.
    pub(crate) is_terminal: bool,
    /// The fence that is open where it begins.
    pub(crate) fence: Option<&'a str>,
}

/// Takes in streams of bytes.
pub(crate) trait Intake {
    /// A stream begins. Answers its number.
    fn begin(&mut self, opening: Opening) -> usize;

    /// The next bytes of it.
    fn piece(&mut self, stream: usize, bytes: &[u8]) -> Result<(), Failure>;

    /// It is over.
    fn end(&mut self, stream: usize, how: Ending) -> Result<(), Failure>;

    /// What of it may have to be read again.
    fn rest(&self, stream: usize) -> Rest;

    /// Whether anything more is wanted.
    fn is_over(&self) -> bool;
}
