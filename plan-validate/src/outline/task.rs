//! A task as the rules see it.
//!
//! There may be a million: what few tasks say stands apart, so that each takes little.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::gate::{Gate, Said};
use super::lenient::{Notes, Seen, Shape, next_key, next_value};
use super::part::{Metadata, isolated, name, other, texts};
use super::{Text, is_name};
use crate::keys::{self, Misspelt};

#[derive(Default)]
pub(crate) struct Task<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) project: Text<'a>,
    pub(crate) title: Text<'a>,
    pub(crate) description: Text<'a>,
    pub(crate) depends_on: Vec<Text<'a>>,
    pub(crate) phase: Text<'a>,
    pub(crate) minutes: Option<f64>,
    pub(crate) isolated: Option<bool>,
    pub(crate) has_command: bool,
    pub(crate) is_read_only: bool,
    /// It runs also when, or only when, a dependency failed.
    pub(crate) is_for_failure: bool,
    /// It ended before the run.
    pub(crate) is_done: bool,
    /// Not certainly of the schema.
    pub(crate) is_doubtful: bool,
    more: Option<Box<More<'a>>>,
}

/// What most tasks do not say.
#[derive(Default)]
pub(crate) struct More<'a> {
    pub(crate) projects: Vec<Text<'a>>,
    pub(crate) acceptance: Vec<Text<'a>>,
    pub(crate) agent: Text<'a>,
    pub(crate) role: Text<'a>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) paths: Vec<Text<'a>>,
    pub(crate) forbidden: Vec<Text<'a>>,
    pub(crate) resources: Vec<Text<'a>>,
    pub(crate) sensitive: Vec<Text<'a>>,
    pub(crate) autonomy: Option<u64>,
    pub(crate) misspelt: Vec<Misspelt<'a>>,
}

const NOTHING: More<'static> = More {
    projects: Vec::new(),
    acceptance: Vec::new(),
    agent: None,
    role: None,
    gates: Vec::new(),
    paths: Vec::new(),
    forbidden: Vec::new(),
    resources: Vec::new(),
    sensitive: Vec::new(),
    autonomy: None,
    misspelt: Vec::new(),
};

impl<'a> Task<'a> {
    /// What most tasks do not say.
    pub(crate) fn more(&self) -> &More<'a> {
        self.more.as_deref().unwrap_or(const { &NOTHING })
    }

    fn more_mut(&mut self) -> &mut More<'a> {
        self.more.get_or_insert_default()
    }
}

impl<'de> Shape<'de> for Task<'de> {
    fn from_text(_: Cow<'de, str>, notes: &Notes) -> Self {
        Task::none(notes)
    }

    fn from_number(_: f64, notes: &Notes) -> Self {
        Task::none(notes)
    }

    fn from_truth(_: bool, notes: &Notes) -> Self {
        Task::none(notes)
    }

    fn from_null(notes: &Notes) -> Self {
        Task::none(notes)
    }

    fn from_items<A: serde::de::SeqAccess<'de>>(items: A, notes: &Notes) -> Result<Self, A::Error> {
        super::Skip::from_items(items, notes)?;
        Ok(Task::none(notes))
    }

    fn from_entries<A: MapAccess<'de>>(mut entries: A, notes: &Notes) -> Result<Self, A::Error> {
        let mut task = Task::default();
        let mut seen = Seen::default();
        let before = notes.doubts();
        while let Some(key) = next_key(&mut entries, notes)? {
            seen.note(key.clone(), notes);
            match &*key {
                "id" => task.id = next_value(&mut entries, notes)?,
                "project" => task.project = name(&mut entries, notes)?,
                "title" => task.title = next_value(&mut entries, notes)?,
                "description" => {
                    task.description = next_value(&mut entries, notes)?;
                    notes.doubt_unless(task.description.is_some());
                }
                "dependsOn" => {
                    task.depends_on = next_value(&mut entries, notes)?;
                    notes.doubt_unless(task.depends_on.iter().all(is_name));
                }
                "complexity" | "model" => drop(next_value::<Text<'de>, A>(&mut entries, notes)?),
                "estimatedMinutes" => task.minutes = minutes(&mut entries, notes)?,
                "timeoutMinutes" => drop(minutes(&mut entries, notes)?),
                "phase" => task.phase = name(&mut entries, notes)?,
                "isolation" => task.isolated = isolated(&mut entries, notes)?,
                "readOnly" => task.is_read_only = next_value(&mut entries, notes)?,
                "command" => {
                    let said: Said<'de> = next_value(&mut entries, notes)?;
                    task.has_command = said.is_something;
                }
                "outcome" => {
                    task.is_done = word(&mut entries, &["succeeded", "cancelled"], notes)?;
                }
                "runIf" => {
                    let word: Text<'de> = next_value(&mut entries, notes)?;
                    let words = [Some("succeeded"), Some("failed"), Some("always")];
                    notes.doubt_unless(words.contains(&word.as_deref()));
                    task.is_for_failure = word.is_some_and(|word| word != "succeeded");
                }
                "mode" => drop(word(&mut entries, &["subagent", "team"], notes)?),
                "onFailure" => drop(word(&mut entries, &["continue", "stop"], notes)?),
                "priority" => drop(word(&mut entries, &["P0", "P1", "P2", "P3"], notes)?),
                "metadata" => drop(next_value::<Metadata, A>(&mut entries, notes)?),
                _ => task.read_more(&mut entries, key, notes)?,
            }
        }
        notes.doubt_unless(is_name(&task.id) && task.title.is_some());
        task.is_doubtful = notes.doubts() > before;
        Ok(task)
    }
}

