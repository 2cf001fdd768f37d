//! Problems for people: drawn as a compiler draws them.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::source::Source;
use crate::{Problem, Severity};

/// Longest part of a line that is shown on either side of a problem, in bytes.
const AROUND: usize = 90;

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

/// Text that cannot steer a terminal: control characters but the line's end become `\u{fffd}`.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// A part of the source: its text, the number of its first line, and the span within it.
struct Excerpt {
    text: String,
    line: usize,
    span: Range<usize>,
}

fn draw(problem: &Problem, source: &Source, renderer: &Renderer) -> String {
    let message = printable(&problem.message);
    let help = problem.help.as_deref().map(printable);
    let notes: Vec<String> = problem
        .related
        .iter()
        .map(|related| printable(&related.message))
        .collect();
    let main = problem.span.as_ref().map(|span| excerpt(source, span));
    let others: Vec<Option<Excerpt>> = problem
        .related
        .iter()
        .map(|related| related.span.as_ref().map(|s| excerpt(source, s)))
        .collect();
    let name = problem.file.as_deref().unwrap_or(&source.name);

    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_title(level.primary_title(&message).id(&problem.code));
    let mut origin = Origin::path(name);
    if let (Some(line), Some(column)) = (problem.line, problem.column) {
        origin = origin.line(line as usize).char_column(column as usize);
    }
    group = group.element(origin);
    if let Some(excerpt) = &main {
        let annotation = AnnotationKind::Primary.span(excerpt.span.clone());
        group = group.element(
            Snippet::source(&excerpt.text)
                .line_start(excerpt.line)
                .annotation(annotation),
        );
    }
    for (excerpt, note) in others.iter().zip(&notes) {
        match excerpt {
            Some(excerpt) => {
                let annotation = AnnotationKind::Context
                    .span(excerpt.span.clone())
                    .label(note);
                let snippet = Snippet::source(&excerpt.text)
                    .line_start(excerpt.line)
                    .annotation(annotation);
                group = group.element(snippet);
            }
            None => group = group.element(Level::NOTE.message(note)),
        }
    }
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The first line of the span. Of a very long line only what surrounds the span: a document may be one line.
fn excerpt(source: &Source, span: &Range<usize>) -> Excerpt {
    let (line, _) = source.position(span.start);
    let whole = source.line_span(line);
    let mut start = span.start.saturating_sub(AROUND).max(whole.start);
    if whole.len() <= 4 * AROUND {
        start = whole.start;
    }
    let mut end = whole.end.min(start + 4 * AROUND);
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
        text,
        line: line as usize,
        span: from..to,
    }
}
