//! Problems for people: drawn as a compiler draws them.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::source::Source;
use crate::terminal::printable;
use crate::{Problem, Severity};

/// Longest part of a line that is shown on either side of a problem, in bytes.
const AROUND: usize = 90;

/// Longest line that is given to the renderer whole; it cuts to the terminal itself, but reads all of it.
const LONG: usize = 20_000;

/// Draws problems with the source line, a caret and a help line each, then the counts.
pub fn render(problems: &[Problem], source: &Source, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for problem in problems {
        text.push_str(&draw(problem, source, &renderer));
        text.push_str("\n\n");
    }
    let count = |severity| {
        problems
            .iter()
            .filter(|problem| problem.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    if errors + warnings > 0 {
        text.push_str(&format!(
            "{}, {}\n",
            plural(errors, "error"),
            plural(warnings, "warning")
        ));
    }
    text
}

/// A part of the source: its text, the number of its first line, and the spans to mark within it, the first
/// of them that of the problem or of a related place.
struct Excerpt {
    /// The name of the file, fit for a terminal.
    file: String,
    text: String,
    line: usize,
    marks: Vec<(Range<usize>, Option<String>)>,
    /// Only a part of a long line: columns within it are not those of the file.
    is_cut: bool,
}

fn draw(problem: &Problem, source: &Source, renderer: &Renderer) -> String {
    let message = printable(&problem.message);
    let help = problem.help.as_deref().map(printable);
    let name = printable(problem.file.as_deref().unwrap_or(&source.name));
    let (excerpts, notes) = excerpts(problem, source);

    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_title(level.primary_title(&message).id(&problem.code));
    // The renderer derives line and column from whole lines only.
    if problem.span.is_none() || excerpts.first().is_none_or(|excerpt| excerpt.is_cut) {
        let mut origin = Origin::path(name.as_str());
        if let (Some(line), Some(column)) = (problem.line, problem.column) {
            origin = origin.line(line as usize).char_column(column as usize);
        }
        group = group.element(origin);
    }
    let mut is_first = problem.span.is_some();
    for excerpt in &excerpts {
        let mut snippet = Snippet::source(&excerpt.text).line_start(excerpt.line);
        if !excerpt.is_cut {
            snippet = snippet.path(&excerpt.file);
        }
        for (span, label) in &excerpt.marks {
            let kind = if is_first {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            is_first = false;
            let mark = kind.span(span.clone());
            snippet = snippet.annotation(match label {
                Some(label) => mark.label(label),
                None => mark,
            });
        }
        group = group.element(snippet);
    }
    for note in &notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The lines to show, each once, and what has no place.
fn excerpts(problem: &Problem, source: &Source) -> (Vec<Excerpt>, Vec<String>) {
    let mut excerpts: Vec<Excerpt> = Vec::new();
    let mut notes = Vec::new();
    excerpts.extend(problem.span.as_ref().map(|span| excerpt(source, span)));
    for related in &problem.related {
        let label = printable(&related.message);
        let Some(span) = &related.span else {
            notes.push(label);
            continue;
        };
        let mut one = excerpt(source, span);
        let is_same = |other: &&mut Excerpt| {
            (&other.file, other.line) == (&one.file, one.line) && !other.is_cut && !one.is_cut
        };
        let same_line = excerpts.iter_mut().find(is_same);
        for (_, mark) in &mut one.marks {
            *mark = Some(label.clone());
        }
        match same_line {
            Some(other) => other.marks.extend(one.marks),
            None => excerpts.push(one),
        }
    }
    (excerpts, notes)
}

/// The first line of the span. Of a very long line only what surrounds the span: a document may be one line.
fn excerpt(source: &Source, span: &Range<usize>) -> Excerpt {
    let (line, _) = source.position(span.start);
    let whole = source.line_around(span.start);
    let (mut start, mut end) = (whole.start, whole.end);
    if whole.len() > LONG {
        start = span.start.saturating_sub(AROUND).max(whole.start);
        end = whole.end.min(start + 4 * AROUND);
    }
    while !source.text.is_char_boundary(start) {
        start -= 1;
    }
    while !source.text.is_char_boundary(end) {
        end -= 1;
    }
    let text = source
        .text
        .get(start..end)
        .unwrap_or_default()
        .replace('\r', " ");
    let from = span.start.clamp(start, end) - start;
    let to = (span.end.clamp(start, end) - start).max(from);
    Excerpt {
        file: printable(source.file(span.start)),
        text,
        line: line as usize,
        marks: vec![(from..to, None)],
        is_cut: (start..end) != whole,
    }
}
