//! The thin side: processes, files, clocks, signals. One channel of events, one loop, no decisions.

mod agent;
mod books;
pub(crate) mod contain;
mod deeds;
mod due;
mod ending;
mod environment;
mod feed;
mod gate;
mod herald;
mod intake;
pub(crate) mod jobserver;
pub(crate) mod launcher;
mod life;
mod log;
mod mask;
mod merging;
mod outlet;
mod output;
mod place;
pub(crate) mod run_dir;
pub(crate) mod scratch;
mod session_log;
mod spawn;
mod starting;
mod talk;
mod threads;
mod tokens;
mod touched;
mod waiter;
mod watch;
mod workspace;
mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schemas::journal::Journal;
use schemas::{Body, Exit, Failure, Plan, State};

use self::contain::Containment;
use self::run_dir::RunDir;
use self::writer::Writer;
use crate::core::{Action, Attempt, Dispatcher, End, Event, Graph, Time, resume};
use crate::notice::Notice;
use crate::profiles::Runners;
use crate::progress::View;
use crate::worktrees::{Bounds, Stop, Worktrees};

/// Events that wait for the loop. Agents that talk faster than it listens wait at their pipe.
const QUEUE: usize = 4096;

/// Events that are handled before their records are made durable together.
const BATCH: usize = 256;

/// How often the loop looks up when nothing happens: bars move, a late state is saved.
const PULSE: Duration = Duration::from_millis(200);

/// What reaches the loop.
#[derive(Debug)]
enum Incoming {
    Event(Event),
    /// An attempt runs.
    Started(Box<agent::Started>),
    Signal(i32),
    /// What an agent prints cannot be kept.
    LogLost {
        attempt: Attempt,
        reason: String,
    },
    /// What people should know of a task's worktrees.
    Notes {
        task: crate::core::TaskIdx,
        notes: Vec<String>,
    },
    /// The run directory cannot be written.
    Failed(Failure),
    /// A token to run something.
    Token(u8),
    /// Nobody reads stdout any more.
    ReaderGone,
    /// Somebody else has appended to the journal.
    JournalGrew,
    /// It cannot be made durable any more.
    JournalLost(std::io::Error),
}

/// All that a run needs, decided before it starts.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) graph: Arc<Graph>,
    pub(crate) limits: crate::core::Limits,
    /// The candidates of each task.
    pub(crate) runners: Arc<Runners>,
    pub(crate) root: PathBuf,
    pub(crate) worktrees: Arc<Worktrees>,
    /// By task: its changes in its project's folder are held against its boundaries.
    pub(crate) bounds: Vec<Bounds>,
    /// The variables that attempts get, when not all.
    pub(crate) pass_env: Option<Vec<String>>,
    pub(crate) gate_program: PathBuf,
    /// Behind which attempts run; absent: on this machine, without anything between.
    pub(crate) launcher: Option<Arc<launcher::Launcher>>,
    /// Where what runs takes its tokens from.
    pub(crate) pool: Option<jobserver::Pool>,
    /// Who is told of what.
    pub(crate) notices: Vec<Notice>,
    pub(crate) dir: RunDir,
    pub(crate) journal: Journal,
    pub(crate) state: State,
}

/// The run under way.
struct Shell<'v> {
    run: Run,
    containment: Arc<Containment>,
    view: &'v mut dyn View,
    events: SyncSender<Incoming>,
    incoming: Receiver<Incoming>,
    /// Events of our own making, before those of others.
    own: VecDeque<Event>,
    /// What the core has asked for and is not done yet.
    due: VecDeque<Action>,
    writer: Writer,
    herald: herald::Herald,
    agents: BTreeMap<Attempt, agent::Child>,
    gates: BTreeMap<Attempt, gate::GateChild>,
    /// Worktrees that are being made ready.
    openings: BTreeMap<Attempt, Stop>,
    /// Merges under way.
    merges: BTreeMap<Attempt, Stop>,
    /// The work is in the target, and a checkout of the target could not follow.
    undelivered: bool,
    threads: threads::Threads,
    tokens: tokens::Tokens,
    /// Attempts that are being started.
    starting: usize,
    lives: life::Lives,
    /// Of the secrets that we inherited.
    mask: mask::Mask,
    places: workspace::Places,
    scratch: scratch::Scratch,
    /// Tasks that own files.
    owning: Vec<usize>,
    /// Where we stand in the journal, for the thread that watches it.
    known: Arc<AtomicU64>,
    began: Instant,
    saved: Instant,
    save_pause: Duration,
    signal: Option<i32>,
    /// Signals that asked us to end.
    interrupts: u32,
    reader_gone: bool,
    end: Option<End>,
}

