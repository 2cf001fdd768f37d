//! Nothing that an attempt started outlives it.
//!
//! Every process of an attempt carries a mark in its environment, `ORCHESTRATE_MARK=<run>.<session>.<terminal>`,
//! leads or inherits a process group, and is handed to us when its parent dies (we are a subreaper). A group kill
//! misses what has called setsid, as the shell tools of agents do; the sweep by mark does not. What has thrown its
//! environment away *and* left its group is still our child in the end: nobody can say whose it was, so it is ended
//! with the run and not with its attempt.
//!
//! Agents get more, where the machine has it: a control group (version 2) each, which the kernel ends as a whole, or else
//! a pid namespace that dies with us. Neither setsid nor a scrubbed environment leads out of these.
//!
//! When the dispatcher itself is killed, the warden (a child of ours that only waits for that) sweeps in its place, by
//! control group and by mark. Where agents have no group, what has thrown the mark away is handed to somebody else then,
//! and is beyond it.

mod cgroup;
mod mark;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions};
use schemas::Failure;

use self::cgroup::Cgroup;
use self::mark::end_marked;
use super::scratch;
use crate::cli::Contain;

/// The environment variable that carries the mark.
pub(crate) const MARK: &str = "ORCHESTRATE_MARK";

/// How long a sweep goes on before it gives up on what cannot be killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between a kill and the end of a process lies the scheduler.
const PAUSE: Duration = Duration::from_millis(2);

/// The means by which this dispatcher contains its children.
#[derive(Debug)]
pub(crate) struct Containment {
    /// `<run>.<session>.`: the beginning of all marks of this dispatcher.
    prefix: String,
    /// Children of our main thread that somebody waits for; every other one is an orphan. Attempts are started by other
    /// threads, and are not among them.
    subreaper: bool,
    /// This dispatcher among those of the run.
    session: String,
    fence: Fence,
    warden: Mutex<Option<std::process::Child>>,
    guarded: bool,
}

/// What keeps an agent's processes together, beside group and mark.
#[derive(Debug)]
enum Fence {
    Cgroup(Cgroup),
    /// `bwrap` with a pid namespace that dies with its parent.
    Namespace(PathBuf),
    None,
}

impl Containment {
    /// Takes the means that are asked for, or the strongest that this machine offers.
    pub(crate) fn new(run_mark: &str, wanted: Contain) -> Result<Containment, Failure> {
        let session = format!("{:08x}", crate::config::random() & 0xffff_ffff);
        let prefix = format!("{run_mark}.{session}.");
        let fence = Fence::new(run_mark, wanted)?;
        let subreaper = become_subreaper();
        let mut containment = Containment {
            warden: Mutex::new(None),
            guarded: false,
            prefix,
            session,
            fence,
            subreaper,
        };
        let warden = containment.start_warden();
        containment.guarded = warden.is_some();
        containment.warden = Mutex::new(warden);
        Ok(containment)
    }

    /// The run and this dispatcher of it.
    pub(crate) fn name(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }

    /// In words, for the journal.
    pub(crate) fn level(&self) -> String {
        let mut means = match &self.fence {
            Fence::Cgroup(_) => vec!["cgroup v2 for agents", "process group"],
            Fence::Namespace(_) => vec!["pid namespace for agents", "process group"],
            Fence::None => vec!["process group"],
        };
        if cfg!(target_os = "linux") {
            means.push("environment mark");
        }
        if self.subreaper {
            means.push("subreaper");
        }
        if self.guarded {
            means.push("warden");
        }
        means.join(" + ")
    }

    /// The part of an attempt's mark that is its own.
    pub(crate) fn own_mark(&self, terminal: &str) -> String {
        format!("{}{terminal}", self.prefix)
    }

    /// The mark of one attempt's processes. Inside another run, its mark stays in front: that run ends us as well.
    pub(crate) fn mark(&self, terminal: &str) -> String {
        let own = self.own_mark(terminal);
        match std::env::var(MARK) {
            Ok(outer) if !outer.is_empty() => format!("{outer}:{own}"),
            _ => own,
        }
    }

