//! Where files are taken up: at their beginning, or where they were left the last time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crc32fast::Hasher;
use schemas::Failure;

use super::bookmarks::{self, Bookmark};
use super::followed::{Followed, Identity};
use super::{Follower, LINGER, copies, place};
use crate::intake::{Intake, Opening, Rest};
use crate::source::{Source, What};

/// Names that are remembered.
const MAX_RENAMED: usize = 4096;

impl Follower {
    /// Takes up an open file where it was left, or at its beginning.
    pub(super) fn add(
        &mut self,
        source: usize,
        path: &Path,
        name: &str,
        file: File,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        let metadata = file.metadata();
        let failed = |error| Failure::trouble(format!("cannot follow {name}")).because(&error);
        let identity = Identity::of(&metadata.map_err(failed)?);
        if self.files.with_identity(identity).is_some() {
            return Ok(());
        }
        let mut followed = Followed {
            watch: self.eyes.watch_file(&file, self.files.next_number()),
            file,
            identity,
            path: path.to_owned(),
            name: name.to_owned(),
            source,
            stream: None,
            position: 0,
            head: Vec::new(),
            sum: Some(Hasher::new()),
            lives: Vec::new(),
            closes: None,
            is_dirty: false,
        };
        self.is_blind |= followed.watch.is_none();
        let mut fence = None;
        if let Some(mark) = self.kept.remove(&identity) {
            if let Some(head) = known_head(&mark, &followed) {
                (followed.position, followed.head, fence) = (mark.position, head, mark.fence);
                followed.sum = None;
            } else if let Some(head) = bookmarks::bytes(&mark.head) {
                followed.remember(mark.position, head, None);
            }
        }
        if followed.position > 0 || copies::originals(path).is_empty() {
            followed.stream = Some(intake.begin(Opening {
                name,
                is_named: self.sources[source].name.is_some(),
                is_terminal: false,
                fence: fence.as_deref(),
            }));
        }
        self.files.insert(followed);
        Ok(())
    }

    /// A file of ours, or what was one, is called otherwise.
    pub(super) fn renamed(&mut self, from: &Path, to: PathBuf) {
        let is_ours = |source: &Source| matches!(&source.what, What::File(path) if path == from);
        let source = self.sources.iter().position(is_ours);
        if self.renamed.len() >= MAX_RENAMED {
            self.renamed.clear();
        }
        if let Some(source) = source.or_else(|| self.renamed.get(from).copied()) {
            self.renamed.insert(to, source);
        }
    }

    /// Files that came and were renamed before they could be opened.
    pub(super) fn take_up_passed_over(&mut self, intake: &mut dyn Intake) -> Result<(), Failure> {
        let paths = self.doubted.iter().filter_map(|path| {
            let source = self.renamed.get(path)?;
            Some((*source, path.clone()))
        });
        let paths: Vec<(usize, PathBuf)> = paths.collect();
        for (source, path) in paths {
            let known =
                place::identity(&path).is_none_or(|it| self.files.with_identity(it).is_some());
            let Some(file) = (!known).then(|| place::open(&path).ok()).flatten() else {
                continue;
            };
            let name = match &self.sources[source].what {
                What::File(place) => self.name(source, place),
                _ => self.name(source, &path),
            };
            self.add(source, &path, &name, file, intake)?;
            if let Some(number) = self.files.at_path(&path) {
                self.is_no_copy(number, intake);
                self.files.close_at(number, Instant::now() + LINGER);
            }
        }
        Ok(())
    }

    /// It has its name by a renaming.
    fn is_no_copy(&mut self, number: usize, intake: &mut dyn Intake) {
        if self
            .files
            .get(number)
            .is_some_and(|file| file.stream.is_none())
        {
            self.begin(number, None, intake);
        }
    }

    /// Files that were renamed while nobody looked: the rest of them comes before what has their place now.
    pub(super) fn take_up_renamed(&mut self, intake: &mut dyn Intake) -> Result<(), Failure> {
        let marks: Vec<(Identity, Bookmark)> = self
            .kept
            .iter()
            .map(|(id, mark)| (*id, mark.clone()))
            .collect();
        for (identity, mark) in marks {
            let source = self
                .sources
                .iter()
                .position(|source| source.covers(&mark.path));
            let (Some(source), false) = (source, place::identity(&mark.path) == Some(identity))
            else {
                continue;
            };
            let Some(path) = place::renamed(&mark.path, identity) else {
                continue;
            };
            let Ok(file) = place::open(&path) else {
                continue;
            };
            let begins = |file: &Followed| known_head(&mark, file).is_some();
            let name = self.name(source, &mark.path);
            self.add(source, &path, &name, file, intake)?;
            let Some(number) = self.files.with_identity(identity) else {
                continue;
            };
            self.is_no_copy(number, intake);
            if !self.files.get(number).is_some_and(begins) {
                self.close(number, intake)?;
            } else if !self.sources.iter().any(|source| source.covers(&path)) {
                self.files.close_at(number, Instant::now() + LINGER);
            }
        }
        Ok(())
    }
}

/// Where a file is to be taken up the next time.
pub(super) fn mark(file: &Followed, intake: &dyn Intake) -> Bookmark {
    let rest = file
        .stream
        .map_or_else(Rest::default, |stream| intake.rest(stream));
    Bookmark {
        path: file.path.clone(),
        device: file.identity.device,
        inode: file.identity.inode,
        position: file.position.saturating_sub(rest.bytes),
        head: bookmarks::hexadecimal(&file.head),
        fence: rest.fence,
    }
}

/// The first bytes that a bookmark knows the file by, when they are still there.
fn known_head(mark: &Bookmark, file: &Followed) -> Option<Vec<u8>> {
    let head = bookmarks::bytes(&mark.head).filter(|head| !head.is_empty())?;
    file.begins_with(&head).then_some(head)
}
