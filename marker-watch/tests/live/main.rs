//! The program while what it watches goes on.

mod command;
mod follow;
mod load;
mod pane;
mod people;
mod states;
mod support;
