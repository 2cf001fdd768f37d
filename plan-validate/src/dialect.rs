//! Dialects: the plans that people already have, read as canonical plans.
//!
//! A dialect is one module with one [`Dialect`]: how its folders are laid out, how its text is known, and a function
//! from texts to a [`Draft`], a canonical plan of which every value remembers the bytes that it came from. So a problem
//! that a rule finds in the canonical plan is shown in the file that somebody wrote.
//!
//! Dialects read tolerantly and write one form. What they tolerate is a warning at its line; where the meaning is
//! unclear they refuse (an error) instead of guessing.

mod archetype;
mod beads;
mod ccpm;
mod choice;
mod draft;
mod fields;
mod folder;
mod front_matter;
mod glimpse;
mod labels;
mod markdown;
mod material;
mod node;
mod oat;
mod orchestra;
mod parts;
mod paths;
mod sections;
mod spec_kit;
mod task_master;
mod tasks;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub(crate) use self::choice::{Choice, choose};
pub(crate) use self::draft::Draft;
pub(crate) use self::glimpse::Glimpse;
#[cfg(test)]
pub(crate) use self::material::Text;
pub(crate) use self::material::{File, Material};
pub(crate) use self::node::Node;

/// A way to write plans that is not ours.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// As `--from` has it.
    pub(crate) name: &'static str,
    /// What is read, for people: "a plan.md of open-agent-toolkit".
    pub(crate) what: &'static str,
    /// How its folders may be laid out, the likeliest first.
    pub(crate) layouts: &'static [Layout],
    /// Whether a text looks like it. Asked in the order of [`ALL`]; must not take a plan of JSON or YAML.
    pub(crate) recognises: fn(&Glimpse) -> bool,
    /// Whether `--features` means anything to it.
    pub(crate) takes_features: bool,
    /// Reads it. Errors in the draft refuse the input.
    pub(crate) read: fn(&Material) -> Draft,
}

/// A form of a folder, in patterns of `/`-separated names in which `*` stands for any part of one name.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The file by which the folder is known. Without `/` in it, naming this file instead of its folder reads the
    /// folder, too; `a.plan.md` then has the siblings `a.state.md` and so on.
    pub(crate) mark: &'static str,
    /// All that is read, the mark included.
    pub(crate) files: &'static [&'static str],
}

/// Every dialect, in the order in which `auto` asks.
pub(crate) const ALL: &[&Dialect] = &[
    &oat::OAT,
    &spec_kit::SPEC_KIT,
    &orchestra::ORCHESTRA,
    &ccpm::CCPM,
    &archetype::ARCHETYPE,
    &task_master::TASK_MASTER,
    &beads::BEADS,
    &tasks::TASKS,
];
