//! Milestones of Orchestra: a folder each, with a file for every phase.
//!
//! A milestone is a phase of the plan, its phases are tasks. Milestones run one after the other by their number; phases
//! by `order`: one without `depends_on` waits for the one before it, one with `depends_on: []` for nothing in its
//! milestone, where `pipeline.parallel` allows that.

mod config;
mod milestone;
mod order;
mod phase;

use self::config::Config;
use self::milestone::Milestone;
use crate::dialect::{Dialect, Draft, Layout, Material, Node};

pub(super) const ORCHESTRA: Dialect = Dialect {
    name: "orchestra",
    what: "milestones of Orchestra",
    layouts: &[
        Layout {
            mark: ".orchestra/milestones/*/milestone.md",
            files: &[
                ".orchestra/config.yml",
                ".orchestra/milestones/*/milestone.md",
                ".orchestra/milestones/*/phases/*.md",
                ".orchestra/milestones/*/context.md",
            ],
        },
        Layout {
            mark: "milestones/*/milestone.md",
            files: &[
                "config.yml",
                "milestones/*/milestone.md",
                "milestones/*/phases/*.md",
                "milestones/*/context.md",
            ],
        },
        Layout {
            mark: "milestone.md",
            files: &[
                "../../config.yml",
                "milestone.md",
                "phases/*.md",
                "context.md",
            ],
        },
        Layout {
            mark: "*/milestone.md",
            files: &[
                "../config.yml",
                "*/milestone.md",
                "*/phases/*.md",
                "*/context.md",
            ],
        },
    ],
    recognises: |glimpse| glimpse.name == "milestone.md",
    takes_features: false,
    read,
};

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let config = material
        .files
        .iter()
        .find(|file| file.name() == "config.yml");
    let config = Config::read(material, config, &mut draft);
    let milestones = milestone::all(material, &mut draft);
    let count: usize = milestones
        .iter()
        .map(|milestone| milestone.phases.len())
        .sum();
    let top = material.files.first().map_or(0..0, |file| file.top());
    if count == 0 {
        draft.error(
            "no-tasks",
            "no milestone has phases",
            top,
            "a phase is a file such as `phases/phase-1.md` in the folder of its milestone",
        );
        return draft;
    }
    let Some(dependencies) = order::of(&milestones, &config, &mut draft) else {
        return draft;
    };
    let mut plan = Node::map(top.clone());
    let title = match milestones.as_slice() {
        [one] => Some(one.title.text.as_str()),
        _ => None,
    };
    plan.set("planId", Node::new(material.label(title), top.clone()));
    if let Some(title) = title {
        plan.set("summary", Node::new(title, milestones[0].title.at.clone()));
    }
    let mut tasks = Vec::with_capacity(count);
    for (milestone, dependencies) in milestones.iter().zip(dependencies) {
        let last = milestone.phases.len().saturating_sub(1);
        for (index, (phase, dependencies)) in milestone.phases.iter().zip(dependencies).enumerate()
        {
            let mut task = phase.task(milestone, &config, dependencies, &mut draft);
            if index == last {
                milestone.close(&mut task);
            }
            tasks.push(task);
        }
    }
    plan.set("tasks", Node::list(tasks, top.clone()));
    let phases = milestones.iter().enumerate();
    let phases = phases.map(|(index, milestone)| milestone.node(index + 1));
    plan.set("phases", Node::list(phases.collect(), top.clone()));
    if let Some(gates) = config.gates() {
        plan.set("gates", gates);
    }
    if let Some(limits) = config.limits(&mut draft) {
        plan.set("limits", limits);
    }
    let mut metadata = Node::map(top.clone());
    if let Some(config) = &config.whole {
        metadata.set("config", config.clone());
    }
    let states = milestones.iter().map(Milestone::state);
    metadata.set("milestones", Node::list(states.collect(), top));
    plan.set("metadata", metadata);
    draft.finish(plan)
}