    /// What stands before an agent's argv, so that none of its processes can get away. A task's own command does without:
    /// it would cost more than to start it.
    pub(crate) fn enter(&self, terminal: &str) -> std::io::Result<Vec<OsString>> {
        match &self.fence {
            Fence::Cgroup(cgroup) => cgroup.enter(&self.session, terminal),
            Fence::Namespace(program) => {
                let flags = ["--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/"];
                let flags = flags.into_iter().map(OsString::from);
                let end = [OsString::from("--")];
                Ok(std::iter::once(program.clone().into_os_string())
                    .chain(flags)
                    .chain(end)
                    .collect())
            }
            Fence::None => Ok(Vec::new()),
        }
    }

    /// The group of an attempt, where agents have one.
    pub(crate) fn cgroup(&self, terminal: &str) -> Option<PathBuf> {
        match &self.fence {
            Fence::Cgroup(cgroup) => Some(cgroup.attempt(&self.session, terminal)),
            _ => None,
        }
    }

    /// Ends all that is left of an attempt whose leader has been reaped; answers whether there was anything.
    pub(crate) fn sweep(&self, leader: u32, terminal: &str) -> bool {
        let group = group_of(leader);
        let mut left = group
            .is_some_and(|group| rustix::process::kill_process_group(group, Signal::KILL).is_ok());
        if let Some(cgroup) = self.cgroup(terminal) {
            left |= cgroup::end(&cgroup);
        }
        if left || self.has_orphans() {
            left |= end_marked(&self.own_mark(terminal), true);
            self.reap();
        }
        left
    }

    /// Ends all that this dispatcher has started: what carries its mark, then every child of ours that is nobody's.
    fn sweep_all(&self) {
        if let Fence::Cgroup(cgroup) = &self.fence {
            cgroup.remove();
        }
        end_marked(&self.prefix, false);
        let begun = Instant::now();
        // Killing one hands us its children, until there are none.
        while begun.elapsed() < PATIENCE {
            let orphans = self.orphans().unwrap_or_default();
            if orphans.is_empty() {
                return;
            }
            for pid in orphans.into_iter().filter_map(group_of) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            self.reap();
            std::thread::sleep(PAUSE);
        }
    }

    /// Ends what is left of the run, and dismisses the warden.
    pub(crate) fn dismiss(&self) {
        self.sweep_all();
        scratch::remove_all(self.name());
        let warden = self
            .warden
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut warden) = warden {
            if let Some(mut stdin) = warden.stdin.take() {
                let _ = std::io::Write::write_all(&mut stdin, b"q");
            }
            let _ = warden.wait();
        }
    }

    /// Whether a child of ours is nobody's: then something has outlived its parent. Unknown counts as yes.
    fn has_orphans(&self) -> bool {
        self.orphans().is_none_or(|orphans| !orphans.is_empty())
    }

    /// Children of ours that nobody waits for; `None` where the kernel does not say.
    fn orphans(&self) -> Option<Vec<u32>> {
        let leaders = leaders();
        let mut children = children()?;
        children.retain(|pid| !leaders.contains(pid));
        Some(children)
    }

    /// Zombies of orphans are ours to reap. Never a leader: its waiter must get its status.
    fn reap(&self) {
        let leaders = leaders();
        for pid in children().unwrap_or_default() {
            if !leaders.contains(&pid) {
                let _ = rustix::process::waitpid(group_of(pid), WaitOptions::NOHANG);
            }
        }
    }

    fn run_cgroup(&self) -> Option<&Path> {
        match &self.fence {
            Fence::Cgroup(cgroup) => Some(cgroup.folder()),
            _ => None,
        }
    }

    fn start_warden(&self) -> Option<std::process::Child> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let mut leaders = leaders();
        let mut command = Command::new(std::env::current_exe().ok()?);
        command
            .args(["__warden", &self.prefix])
            .args(self.run_cgroup())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Its own group: what ends us at the terminal must not end it. It holds no folder and no mark.
        command.current_dir("/").env_remove(MARK);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().ok()?;
        leaders.insert(child.id());
        Some(child)
    }
}

