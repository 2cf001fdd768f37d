//! The plan as the rules see it: read leniently, so that one wrong value does not hide the other problems.
//!
//! Not [`schemas::Plan`]: that type refuses the whole document at its first wrong field, and it owns every text. Here a
//! value of the wrong type is simply absent (the schema reports it), indices stay those of the document, and texts are
//! borrowed from it. What is not certainly of the schema is noted, and only that is given to the schema.

mod gate;
mod lenient;
mod part;
mod task;

use std::borrow::Cow;

use serde::de::{Deserializer, MapAccess};

pub(crate) use self::gate::Gate;
use self::gate::Stages;
pub(crate) use self::lenient::Notes;
use self::lenient::{Read, Seen, Shape, Skip, next_key, next_value};
use self::part::Metadata;
pub(crate) use self::part::{Defaults, Limits, Phase, Project, Role, total_of};
use self::part::{Entries, Figure, other};
pub(crate) use self::task::Task;
use crate::keys::{self, Misspelt};

/// Most elements of one list. A plan of a million tasks is well below.
pub(crate) const MAX_ITEMS: usize = 2_000_000;

/// A text, when it is one.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// The whole plan.
#[derive(Default)]
pub(crate) struct Outline<'a> {
    pub(crate) projects: Vec<Project<'a>>,
    pub(crate) tasks: Vec<Task<'a>>,
    pub(crate) execution_order: Option<Vec<Vec<Text<'a>>>>,
    pub(crate) phases: Vec<Phase<'a>>,
    pub(crate) parallel_groups: Vec<Vec<Text<'a>>>,
    /// `Some([])`: after every phase.
    pub(crate) checkpoints: Option<Vec<Text<'a>>>,
    pub(crate) gates: Vec<(Cow<'a, str>, Option<Vec<Gate>>)>,
    pub(crate) agents: Vec<Cow<'a, str>>,
    pub(crate) roles: Vec<(Cow<'a, str>, Role<'a>)>,
    pub(crate) defaults: Defaults<'a>,
    pub(crate) limits: Limits<'a>,
    /// Numbers that the plan and its metadata give of themselves, by their pointers.
    pub(crate) totals: Vec<(String, f64)>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
    /// Whether what is not a task, and not the order, is not certainly of the schema.
    pub(crate) is_doubtful: bool,
    /// The same of the order.
    pub(crate) has_doubtful_order: bool,
}

/// Reads a plan from anything that serde reads.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    from: D,
    notes: &Notes,
) -> Result<Outline<'de>, D::Error> {
    serde::de::DeserializeSeed::deserialize(Read::new(notes), from)
}

impl<'de> Shape<'de> for Outline<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut plan = Outline::default();
        let mut seen = Seen::default();
        let (mut has_id, mut has_tasks) = (false, false);
        let mut of_others = 0;
        let begin = notes.doubts();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            let before = notes.doubts();
            match &*key {
                "planId" => {
                    let id: Text<'de> = next_value(&mut entries, notes)?;
                    has_id = id.is_some_and(|id| !id.is_empty());
                }
                "summary" | "createdAt" => drop(next_value::<Text<'de>, A>(&mut entries, notes)?),
                "projects" => plan.projects = next_value(&mut entries, notes)?,
                "tasks" => {
                    let tasks: Option<Vec<Task<'de>>> = next_value(&mut entries, notes)?;
                    has_tasks = tasks.is_some() && plan.tasks.is_empty();
                    plan.tasks = tasks.unwrap_or_default();
                    of_others += notes.doubts() - before;
                }
                "executionOrder" => {
                    plan.execution_order = next_value(&mut entries, notes)?;
                    let rows = plan.execution_order.iter().flatten();
                    notes.doubt_unless(rows.flatten().all(is_name));
                    plan.has_doubtful_order = notes.doubts() > before;
                    of_others += notes.doubts() - before;
                }
                "phases" => plan.phases = next_value(&mut entries, notes)?,
                "parallelGroups" => plan.parallel_groups = next_value(&mut entries, notes)?,
                "checkpoints" => plan.checkpoints = next_value(&mut entries, notes)?,
                "gates" => plan.gates = next_value::<Stages<'de>, A>(&mut entries, notes)?.0,
                "agents" => {
                    let agents: Entries<'de, Skip> = next_value(&mut entries, notes)?;
                    // Profiles are the schema's matter.
                    notes.doubt_unless(agents.0.is_empty());
                    plan.agents = agents.0.into_iter().map(|(name, _)| name).collect();
                }
                "roles" => plan.roles = next_value::<Entries<'de, _>, A>(&mut entries, notes)?.0,
                "defaults" => plan.defaults = next_value(&mut entries, notes)?,
                "limits" => plan.limits = next_value(&mut entries, notes)?,
                "metadata" => {
                    let metadata: Metadata = next_value(&mut entries, notes)?;
                    let below = |(key, number)| (format!("/metadata/{key}"), number);
                    plan.totals.extend(metadata.0.into_iter().map(below));
                }
                key if part::is_total(key) => {
                    let Figure(figure) = next_value(&mut entries, notes)?;
                    plan.totals
                        .extend(figure.map(|figure| (format!("/{key}"), figure)));
                }
                _ => other(&mut entries, key, keys::PLAN, &mut plan.misspelt, notes)?,
            }
        }
        let groups = plan.parallel_groups.iter().flatten();
        let mut ids = plan.checkpoints.iter().flatten().chain(groups);
        notes.doubt_unless(ids.all(is_name));
        notes.doubt_unless(has_id);
        notes.doubt_unless(has_tasks);
        plan.is_doubtful = notes.doubts() - begin > of_others;
        Ok(plan)
    }
}

/// Whether a name says something.
fn is_name(name: &Text) -> bool {
    name.as_deref().is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
