//! What really happened: attempts and gates of a run, from its journal or from the records that it wrote.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::SystemTime;

use schemas::journal::{JOURNAL, Journal};
use schemas::{Body, Failure, Outcome, Record, document, time};

/// One stretch of work on a task. Minutes count from the first attempt of the run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) task: String,
    pub(crate) what: Work,
    pub(crate) start: f64,
    pub(crate) end: f64,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// So many times tried.
    Attempt(u32),
    Gates,
}

/// A run.
#[derive(Debug, Default)]
pub(crate) struct Actual {
    /// In the order in which they began.
    pub(crate) spans: Vec<Span>,
    pub(crate) outcomes: HashMap<String, Outcome>,
    /// Minutes from the first attempt to the last record.
    pub(crate) minutes: f64,
    pub(crate) is_finished: bool,
    plan: Option<String>,
    begun: Option<SystemTime>,
    open: BTreeMap<(String, bool), (u32, f64)>,
}

impl Actual {
    /// Reads a journal, the records of a run, or the journal in a run directory. `plan` is the id of the plan.
    ///
    /// Fails with code 3 when there is none, and with code 1 when it is of another plan.
    pub(crate) fn read(file: &Path, plan: &str) -> Result<Actual, Failure> {
        let mut actual = Actual::default();
        let is_journal = file.file_name().is_some_and(|name| name == JOURNAL);
        if file.is_dir() || is_journal {
            let dir = if file.is_dir() {
                file
            } else {
                file.parent().unwrap_or(Path::new("."))
            };
            let dir = if dir.as_os_str().is_empty() {
                Path::new(".")
            } else {
                dir
            };
            Journal::open_history(dir)?.read_each(|record| actual.take(&record))?;
        } else {
            actual.read_records(file)?;
        }
        actual.close_all();
        match &actual.plan {
            Some(known) if known != plan => Err(Failure::no(format!(
                "{} is of the plan {known}, not of {plan}",
                file.display()
            ))),
            _ if actual.begun.is_none() => Err(Failure::input(format!(
                "{} tells of no attempt: nothing has happened yet",
                file.display()
            ))),
            _ => Ok(actual),
        }
    }

    fn read_records(&mut self, file: &Path) -> Result<(), Failure> {
        let name = file.display();
        let opened = File::open(file)
            .map_err(|error| Failure::input(format!("cannot read {name}")).because(&error))?;
        document::lines(
            BufReader::new(opened),
            document::MAX_RECORD,
            |number, line| {
                if line.iter().all(u8::is_ascii_whitespace) {
                    return Ok(());
                }
                let record = std::str::from_utf8(line).ok().map(Record::parse);
                match record {
                    Some(Ok(record)) => self.take(&record),
                    Some(Err(error)) => {
                        return Err(Failure::input(format!(
                            "cannot read {name}: line {number} is no record"
                        ))
                        .because(&error));
                    }
                    None => {
                        return Err(Failure::input(format!(
                            "cannot read {name}: line {number} is not UTF-8"
                        )));
                    }
                }
                Ok(())
            },
        )
    }

    fn take(&mut self, record: &Record) {
        if let Body::RunStarted { plan_id, .. } = &record.body {
            self.plan = Some(plan_id.clone());
        }
        let Some(now) = time::parse(&record.time) else {
            return;
        };
        if self.begun.is_none() && matches!(record.body, Body::AttemptStarted { .. }) {
            self.begun = Some(now);
        }
        let Some(minute) = self.begun.map(|begun| minutes(begun, now)) else {
            return;
        };
        self.minutes = self.minutes.max(minute);
        match &record.body {
            Body::AttemptStarted { task, attempt, .. } => self.begin(task, false, *attempt, minute),
            Body::AttemptFinished { task, .. } => self.finish(task, false, minute),
            Body::GateStarted { task, attempt } => self.begin(task, true, *attempt, minute),
            Body::GateFinished { task, .. } => self.finish(task, true, minute),
            Body::TaskSettled { task, outcome, .. } => {
                self.finish(task, false, minute);
                self.finish(task, true, minute);
                self.outcomes.insert(task.clone(), *outcome);
            }
            Body::RunFinished { .. } => self.is_finished = true,
            _ => {}
        }
    }

    fn begin(&mut self, task: &str, gates: bool, attempt: u32, minute: f64) {
        // An attempt whose dispatcher died has no end of its own.
        self.finish(task, gates, minute);
        self.open
            .insert((task.to_owned(), gates), (attempt, minute));
    }

    fn finish(&mut self, task: &str, gates: bool, minute: f64) {
        if let Some((attempt, start)) = self.open.remove(&(task.to_owned(), gates)) {
            self.spans.push(Span {
                task: task.to_owned(),
                what: if gates {
                    Work::Gates
                } else {
                    Work::Attempt(attempt)
                },
                start,
                end: minute.max(start),
            });
        }
    }

    /// What still goes on lasts until the last that is known.
    fn close_all(&mut self) {
        let open: Vec<(String, bool)> = self.open.keys().cloned().collect();
        for (task, gates) in open {
            self.finish(&task, gates, self.minutes);
        }
        self.spans.sort_by(|a, b| {
            a.start
                .total_cmp(&b.start)
                .then_with(|| a.task.cmp(&b.task))
        });
    }
}

fn minutes(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from)
        .map_or(0.0, |time| time.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actual(records: &[(u32, &str)]) -> Actual {
        let mut actual = Actual::default();
        for (second, body) in records {
            let (minute, second) = (second / 60, second % 60);
            let line = format!(
                r#"{{"seq":1,"time":"2026-01-01T00:{minute:02}:{second:02}.000Z",{body}}}"#
            );
            actual.take(&Record::parse(&line).unwrap());
        }
        actual.close_all();
        actual
    }

    const START: &str = r#""type":"attempt-started","task":"t1","attempt":1,"agent":"a","pid":1,"terminal":"x","workspace":"","promptFile":"","logFile":"""#;
    const END: &str = r#""type":"attempt-finished","task":"t1","attempt":1,"result":"done""#;

    #[test]
    fn attempts_and_gates_become_spans() {
        let actual = actual(&[
            (5, START),
            (65, END),
            (65, r#""type":"gate-started","task":"t1","attempt":1"#),
            (
                95,
                r#""type":"gate-finished","task":"t1","attempt":1,"verdict":"passed""#,
            ),
            (
                95,
                r#""type":"task-settled","task":"t1","outcome":"succeeded","verification":"passed""#,
            ),
            (125, r#""type":"run-finished","outcome":"succeeded""#),
        ]);
        let spans: Vec<_> = actual
            .spans
            .iter()
            .map(|span| (span.what, span.start, span.end))
            .collect();
        assert_eq!(
            spans,
            [(Work::Attempt(1), 0.0, 1.0), (Work::Gates, 1.0, 1.5)]
        );
        assert_eq!((actual.minutes, actual.is_finished), (2.0, true));
        assert_eq!(actual.outcomes["t1"], Outcome::Succeeded);
    }

    #[test]
    fn what_has_no_end_lasts_until_the_last_that_is_known() {
        let actual = actual(&[(0, START), (60, START), (90, r#""type":"note","text":"x""#)]);
        let spans: Vec<_> = actual
            .spans
            .iter()
            .map(|span| (span.start, span.end))
            .collect();
        assert_eq!(spans, [(0.0, 1.0), (1.0, 1.5)]);
    }
}
