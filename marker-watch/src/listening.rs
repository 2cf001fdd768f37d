//! What all sources print, understood: streams in, records out.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io::Write;
use std::time::Instant;

use schemas::document::Reader;
use schemas::marker::{Marker, MarkerKind};
use schemas::{Body, Failure};

use crate::activity::{Activity, Limits};
use crate::herald::Herald;
use crate::intake::{Ending, Intake, Opening, Rest};
use crate::outlet::Outlet;
use crate::pattern::Patterns;
use crate::prompt::{self, Prompts};
use crate::reading::{Manner, Reading, Said};
use crate::watch::{Speaker, Watch};

/// Of one stream, so many markers are remembered, to be known again when they are drawn again.
const DRAWN: usize = 4096;

/// Listens to streams.
pub(crate) struct Listening {
    pub(crate) watch: Watch,
    pub(crate) outlet: Outlet,
    pub(crate) herald: Herald,
    manner: Manner,
    limits: Limits,
    patterns: Patterns,
    /// Read when they are first needed.
    prompts: Option<Prompts>,
    streams: Vec<Option<Stream>>,
    free: Vec<usize>,
    tees: bool,
    /// Whether anything came at all.
    is_empty: bool,
}

/// One of them.
#[derive(Debug)]
struct Stream {
    name: String,
    is_named: bool,
    reading: Reading,
    activity: Activity,
    /// What it printed last, where prompts are looked for.
    tail: Vec<u8>,
    /// Markers that a terminal shows: after which jump each was seen last.
    drawn: Option<HashMap<u64, u64>>,
}

impl Listening {
    pub(crate) fn new(
        watch: Watch,
        outlet: Outlet,
        herald: Herald,
        manner: Manner,
        limits: Limits,
        patterns: Patterns,
        tees: bool,
    ) -> Listening {
        Listening {
            watch,
            tees: tees && !outlet.draws(),
            outlet,
            herald,
            manner: Manner {
                lines: !patterns.is_empty(),
                ..manner
            },
            limits,
            patterns,
            prompts: None,
            streams: Vec::new(),
            free: Vec::new(),
            is_empty: true,
        }
    }

    /// Whether nothing has come so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// When [`Listening::tick`] may have something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let streams = self.streams.iter().flatten().filter(|_| self.limits.all);
        let silence = streams
            .filter_map(|stream| stream.activity.deadline())
            .min();
        [silence, self.outlet.deadline(), self.herald.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self) -> Result<(), Failure> {
        if self.limits.all {
            let now = Instant::now();
            for number in 0..self.streams.len() {
                self.tick_stream(number, now)?;
            }
        }
        self.outlet.draw(&self.watch);
        self.herald.tick();
        Ok(())
    }

    fn tick_stream(&mut self, number: usize, now: Instant) -> Result<(), Failure> {
        let Some(Some(stream)) = self.streams.get_mut(number) else {
            return Ok(());
        };
        let prompts = &mut self.prompts;
        let tail = &stream.tail;
        let prompt = || {
            prompts
                .get_or_insert_with(Prompts::known)
                .at_the_end_of(tail)
        };
        let Some(change) = stream.activity.tick(now, prompt) else {
            return Ok(());
        };
        let body = self.watch.change(now, stream.speaker(), change);
        tell(&mut self.outlet, &mut self.herald, &stream.name, body)
    }
}

impl Intake for Listening {
    fn begin(&mut self, opening: Opening) -> usize {
        let manner = Manner {
            is_terminal: opening.is_terminal,
            ..self.manner
        };
        self.watch.expect(opening.name);
        let stream = Stream {
            name: opening.name.to_owned(),
            is_named: opening.is_named,
            reading: Reading::new(manner, opening.fence),
            activity: Activity::new(Instant::now(), self.limits),
            tail: Vec::new(),
            drawn: opening.is_terminal.then(HashMap::new),
        };
        match self.free.pop() {
            Some(number) => {
                self.streams[number] = Some(stream);
                number
            }
            None => {
                self.streams.push(Some(stream));
                self.streams.len() - 1
            }
        }
    }

    fn piece(&mut self, stream: usize, bytes: &[u8]) -> Result<(), Failure> {
        self.is_empty &= bytes.is_empty();
        if self.tees {
            // A closed stderr is no reason to end: the records go elsewhere.
            let _ = std::io::stderr().write_all(bytes);
        }
        let Some(Some(stream)) = self.streams.get_mut(stream) else {
            return Ok(());
        };
        let now = Instant::now();
        if let Some(change) = stream.activity.heard(now) {
            let body = self.watch.change(now, stream.speaker(), change);
            tell(&mut self.outlet, &mut self.herald, &stream.name, body)?;
        }
        if self.limits.all && !stream.reading.is_shown() {
            keep_tail(&mut stream.tail, bytes);
        }
        let ear = Ear {
            watch: &mut self.watch,
            outlet: &mut self.outlet,
            herald: &mut self.herald,
            patterns: &self.patterns,
            now,
            failure: None,
        };
        ear.feed(stream, Some(bytes))
    }