impl Fence {
    fn new(run_mark: &str, wanted: Contain) -> Result<Fence, Failure> {
        let cgroup = || Cgroup::new(run_mark).map(Fence::Cgroup);
        let missing = |what: &str| {
            Failure::trouble(format!("cannot contain agents by {what}"))
                .help("--contain auto takes the strongest means that this machine has")
        };
        match wanted {
            Contain::Group => Ok(Fence::None),
            Contain::Cgroup => {
                cgroup().ok_or_else(|| missing("a cgroup: no version 2 hierarchy is writable"))
            }
            Contain::Namespace => namespace()
                .ok_or_else(|| missing("a pid namespace: bwrap is not there, or may not")),
            Contain::Auto => Ok(cgroup().or_else(namespace).unwrap_or(Fence::None)),
        }
    }
}

/// A pid namespace by `bwrap`, where it is installed and allowed.
fn namespace() -> Option<Fence> {
    let program = which::which("bwrap").ok()?;
    let works = Command::new(&program)
        .args([
            "--unshare-pid",
            "--die-with-parent",
            "--dev-bind",
            "/",
            "/",
            "--",
            "true",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    works.then_some(Fence::Namespace(program))
}

/// The warden's whole life: waits until the dispatcher is gone, then ends what carries its mark. Nothing of another
/// dispatcher of the run, which may have been started at once.
pub(crate) fn warden(prefix: &str, cgroup: Option<&str>) {
    let mut word = [0u8; 1];
    let dismissed = matches!(std::io::stdin().read(&mut word), Ok(1));
    if !dismissed && prefix.len() > 8 {
        let name = prefix.trim_end_matches('.');
        if let Some(cgroup) = cgroup {
            let session = name.rsplit('.').next().unwrap_or_default();
            cgroup::end_session(Path::new(cgroup), session);
        }
        end_marked(prefix, false);
        scratch::remove_all(name);
    }
}

/// Children of ours that somebody waits for. Held while one is started, so that no sweep takes it for an orphan.
pub(crate) fn leaders() -> MutexGuard<'static, BTreeSet<u32>> {
    static LEADERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what an earlier dispatcher of this run has left. Before anything is started again.
pub(crate) fn fence(run_mark: &str) -> bool {
    if run_mark.is_empty() {
        return false;
    }
    let contained = cgroup::fence(run_mark);
    let marked = end_marked(&format!("{run_mark}."), false);
    scratch::remove_run(run_mark);
    marked || contained
}

/// Ends all that carries this very mark; answers whether there was anything.
pub(crate) fn end_exactly(mark: &str) -> bool {
    end_marked(mark, true)
}

/// For a shim, which has one child: ends what that one has left behind. Answers whether there was anything.
pub(crate) fn sweep_exactly(leader: u32, mark: &str) -> bool {
    let group = group_of(leader);
    let left =
        group.is_some_and(|group| rustix::process::kill_process_group(group, Signal::KILL).is_ok());
    let left = end_marked(mark, true) || left;
    while matches!(rustix::process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
    left
}

/// CPU time of an attempt's group.
pub(crate) fn cpu_time(cgroup: &Path) -> Option<Duration> {
    cgroup::cpu_time(cgroup)
}

/// Asks a process group to end.
pub(crate) fn terminate(leader: u32) {
    if let Some(group) = group_of(leader) {
        let _ = rustix::process::kill_process_group(group, Signal::TERM);
    }
}

/// Ends a process group.
pub(crate) fn kill(leader: u32) {
    if let Some(group) = group_of(leader) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Raises the limit of open files when that many agents need it; each has a few on our side.
pub(crate) fn make_room(jobs: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = jobs as u64 * 8 + 64;
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        // Without it, starting an agent says what is lacking.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    }
}

fn group_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Orphans are handed to us, where the kernel can do that.
pub(crate) fn become_subreaper() -> bool {
    #[cfg(target_os = "linux")]
    return rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok();
    #[cfg(not(target_os = "linux"))]
    return false;
}

/// The children of our main thread, to which orphans are handed; `None` where the kernel does not say.
fn children() -> Option<Vec<u32>> {
    let pid = std::process::id();
    let text = std::fs::read_to_string(format!("/proc/self/task/{pid}/children")).ok()?;
    Some(
        text.split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect(),
    )
}
