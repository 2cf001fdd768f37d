//! The plan as the rules see it: read leniently, so that one wrong value does not hide the other problems.
//!
//! Not [`schemas::Plan`]: that type refuses the whole document at its first wrong field, and it owns every
//! text. Here a value of the wrong type is simply absent (the schema reports it), indices stay those of the
//! document, and texts are borrowed from it.

mod lenient;

use std::borrow::Cow;

use serde::de::MapAccess;

pub(crate) use self::lenient::Lenient;
use self::lenient::{Shape, Skip, next_key, next_value};
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
    pub(crate) checkpoints: Vec<Text<'a>>,
    pub(crate) gates: Vec<(Cow<'a, str>, Option<Vec<Gate>>)>,
    pub(crate) agents: Vec<Cow<'a, str>>,
    pub(crate) defaults: Defaults<'a>,
    pub(crate) limits: Limits<'a>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Project<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) path: Text<'a>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Task<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) project: Text<'a>,
    pub(crate) projects: Vec<Text<'a>>,
    pub(crate) title: Text<'a>,
    pub(crate) description: Text<'a>,
    pub(crate) acceptance: Vec<Text<'a>>,
    pub(crate) depends_on: Vec<Text<'a>>,
    pub(crate) phase: Text<'a>,
    pub(crate) agent: Text<'a>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) has_command: bool,
    pub(crate) isolated: Option<bool>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Phase<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Defaults<'a> {
    pub(crate) agent: Text<'a>,
    pub(crate) isolated: bool,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Limits<'a> {
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

/// A gate, of which only matters whether it says anything.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) is_empty: bool,
}

impl<'de> Shape<'de> for Outline<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut plan = Outline::default();
        while let Some(key) = next_key(&mut entries)? {
            match &*key {
                "projects" => plan.projects = next_value(&mut entries)?,
                "tasks" => plan.tasks = next_value(&mut entries)?,
                "executionOrder" => plan.execution_order = next_value(&mut entries)?,
                "phases" => plan.phases = next_value(&mut entries)?,
                "parallelGroups" => plan.parallel_groups = next_value(&mut entries)?,
                "checkpoints" => plan.checkpoints = next_value(&mut entries)?,
                "gates" => plan.gates = next_value::<Stages<'de>, A>(&mut entries)?.0,
                "agents" => plan.agents = next_value::<Names<'de>, A>(&mut entries)?.0,
                "defaults" => plan.defaults = next_value(&mut entries)?,
                "limits" => plan.limits = next_value(&mut entries)?,
                _ => skip(&mut entries, key, keys::PLAN, &mut plan.misspelt)?,
            }
        }
        Ok(plan)
    }
}

impl<'de> Shape<'de> for Project<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut project = Project::default();
        while let Some(key) = next_key(&mut entries)? {
            match &*key {
                "name" => project.name = next_value(&mut entries)?,
                "path" => project.path = next_value(&mut entries)?,
                "gates" => project.gates = next_value(&mut entries)?,
                _ => skip(&mut entries, key, keys::PROJECT, &mut project.misspelt)?,
            }
        }
        Ok(project)
    }
}

impl<'de> Shape<'de> for Task<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut task = Task::default();
        while let Some(key) = next_key(&mut entries)? {
            match &*key {
                "id" => task.id = next_value(&mut entries)?,
                "project" => task.project = next_value(&mut entries)?,
                "projects" => task.projects = next_value(&mut entries)?,
                "title" => task.title = next_value(&mut entries)?,
                "description" => task.description = next_value(&mut entries)?,
                "acceptance" => task.acceptance = next_value(&mut entries)?,
                "dependsOn" => task.depends_on = next_value(&mut entries)?,
                "phase" => task.phase = next_value(&mut entries)?,
                "agent" => task.agent = next_value(&mut entries)?,
                "gates" => task.gates = next_value(&mut entries)?,
                "command" => task.has_command = next_value::<Said, A>(&mut entries)?.0,
                "isolation" => task.isolated = isolated(&mut entries)?,
                _ => skip(&mut entries, key, keys::TASK, &mut task.misspelt)?,
            }
        }
        Ok(task)
    }
}

impl<'de> Shape<'de> for Phase<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut phase = Phase::default();
        while let Some(key) = next_key(&mut entries)? {
            match &*key {
                "id" => phase.id = next_value(&mut entries)?,
                _ => skip(&mut entries, key, keys::PHASE, &mut phase.misspelt)?,
            }
        }
        Ok(phase)
    }
}

impl<'de> Shape<'de> for Defaults<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut defaults = Defaults::default();
        while let Some(key) = next_key(&mut entries)? {
            match &*key {
                "agent" => defaults.agent = next_value(&mut entries)?,
                "isolation" => defaults.isolated = isolated(&mut entries)?.unwrap_or_default(),
                _ => skip(&mut entries, key, keys::DEFAULTS, &mut defaults.misspelt)?,
            }
        }
        Ok(defaults)
    }
}

impl<'de> Shape<'de> for Limits<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut limits = Limits::default();
        while let Some(key) = next_key(&mut entries)? {
            skip(&mut entries, key, keys::LIMITS, &mut limits.misspelt)?;
        }
        Ok(limits)
    }
}

impl<'de> Shape<'de> for Gate {
    fn from_text(text: Cow<'de, str>) -> Self {
        Gate {
            is_empty: text.trim().is_empty(),
        }
    }

    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut said = false;
        while let Some(key) = next_key(&mut entries)? {
            let value: Said = next_value(&mut entries)?;
            said |= value.0 && matches!(&*key, "command" | "assert" | "manual");
        }
        Ok(Gate { is_empty: !said })
    }
}

/// Whether a value says something: not null, not blank, not an empty list.
#[derive(Default)]
struct Said(bool);

impl<'de> Shape<'de> for Said {
    fn from_text(text: Cow<'de, str>) -> Self {
        Said(!text.trim().is_empty())
    }

    fn from_items<A: serde::de::SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        Ok(Said(!Vec::<Skip>::from_items(items)?.is_empty()))
    }
}

/// Gates by stage.
#[derive(Default)]
struct Stages<'a>(Vec<(Cow<'a, str>, Option<Vec<Gate>>)>);

impl<'de> Shape<'de> for Stages<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut stages = Stages::default();
        while let Some(key) = next_key(&mut entries)? {
            stages.0.push((key, next_value(&mut entries)?));
        }
        Ok(stages)
    }
}

/// The keys of an object.
#[derive(Default)]
struct Names<'a>(Vec<Cow<'a, str>>);

impl<'de> Shape<'de> for Names<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut names = Names::default();
        while let Some(key) = next_key(&mut entries)? {
            next_value::<Skip, A>(&mut entries)?;
            names.0.push(key);
        }
        Ok(names)
    }
}

fn isolated<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<Option<bool>, A::Error> {
    let word: Text<'de> = next_value(entries)?;
    Ok(word.map(|word| word == "worktree"))
}

fn skip<'de, A: MapAccess<'de>>(
    entries: &mut A,
    key: Cow<'de, str>,
    known: &'static [&'static str],
    misspelt: &mut Vec<Misspelt<'de>>,
) -> Result<(), A::Error> {
    if !known.contains(&&*key)
        && let Some(meant) = keys::meant(&key, known)
    {
        misspelt.push(Misspelt { key, meant });
    }
    next_value::<Skip, A>(entries)?;
    Ok(())
}
