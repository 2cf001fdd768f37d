//! What a task needs to be worked on: enough text, a known agent, gates that say something, known keys.

use std::collections::HashSet;

use schemas::source::escape;
use schemas::{Agents, Problem};

use crate::found::Found;
use crate::keys::Misspelt;
use crate::outline::{Gate, Outline, Task};

/// The least that a description (with the acceptance criteria) must have.
const LEAST_WORDS: usize = 5;
const LEAST_LETTERS: usize = 24;

/// Characters after which a text needs no further counting.
const ENOUGH: usize = 200;

pub(super) fn check(plan: &Outline, found: &mut Found) {
    let built_in = Agents::built_in().agents;
    let agents: HashSet<&str> = plan
        .agents
        .iter()
        .map(AsRef::as_ref)
        .chain(built_in.keys().map(String::as_str))
        .collect();
    let expect_agent = |name: Option<&str>, at: String, found: &mut Found| {
        if let Some(name) = name
            && !agents.contains(name)
        {
            found.push(
                Problem::warning(
                    "unknown-agent",
                    format!("the agent `{name}` is neither in `agents` nor built in"),
                )
                .help("agent-dispatch will look for it in its --agents file only")
                .at(at),
            );
        }
    };
    expect_agent(
        plan.defaults.agent.as_deref(),
        "/defaults/agent".to_owned(),
        found,
    );
    for (index, task) in plan.tasks.iter().enumerate() {
        if let Some(problem) = thin(task) {
            found.push(problem.at(format!("/tasks/{index}/description")));
        }
        let more = task.more();
        if more.agent.is_some() {
            expect_agent(
                more.agent.as_deref(),
                format!("/tasks/{index}/agent"),
                found,
            );
        }
        empty_gates(&more.gates, || format!("/tasks/{index}/gates"), found);
    }
    for (index, project) in plan.projects.iter().enumerate() {
        empty_gates(&project.gates, || format!("/projects/{index}/gates"), found);
    }
    stages(plan, found);
    misspelt_keys(plan, found);
}

fn stages(plan: &Outline, found: &mut Found) {
    for (stage, gates) in &plan.gates {
        let at = format!("/gates/{}", escape(stage));
        match gates {
            Some(gates) if gates.is_empty() => found.push(
                Problem::warning("empty-gates", format!("the stage `{stage}` has no gates"))
                    .help("a stage without gates always passes: add one, or take the stage out")
                    .at(at),
            ),
            Some(gates) => empty_gates(gates, || at.clone(), found),
            None => {}
        }
    }
}

fn empty_gates(gates: &[Gate], at: impl Fn() -> String, found: &mut Found) {
    for (index, _) in gates.iter().enumerate().filter(|(_, gate)| gate.is_empty) {
        found.push(
            Problem::error("empty-gate", "the gate says nothing")
                .help("a gate is a command, an assertion (`coverage >= 80%`) or a statement for a person (`manual`)")
                .at(format!("{}/{index}", at())),
        );
    }
}

/// A warning when an agent could not act on the text alone.
fn thin(task: &Task) -> Option<Problem> {
    if task.has_command || task.is_done || task.id.is_none() {
        return None;
    }
    let description = task.description.as_deref().unwrap_or_default().trim();
    let texts = || {
        std::iter::once(description)
            .chain(task.more().acceptance.iter().flatten().map(AsRef::as_ref))
    };
    // A long text is not read to its end: a little of it shows that it is long enough.
    let words = texts()
        .flat_map(str::split_whitespace)
        .take(LEAST_WORDS)
        .count();
    let letters: usize = texts().flat_map(str::chars).take(ENOUGH).map(weight).sum();
    let repeats = task
        .title
        .as_deref()
        .is_some_and(|title| title.trim().eq_ignore_ascii_case(description));
    let why = if description.is_empty() && task.more().acceptance.is_empty() {
        "has no description".to_owned()
    } else if repeats && task.more().acceptance.is_empty() {
        "has a description that only repeats the title".to_owned()
    } else if letters < LEAST_LETTERS
        || (words < LEAST_WORDS && letters < 3 * LEAST_LETTERS && is_spaced(description))
    {
        format!(
            "has a description of {words} {}",
            if words == 1 { "word" } else { "words" }
        )
    } else {
        return None;
    };
    let id = task.id.as_deref().unwrap_or_default();
    Some(
        Problem::warning("thin-description", format!("task `{id}` {why}: too thin for an agent to act alone"))
            .help(format!("an agent sees this text only: say what to build, where, and how to tell that it is done (at least {LEAST_WORDS} words and {LEAST_LETTERS} letters, more than the title)")),
    )
}

/// Letters and digits; a character of a script without spaces says as much as three letters.
fn weight(c: char) -> usize {
    match c {
        '\u{2e80}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => 3,
        c => usize::from(c.is_alphanumeric()),
    }
}

/// Whether words of the text are set apart by spaces.
fn is_spaced(text: &str) -> bool {
    text.chars().all(|c| weight(c) < 3)
}

fn misspelt_keys(plan: &Outline, found: &mut Found) {
    let mut tell = |keys: &[Misspelt], at: &dyn Fn() -> String| {
        for Misspelt { key, meant } in keys {
            found.push(
                Problem::warning("misspelt-key", format!("`{key}` is not a key of the plan"))
                    .help(format!("did you mean `{meant}`?"))
                    .at(format!("{}/{}", at(), escape(key))),
            );
        }
    };
    tell(&plan.misspelt, &String::new);
    tell(&plan.defaults.misspelt, &|| "/defaults".to_owned());
    tell(&plan.limits.misspelt, &|| "/limits".to_owned());
    for (index, project) in plan.projects.iter().enumerate() {
        tell(&project.misspelt, &|| format!("/projects/{index}"));
    }
    for (index, task) in plan.tasks.iter().enumerate() {
        tell(&task.more().misspelt, &|| format!("/tasks/{index}"));
    }
    for (index, phase) in plan.phases.iter().enumerate() {
        tell(&phase.misspelt, &|| format!("/phases/{index}"));
    }
}