impl<'de> Task<'de> {
    /// Of something that is no object.
    fn none(notes: &Notes) -> Self {
        notes.doubt();
        Task {
            is_doubtful: true,
            ..Task::default()
        }
    }

    fn read_more<A: MapAccess<'de>>(
        &mut self,
        entries: &mut A,
        key: Cow<'de, str>,
        notes: &Notes,
    ) -> Result<(), A::Error> {
        match &*key {
            "projects" => {
                self.more_mut().projects = next_value(entries, notes)?;
                notes.doubt_unless(self.more().projects.iter().all(is_name));
            }
            "acceptance" => self.more_mut().acceptance = texts(entries, notes)?,
            "agent" => self.more_mut().agent = name(entries, notes)?,
            "role" => self.more_mut().role = next_value(entries, notes)?,
            "gates" => self.more_mut().gates = next_value(entries, notes)?,
            "paths" => self.more_mut().paths = texts(entries, notes)?,
            "forbiddenPaths" => self.more_mut().forbidden = texts(entries, notes)?,
            "resources" => {
                self.more_mut().resources = next_value(entries, notes)?;
                notes.doubt_unless(self.more().resources.iter().all(is_name));
            }
            "sensitive" => self.more_mut().sensitive = texts(entries, notes)?,
            "skills" => drop(texts(entries, notes)?),
            "autonomy" => {
                let level: Option<u64> = next_value(entries, notes)?;
                notes.doubt_unless(level.is_none_or(|level| level <= 4));
                self.more_mut().autonomy = level;
            }
            _ => {
                let mut misspelt = Vec::new();
                other(entries, key, keys::TASK, &mut misspelt, notes)?;
                if !misspelt.is_empty() {
                    self.more_mut().misspelt.append(&mut misspelt);
                }
            }
        }
        Ok(())
    }
}

/// Minutes above zero, or null.
fn minutes<'de, A: MapAccess<'de>>(
    entries: &mut A,
    notes: &Notes,
) -> Result<Option<f64>, A::Error> {
    let minutes: Option<f64> = next_value(entries, notes)?;
    notes.doubt_unless(minutes.is_none_or(|minutes| minutes > 0.0));
    Ok(minutes)
}

/// Whether there is a word, which must be one of these, or null.
fn word<'de, A: MapAccess<'de>>(
    entries: &mut A,
    words: &[&str],
    notes: &Notes,
) -> Result<bool, A::Error> {
    let word: Text<'de> = next_value(entries, notes)?;
    notes.doubt_unless(word.as_deref().is_none_or(|word| words.contains(&word)));
    Ok(word.is_some())
}
