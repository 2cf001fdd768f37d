//! Where records go: stdout, as data or as lines for people, or a picture on the terminal.

use std::collections::HashMap;
use std::io::Write;
use std::time::Instant;

use schemas::document::{self, Reader};
use schemas::{Body, Console, Failure, Record, time};

use crate::cli::Format;
use crate::picture::Picture;
use crate::table;
use crate::watch::Watch;
use crate::wording;

/// Writes what is to be seen.
#[derive(Debug)]
pub(crate) struct Outlet {
    run: String,
    seq: u64,
    /// Whether records name their source: there are several.
    names_sources: bool,
    format: Format,
    latest: Option<Latest>,
    picture: Option<Picture>,
    pub(crate) reader: Reader,
}

/// With `--latest`: the last record of each task, in the order in which they came. Messages are said, and do not stand for
/// how a task is: of those, the last one is kept, too.
#[derive(Debug, Default)]
struct Latest {
    records: Vec<Record>,
    index: HashMap<(bool, String), usize>,
}

impl Outlet {
    pub(crate) fn new(
        run: String,
        seq: u64,
        format: Format,
        latest: bool,
        console: &Console,
    ) -> Outlet {
        let is_drawn = matches!(format, Format::Bars | Format::Table) && !console.is_quiet();
        Outlet {
            run,
            seq,
            names_sources: false,
            format,
            latest: latest.then(Latest::default),
            picture: is_drawn.then(|| Picture::open(format)).flatten(),
            reader: Reader::There,
        }
    }

    /// There are several sources.
    pub(crate) fn name_sources(&mut self) {
        self.names_sources = true;
    }

    /// Whether a picture is drawn on the terminal: nothing else may be written there.
    pub(crate) fn draws(&self) -> bool {
        self.picture.is_some()
    }

    /// The number of the last record.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Takes the next record; answers it as a line.
    pub(crate) fn take(&mut self, source: &str, body: Body) -> Result<(Record, String), Failure> {
        self.seq += 1;
        let record = Record {
            seq: self.seq,
            time: time::now(),
            run: self.run.clone(),
            source: self.names_sources.then(|| source.to_owned()),
            body,
        };
        let line = record.to_line();
        if let Some(picture) = &mut self.picture {
            picture.touch();
        }
        match &mut self.latest {
            None => self.write(&record, &line)?,
            Some(latest) => latest.keep(record.clone(), source),
        }
        Ok((record, line))
    }

    /// The terminal may have another size.
    pub(crate) fn resized(&mut self) {
        if let Some(picture) = &mut self.picture {
            picture.touch();
        }
    }

    /// When the picture is to be drawn again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.picture.as_ref().map(Picture::deadline)
    }

    /// Draws, when it is time.
    pub(crate) fn draw(&mut self, watch: &Watch) {
        if let Some(picture) = &mut self.picture {
            picture.draw(watch.tasks());
        }
    }

    /// The end: what was kept back, and the table.
    pub(crate) fn finish(&mut self, watch: &Watch) -> Result<(), Failure> {
        for record in self.latest.take().unwrap_or_default().records {
            self.write(&record, &record.to_line())?;
        }
        if let Some(picture) = self.picture.take() {
            picture.finish(watch.tasks());
            if self.format == Format::Bars {
                return Ok(());
            }
        }
        if self.format == Format::Table && self.reader == Reader::There {
            let lines = table::lines(watch.tasks(), Instant::now(), table::Look::plain());
            let text: String = lines.into_iter().map(|line| line + "\n").collect();
            self.reader = document::write_text(text.as_bytes())?;
        }
        Ok(())
    }

    fn write(&mut self, record: &Record, line: &str) -> Result<(), Failure> {
        let text = match self.format {
            Format::Records => Some(line.to_owned()),
            Format::Text => wording::line(&record.body),
            Format::Bars if self.picture.is_none() => wording::line(&record.body),
            Format::Bars | Format::Table => None,
        };
        if let Some(text) = text
            && self.reader == Reader::There
        {
            let source = record
                .source
                .as_ref()
                .filter(|_| self.format != Format::Records);
            let text = match source {
                Some(source) => format!("{}: {text}\n", schemas::printable(source)),
                None => text + "\n",
            };
            self.reader = document::write_text(text.as_bytes())?;
        }
        Ok(())
    }
}

impl Latest {
    fn keep(&mut self, record: Record, source: &str) {
        let says = matches!(
            record.body,
            Body::Message { .. } | Body::MarkerSpoofed { .. }
        );
        let whose = record.body.task().unwrap_or(source).to_owned();
        match self.index.get(&(says, whose.clone())) {
            Some(at) => self.records[*at] = record,
            None => {
                self.index.insert((says, whose), self.records.len());
                self.records.push(record);
            }
        }
    }
}

/// A sound, where there is a terminal to make it.
pub(crate) fn ring() {
    use std::io::IsTerminal;
    let mut stderr = std::io::stderr();
    let heard = stderr.is_terminal() && stderr.write_all(b"\x07").is_ok();
    if !heard && let Ok(mut terminal) = std::fs::OpenOptions::new().write(true).open("/dev/tty") {
        let _ = terminal.write_all(b"\x07");
    }
}
