//! What a disk may hold when the power has failed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::recording::{Found, Id, Op, Recording};

/// How much of what was written to a file, and not synced, is there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Nothing,
    All,
    Begun,
    Half,
    AllButOne,
    /// Its length, and not its bytes.
    Zeros,
}

const PARTS: [Part; 6] = [
    Part::Nothing,
    Part::All,
    Part::Begun,
    Part::Half,
    Part::AllButOne,
    Part::Zeros,
];

impl Recording {
    /// Every folder that may be found, and whether somebody had been told before.
    pub(super) fn found(&self) -> BTreeMap<Found, bool> {
        let mut states = BTreeMap::new();
        for end in 0..=self.ops.len() {
            self.found_after(&self.ops[..end], &mut states);
        }
        states
    }

    fn found_after(&self, ops: &[Op], states: &mut BTreeMap<Found, bool>) {
        let mut durable = self.before.clone();
        // Entries that are durable, by id; and those that may be.
        let mut names = self.names.clone();
        let mut loose: Vec<&Op> = Vec::new();
        let mut synced = self.files.clone();
        let mut written: BTreeMap<Id, Vec<&Op>> = BTreeMap::new();
        let mut told = false;
        durable.retain(|_, text| text.is_none());
        for op in ops {
            match op {
                Op::Name(..) | Op::Rename(..) | Op::Remove(_) | Op::Folder(_) => loose.push(op),
                Op::Write(id, _) | Op::Cut(id, _) => written.entry(*id).or_default().push(op),
                Op::Sync(id) => {
                    let ops = written.remove(id).unwrap_or_default();
                    synced[*id] = after(&synced[*id], &ops);
                }
                Op::SyncFolder(folder) => {
                    let (here, elsewhere) =
                        loose.into_iter().partition(|op| folder_of(op) == folder);
                    loose = elsewhere;
                    let here: Vec<&Op> = here;
                    here.iter()
                        .for_each(|op| apply(op, &mut names, &mut durable));
                }
                Op::Told => told = true,
            }
        }
        assert!(loose.len() < 8, "too many entries for all their subsets");
        let variants: Vec<BTreeMap<Id, Part>> = variants(&written);
        for subset in 0..1_u32 << loose.len() {
            let (mut names, mut found) = (names.clone(), durable.clone());
            let chosen = loose
                .iter()
                .enumerate()
                .filter(|(at, _)| subset >> at & 1 == 1);
            chosen.for_each(|(_, op)| apply(op, &mut names, &mut found));
            for variant in &variants {
                let mut found = found.clone();
                for (path, id) in &names {
                    let ops = written.get(id).map(Vec::as_slice).unwrap_or_default();
                    let text = partly(&synced[*id], ops, variant.get(id).copied());
                    found.insert(path.clone(), Some(text));
                }
                // What is in a folder that is not there is not there.
                let folders: Vec<PathBuf> = found.keys().cloned().collect();
                let there = |path: &Path| {
                    let parent = path.parent().unwrap_or(Path::new(""));
                    parent == Path::new("") || folders.iter().any(|it| it == parent)
                };
                found.retain(|path, _| there(path));
                *states.entry(found).or_default() |= told;
            }
        }
    }
}

fn folder_of(op: &Op) -> &Path {
    let path = match op {
        Op::Name(path, _) | Op::Rename(_, path, _) | Op::Remove(path) | Op::Folder(path) => path,
        _ => unreachable!("only entries are asked for"),
    };
    path.parent().unwrap_or(Path::new(""))
}

fn apply(op: &Op, names: &mut BTreeMap<PathBuf, Id>, found: &mut Found) {
    match op {
        Op::Name(path, id) => drop(names.insert(path.clone(), *id)),
        Op::Rename(from, to, id) => {
            names.remove(from);
            names.insert(to.clone(), *id);
        }
        Op::Remove(path) => drop(names.remove(path)),
        Op::Folder(path) => drop(found.insert(path.clone(), None)),
        _ => {}
    }
}

/// Every part of every file with all of the others, with nothing of them, and with the same part of them.
fn variants(written: &BTreeMap<Id, Vec<&Op>>) -> Vec<BTreeMap<Id, Part>> {
    let mut variants = vec![BTreeMap::new()];
    for part in PARTS {
        variants.push(written.keys().map(|id| (*id, part)).collect());
        for other in [Part::Nothing, Part::All] {
            variants.extend(written.keys().map(|one| {
                let choose = |id: &Id| if id == one { part } else { other };
                written.keys().map(|id| (*id, choose(id))).collect()
            }));
        }
    }
    variants
}

fn after(text: &[u8], ops: &[&Op]) -> Vec<u8> {
    let mut text = text.to_vec();
    for op in ops {
        match op {
            Op::Write(_, data) => text.extend(data),
            Op::Cut(_, size) => text.truncate(*size),
            _ => {}
        }
    }
    text
}

fn partly(text: &[u8], ops: &[&Op], part: Option<Part>) -> Vec<u8> {
    let whole = after(text, ops);
    let common = text.iter().zip(&whole).take_while(|(a, b)| a == b).count();
    let new = whole.len() - common;
    let size = match part {
        None | Some(Part::All) => return whole,
        Some(Part::Nothing) => return text.to_vec(),
        Some(Part::Begun) => 1,
        Some(Part::Half) => new / 2,
        Some(Part::AllButOne) => new.saturating_sub(1),
        Some(Part::Zeros) => 0,
    };
    let mut torn = whole[..common + size.min(new)].to_vec();
    if part == Some(Part::Zeros) {
        torn.resize(whole.len(), 0);
    }
    torn
}
