//! Tasks that must not overlap although nothing orders them: they may touch a common file, or need the same resource or
//! port for themselves.
//!
//! Found between *claims* (patterns, names, numbers), of which there are few, not between tasks, of which there may be a
//! million. A set of claims that all meet each other becomes one lane. Where exact lanes would be larger than the plan
//! can stand, claims are made coarser: tasks may then be kept apart that need not be, never the other way round.

use std::collections::{BTreeMap, HashMap, HashSet};

use schemas::pattern::Meetings;

/// What one task claims for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claims<'a, S> {
    /// What paths are relative to.
    pub(crate) folder: &'a str,
    pub(crate) paths: &'a [S],
    pub(crate) resources: &'a [S],
    pub(crate) ports: &'a [u16],
}

/// Tasks of which no two may overlap, and what they share.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) what: What,
    /// In order.
    pub(crate) tasks: Vec<u32>,
}

/// What tasks share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A pattern, as the plan has it.
    Files(String),
    Resource(String),
    Port(u16),
}

/// Sets of tasks that must not overlap; each has at least two.
pub(crate) fn conflicts<'a, S>(claims: impl Iterator<Item = (u32, Claims<'a, S>)>) -> Vec<Shared>
where
    S: std::ops::Deref<Target = str> + 'a,
{
    let mut files: HashMap<(&str, &str), u32> = HashMap::new();
    let mut patterns: Vec<(&str, &str)> = Vec::new();
    let mut owners: Vec<Vec<u32>> = Vec::new();
    let mut named: BTreeMap<What, Vec<u32>> = BTreeMap::new();
    for (task, claims) in claims {
        for path in claims.paths {
            let key = (claims.folder, &**path);
            let number = *files.entry(key).or_insert_with(|| {
                patterns.push(key);
                owners.push(Vec::new());
                owners.len() as u32 - 1
            });
            own(&mut owners[number as usize], task);
        }
        for name in claims.resources {
            own(
                named
                    .entry(What::Resource((**name).to_owned()))
                    .or_default(),
                task,
            );
        }
        for port in claims.ports {
            own(named.entry(What::Port(*port)).or_default(), task);
        }
    }
    let mut shared = of_files(&patterns, &owners);
    let named = named
        .into_iter()
        .map(|(what, tasks)| Shared { what, tasks });
    shared.extend(named.filter(|shared| shared.tasks.len() > 1));
    shared
}

/// Tasks come in order, so that one which claims a thing twice is the last.
fn own(owners: &mut Vec<u32>, task: u32) {
    if owners.last() != Some(&task) {
        owners.push(task);
    }
}

fn of_files(patterns: &[(&str, &str)], owners: &[Vec<u32>]) -> Vec<Shared> {
    let met = Meetings::new(patterns);
    let mut all_owners = vec![Vec::new(); owners.len()];
    for (claim, own) in (0..).zip(owners) {
        all_owners[met.leader(claim) as usize].extend_from_slice(own);
    }
    let owners = all_owners;
    let united = |claims: &[u32]| {
        let mut tasks: Vec<u32> = claims
            .iter()
            .flat_map(|claim| owners[*claim as usize].iter().copied())
            .collect();
        tasks.sort_unstable();
        tasks.dedup();
        tasks
    };
    let mut groups = cliques(&met);
    // One pattern of many tasks beside many patterns of one makes lanes that are longer than the plan.
    let claimed: usize = owners.iter().map(Vec::len).sum();
    let size = |group: &Vec<u32>| -> usize {
        group
            .iter()
            .map(|claim| owners[*claim as usize].len())
            .sum()
    };
    if groups.iter().map(size).sum::<usize>() > claimed * 16 + 10_000 {
        groups = components(&met);
    }
    let mut shared: Vec<Shared> = groups
        .iter()
        .map(|group| Shared {
            what: What::Files(label(group, patterns)),
            tasks: united(group),
        })
        .filter(|shared| shared.tasks.len() > 1)
        .collect();
    // Several patterns of the same two tasks are one reason to keep them apart.
    shared.sort_by(|a, b| a.tasks.cmp(&b.tasks).then_with(|| a.what.cmp(&b.what)));
    shared.dedup_by(|next, first| next.tasks == first.tasks);
    shared
}

/// The pattern that says most: the shortest, which is the widest as a rule.
fn label(group: &[u32], patterns: &[(&str, &str)]) -> String {
    let text = |claim: &u32| patterns[*claim as usize];
    let widest = group
        .iter()
        .map(text)
        .min_by_key(|(folder, text)| (text.len(), *text, *folder));
    widest.map_or_else(String::new, |(_, text)| text.to_owned())
}

/// Sets of claims that all meet each other, so that every meeting is in one of them, and every claim in at least one.
fn cliques(met: &Meetings) -> Vec<Vec<u32>> {
    let mut covered: HashSet<(u32, u32)> = HashSet::new();
    let mut cliques = Vec::new();
    for a in met.all_leaders() {
        let later = met.of(a).iter().filter(|b| **b > a);
        for b in later {
            if covered.contains(&(a, *b)) {
                continue;
            }
            let mut clique = vec![a, *b];
            let fewer = |x: u32, y: u32| {
                if met.of(x).len() < met.of(y).len() {
                    x
                } else {
                    y
                }
            };
            for c in met.of(fewer(a, *b)) {
                if !clique.contains(c) && clique.iter().all(|it| met.meet(*it, *c)) {
                    clique.push(*c);
                }
            }
            clique.sort_unstable();
            for (at, first) in clique.iter().enumerate() {
                covered.extend(clique[at + 1..].iter().map(|second| (*first, *second)));
            }
            cliques.push(clique);
        }
        if met.of(a).is_empty() {
            cliques.push(vec![a]);
        }
    }
    cliques
}

/// Everything that meets, directly or through others, in one set.
fn components(met: &Meetings) -> Vec<Vec<u32>> {
    let mut seen = vec![false; met.len()];
    let mut components = Vec::new();
    for first in met.all_leaders() {
        if std::mem::replace(&mut seen[first as usize], true) {
            continue;
        }
        let mut component = vec![first];
        let mut next = 0;
        while let Some(claim) = component.get(next).copied() {
            next += 1;
            for other in met.of(claim) {
                if !std::mem::replace(&mut seen[*other as usize], true) {
                    component.push(*other);
                }
            }
        }
        components.push(component);
    }
    components
}

#[cfg(test)]
mod tests;
