//! Which of many patterns can match a common file.

use std::collections::HashMap;

use super::Pattern;

/// Which patterns meet.
///
/// Many patterns at one folder are not all held against each other: those beyond a bound are taken as one that matches
/// everything below, so that the answer may be "perhaps" for them. The first of them leads the others.
#[derive(Debug)]
pub struct Meetings {
    /// Both ways, in order; between leaders only.
    of: Vec<Vec<u32>>,
    /// The claim that stands for each, when they were too many: itself as a rule.
    leaders: Vec<u32>,
}

impl Meetings {
    /// Of patterns, each with the folder that it is relative to. Their positions are their numbers.
    pub fn new(patterns: &[(&str, &str)]) -> Meetings {
        // With many patterns fewer are held against each other at one folder, and the rest of them taken as one.
        let most_at_a_folder = if patterns.len() > 1_000 { 16 } else { 256 };
        let mut tree = Tree::default();
        for (claim, (folder, text)) in (0..).zip(patterns) {
            for pattern in Pattern::read(folder, text) {
                tree.insert(claim, pattern, most_at_a_folder);
            }
        }
        let mut met = Meetings {
            of: vec![Vec::new(); patterns.len()],
            leaders: (0..patterns.len() as u32).collect(),
        };
        for crowd in tree.nodes.iter().map(|node| &node.crowd) {
            for claim in crowd.iter().skip(1) {
                let (first, other) = (met.leader(crowd[0]), met.leader(*claim));
                met.leaders[first.max(other) as usize] = first.min(other);
            }
        }
        tree.meetings(|a, b| {
            let (a, b) = (met.leader(a), met.leader(b));
            if a != b {
                met.of[a as usize].push(b);
                met.of[b as usize].push(a);
            }
        });
        for others in &mut met.of {
            others.sort_unstable();
            others.dedup();
        }
        met
    }

    /// Who stands for the pattern: itself as a rule.
    pub fn leader(&self, claim: u32) -> u32 {
        let mut leader = claim;
        while self.leaders[leader as usize] != leader {
            leader = self.leaders[leader as usize];
        }
        leader
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.leaders.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.leaders.is_empty()
    }

    /// Those that meet it, in order; none for a pattern that another leads.
    pub fn of(&self, claim: u32) -> &[u32] {
        &self.of[claim as usize]
    }

    /// All that stand for themselves.
    pub fn all_leaders(&self) -> impl Iterator<Item = u32> {
        let leads = |claim: &u32| self.leaders[*claim as usize] == *claim;
        (0..self.leaders.len() as u32).filter(leads)
    }

    /// Whether two leaders meet.
    pub fn meet(&self, a: u32, b: u32) -> bool {
        self.of[a as usize].binary_search(&b).is_ok()
    }
}

/// Patterns by the plain names that they begin with: only those whose beginnings lie on one way down can meet.
#[derive(Debug, Default)]
struct Tree {
    nodes: Vec<Node>,
    children: HashMap<(u32, Box<str>), u32>,
}

#[derive(Debug, Default)]
struct Node {
    parent: u32,
    here: Vec<(u32, Pattern)>,
    /// Claims beyond what is held against each other: taken to match everything below.
    crowd: Vec<u32>,
}

impl Tree {
    fn insert(&mut self, claim: u32, pattern: Pattern, most: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0u32;
        for name in pattern.prefix() {
            let next = self.nodes.len() as u32;
            let parent = at;
            at = *self.children.entry((parent, name.into())).or_insert(next);
            if at == next {
                let node = Node {
                    parent,
                    ..Node::default()
                };
                self.nodes.push(node);
            }
        }
        let node = &mut self.nodes[at as usize];
        if node.here.len() < most || pattern.is_literal() {
            node.here.push((claim, pattern));
        } else {
            node.crowd.push(claim);
        }
    }

    fn meetings(&self, mut found: impl FnMut(u32, u32)) {
        for (number, node) in self.nodes.iter().enumerate() {
            // A crowd has one leader, who meets all that any of them might.
            let crowd = node.crowd.first();
            let claims = node
                .here
                .iter()
                .map(|(claim, pattern)| (*claim, Some(pattern)));
            let all: Vec<(u32, Option<&Pattern>)> =
                claims.chain(crowd.map(|claim| (*claim, None))).collect();
            for (place, (claim, pattern)) in all.iter().enumerate() {
                let mut check = |other: u32, with: Option<&Pattern>| {
                    let meet = match (pattern, with) {
                        (Some(a), Some(b)) => a.meets(b),
                        _ => true,
                    };
                    if meet && other != *claim {
                        found(*claim, other);
                    }
                };
                for (other, with) in &all[..place] {
                    check(*other, *with);
                }
                let mut above = number;
                while above != 0 {
                    above = self.nodes[above].parent as usize;
                    for (other, with) in &self.nodes[above].here {
                        check(*other, Some(with));
                    }
                    if let Some(other) = self.nodes[above].crowd.first() {
                        check(*other, None);
                    }
                }
            }
        }
    }
}
