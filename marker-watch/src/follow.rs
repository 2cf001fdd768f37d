//! Files that grow: rotated, cut off, renamed, deleted, not there yet, thousands of them.
//!
//! Always true:
//!   (1) A file is what its inode is: renamed, it is read on; another file in its place is another stream.
//!   (2) A file whose place another one has taken is read on until it has been quiet for a while: its writers may not know.
//!   (3) A watch is set before what it watches is read: nothing falls in between.
//!   (4) Without changes nothing is done, unless there are files that inotify cannot see: those are looked at in turn.
//!   (5) When the kernel has more events than it keeps, everything is looked at.

pub(crate) mod bookmarks;
mod copies;
mod eyes;
mod files;
mod followed;
mod place;
mod resume;

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemas::{Console, Failure};

use crate::buffer::Buffer;
use crate::intake::{Ending, Intake};
use crate::source::{Source, What};
use bookmarks::{Bookmark, Bookmarks};
use eyes::{Change, Eyes};
use files::Files;
use followed::Identity;
use resume::mark;

/// What is read of one file before the others have their turn.
const TURN: usize = 4 << 20;

/// A file that has lost its place is closed after so long without a change.
const LINGER: Duration = Duration::from_secs(30);

/// How often files are looked at that cannot be watched.
const POLL: Duration = Duration::from_millis(250);

/// Follows files.
pub(crate) struct Follower {
    sources: Vec<Source>,
    files: Files,
    eyes: Eyes,
    /// Paths that may be other files now.
    doubted: BTreeSet<PathBuf>,
    /// Everything is to be looked at.
    doubts_all: bool,
    /// What files of ours were renamed to, with their sources: a log may be rotated twice before we look once.
    renamed: HashMap<PathBuf, usize>,
    /// Folders that links lead to, with the sources that are the links.
    beyond: HashMap<PathBuf, Vec<usize>>,
    /// How often what cannot be seen is looked at.
    poll: Duration,
    /// There is something that cannot be seen.
    is_blind: bool,
    next_poll: Option<Instant>,
    buffer: Buffer,
    kept: HashMap<Identity, Bookmark>,
    console: Console,
}

impl Follower {
    /// Nothing is read before the first [`Follower::wake`]. With `poll`, everything is looked at so often, and nothing is
    /// watched.
    pub(crate) fn new(
        sources: Vec<Source>,
        poll: Option<Duration>,
        kept: Bookmarks,
        console: &Console,
    ) -> Follower {
        let known = |mark: Bookmark| {
            let identity = Identity {
                device: mark.device,
                inode: mark.inode,
            };
            (identity, mark)
        };
        Follower {
            sources,
            files: Files::default(),
            eyes: Eyes::open(poll.is_none()),
            doubted: BTreeSet::new(),
            doubts_all: true,
            renamed: HashMap::new(),
            beyond: HashMap::new(),
            poll: poll.unwrap_or(POLL),
            is_blind: poll.is_some(),
            next_poll: None,
            buffer: Buffer::new(),
            kept: kept.files.into_iter().map(known).collect(),
            console: console.clone(),
        }
    }

