//! The schedule as it is written: the wire form of [`schemas::Schedule`], from numbers and borrowed text.
//!
//! The contract's own type would need every id three times over as a string, and sorts `t10` before `t2`.

use std::io::{self, BufWriter, Write};

use schemas::{Failure, TaskMode};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::branch::branch;
use crate::minutes::Minutes;
use crate::network::Network;
use crate::outlet::Outlet;
use crate::schedule::Schedule;

/// A schedule of a million tasks is not built in memory first.
type Buffer = BufWriter<Outlet>;

const PIECE: usize = 1 << 20;

/// The document around `plan`, which is the plan's text as it came.
pub(crate) fn document(schedule: &Schedule<'_>, plan: &str) -> Result<(), Failure> {
    let mut buffer = BufWriter::with_capacity(PIECE, Outlet::default());
    // A step that fails has told the outlet why.
    let _ = pieces(schedule, plan, &mut buffer);
    let (outlet, _) = buffer.into_parts();
    outlet.end()
}

fn pieces(schedule: &Schedule<'_>, plan: &str, to: &mut Buffer) -> io::Result<()> {
    to.write_all(br#"{"kind":"schedule","version":1,"plan":"#)?;
    // Spliced, not serialised: the text has been read as a plan, and a second pass over it would cost as much again.
    to.write_all(plan.trim().as_bytes())?;
    serde_json::to_writer(Continued(to, false), &Rest::new(schedule))?;
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    barriers: bool,
    lanes: Vec<Lane<'a>>,
    order: Ids<'a>,
    critical_path: CriticalPath<'a>,
    estimate: Estimate,
    tasks: Tasks<'a>,
    worktrees: Vec<Worktree<'a>>,
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
struct Estimate {
    serial_minutes: Minutes,
    critical_path_minutes: Minutes,
    makespan_minutes: Minutes,
    max_concurrent: u32,
    speedup: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskSlot<'a> {
    wave: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
    rank: Minutes,
    earliest_start_minutes: Minutes,
    slack_minutes: Minutes,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<TaskMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomy: Option<u8>,
    conflicts_with: [&'a str; 0],
    pause_after: bool,
}

#[derive(Serialize)]
struct Worktree<'a> {
    unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    branch: String,
}

impl<'a> Rest<'a> {
    fn new(schedule: &'a Schedule<'a>) -> Rest<'a> {
        let network = schedule.network;
        let ids = |tasks: &[u32]| Ids(network, tasks.to_vec());
        Rest {
            waves: schedule.waves.rows.iter().map(|row| ids(row)).collect(),
            barriers: schedule.options.barriers,
            lanes: schedule
                .lanes()
                .into_iter()
                .map(|(name, tasks)| Lane {
                    name,
                    tasks: Ids(network, tasks),
                })
                .collect(),
            order: ids(&schedule.order),
            critical_path: CriticalPath {
                tasks: ids(&schedule.critical),
                minutes: schedule.paths.longest,
            },
            estimate: Estimate {
                serial_minutes: schedule.serial,
                critical_path_minutes: schedule.paths.longest,
                makespan_minutes: schedule.timetable.makespan,
                max_concurrent: schedule.options.slots,
                speedup: schedule.speedup(),
            },
            tasks: Tasks(schedule),
            worktrees: worktrees(network),
        }
    }
}

fn worktrees<'a>(network: &'a Network<'a>) -> Vec<Worktree<'a>> {
    network
        .numbers()
        .filter(|task| network.is_isolated(*task))
        .map(|task| Worktree {
            unit: network.id(task),
            project: network.project(task),
            branch: branch(&network.plan.plan_id, network.id(task)),
        })
        .collect()
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
struct Tasks<'a>(&'a Schedule<'a>);

impl Serialize for Tasks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let network = self.0.network;
        let mut tasks = serializer.serialize_map(Some(network.len()))?;
        for task in network.numbers() {
            tasks.serialize_entry(network.id(task), &slot(self.0, task))?;
        }
        tasks.end()
    }
}

fn slot<'a>(schedule: &Schedule<'a>, task: u32) -> TaskSlot<'a> {
    let network = schedule.network;
    let at = task as usize;
    TaskSlot {
        wave: schedule.waves.of[at],
        lane: network.lane_of[at].map(|lane| network.lanes[lane as usize]),
        rank: schedule.paths.rank[at],
        earliest_start_minutes: schedule.timetable.start[at],
        slack_minutes: schedule.paths.slack(task),
        mode: network.tasks[at].mode,
        autonomy: network.autonomy(task),
        conflicts_with: [],
        pause_after: network.place(task).is_some_and(|place| place.pause_after),
    }
}
