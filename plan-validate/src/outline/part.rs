//! The parts of a plan that are no tasks.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::gate::Gate;
use super::lenient::{Notes, Seen, Shape, Skip, next_key, next_value};
use super::{Text, is_name};
use crate::keys::{self, Misspelt};

#[derive(Default)]
pub(crate) struct Project<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) path: Text<'a>,
    pub(crate) repo: Text<'a>,
    pub(crate) ownership: Vec<Text<'a>>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

#[derive(Default)]
pub(crate) struct Phase<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) order: Option<f64>,
    pub(crate) pauses: bool,
    /// `Some(false)`: its tasks run one after the other.
    pub(crate) parallel: Option<bool>,
    pub(crate) totals: Vec<(String, f64)>,
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

/// What a role may change.
#[derive(Default)]
pub(crate) struct Role<'a> {
    pub(crate) paths: Vec<Text<'a>>,
    pub(crate) forbidden: Vec<Text<'a>>,
}

/// The numbers of a plan's metadata that may be totals.
#[derive(Default)]
pub(crate) struct Metadata(pub(crate) Vec<(String, f64)>);

/// What plans call the numbers that they give of themselves.
pub(crate) const TOTALS: &[(&str, &str)] = &[
    ("totaltasks", "tasks"),
    ("taskcount", "tasks"),
    ("totalphases", "phases"),
    ("phasecount", "phases"),
    ("totalprojects", "projects"),
    ("projectcount", "projects"),
    ("totalminutes", "minutes"),
    ("totalestimatedminutes", "minutes"),
    ("estimatedtotalminutes", "minutes"),
];

/// Of what the number that has this key is the total.
pub(crate) fn total_of(key: &str) -> Option<&'static str> {
    if key.len() > 24 {
        return None;
    }
    let plain = key.replace(['_', '-'], "").to_lowercase();
    let (_, what) = TOTALS.iter().find(|(total, _)| *total == plain)?;
    Some(what)
}

pub(super) fn is_total(key: &str) -> bool {
    total_of(key).is_some()
}

impl<'de> Shape<'de> for Project<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut project = Project::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                "name" => project.name = next_value(&mut entries, notes)?,
                "path" => project.path = next_value(&mut entries, notes)?,
                "repo" => project.repo = next_value(&mut entries, notes)?,
                "techStack" | "description" | "baseBranch" | "alias" => {
                    drop(next_value::<Text<'de>, A>(&mut entries, notes)?);
                }
                "ownership" => project.ownership = texts(&mut entries, notes)?,
                "gates" => project.gates = next_value(&mut entries, notes)?,
                _ => other(
                    &mut entries,
                    key,
                    keys::PROJECT,
                    &mut project.misspelt,
                    notes,
                )?,
            }
        }
        notes.doubt_unless(is_name(&project.name));
        Ok(project)
    }
}

impl<'de> Shape<'de> for Phase<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut phase = Phase::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                "id" => phase.id = next_value(&mut entries, notes)?,
                "title" => drop(next_value::<Text<'de>, A>(&mut entries, notes)?),
                "order" => phase.order = next_value(&mut entries, notes)?,
                "checkpoint" => phase.pauses = next_value(&mut entries, notes)?,
                "parallel" => phase.parallel = next_value(&mut entries, notes)?,
                key if is_total(key) => {
                    let Figure(figure) = next_value(&mut entries, notes)?;
                    let below = |figure| (format!("/{key}"), figure);
                    phase.totals.extend(figure.map(below));
                }
                _ => other(&mut entries, key, keys::PHASE, &mut phase.misspelt, notes)?,
            }
        }
        notes.doubt_unless(is_name(&phase.id));
        Ok(phase)
    }
}

impl<'de> Shape<'de> for Defaults<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut defaults = Defaults::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                "agent" => defaults.agent = name(&mut entries, notes)?,
                "model" => drop(next_value::<Text<'de>, A>(&mut entries, notes)?),
                "isolation" => {
                    defaults.isolated = isolated(&mut entries, notes)?.unwrap_or_default();
                }
                _ => other(
                    &mut entries,
                    key,
                    keys::DEFAULTS,
                    &mut defaults.misspelt,
                    notes,
                )?,
            }
        }
        Ok(defaults)
    }
}

