//! `marker-watch`: what is this agent saying? Terminal output in, records out.
//!
//! The grammar of markers is [`schemas::marker`]'s; there is no other here.

mod cli;
mod input;
mod watch;

use std::io::Write;
use std::time::Instant;

use schemas::document::{self, Reader};
use schemas::marker::{Marker, Scanner};
use schemas::stream::{Dialect, Heard, Parser};
use schemas::{Console, Exit, Failure, Record, program, time};

use crate::cli::Cli;
use crate::input::{Input, Next};
use crate::watch::{Watch, body};

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    if document::would_wait(cli.file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    let mut watch = Watch::new(cli.id, cli.until);
    let mut records = Records {
        run: cli.run,
        latest: cli.latest.then(Vec::new),
        reader: Reader::There,
    };
    let input = Input::open(cli.file.as_deref())?;
    let started = Instant::now();
    let deadline = cli.timeout.and_then(|timeout| started.checked_add(timeout));
    let late = listen(
        &input,
        &mut watch,
        &mut records,
        deadline,
        cli.tee,
        cli.dialect,
    )?;
    records.finish()?;
    let answer = watch.answer();
    match (late, records.reader) {
        (_, Reader::Gone) => Ok(answer.unwrap_or(Exit::No)),
        (true, Reader::There) => {
            let waited = time::for_people(cli.timeout.unwrap_or_default());
            let what = answer
                .err()
                .unwrap_or_else(|| "what was waited for has not come".to_owned());
            Err(Failure::no(format!("{what} within {waited}")))
        }
        (false, Reader::There) => answer.map_err(Failure::no),
    }
}

/// Where markers come from.
enum Source {
    /// Everything is the agent's own: the grammar alone, at the speed of the pipe.
    Text(Scanner),
    /// Only what the assistant says.
    Stream(Box<Parser>),
}

impl Source {
    fn new(dialect: Dialect) -> Source {
        match dialect {
            Dialect::Text => Source::Text(Scanner::new()),
            _ => Source::Stream(Box::new(Parser::new(dialect))),
        }
    }

    fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Marker)) {
        match self {
            Source::Text(scanner) => scanner.feed(bytes, found),
            Source::Stream(parser) => parser.feed(bytes, |heard| marker_of(heard, &mut found)),
        }
    }

    fn finish(&mut self, mut found: impl FnMut(Marker)) {
        match self {
            Source::Text(scanner) => scanner.finish(found),
            Source::Stream(parser) => parser.finish(|heard| marker_of(heard, &mut found)),
        }
    }
}

fn marker_of(heard: Heard, found: &mut impl FnMut(Marker)) {
    if let Heard::Marker(marker) = heard {
        found(marker);
    }
}

/// Reads until the end, the awaited marker, or the deadline; `true` for the last.
fn listen(
    input: &Input,
    watch: &mut Watch,
    records: &mut Records,
    deadline: Option<Instant>,
    tee: bool,
    dialect: Dialect,
) -> Result<bool, Failure> {
    let mut source = Source::new(dialect);
    let mut empty = true;
    while !watch.is_over() && records.reader == Reader::There {
        let mut failure = None;
        let mut take = |marker: Marker| {
            if let Some(seq) = watch.take(&marker)
                && failure.is_none()
                && records.reader == Reader::There
            {
                failure = records.write(seq, marker).err();
            }
        };
        let next = input.next(deadline)?;
        match &next {
            Next::Piece(piece) => {
                empty = false;
                if tee {
                    // A closed stderr is no reason to end: the records go elsewhere.
                    let _ = std::io::stderr().write_all(piece);
                }
                source.feed(piece, &mut take);
            }
            Next::End | Next::Late => source.finish(&mut take),
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        match next {
            Next::Piece(_) => {}
            Next::End if empty => {
                return Err(Failure::input(match input.name() {
                    "stdin" => {
                        "cannot read stdin: the stage before this one wrote nothing".to_owned()
                    }
                    name => format!("cannot read {name}: the file is empty"),
                }));
            }
            Next::End => return Ok(false),
            Next::Late => return Ok(!watch.is_over()),
        }
    }
    Ok(false)
}

/// Where records go.
struct Records {
    run: String,
    /// With `--latest`: the last record of each id, in the order in which the ids came.
    latest: Option<Vec<(String, Record)>>,
    reader: Reader,
}

impl Records {
    fn write(&mut self, seq: u64, marker: Marker) -> Result<(), Failure> {
        let id = marker.id.clone();
        let record = Record {
            seq,
            time: time::now(),
            run: self.run.clone(),
            source: None,
            body: body(marker),
        };
        match &mut self.latest {
            None => self.reader = document::write_record(&record)?,
            Some(latest) => match latest.iter_mut().find(|(known, _)| *known == id) {
                Some((_, last)) => *last = record,
                None => latest.push((id, record)),
            },
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        for (_, record) in self.latest.take().unwrap_or_default() {
            if self.reader == Reader::There {
                self.reader = document::write_record(&record)?;
            }
        }
        Ok(())
    }
}