/// Brings the run to an end. `opening` is the first record of this life.
pub(crate) fn run(
    mut run: Run,
    containment: Containment,
    opening: Body,
    view: &mut dyn View,
) -> Result<(Exit, State), Failure> {
    let (events, incoming) = sync_channel(QUEUE);
    watch::signals(events.clone())?;
    let containment = Arc::new(containment);
    let (threads, mask) = (
        threads::Threads::default(),
        mask::Mask::new(&BTreeMap::new()),
    );
    let tokens = tokens::Tokens::new(run.pool.take(), &events);
    let herald = herald::Herald::new(&run, &containment, &threads, &mask);
    let mut shell = Shell {
        known: Arc::new(AtomicU64::new(run.journal.offset())),
        writer: Writer::new(run.journal.handle()?, events.clone()),
        owning: crate::prompt::owning(&run.plan),
        scratch: scratch::Scratch::new(containment.name()),
        run,
        containment,
        view,
        events,
        incoming,
        own: VecDeque::new(),
        due: VecDeque::new(),
        agents: BTreeMap::new(),
        gates: BTreeMap::new(),
        openings: BTreeMap::new(),
        merges: BTreeMap::new(),
        undelivered: false,
        herald,
        threads,
        tokens,
        starting: 0,
        lives: life::Lives::default(),
        mask,
        places: workspace::Places::default(),
        began: Instant::now(),
        saved: Instant::now(),
        save_pause: Duration::from_millis(300),
        signal: None,
        interrupts: 0,
        reader_gone: false,
        end: None,
    };
    let result = shell.dispatch(opening);
    shell.close(result)
}

impl Shell<'_> {
    fn dispatch(&mut self, opening: Body) -> Result<End, Failure> {
        self.journal(vec![opening], true)?;
        let (wall, since_start) = (SystemTime::now(), self.began.elapsed());
        // After the opening: it says which settled tasks are to be done again.
        let initial = resume::initial(&self.run.graph, &self.run.state, wall);
        let epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch = epoch.saturating_sub(since_start);
        self.run.limits.epoch_ms = epoch.as_millis() as u64;
        let mut core = Dispatcher::new(
            Arc::clone(&self.run.graph),
            self.run.limits.clone(),
            &initial,
        );
        watch::journal(
            self.run.dir.whole(schemas::journal::JOURNAL),
            Arc::clone(&self.known),
            self.events.clone(),
        );
        if let Some(patience) = self.patience() {
            self.lives.look(patience, self.events.clone());
        }
        let actions = core.start(self.now(), &initial);
        drop(initial);
        if self.perform(actions)? {
            core.go_on();
        }
        loop {
            if let Some(end) = self.end {
                return Ok(end);
            }
            let mut actions = Vec::new();
            for event in self.next_events(core.next_deadline())? {
                actions.extend(core.handle(self.now(), event));
            }
            if self.perform(actions)? {
                core.go_on();
            }
        }
    }

    /// The shortest silence that ends an agent; none where there are no agents, or silence ends nothing.
    fn patience(&self) -> Option<Duration> {
        let specs = self.run.graph.specs.iter();
        let agents = specs
            .flat_map(|spec| spec.candidates.iter())
            .filter(|candidate| candidate.is_agent);
        let shortest = agents.filter_map(|candidate| candidate.pace.stall).min();
        shortest.map(Duration::from_millis)
    }

    /// Waits for the first event, then takes what else is there: their records share one sync.
    fn next_events(&mut self, deadline: Option<Time>) -> Result<Vec<Event>, Failure> {
        if self.own.is_empty() {
            self.warn();
            self.view.tick(&self.run.state);
            let until_deadline = deadline.map(|at| Duration::from_millis(at.since(self.now())));
            let wait = until_deadline.map_or(PULSE, |left| left.min(PULSE));
            match self.incoming.recv_timeout(wait) {
                Ok(incoming) => self.take(incoming)?,
                Err(RecvTimeoutError::Timeout) => self.own.push_back(Event::Woken),
                Err(RecvTimeoutError::Disconnected) => unreachable!("we hold a sender"),
            }
        }
        while self.own.len() < BATCH
            && let Ok(incoming) = self.incoming.try_recv()
        {
            self.take(incoming)?;
        }
        Ok(self.own.drain(..).collect())
    }

    /// Records first, then the deeds. Answers whether an end was called off: somebody spoke meanwhile.
    fn perform(&mut self, actions: Vec<Action>) -> Result<bool, Failure> {
        let depends = |action: &Action| {
            !matches!(action, Action::Record(_))
                || matches!(
                    action,
                    Action::Record(Body::TaskSettled { .. } | Body::AttemptFinished { .. })
                )
        };
        let durable = actions.iter().any(depends);
        let (mut bodies, mut deeds) = (Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Record(body) => bodies.push(body),
                deed => deeds.push(deed),
            }
        }
        let ends = |deed: &Action| matches!(deed, Action::Finish(end) if *end != End::Interrupted);
        if deeds.iter().any(|deed| matches!(deed, Action::Finish(_))) {
            self.deliver_targets(&mut bodies);
        }
        let last_word = bodies.pop_if(|_| deeds.iter().any(ends));
        if !bodies.is_empty() {
            self.journal(bodies, durable)?;
        }
        if let Some(body) = last_word
            && !self.say_last(body)?
        {
            return Ok(true);
        }
        self.due.extend(deeds);
        self.do_what_is_due()?;
        self.save_now_and_then()?;
        Ok(false)
    }

    fn now(&self) -> Time {
        Time(self.began.elapsed().as_millis() as u64)
    }
}
