//! Streams of agents' programs: our own small ones, and recorded ones where they are at hand.

mod own;
mod recorded;

use schemas::marker::MarkerKind;
use schemas::stream::{Dialect, Heard, Parser, Report};

/// What was heard, with the texts joined: how a text is cut into pieces is nobody's business.
#[derive(Debug, PartialEq)]
struct Whole {
    text: String,
    rest: Vec<Heard>,
    report: Report,
}

impl Whole {
    fn done(&self) -> usize {
        let done = |heard: &&Heard| matches!(heard, Heard::Marker(m) if m.kind == MarkerKind::Done);
        self.rest.iter().filter(done).count()
    }

    fn tokens(&self) -> String {
        let usage = self.report.usage;
        let counts = [usage.input, usage.output, usage.cached];
        let counts = counts.map(|count| count.map_or("-".to_owned(), |count| count.to_string()));
        counts.join("/")
    }

    fn outcome(&self) -> &'static str {
        match self.report.is_success {
            Some(true) => "ok",
            Some(false) => "no",
            None => "-",
        }
    }

    fn class(&self) -> String {
        let report = &self.report;
        let error = report.error.as_ref().or(report.retrying.as_ref());
        error.map_or("-".to_owned(), |error| {
            format!("{:?}", error.class).to_lowercase()
        })
    }
}

fn hear<'a>(dialect: Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Whole {
    let mut parser = Parser::new(dialect);
    let (mut text, mut rest) = (String::new(), Vec::new());
    let mut take = |heard| match heard {
        Heard::Text(piece) => text.push_str(&piece),
        Heard::EndOfMessage => {
            text.push('\n');
            rest.push(Heard::EndOfMessage);
        }
        other => rest.push(other),
    };
    for piece in pieces {
        parser.feed(piece, &mut take);
    }
    parser.finish(&mut take);
    let report = parser.report().clone();
    Whole { text, rest, report }
}
