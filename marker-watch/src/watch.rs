//! What markers come to: records one by one, and the answer at the end. No clock, no streams.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use schemas::marker::{Marker, MarkerKind};
use schemas::{ActivityState, Body, Exit};

use crate::activity::Change;
use crate::cli::Until;
use crate::task::Task;

/// Who said something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    /// The source, as records name it.
    pub(crate) source: &'a str,
    /// The id that the source was given: it owns no other.
    pub(crate) own: Option<&'a str>,
}

/// All that has been seen.
#[derive(Debug)]
pub(crate) struct Watch {
    ids: Vec<String>,
    until: Until,
    checks_owners: bool,
    /// In the order in which they came.
    tasks: Vec<Task>,
    index: HashMap<String, usize>,
    /// Whose each id is: the source that used it first.
    owners: HashMap<String, String>,
    /// The id that each source used first.
    firsts: HashMap<String, String>,
    /// Sources that have not said anything that counts.
    mute: HashSet<String>,
    /// The marker that `until` waits for has come.
    met: Option<MarkerKind>,
}

impl Watch {
    /// Listens to `ids`, or to everybody when there are none.
    pub(crate) fn new(ids: Vec<String>, until: Until, checks_owners: bool) -> Watch {
        Watch {
            ids,
            until,
            checks_owners,
            tasks: Vec::new(),
            index: HashMap::new(),
            owners: HashMap::new(),
            firsts: HashMap::new(),
            mute: HashSet::new(),
            met: None,
        }
    }

    /// A source is there.
    pub(crate) fn expect(&mut self, source: &str) {
        if !self.firsts.contains_key(source) {
            self.mute.insert(source.to_owned());
        }
    }

    /// Takes the next marker; what it is when it counts. After the awaited one, nothing counts.
    pub(crate) fn take(&mut self, now: Instant, who: Speaker, marker: Marker) -> Option<Body> {
        if self.is_over() {
            return None;
        }
        let owner = self
            .checks_owners
            .then(|| self.spoofs(who, &marker.id))
            .flatten();
        if owner.is_none() && !(self.ids.is_empty() || self.ids.contains(&marker.id)) {
            return None;
        }
        if let Some(owner) = owner {
            return Some(Body::MarkerSpoofed {
                task: marker.id,
                marker: marker.kind.as_str().to_owned(),
                text: marker.text,
                owner: Some(owner),
            });
        }
        if !self.firsts.contains_key(who.source) {
            self.firsts.insert(who.source.to_owned(), marker.id.clone());
            self.forget_source(who.source, &marker.id);
        }
        self.mute.remove(who.source);
        let owner = self.owners.entry(marker.id.clone());
        owner.or_insert_with(|| who.source.to_owned());
        let kind = marker.kind;
        let task = self.task(now, &marker.id, who.source);
        task.text.clone_from(&marker.text);
        task.activity = None;
        let body = match kind {
            MarkerKind::Progress => {
                let (percent, said) = task.progress(marker.percent, marker.said);
                Body::Progress {
                    task: marker.id,
                    attempt: None,
                    percent,
                    said,
                    text: marker.text,
                }
            }
            _ => {
                task.decide(kind);
                body(marker)
            }
        };
        self.met = self.awaited(kind).then_some(kind);
        Some(body)
    }

