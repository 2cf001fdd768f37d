//! The schedule as it is written: the wire form of [`schemas::Schedule`], from numbers and borrowed text.
//!
//! The contract's own type would need every id three times over as a string, and sorts `t10` before `t2`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::ops::Not;

use schemas::{Failure, ModelTier, Pipeline, TaskMode};
use serde::ser::{SerializeMap, SerializeSeq};
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

/// A schedule of a million tasks is not built in memory first.
type Buffer = BufWriter<Outlet>;

const PIECE: usize = 1 << 20;

/// The document around `plan`, which is the plan's text as it came.
pub(crate) fn document(answer: &Answer<'_>, plan: &str) -> Result<(), Failure> {
    let mut buffer = BufWriter::with_capacity(PIECE, Outlet::default());
    // A step that fails has told the outlet why.
    let _ = pieces(answer, plan, &mut buffer);
    let (outlet, _) = buffer.into_parts();
    outlet.end()
}

fn pieces(answer: &Answer<'_>, plan: &str, to: &mut Buffer) -> io::Result<()> {
    to.write_all(br#"{"kind":"schedule","version":1,"plan":"#)?;
    // Spliced, not serialised: the text has been read as a plan, and a second pass over it would cost as much again.
    to.write_all(plan.trim().as_bytes())?;
    serde_json::to_writer(Continued(to, false), &Rest::new(answer))?;
    to.write_all(b"\n")?;
    to.flush()
}

/// An object that goes on where another one has begun: a comma stands for its first brace.
struct Continued<'a>(&'a mut Buffer, bool);

impl Write for Continued<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.1, true) || bytes.is_empty() {
            return self.0.write(bytes);
        }
        self.0.write_all(b",")?;
        self.0.write_all(&bytes[1..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Everything but the plan.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rest<'a> {
    waves: Vec<Ids<'a>>,
    #[serde(skip_serializing_if = "Not::not")]
    barriers: bool,
    #[serde(skip_serializing_if = "Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<Pipeline>,
    #[serde(skip_serializing_if = "Not::not")]
    no_main: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry<'a>>,
    lanes: Vec<Lane<'a>>,
    order: Ids<'a>,
    critical_path: CriticalPath<'a>,
    estimate: Estimate<'a>,
    tasks: Tasks<'a>,
    worktrees: Vec<Worktree<'a>>,
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
struct Lane<'a> {
    name: &'a str,
    tasks: Ids<'a>,
}

#[derive(Serialize)]
struct CriticalPath<'a> {
    tasks: Ids<'a>,
    minutes: Minutes,
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
#[serde(rename_all = "camelCase")]
struct TaskSlot<'a> {
    wave: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
    minutes: Minutes,
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<Ids<'a>>,
    rank: Minutes,
    earliest_start_minutes: Minutes,
    slack_minutes: Minutes,
    #[serde(skip_serializing_if = "Not::not")]
    check: bool,
    #[serde(skip_serializing_if = "Not::not")]
    only_after_failure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<TaskMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode_reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_tier: Option<ModelTier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomy: Option<u8>,
    conflicts_with: Ids<'a>,
    pause_after: bool,
}

#[derive(Serialize)]
struct Worktree<'a> {
    unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    branch: &'a str,
}

impl<'a> Rest<'a> {
    fn new(answer: &'a Answer<'a>) -> Rest<'a> {
        let schedule = answer.schedule;
        let network = schedule.network;
        let ids = |tasks: &[u32]| Ids(network, tasks.to_vec());
        let lanes = schedule.lanes();
        Rest {
            waves: schedule.waves.rows.iter().map(|row| ids(row)).collect(),
            barriers: schedule.options.barriers,
            partial: network.is_partial(),
            pipeline: answer.pipeline,
            no_main: answer.no_main,
            entries: entries(network),
            order: ids(&schedule.order),
            critical_path: CriticalPath {
                tasks: ids(&schedule.critical),
                minutes: schedule.paths.longest,
            },
            estimate: estimate(schedule),
            tasks: Tasks {
                answer,
                neighbours: Neighbours::new(network, &lanes),
            },
            lanes: lanes
                .into_iter()
                .map(|(lane, tasks)| Lane {
                    name: &network.lanes.get(lane).name,
                    tasks: Ids(network, tasks),
                })
                .collect(),
            worktrees: answer.worktrees.iter().map(Worktree::from).collect(),
        }
    }
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
    let shown = stages.entries.iter().filter(|_| stages.is_sequential);
    let entry = |entry: &'a crate::stages::Entry<'a>| Entry {
        phases: entry.phases.iter().map(|phase| phase.id.as_str()).collect(),
        parallel: entry.is_group,
        pause_after: entry.pause_after,
    };
    shown.map(entry).collect()
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

/// What is known of each task, by id.
struct Tasks<'a> {
    answer: &'a Answer<'a>,
    neighbours: Neighbours,
}

impl Serialize for Tasks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let network = self.answer.schedule.network;
        let mut tasks = serializer.serialize_map(Some(network.len()))?;
        for task in network.numbers() {
            tasks.serialize_entry(network.id(task), &self.slot(task))?;
        }
        tasks.end()
    }
}

impl Tasks<'_> {
    fn slot(&self, task: u32) -> TaskSlot<'_> {
        let Answer { schedule, tags, .. } = self.answer;
        let network = schedule.network;
        let at = task as usize;
        let (mode, why) = tags.mode(task).unzip();
        let folder = network.lanes.folder_of(task);
        let waits = || Ids(network, network.dependencies.before(task).to_vec());
        TaskSlot {
            wave: schedule.waves.of[at],
            lane: folder.map(|lane| &*network.lanes.get(lane).name),
            minutes: network.minutes[at],
            depends_on: network.is_rewired(task).then(waits),
            rank: schedule.paths.rank[at],
            earliest_start_minutes: schedule.timetable.start[at],
            slack_minutes: schedule.paths.slack(task),
            check: network.course.is_check[at],
            only_after_failure: network.course.is_absent[at],
            mode,
            mode_reason: why.flatten(),
            model_tier: tags.tier(task),
            autonomy: tags.autonomy(task),
            conflicts_with: Ids(network, self.neighbours.of(network, task)),
            pause_after: network.place(task).is_some_and(|place| place.pause_after),
        }
    }
}
