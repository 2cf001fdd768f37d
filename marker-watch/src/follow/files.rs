//! The files that are followed, by number, by what they are, and by what they are called.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::followed::{Followed, Identity};

/// All of them. Numbers are given again.
#[derive(Debug, Default)]
pub(super) struct Files {
    slots: Vec<Option<Followed>>,
    free: Vec<usize>,
    by_identity: HashMap<Identity, usize>,
    by_path: HashMap<PathBuf, usize>,
    /// Those that have lost their place.
    closing: Vec<usize>,
    /// What is to be read, in the order in which it changed.
    dirty: Vec<usize>,
}

impl Files {
    /// The number that the next file gets.
    pub(super) fn next_number(&self) -> usize {
        self.free.last().copied().unwrap_or(self.slots.len())
    }

    pub(super) fn insert(&mut self, file: Followed) -> usize {
        let number = self.next_number();
        self.by_identity.insert(file.identity, number);
        self.by_path.insert(file.path.clone(), number);
        match self.free.pop() {
            Some(_) => self.slots[number] = Some(file),
            None => self.slots.push(Some(file)),
        }
        self.mark(number);
        number
    }

    pub(super) fn remove(&mut self, number: usize) -> Option<Followed> {
        let file = self.slots.get_mut(number)?.take()?;
        self.by_identity.remove(&file.identity);
        if self.by_path.get(&file.path) == Some(&number) {
            self.by_path.remove(&file.path);
        }
        self.closing.retain(|it| *it != number);
        self.dirty.retain(|it| *it != number);
        self.free.push(number);
        Some(file)
    }

    pub(super) fn get(&self, number: usize) -> Option<&Followed> {
        self.slots.get(number)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Followed> {
        self.slots.get_mut(number)?.as_mut()
    }

    pub(super) fn with_identity(&self, identity: Identity) -> Option<usize> {
        self.by_identity.get(&identity).copied()
    }

    pub(super) fn at_path(&self, path: &Path) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Followed> {
        self.slots.iter().flatten()
    }

    /// It is to be read.
    pub(super) fn mark(&mut self, number: usize) {
        if let Some(file) = self.get_mut(number)
            && !std::mem::replace(&mut file.is_dirty, true)
        {
            self.dirty.push(number);
        }
    }

    pub(super) fn mark_all(&mut self) {
        for number in 0..self.slots.len() {
            self.mark(number);
        }
    }

    pub(super) fn has_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// What is to be read; it stays dirty until it is.
    pub(super) fn take_dirty(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.dirty)
    }

    /// It is called so now, and has a place again.
    pub(super) fn rename(&mut self, number: usize, path: &Path) {
        let Some(file) = self.get_mut(number) else {
            return;
        };
        file.closes = None;
        let before = std::mem::replace(&mut file.path, path.to_owned());
        if self.at_path(&before) == Some(number) {
            self.by_path.remove(&before);
        }
        self.by_path.insert(path.to_owned(), number);
        self.closing.retain(|it| *it != number);
        self.mark(number);
    }

    /// It has lost its place: closed at that time.
    pub(super) fn close_at(&mut self, number: usize, time: Instant) {
        let Some(file) = self.get_mut(number) else {
            return;
        };
        file.closes = Some(time);
        let path = file.path.clone();
        if self.at_path(&path) == Some(number) {
            self.by_path.remove(&path);
        }
        if !self.closing.contains(&number) {
            self.closing.push(number);
        }
        self.mark(number);
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<usize> {
        let is_due = |number: &usize| self.closes(*number).is_some_and(|at| at <= now);
        self.closing.iter().copied().filter(is_due).collect()
    }

    /// When the next one closes.
    pub(super) fn next_close(&self) -> Option<Instant> {
        self.closing
            .iter()
            .filter_map(|number| self.closes(*number))
            .min()
    }

    fn closes(&self, number: usize) -> Option<Instant> {
        self.get(number).and_then(|file| file.closes)
    }
}
