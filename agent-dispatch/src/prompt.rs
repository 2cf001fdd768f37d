//! What an agent is told: the task template, filled in. From data to text.

use std::fmt::Write;

use schemas::{Outcome, Plan, State, Task, Verdict};

/// What a prompt is made from.
pub(crate) struct Facts<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) task: &'a Task,
    pub(crate) state: &'a State,
    pub(crate) attempt: u32,
    /// The attempt's marker id.
    pub(crate) terminal: &'a str,
    pub(crate) workspace: &'a str,
    /// The verdict that the last attempt's work did not pass.
    pub(crate) verdict: Option<&'a Verdict>,
}

/// Fills the template. Two attempts of a task never get the same text.
pub(crate) fn compose(facts: &Facts<'_>) -> String {
    let mut text = String::from(
        "You work alone on one task of a larger plan. Other agents work on the other tasks at the same time.\n",
    );
    task(&mut text, facts);
    dependencies(&mut text, facts);
    boundaries(&mut text, facts);
    history(&mut text, facts);
    findings(&mut text, facts);
    talk(&mut text, facts);
    protocol(&mut text, facts);
    text.push_str("\nBegin working now.\n");
    text
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
    if plan.summary.is_some() || project.is_some() {
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

fn dependencies(text: &mut String, facts: &Facts<'_>) {
    if facts.task.depends_on.is_empty() {
        return;
    }
    text.push_str("\n## Dependencies completed\n");
    for id in &facts.task.depends_on {
        let title = facts
            .plan
            .tasks
            .iter()
            .find(|task| task.id == *id)
            .map_or("", |task| &task.title);
        let known = facts.state.tasks.get(id);
        let outcome = match known.and_then(|task| task.outcome) {
            Some(Outcome::Succeeded) => "succeeded",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::Excluded) => "excluded",
            Some(Outcome::Skipped) => "skipped",
            Some(Outcome::Cancelled) => "cancelled",
            None => "not settled",
        };
        let _ = write!(text, "- **{id}** {title}: {outcome}");
        match known.and_then(|task| task.summary.as_ref()) {
            Some(summary) => writeln!(text, " — {summary}"),
            None => writeln!(text),
        }
        .unwrap_or_default();
    }
}

fn boundaries(text: &mut String, facts: &Facts<'_>) {
    if !facts.task.paths.is_empty() {
        text.push_str("\n## Your files\nChange only these:\n");
        list(text, &facts.task.paths);
    }
    if !facts.task.forbidden_paths.is_empty() {
        text.push_str("\n## Not your files\nDo not touch these:\n");
        list(text, &facts.task.forbidden_paths);
    }
}

fn history(text: &mut String, facts: &Facts<'_>) {
    let Some(known) = facts
        .state
        .tasks
        .get(&facts.task.id)
        .filter(|_| facts.attempt > 1)
    else {
        return;
    };
    let _ = write!(
        text,
        "\n## Previous attempts\nThis is attempt {}. ",
        facts.attempt
    );
    text.push_str("What earlier ones left in the folder is still there: look before you write.\n");
    if let Some(result) = known.last_result {
        let word = serde_json::to_value(result).unwrap_or_default();
        let _ = write!(
            text,
            "- The last one: {}",
            word.as_str().unwrap_or_default()
        );
        match &known.reason {
            Some(reason) => writeln!(text, " ({reason})"),
            None => writeln!(text),
        }
        .unwrap_or_default();
    }
    if let Some(message) = &known.message {
        let _ = writeln!(text, "- It last said: {message}");
    }
}

fn findings(text: &mut String, facts: &Facts<'_>) {
    let rejected = facts
        .state
        .tasks
        .get(&facts.task.id)
        .and_then(|task| task.reason.as_deref());
    let fixes = facts
        .state
        .tasks
        .get(&facts.task.id)
        .map_or(0, |task| task.fixes);
    if facts.verdict.is_none() && fixes == 0 {
        return;
    }
    text.push_str("\n## Findings\nThe work was checked and did not pass. Mend this first:\n");
    let mut any = false;
    for check in facts
        .verdict
        .into_iter()
        .flat_map(|verdict| &verdict.checks)
    {
        for finding in &check.findings {
            any = true;
            let place = match (&finding.file, finding.line) {
                (Some(file), Some(line)) => format!(" {file}:{line}:"),
                (Some(file), None) => format!(" {file}:"),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "- {} ({}):{place} {}",
                check.name, finding.severity, finding.message
            );
        }
        if let (false, Some(tail)) = (check.findings.is_empty(), &check.output_tail) {
            let _ = writeln!(text, "  The end of its output:");
            for line in tail.lines() {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
    if let (false, Some(reason)) = (any, rejected) {
        let _ = writeln!(text, "- {reason}");
    }
}

fn talk(text: &mut String, facts: &Facts<'_>) {
    let answered = facts
        .state
        .questions
        .iter()
        .filter(|question| question.task == facts.task.id);
    let answered: Vec<_> = answered
        .filter_map(|q| Some((&q.text, q.answer.as_ref()?)))
        .collect();
    if !answered.is_empty() {
        text.push_str("\n## Answers\n");
        for (question, answer) in answered {
            let _ = write!(text, "Question: {question}\nAnswer: {answer}\n");
        }
    }
    let steering = facts
        .state
        .tasks
        .get(&facts.task.id)
        .map(|task| &task.steering);
    if let Some(steering) = steering.filter(|steering| !steering.is_empty()) {
        text.push_str("\n## Messages\nA person who watches the run says:\n");
        list(text, steering);
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
you need a decision: then end, the answer comes with the next attempt. `$TERMINAL_ID` holds the id for scripts.

## Rules
- Work without waiting for instructions; only a question that you cannot settle yourself is worth asking.
- Work only in your folder. Test what you made before you say that it is done.
- Report progress at least every five minutes.
- When something that a dependency should have left is missing, report an error at once.
"
    );
}

fn list(text: &mut String, items: &[String]) {
    for item in items {
        let _ = writeln!(text, "- {item}");
    }
}

#[cfg(test)]
mod tests;
