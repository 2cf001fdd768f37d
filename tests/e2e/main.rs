//! The programs together, as a user runs them: pipes, signals, documents, disks.

mod sandbox;
