//! The schedule as it is written: the wire form of [`schemas::Schedule`], from numbers and borrowed text.
//!
//! The contract's own type would need every id three times over as a string, and sorts `t10` before `t2`.

use std::collections::HashMap;
use std::ops::Not;

use schemas::{Failure, Pipeline};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::bounds::{gap_percent, useful_slots};
use crate::minutes::Minutes;
use crate::network::Network;
use crate::outlet::Outlet;
use crate::schedule::Schedule;
use crate::tags::Tags;

/// Everything that goes into the document beside the plan.
pub(crate) struct Answer<'a> {
    pub(crate) schedule: &'a Schedule<'a>,
    pub(crate) tags: &'a Tags<'a>,
    pub(crate) worktrees: &'a [crate::worktrees::Worktree<'a>],
    pub(crate) pipeline: Option<Pipeline>,
    pub(crate) no_main: bool,
}

/// The document around `plan`, which is the plan's text as it came.
pub(crate) fn document(answer: &Answer<'_>, plan: &str) -> Result<(), Failure> {
    let mut to = Outlet::new();
    to.text(r#"{"kind":"schedule","version":1,"plan":"#);
    // Spliced, not serialised: the text has been read as a plan, and a second pass over it would cost as much again.
    to.whole(plan.trim());
    Writer {
        answer,
        to: &mut to,
    }
    .rest();
    to.text("}\n");
    to.end()
}

/// Writes everything but the plan. What there is one of for each task is written by hand: a serializer that asks for each
/// name and checks each id for what must be escaped takes as long as the scheduling.
struct Writer<'w, 'a> {
    answer: &'w Answer<'a>,
    to: &'w mut Outlet,
}

impl Writer<'_, '_> {
    fn rest(&mut self) {
        let schedule = self.answer.schedule;
        let network = schedule.network;
        self.to.text(r#","waves":["#);
        for (number, row) in schedule.waves.rows.iter().enumerate() {
            self.comma(number);
            self.ids(row);
        }
        self.to.text("]");
        for (name, holds) in [
            ("barriers", schedule.options.barriers),
            ("partial", network.is_partial()),
            ("noMain", self.answer.no_main),
        ] {
            if holds {
                self.to.text(&format!(r#","{name}":true"#));
            }
        }
        if let Some(pipeline) = self.answer.pipeline {
            self.field("pipeline", &pipeline);
        }
        if network.stages.is_sequential {
            self.field("entries", &entries(network));
        }
        let lanes = schedule.lanes();
        self.lanes(&lanes);
        self.to.text(r#","order":"#);
        self.ids(&schedule.order);
        self.to.text(r#","criticalPath":{"tasks":"#);
        self.ids(&schedule.critical);
        self.field("minutes", &schedule.paths.longest);
        self.to.text("}");
        self.field("estimate", &estimate(schedule));
        self.tasks(&Neighbours::new(network, &lanes));
        let worktrees: Vec<Worktree<'_>> =
            self.answer.worktrees.iter().map(Worktree::from).collect();
        self.field("worktrees", &worktrees);
    }

    fn lanes(&mut self, lanes: &[(u32, Vec<u32>)]) {
        let network = self.answer.schedule.network;
        self.to.text(r#","lanes":["#);
        for (number, (lane, tasks)) in lanes.iter().enumerate() {
            self.comma(number);
            self.to.text(r#"{"name":"#);
            self.to.value(&network.lanes.get(*lane).name);
            self.to.text(r#","tasks":"#);
            self.ids(tasks);
            self.to.text("}");
        }
        self.to.text("]");
    }

    fn tasks(&mut self, neighbours: &Neighbours) {
        let network = self.answer.schedule.network;
        self.to.text(r#","tasks":{"#);
        for task in network.numbers() {
            self.comma(task as usize);
            self.id(task);
            self.slot(task, neighbours);
            self.to.pass();
        }
        self.to.text("}");
    }

    fn slot(&mut self, task: u32, neighbours: &Neighbours) {
        let Answer { schedule, tags, .. } = self.answer;
        let network = schedule.network;
        let at = task as usize;
        self.to.text(r#":{"wave":"#);
        self.to.value(&schedule.waves.of[at]);
        if let Some(lane) = network.lanes.folder_of(task) {
            self.field("lane", &network.lanes.get(lane).name);
        }
        self.field("minutes", &network.minutes[at]);
        if network.is_rewired(task) {
            self.to.text(r#","dependsOn":"#);
            self.ids(network.dependencies.before(task));
        }
        self.field("rank", &schedule.paths.rank[at]);
        self.field("earliestStartMinutes", &schedule.timetable.start[at]);
        self.field("slackMinutes", &schedule.paths.slack(task));
        if network.course.is_check[at] {
            self.to.text(r#","check":true"#);
        }
        if network.course.is_absent[at] {
            self.to.text(r#","onlyAfterFailure":true"#);
        }
        if let Some((mode, why)) = tags.mode(task) {
            self.field("mode", &mode);
            if let Some(why) = why {
                self.field("modeReason", &why);
            }
        }
        if let Some(tier) = tags.tier(task) {
            self.field("modelTier", &tier);
        }
        if let Some(autonomy) = tags.autonomy(task) {
            self.field("autonomy", &autonomy);
        }
        self.to.text(r#","conflictsWith":"#);
        self.ids(&neighbours.of(network, task));
        let pauses = network.place(task).is_some_and(|place| place.pause_after);
        self.to.text(if pauses {
            r#","pauseAfter":true}"#
        } else {
            r#","pauseAfter":false}"#
        });
    }

    /// A field that is not the first of its object.
    fn field(&mut self, name: &str, value: &impl Serialize) {
        self.to.text(",\"");
        self.to.text(name);
        self.to.text("\":");
        self.to.value(value);
    }

    fn ids(&mut self, tasks: &[u32]) {
        self.to.text("[");
        for (number, task) in tasks.iter().enumerate() {
            self.comma(number);
            self.id(*task);
            self.to.pass();
        }
        self.to.text("]");
    }

    fn id(&mut self, task: u32) {
        let network = self.answer.schedule.network;
        if network.has_plain_ids() {
            self.to.text("\"");
            self.to.text(network.id(task));
            self.to.text("\"");
        } else {
            self.to.value(&network.id(task));
        }
    }

    fn comma(&mut self, number: usize) {
        if number > 0 {
            self.to.text(",");
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    phases: Vec<&'a str>,
    #[serde(skip_serializing_if = "Not::not")]
    parallel: bool,
    #[serde(skip_serializing_if = "Not::not")]
    pause_after: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Estimate<'a> {
    serial_minutes: Minutes,
    critical_path_minutes: Minutes,
    makespan_minutes: Minutes,
    max_concurrent: u32,
    speedup: f64,
    lower_bound_minutes: Minutes,
    gap_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    heaviest_lane: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heaviest_lane_minutes: Option<Minutes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    useful_slots: Option<u32>,
}

#[derive(Serialize)]
struct Worktree<'a> {
    unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    branch: &'a str,
}

impl<'a> From<&'a crate::worktrees::Worktree<'a>> for Worktree<'a> {
    fn from(worktree: &'a crate::worktrees::Worktree<'a>) -> Worktree<'a> {
        Worktree {
            unit: worktree.unit,
            project: worktree.project,
            branch: &worktree.branch,
        }
    }
}

fn entries<'a>(network: &'a Network<'a>) -> Vec<Entry<'a>> {
    let stages = &network.stages;
    let entry = |entry: &'a crate::stages::Entry<'a>| Entry {
        phases: entry.phases.iter().map(|phase| phase.id.as_str()).collect(),
        parallel: entry.is_group,
        pause_after: entry.pause_after,
    };
    stages.entries.iter().map(entry).collect()
}

fn estimate<'a>(schedule: &'a Schedule<'a>) -> Estimate<'a> {
    let bounds = schedule.bounds;
    let heaviest = bounds.heaviest;
    let name = |lane: u32| &*schedule.network.lanes.get(lane).name;
    Estimate {
        serial_minutes: bounds.serial,
        critical_path_minutes: schedule.paths.longest,
        makespan_minutes: schedule.timetable.makespan,
        max_concurrent: schedule.options.slots,
        speedup: schedule.speedup(),
        lower_bound_minutes: bounds.least,
        gap_percent: gap_percent(schedule.timetable.makespan, bounds.least),
        heaviest_lane: heaviest.map(|(lane, _)| name(lane)),
        heaviest_lane_minutes: heaviest.map(|(_, minutes)| minutes),
        useful_slots: useful_slots(&schedule.rules()),
    }
}

/// The tasks of each lane that is no folder's.
struct Neighbours {
    of_lane: HashMap<u32, Vec<u32>>,
}

impl Neighbours {
    fn new(network: &Network<'_>, lanes: &[(u32, Vec<u32>)]) -> Neighbours {
        let shared = lanes
            .iter()
            .filter(|(lane, _)| network.lanes.get(*lane).shared.is_some());
        let sorted = shared.map(|(lane, tasks)| {
            let mut tasks = tasks.clone();
            tasks.sort_unstable();
            (*lane, tasks)
        });
        Neighbours {
            of_lane: sorted.collect(),
        }
    }

    fn of(&self, network: &Network<'_>, task: u32) -> Vec<u32> {
        const SHOWN: usize = 50;
        let mut others: Vec<u32> = Vec::new();
        for lane in network.lanes.of(task) {
            let tasks = self.of_lane.get(lane).into_iter().flatten();
            others.extend(tasks.filter(|other| **other != task).take(SHOWN));
        }
        others.sort_unstable();
        others.dedup();
        others.truncate(SHOWN);
        others
    }
}

/// Tasks, written as their ids.
pub(crate) struct Ids<'a>(pub(crate) &'a Network<'a>, pub(crate) Vec<u32>);

impl<'a> Ids<'a> {
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.1.iter().map(|task| self.0.id(*task))
    }
}

impl Serialize for Ids<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ids = serializer.serialize_seq(Some(self.1.len()))?;
        for task in &self.1 {
            ids.serialize_element(self.0.id(*task))?;
        }
        ids.end()
    }
}
