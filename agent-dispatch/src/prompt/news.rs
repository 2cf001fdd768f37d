//! What has happened since the first attempt: how earlier ones ended, what was found, what people said.

use std::fmt::Write;

use schemas::AttemptResult;

use super::{Facts, list};

/// How earlier attempts ended, and what follows from that for this one.
pub(super) fn history(text: &mut String, facts: &Facts<'_>) {
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
    if facts.follow_up {
        text.push('\n');
    } else {
        text.push_str(
            "What earlier ones left in the folder is still there: look before you write.\n",
        );
    }
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
    if !known.files.is_empty() {
        let _ = writeln!(text, "- Files written so far: {}", known.files.join(", "));
    }
    if let Some(advice) = known.last_result.and_then(advice) {
        let _ = writeln!(text, "- {advice}");
    }
    if known.different {
        text.push_str(
            "- The same has failed twice. Do not try it again in the same way: find out why it fails, then take another way.\n",
        );
    }
}

/// What the next attempt should do otherwise.
fn advice(result: AttemptResult) -> Option<&'static str> {
    Some(match result {
        AttemptResult::Stalled => {
            "It fell silent and was ended. Do less at once: the smallest part that is still missing first; start nothing \
             that waits for input or runs for ever; report progress often."
        }
        AttemptResult::TimedOut => {
            "It took too long and was ended. Finish what is there before you begin anything new, and leave out what the \
             task does not ask for."
        }
        AttemptResult::NoResult => {
            "It ended without saying what came of it. Check whether the work is done; end with a marker."
        }
        AttemptResult::Orphaned | AttemptResult::Cancelled => {
            "It was interrupted from outside. Look how far it came, and go on from there."
        }
        _ => return None,
    })
}

/// What the gates have found in the work.
pub(super) fn findings(text: &mut String, facts: &Facts<'_>) {
    let rejected = facts
        .state
        .tasks
        .get(&facts.task.id)
        .and_then(|task| task.reason.as_deref());
    let fixes = facts
        .state
        .tasks
        .get(&facts.task.id)
        .map_or(0, |task| task.fixes + task.merge_fixes);
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
        if let Some(fix) = &check.fix {
            let _ = writeln!(text, "  `{fix}` may mend it.");
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

/// What people have said.
pub(super) fn talk(text: &mut String, facts: &Facts<'_>) {
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