impl<'de> Shape<'de> for Limits<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut limits = Limits::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                // The bounds of each are the schema's matter; these numbers are within all of them.
                key if keys::LIMITS.contains(&key) => {
                    let number: Option<u64> = next_value(&mut entries, notes)?;
                    let most = if key == "fixLimit" { 5 } else { 1_000_000 };
                    notes.doubt_unless(number.is_none_or(|number| (1..=most).contains(&number)));
                }
                _ => other(&mut entries, key, keys::LIMITS, &mut limits.misspelt, notes)?,
            }
        }
        Ok(limits)
    }
}

impl<'de> Shape<'de> for Role<'de> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut role = Role::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                "paths" => role.paths = texts(&mut entries, notes)?,
                "forbiddenPaths" => role.forbidden = texts(&mut entries, notes)?,
                _ => {
                    next_value::<Skip, A>(&mut entries, notes)?;
                }
            }
        }
        Ok(role)
    }
}

/// A number; anything else is passed over.
#[derive(Default)]
pub(super) struct Figure(pub(super) Option<f64>);

impl<'de> Shape<'de> for Figure {
    fn from_text(_: Cow<'de, str>, _: &Notes) -> Self {
        Figure(None)
    }

    fn from_number(number: f64, _: &Notes) -> Self {
        Figure(Some(number))
    }

    fn from_truth(_: bool, _: &Notes) -> Self {
        Figure(None)
    }

    fn from_null(_: &Notes) -> Self {
        Figure(None)
    }

    fn from_items<A: serde::de::SeqAccess<'de>>(items: A, notes: &Notes) -> Result<Self, A::Error> {
        Skip::from_items(items, notes)?;
        Ok(Figure(None))
    }

    fn from_entries<A: MapAccess<'de>>(entries: A, notes: &Notes) -> Result<Self, A::Error> {
        Skip::from_entries(entries, notes)?;
        Ok(Figure(None))
    }
}

impl<'de> Shape<'de> for Metadata {
    fn from_null(_: &Notes) -> Self {
        Metadata::default()
    }

    fn from_entries<A: MapAccess<'de>>(entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let figures = Entries::<'de, Figure>::from_entries(entries, notes)?.0;
        let totals = figures.into_iter().filter(|(key, _)| is_total(key));
        Ok(Metadata(
            totals
                .filter_map(|(key, Figure(figure))| Some((key.into_owned(), figure?)))
                .collect(),
        ))
    }
}

/// What an object has, by key.
pub(super) struct Entries<'a, T>(pub(super) Vec<(Cow<'a, str>, T)>);

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Entries(Vec::new())
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Entries<'de, T> {
    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut all = Entries::default();
        let mut seen = Seen::default();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            all.0.push((key, next_value(&mut entries, notes)?));
        }
        Ok(all)
    }
}

/// A text that may be null but not empty.
pub(super) fn name<'de, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<Text<'de>, A::Error> {
    let name: Text<'de> = next_value(entries, notes)?;
    notes.doubt_unless(name.as_deref() != Some(""));
    Ok(name)
}

/// A list of texts.
pub(super) fn texts<'de, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<Vec<Text<'de>>, A::Error> {
    let texts: Vec<Text<'de>> = next_value(entries, notes)?;
    notes.doubt_unless(texts.iter().all(Option::is_some));
    Ok(texts)
}

pub(super) fn isolated<'de, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<Option<bool>, A::Error> {
    let word: Text<'de> = next_value(entries, notes)?;
    let is_word = |word: &str| matches!(word, "worktree" | "none");
    notes.doubt_unless(word.as_deref().is_none_or(is_word));
    Ok(word.map(|word| word == "worktree"))
}

/// What stands under a key that the rules do not look at. What it must be if the plan knows the key, the schema knows.
pub(super) fn other<'de, A: MapAccess<'de>>(
    entries: &mut A,
    key: Cow<'de, str>,
    known: &'static [&'static str],
    misspelt: &mut Vec<Misspelt<'de>>,
    notes: &Notes,
) -> Result<(), A::Error> {
    if known.contains(&&*key) {
        notes.doubt();
    } else if let Some(meant) = keys::meant(&key, known) {
        misspelt.push(Misspelt { key, meant });
    }
    next_value::<Skip, A>(entries, notes)?;
    Ok(())
}
