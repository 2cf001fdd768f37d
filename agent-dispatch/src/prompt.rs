//! What an agent is told: the task template, filled in. From data to text.

mod context;
mod news;
mod worktree;

use std::fmt::Write;

use schemas::{Plan, State, Task, Verdict};

pub(crate) use worktree::Worktree;

/// What a prompt is made from.
pub(crate) struct Facts<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) task: &'a Task,
    pub(crate) state: &'a State,
    pub(crate) attempt: u32,
    /// The attempt's marker id.
    pub(crate) terminal: &'a str,
    pub(crate) workspace: &'a str,
    /// The workspace is a worktree.
    pub(crate) worktree: Option<&'a Worktree>,
    /// The verdict that the last attempt's work did not pass.
    pub(crate) verdict: Option<&'a Verdict>,
    /// Positions of the tasks that own files: few, where the plan may be huge.
    pub(crate) owning: &'a [usize],
    /// The agent goes on in its session: it knows the task, and needs the news only.
    pub(crate) follow_up: bool,
    /// Where a context goes that is too large for the prompt.
    pub(crate) context_file: &'a str,
}

/// A prompt, and what was too large for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    /// The whole context, for the file that the prompt names.
    pub(crate) context: Option<String>,
}

/// Longest context that stands in the prompt itself, in bytes.
const MAX_CONTEXT: usize = 16 << 10;

/// Of a longer one, so much stands there.
const HEAD: usize = 4 << 10;

/// Fills the template. Two attempts of a task never get the same text.
pub(crate) fn compose(facts: &Facts<'_>) -> Prompt {
    let mut text = String::new();
    let mut spilled = None;
    if facts.follow_up {
        let Task { id, title, .. } = facts.task;
        let _ = writeln!(
            text,
            "Your task goes on: {id} {title}. This is attempt {}. What you have done so far is still there.",
            facts.attempt
        );
    } else {
        text.push_str(
            "You work alone on one task of a larger plan. Other agents work on the other tasks at the same time.\n",
        );
        task(&mut text, facts);
        worktree::place(&mut text, facts);
        let context = context::of(facts);
        let (shown, rest) = spill(context, facts.context_file);
        text.push_str(&shown);
        spilled = rest;
    }
    news::history(&mut text, facts);
    news::findings(&mut text, facts);
    worktree::conflict(&mut text, facts);
    news::talk(&mut text, facts);
    protocol(&mut text, facts);
    text.push_str("\nBegin working now.\n");
    Prompt {
        text,
        context: spilled,
    }
}

/// What stands in the prompt, and the whole for a file when that is not all.
fn spill(context: String, file: &str) -> (String, Option<String>) {
    if context.len() <= MAX_CONTEXT {
        return (context, None);
    }
    let head = &context[..context.floor_char_boundary(HEAD)];
    let head = head.rsplit_once('\n').map_or(head, |(whole, _)| whole);
    let shown = format!(
        "{head}\n\nThis is the beginning only. Read all of it in the file {file} before you start.\n"
    );
    (shown, Some(context))
}

fn task(text: &mut String, facts: &Facts<'_>) {
    let Facts { plan, task, .. } = facts;
    let _ = write!(
        text,
        "\n## Task Details\n- **Task ID:** {}\n- **Title:** {}\n",
        task.id, task.title
    );
    if let Some(project) = &task.project {
        let _ = writeln!(text, "- **Project:** {project}");
    }
    let _ = writeln!(text, "- **Terminal ID:** {}", facts.terminal);
    let _ = writeln!(text, "- **Folder:** {}", facts.workspace);
    let _ = writeln!(text, "- **Attempt:** {}", facts.attempt);
    if !task.description.is_empty() {
        let _ = write!(text, "\n{}\n", task.description);
    }
    if !task.acceptance.is_empty() {
        text.push_str("\n## Acceptance\nAll of this must hold when you are done:\n");
        list(text, &task.acceptance);
    }
    let project = task.project.as_deref().and_then(|name| plan.project(name));
    let facts_of_project = project.map(|p| (p.tech_stack.as_deref(), p.description.as_deref()));
    let is_told = |(stack, description): (Option<&str>, Option<&str>)| {
        stack.is_some() || description.is_some()
    };
    if plan.summary.is_some() || facts_of_project.is_some_and(is_told) {
        text.push_str("\n## Context\n");
    }
    if let Some(summary) = &plan.summary {
        let _ = writeln!(text, "- The plan: {summary}");
    }
    if let Some((stack, description)) = facts_of_project {
        for (name, value) in [("The project", description), ("It is built with", stack)] {
            if let Some(value) = value {
                let _ = writeln!(text, "- {name}: {value}");
            }
        }
    }
}

/// Shown with placeholders, which no reader of markers takes for a marker: a terminal may echo all this.
fn protocol(text: &mut String, facts: &Facts<'_>) {
    let id = facts.terminal;
    let _ = write!(
        text,
        "
## Communication Protocol
Say how you stand by printing lines like these, each at the start of a line of its own: not indented as here, not in
quotes, not in a list, not in a code block.

    [PROGRESS:{id}] <0-100>% - <what you just completed>
    [DONE:{id}] <what you did and in which files, in one line>
    [ERROR:{id}] <what is wrong and what you tried>
    [QUESTION:{id}] <the question, with options>

PROGRESS at every milestone; DONE as your last line, when the task is done; ERROR when you cannot go on; QUESTION when
you need a decision: then end, the answer comes with the next attempt. `$TERMINAL_ID` holds the id for scripts. When the
work is done and you have doubts about it, begin the text of DONE with the word DONE_WITH_CONCERNS and a colon.

## Rules
- Work without waiting for instructions; only a question that you cannot settle yourself is worth asking.
- Work only in your folder. Test what you made before you say that it is done.
- Report progress at least every five minutes.
- When something that a dependency should have left is missing, report an error at once.
"
    );
}

/// Positions of the tasks that own files.
pub(crate) fn owning(plan: &Plan) -> Vec<usize> {
    let tasks = plan.tasks.iter().enumerate();
    tasks
        .filter(|(_, task)| !task.paths.is_empty())
        .map(|(at, _)| at)
        .collect()
}

fn list(text: &mut String, items: &[String]) {
    for item in items {
        let _ = writeln!(text, "- {item}");
    }
}

#[cfg(test)]
mod tests;