    /// A source's line that means something but is no marker.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        who: Speaker,
        id: Option<String>,
        pattern: String,
        text: String,
    ) -> Option<Body> {
        if self.is_over() {
            return None;
        }
        let id = id.or_else(|| self.task_of(who).map(str::to_owned));
        let is_source = id.is_none();
        let task = id.unwrap_or_else(|| who.source.to_owned());
        let entry = self.task(now, &task, who.source);
        entry.text.clone_from(&text);
        entry.is_source |= is_source;
        Some(Body::Message {
            task,
            attempt: None,
            pattern: Some(pattern),
            text,
        })
    }

    /// A source is at something else than before.
    pub(crate) fn change(&mut self, now: Instant, who: Speaker, change: Change) -> Option<Body> {
        if self.is_over() {
            return None;
        }
        let id = self.task_of(who).map(str::to_owned);
        let name = id.clone().unwrap_or_else(|| who.source.to_owned());
        let silence = matches!(change.state, ActivityState::Silent | ActivityState::Stalled);
        let heard = self.index.get(&name).map(|at| self.tasks[*at].heard);
        let task = self.task(now, &name, who.source);
        task.is_source |= id.is_none();
        task.activity = Some(change.state);
        task.percent = change.percent.or(task.percent);
        if silence {
            task.heard = heard.unwrap_or(now);
        }
        let (prompt, text) = match change.waits {
            Some(waits) => (Some(waits.name), Some(waits.line)),
            None => (None, None),
        };
        let (exit_code, signal) = change.exit.unwrap_or((None, None));
        Some(Body::Activity {
            task: id,
            state: change.state,
            sign: change.sign.to_owned(),
            percent: change.percent,
            silent_ms: change
                .silent
                .map(|silent| u64::try_from(silent.as_millis()).unwrap_or(u64::MAX)),
            prompt,
            text,
            exit_code,
            signal,
        })
    }

    /// The task that a source is known to work at.
    pub(crate) fn task_of<'a>(&'a self, who: Speaker<'a>) -> Option<&'a str> {
        let only = match &self.ids[..] {
            [id] => Some(id.as_str()),
            _ => None,
        };
        who.own
            .or(self.firsts.get(who.source).map(String::as_str))
            .or(only)
    }

    /// All tasks, in the order in which they came.
    pub(crate) fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Whether what was waited for has come.
    pub(crate) fn is_over(&self) -> bool {
        self.met.is_some()
    }

    /// The answer; an error says why there is none.
    pub(crate) fn answer(&self) -> Result<Exit, String> {
        match self.met {
            Some(kind) if self.until != Until::All => return Ok(exit(kind)),
            _ => {}
        }
        let decided = |id: &String| self.index.get(id).and_then(|at| self.tasks[*at].decided);
        let missing: Vec<&str> = self
            .ids
            .iter()
            .filter(|id| decided(id).is_none())
            .map(String::as_str)
            .collect();
        let of = match missing[..] {
            [] => String::new(),
            _ => format!(" of {}", missing.join(", ")),
        };
        let has = |wanted| self.tasks.iter().any(|task| task.decided == Some(wanted));
        if has(MarkerKind::Error) {
            Ok(Exit::No)
        } else if self.tasks.iter().all(|task| task.decided.is_none()) || !missing.is_empty() {
            Err(format!("no result marker{of}"))
        } else if has(MarkerKind::Question) {
            Ok(Exit::Waiting)
        } else {
            Ok(Exit::Yes)
        }
    }

    fn task(&mut self, now: Instant, id: &str, source: &str) -> &mut Task {
        let at = match self.index.get(id) {
            Some(at) => *at,
            None => {
                self.tasks.push(Task::new(id, source, now));
                self.index.insert(id.to_owned(), self.tasks.len() - 1);
                self.tasks.len() - 1
            }
        };
        let task = &mut self.tasks[at];
        if task.source != source {
            source.clone_into(&mut task.source);
        }
        task.heard = now;
        task
    }

    /// What stood for a source is the task that it has named now.
    fn forget_source(&mut self, source: &str, id: &str) {
        let Some(at) = self
            .index
            .get(source)
            .copied()
            .filter(|at| self.tasks[*at].is_source && source != id)
        else {
            return;
        };
        self.index.remove(source);
        if self.index.contains_key(id) {
            self.tasks.remove(at);
            for place in self.index.values_mut().filter(|place| **place > at) {
                *place -= 1;
            }
        } else {
            self.index.insert(id.to_owned(), at);
            let task = &mut self.tasks[at];
            id.clone_into(&mut task.id);
            task.is_source = false;
        }
    }

    /// Who it should have been, when this source does not own this id. Without a name or `--id`, what a source uses first is
    /// its own, unless another one had it before.
    fn spoofs(&self, who: Speaker, id: &str) -> Option<String> {
        let named = who.own.map(|own| (own == id, own.to_owned()));
        let listed = || match &self.ids[..] {
            [] => None,
            ids => Some((ids.iter().any(|known| known == id), ids.join(", "))),
        };
        let first = || {
            self.firsts
                .get(who.source)
                .map(|first| (first == id, first.clone()))
        };
        let others = || {
            self.owners
                .get(id)
                .map(|owner| (owner == who.source, owner.clone()))
        };
        let (owns, owner) = named.or_else(listed).or_else(first).or_else(others)?;
        (!owns).then_some(owner)
    }

    fn awaited(&self, kind: MarkerKind) -> bool {
        match self.until {
            Until::Done => kind == MarkerKind::Done,
            Until::Error => kind == MarkerKind::Error,
            Until::Question => kind == MarkerKind::Question,
            Until::Any => kind != MarkerKind::Progress,
            Until::All if self.ids.is_empty() => {
                self.mute.is_empty() && self.tasks.iter().all(Task::is_final)
            }
            Until::All => {
                let is_final = |id: &String| {
                    self.index
                        .get(id)
                        .is_some_and(|at| self.tasks[*at].is_final())
                };
                self.ids.iter().all(is_final)
            }
            Until::End => false,
        }
    }
}

fn exit(kind: MarkerKind) -> Exit {
    match kind {
        MarkerKind::Progress | MarkerKind::Done => Exit::Yes,
        MarkerKind::Error => Exit::No,
        MarkerKind::Question => Exit::Waiting,
    }
}

/// The record that a marker is, as it stands.
fn body(marker: Marker) -> Body {
    let (task, attempt, text) = (marker.id, None, marker.text);
    match marker.kind {
        MarkerKind::Progress => Body::Progress {
            task,
            attempt,
            percent: marker.percent,
            said: marker.said,
            text,
        },
        MarkerKind::Done => Body::Done {
            task,
            attempt,
            text,
        },
        MarkerKind::Error => Body::Error {
            task,
            attempt,
            text,
        },
        MarkerKind::Question => Body::Question {
            task,
            attempt,
            text,
        },
    }
}

#[cfg(test)]
mod tests;
