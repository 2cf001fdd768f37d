//! `render`: a run as the files and reports that people keep; `import`: one of them read back.

mod aiter;
mod context;
mod html;
mod import;
mod live;
mod oat;
mod plan;
mod report;
mod story;
mod words;

use std::io::IsTerminal;
use std::path::Path;

use schemas::{Console, Exit, Failure, State, document};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Import, ImportFormat, Render, RenderFormat};

pub(crate) use live::watch;

use crate::table;
use plan::PlanView;
use report::Report;

/// Runs `render`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Render) -> Result<Exit, Failure> {
    let plan = PlanView::read(args.plan.as_deref())?;
    let report = match &args.state {
        Some(file) => of_state(file, plan)?,
        None => report::gather(console, dir, args.at, plan)?,
    };
    let text = match args.format {
        RenderFormat::Aiter => aiter::draw(&report),
        RenderFormat::Oat => oat::draw(&report, args.number),
        RenderFormat::Context => context::draw(&report),
        RenderFormat::Table => table::draw(&report.state, crate::show::width()),
        RenderFormat::Report => words::draw(&report),
        RenderFormat::Json => format!("{:#}\n", report.document()),
        RenderFormat::Html => {
            if std::io::stdout().is_terminal() {
                return Err(Failure::usage("a page is for a browser")
                    .help("state-edit render --format html > report.html"));
            }
            html::draw(&report, dir)
        }
    };
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

/// A state document in place of a run.
fn of_state(file: &Path, plan: PlanView) -> Result<Report, Failure> {
    let input = document::read(Some(file))?;
    let whole: Value = input.parse("a state")?;
    let mut report = Report::new(plan);
    report.state = input.parse::<State>("a state")?;
    report.whole = whole;
    report.finish();
    Ok(report)
}

/// Runs `import`.
pub(crate) fn import(args: &Import) -> Result<Exit, Failure> {
    let input = document::read(args.file.as_deref())?;
    let state = import::read(&input.name, &input.text)?;
    let text = match args.format {
        ImportFormat::State => format!("{state:#}\n"),
        ImportFormat::Records => import::records(&state)
            .iter()
            .map(|record| format!("{record}\n"))
            .collect(),
    };
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

/// A word of the wire; nothing for `null`.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Words on one line of Markdown, where they can begin no tag and no comment.
fn inline(text: &str) -> String {
    table::clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
}

/// The same in a cell of a table.
fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}

/// Words as they were before [`inline`].
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&amp;", "&")
}

/// A time in whole seconds, as the published files have it.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests;