    fn end(&mut self, number: usize, how: Ending) -> Result<(), Failure> {
        let Some(mut stream) = self.streams.get_mut(number).and_then(Option::take) else {
            return Ok(());
        };
        self.free.push(number);
        let now = Instant::now();
        let ear = Ear {
            watch: &mut self.watch,
            outlet: &mut self.outlet,
            herald: &mut self.herald,
            patterns: &self.patterns,
            now,
            failure: None,
        };
        ear.feed(&mut stream, None)?;
        if let Ending::Exited { code, signal } = how
            && let Some(change) = stream.activity.exited(code, signal)
        {
            let body = self.watch.change(now, stream.speaker(), change);
            tell(&mut self.outlet, &mut self.herald, &stream.name, body)?;
        }
        Ok(())
    }

    fn rest(&self, stream: usize) -> Rest {
        let stream = self.streams.get(stream).and_then(Option::as_ref);
        stream.map_or_else(Rest::default, |stream| Rest {
            bytes: stream.reading.since_break(),
            fence: stream.reading.open_fence(),
        })
    }

    fn is_over(&self) -> bool {
        self.watch.is_over() || self.outlet.reader == Reader::Gone
    }
}

impl Stream {
    fn speaker(&self) -> Speaker<'_> {
        Speaker {
            source: &self.name,
            own: self.is_named.then_some(self.name.as_str()),
        }
    }
}

/// What hears one piece of one stream.
struct Ear<'a> {
    watch: &'a mut Watch,
    outlet: &'a mut Outlet,
    herald: &'a mut Herald,
    patterns: &'a Patterns,
    now: Instant,
    failure: Option<Failure>,
}

impl Ear<'_> {
    /// The next piece, or the end.
    fn feed(mut self, stream: &mut Stream, bytes: Option<&[u8]>) -> Result<(), Failure> {
        let Stream {
            name,
            is_named,
            reading,
            activity,
            drawn,
            tail,
            ..
        } = stream;
        let who = Speaker {
            source: name,
            own: is_named.then_some(name.as_str()),
        };
        let mut hear = |said: Said| match said {
            Said::Marker(marker, jumps) => {
                let again = drawn
                    .as_mut()
                    .is_some_and(|drawn| is_drawn_again(drawn, &marker, jumps));
                if !again {
                    activity.asks(marker.kind == MarkerKind::Question);
                    let body = self.watch.take(self.now, who, marker);
                    self.tell(who, body);
                }
            }
            Said::Shown(text) => keep_tail(tail, text),
            Said::Line(line) => {
                for meaning in self.patterns.meanings(line) {
                    let body = match meaning.kind {
                        None => {
                            self.watch
                                .note(self.now, who, meaning.id, meaning.name, meaning.text)
                        }
                        Some(kind) => {
                            activity.asks(kind == MarkerKind::Question);
                            let own = self.watch.task_of(who).unwrap_or(who.source).to_owned();
                            let marker = Marker {
                                kind,
                                id: meaning.id.unwrap_or(own),
                                percent: meaning.percent,
                                said: None,
                                text: meaning.text,
                            };
                            self.watch.take(self.now, who, marker)
                        }
                    };
                    self.tell(who, body);
                }
            }
            Said::Signal(signal) => {
                if let Some(change) = activity.signal(signal) {
                    let body = self.watch.change(self.now, who, change);
                    self.tell(who, body);
                }
            }
        };
        match bytes {
            Some(bytes) => reading.feed(bytes, &mut hear),
            None => reading.finish(&mut hear),
        }
        self.failure.map_or(Ok(()), Err)
    }

    fn tell(&mut self, who: Speaker, body: Option<Body>) {
        if self.failure.is_none() {
            self.failure = tell(self.outlet, self.herald, who.source, body).err();
        }
    }
}

fn tell(
    outlet: &mut Outlet,
    herald: &mut Herald,
    source: &str,
    body: Option<Body>,
) -> Result<(), Failure> {
    if let Some(body) = body
        && outlet.reader == Reader::There
    {
        let (record, line) = outlet.take(source, body)?;
        herald.tell(&record, &line, source);
    }
    Ok(())
}

/// Whether the same marker was seen before the cursor last went back to what was drawn before.
fn is_drawn_again(drawn: &mut HashMap<u64, u64>, marker: &Marker, jumps: u64) -> bool {
    if drawn.len() >= DRAWN {
        drawn.clear();
    }
    let Marker {
        kind,
        id,
        percent,
        text,
        ..
    } = marker;
    let key = (kind.as_str(), id, percent, text);
    let hash = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(key);
    drawn
        .insert(hash, jumps)
        .is_some_and(|before| before < jumps)
}

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = &bytes[bytes.len().saturating_sub(prompt::TAIL)..];
    let excess = (tail.len() + bytes.len()).saturating_sub(2 * prompt::TAIL);
    if excess > 0 {
        tail.drain(..tail.len().min(tail.len() + bytes.len() - prompt::TAIL));
    }
    tail.extend_from_slice(bytes);
}