    /// Readable when [`Follower::wake`] has something to do.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.eyes.descriptor()
    }

    /// When [`Follower::wake`] has something to do without a change.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.doubts_all || self.files.has_dirty() {
            return Some(Instant::now());
        }
        self.files
            .next_close()
            .into_iter()
            .chain(self.next_poll)
            .min()
    }

    /// Reads what has changed.
    pub(crate) fn wake(&mut self, intake: &mut dyn Intake) -> Result<(), Failure> {
        self.see();
        if self.next_poll.is_some_and(|at| at <= Instant::now()) {
            self.doubts_all = true;
        }
        if std::mem::take(&mut self.doubts_all) {
            self.look_everywhere(intake)?;
        }
        self.take_up_passed_over(intake)?;
        for path in std::mem::take(&mut self.doubted) {
            self.reconsider(&path, intake)?;
        }
        for number in self.files.take_dirty() {
            if !intake.is_over() {
                self.read(number, intake)?;
            }
        }
        for number in self.files.due(Instant::now()) {
            self.read(number, intake)?;
            if self.files.due(Instant::now()).contains(&number) {
                self.close(number, intake)?;
            }
        }
        self.next_poll = self.is_blind.then(|| Instant::now() + self.poll);
        Ok(())
    }

    /// Where to go on the next time.
    pub(crate) fn bookmarks(&self, seq: u64, intake: &dyn Intake) -> Bookmarks {
        Bookmarks {
            seq,
            files: self.files.iter().map(|file| mark(file, intake)).collect(),
            ..Bookmarks::default()
        }
    }

    /// Nothing more is read: last lines may lack their ends.
    pub(crate) fn finish(self, intake: &mut dyn Intake) -> Result<(), Failure> {
        let mut streams = self.files.iter().filter_map(|file| file.stream);
        streams.try_for_each(|stream| intake.end(stream, Ending::Closed))
    }

    fn see(&mut self) {
        let mut changes = Vec::new();
        self.eyes.look(|change| changes.push(change));
        for change in changes {
            match change {
                Change::Grown(number) => self.files.mark(number),
                Change::Moved(number) => {
                    // Of a link, its folder does not tell that what it leads to has another place.
                    if let Some(file) = self.files.get(number)
                        && let What::File(path) = &self.sources[file.source].what
                    {
                        self.doubted.insert(path.clone());
                    }
                    self.files.mark(number);
                }
                Change::Entry(path) => {
                    self.doubted.insert(path);
                }
                Change::Renamed(from, to) => self.renamed(&from, to),
                Change::Folder(_) | Change::Everything => self.doubts_all = true,
            }
        }
    }

    fn look_everywhere(&mut self, intake: &mut dyn Intake) -> Result<(), Failure> {
        self.take_up_renamed(intake)?;
        for source in 0..self.sources.len() {
            let base = match &self.sources[source].what {
                What::Stdin => continue,
                What::File(path) | What::Folder(path) => path.clone(),
                What::Glob(glob) => glob.base.clone(),
            };
            self.look_into(source, &base, intake)?;
        }
        self.files.mark_all();
        Ok(())
    }

    /// Watches and considers what there is of a source, at its place or below a folder.
    fn look_into(
        &mut self,
        source: usize,
        place: &Path,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        let what = &self.sources[source];
        let mut found = Vec::new();
        if let What::File(path) = &what.what {
            let (sees, beyond) = place::watch(&mut self.eyes, path);
            self.is_blind |= !sees;
            if let Some(folder) = beyond {
                let links = self.beyond.entry(folder).or_default();
                if !links.contains(&source) {
                    links.push(source);
                }
            }
            found.push(path.clone());
        } else {
            let eyes = &mut self.eyes;
            let mut sees = true;
            if !place.as_os_str().is_empty() && !place.is_dir() {
                sees = place::watch(eyes, place).0;
            }
            what.walk(
                place,
                &mut |folder| sees &= eyes.watch_folder(folder),
                &mut |file| found.push(file),
            );
            self.is_blind |= !sees;
        }
        for path in found {
            self.consider(source, &path, intake)?;
        }
        Ok(())
    }

    /// A path may be another file than before, or a folder, or nothing.
    fn reconsider(&mut self, path: &Path, intake: &mut dyn Intake) -> Result<(), Failure> {
        let is_folder = path.is_dir();
        for source in 0..self.sources.len() {
            let what = &self.sources[source];
            if is_folder && what.enters(path) {
                self.look_into(source, path, intake)?;
            } else if is_folder && place::is_above(path, what) {
                self.doubts_all = true;
            } else if what.covers(path) {
                self.look_at(source, path, intake)?;
            }
        }
        let links = path.parent().and_then(|folder| self.beyond.get(folder));
        for source in links.cloned().unwrap_or_default() {
            if let What::File(link) = &self.sources[source].what {
                let link = link.clone();
                self.look_at(source, &link, intake)?;
            }
        }
        Ok(())
    }

    fn look_at(
        &mut self,
        source: usize,
        path: &Path,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        match &self.sources[source].what {
            // It may be a link to another folder now.
            What::File(place) if place.is_symlink() => {
                let place = place.clone();
                self.look_into(source, &place, intake)
            }
            _ => self.consider(source, path, intake),
        }
    }

    fn consider(
        &mut self,
        source: usize,
        path: &Path,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        let before = self.files.at_path(path);
        let Some(identity) = place::identity(path) else {
            // Its writers may still write to it: without a successor it is only closed when it is deleted.
            if let Some(number) = before {
                self.files.mark(number);
            }
            return Ok(());
        };
        let known = before.and_then(|number| self.files.get(number));
        if known.is_some_and(|file| file.identity == identity) {
            return Ok(());
        }
        if let Some(number) = before {
            self.files.close_at(number, Instant::now() + LINGER);
        }
        if let Some(number) = self.files.with_identity(identity) {
            self.files.rename(number, path);
            return Ok(());
        }
        match place::open(path) {
            Ok(file) => {
                let name = self.name(source, path);
                self.add(source, path, &name, file, intake)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => {
                self.console
                    .warn(&format!("cannot follow {}: {error}", path.display()));
                Ok(())
            }
        }
    }

    fn name(&self, source: usize, path: &Path) -> String {
        let given = self.sources[source].name.clone();
        given.unwrap_or_else(|| path.display().to_string())
    }

    /// Reads a file on, for one turn. One that cannot be read is let go: there are others.
    fn read(&mut self, number: usize, intake: &mut dyn Intake) -> Result<(), Failure> {
        let Some(file) = self.files.get_mut(number) else {
            return Ok(());
        };
        file.is_dirty = false;
        if file.stream.is_none() {
            self.judge(number, intake)?;
        }
        let mut taken = 0;
        let (look, broken) = loop {
            let Some(file) = self.files.get_mut(number) else {
                return Ok(());
            };
            let read = file.read(self.buffer.all());
            // Asked after reading: what was cut off in between may have grown beyond where it was read.
            let look = match (file.look(), read) {
                (Ok(look), Ok(size)) => (look, size),
                (Err(error), _) | (_, Err(error)) => break (None, Some(error.to_string())),
            };
            let Some(stream) = file.stream else {
                break (Some(look.0), None);
            };
            if !look.0.is_the_same {
                self.begin_again(number, intake)?;
                continue;
            }
            let piece = self.buffer.first(look.1);
            intake.piece(stream, piece)?;
            file.have_read(piece);
            taken += piece.len();
            // Whatever comes behind a piece that is not full tells so itself.
            if piece.len() < self.buffer.all().len() || taken >= TURN {
                break (Some(look.0), None);
            }
        };
        let Some(file) = self.files.get_mut(number) else {
            return Ok(());
        };
        if let Some(why) = broken {
            self.console.warn(&format!(
                "cannot follow {} any further: {why}",
                file.path.display()
            ));
            return self.close(number, intake);
        }
        let later = Instant::now() + LINGER;
        if file.closes.is_none() && look.is_some_and(|look| look.is_deleted) {
            self.files.close_at(number, later);
        } else if taken > 0 && file.closes.is_some() {
            file.closes = Some(later);
        }
        if taken >= TURN {
            self.files.mark(number);
        }
        Ok(())
    }

    fn close(&mut self, number: usize, intake: &mut dyn Intake) -> Result<(), Failure> {
        let Some(file) = self.files.remove(number) else {
            return Ok(());
        };
        if let Some(watch) = file.watch {
            self.eyes.forget(watch);
        }
        self.kept.insert(file.identity, mark(&file, &*intake));
        file.stream
            .map_or(Ok(()), |stream| intake.end(stream, Ending::Closed))
    }
}
