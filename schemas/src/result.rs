//! Results in words: how agents that were told of no markers, or forget them, say at the very end what they came to.
//!
//! `DONE`, `DONE_WITH_CONCERNS`, `NEEDS_CONTEXT`, `BLOCKED`, `FAILED`, and of conflicts `RESOLVED`, `UNRESOLVABLE`,
//! `VERIFICATION_FAILED`, in a fenced JSON block or in a `status:` line.
//!
//! Always true:
//!   (1) Only the end of a message counts: nothing but blanks may follow the block, nothing but its own paragraph the line.
//!   (2) A word counts whole or not at all: a choice (`DONE | BLOCKED`) and a placeholder (`<status>`) are no words, so a
//!       prompt that explains the protocol is no result.
//!   (3) A block that names another terminal id than the one that is listened for is void; see [`AgentResult::is_of`].

use serde_json::Value;

/// Longest text that is kept, in characters.
const MAX_TEXT: usize = 4096;

/// How an agent says that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultWord {
    /// The work is there.
    Done,
    /// The work is there, and the agent has doubts about it.
    DoneWithConcerns,
    /// It cannot go on without an answer.
    NeedsContext,
    /// It cannot go on.
    Blocked,
    /// It did not succeed.
    Failed,
}

/// A result in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentResult {
    /// What it came to.
    pub word: ResultWord,
    /// What was done, asked, or is in the way.
    pub text: String,
    /// Doubts, when there are some.
    pub concerns: Option<String>,
    /// The attempt that the block says it is about.
    pub terminal: Option<String>,
}

impl ResultWord {
    /// A word in any case, with blanks or dashes for underscores.
    pub fn parse(text: &str) -> Option<ResultWord> {
        let plain: String = text
            .trim_matches(|c: char| c.is_whitespace() || "*`\"'_".contains(c))
            .chars()
            .map(|c| match c {
                '-' | ' ' => '_',
                c => c.to_ascii_lowercase(),
            })
            .collect();
        Some(match plain.as_str() {
            // The second ones are those of agents that resolve conflicts.
            "done" | "resolved" => ResultWord::Done,
            "done_with_concerns" => ResultWord::DoneWithConcerns,
            "needs_context" => ResultWord::NeedsContext,
            "blocked" | "unresolvable" => ResultWord::Blocked,
            "failed" | "verification_failed" => ResultWord::Failed,
            _ => return None,
        })
    }
}

impl AgentResult {
    /// Whether it speaks of the attempt with this terminal id, or of none in particular.
    pub fn is_of(&self, terminal: &str) -> bool {
        self.terminal.as_deref().is_none_or(|own| own == terminal)
    }
}

/// The result at the end of an agent's last message.
pub fn in_message(message: &str) -> Option<AgentResult> {
    let message = message.trim_end();
    if message.starts_with('{') {
        return in_block(message);
    }
    match last_block(message) {
        Ending::Block(block) => in_block(&block),
        Ending::Open => None,
        Ending::Paragraph => in_paragraph(message),
    }
}

/// A result at the start of a DONE marker's text: `DONE_WITH_CONCERNS: the second half is a guess`.
pub fn in_marker(text: &str) -> Option<AgentResult> {
    let (word, rest) = split(text)?;
    Some(result(word, rest, None))
}

/// The text of the fenced block that a message ends with, or the whole of a message that is one JSON object.
pub fn final_block(message: &str) -> Option<String> {
    let message = message.trim();
    if message.starts_with('{') {
        return Some(message.to_owned());
    }
    match last_block(message) {
        Ending::Block(block) => Some(block),
        Ending::Open | Ending::Paragraph => None,
    }
}

enum Ending {
    /// The text of the fenced block that the message ends with.
    Block(String),
    /// A fence that is never closed.
    Open,
    Paragraph,
}

fn last_block(message: &str) -> Ending {
    let mut open: Option<(String, Vec<&str>)> = None;
    let mut last = Ending::Paragraph;
    for line in message.lines() {
        let bare = line.trim();
        let mark: String = bare
            .chars()
            .take_while(|c| *c == '`' || *c == '~')
            .collect();
        match &mut open {
            Some((fence, lines)) => {
                if mark.len() >= fence.len() && mark.starts_with(fence.as_str()) && mark == bare {
                    last = Ending::Block(lines.join("\n"));
                    open = None;
                } else {
                    lines.push(line);
                }
            }
            None if mark.len() >= 3 => open = Some((mark, Vec::new())),
            None if !bare.is_empty() => last = Ending::Paragraph,
            None => {}
        }
    }
    match open {
        Some(_) => Ending::Open,
        None => last,
    }
}

fn in_block(block: &str) -> Option<AgentResult> {
    let Value::Object(fields) = serde_json::from_str(block).ok()? else {
        return None;
    };
    let text_of = |names: &[&str]| names.iter().find_map(|name| words(fields.get(*name)?));
    let word = ResultWord::parse(&text_of(&["status", "result", "outcome"])?)?;
    let text = match word {
        ResultWord::NeedsContext => text_of(&["question", "questions", "needs", "context"]),
        ResultWord::Blocked | ResultWord::Failed => text_of(&["reason", "blocker", "error"]),
        ResultWord::Done | ResultWord::DoneWithConcerns => None,
    };
    let text = text.or_else(|| text_of(&["summary", "message", "text", "notes", "reason"]));
    Some(AgentResult {
        terminal: text_of(&["terminal", "terminalId", "terminal_id"]),
        ..result(word, &text.unwrap_or_default(), text_of(&["concerns"]))
    })
}

/// A string, or a list of strings as one line.
fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join("; ")
        }
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// A `status:` line in the last paragraph; the rest of the paragraph is what it is about.
fn in_paragraph(message: &str) -> Option<AgentResult> {
    let lines: Vec<&str> = message.lines().collect();
    let begin = lines
        .iter()
        .rposition(|line| line.trim().is_empty())
        .map_or(0, |blank| blank + 1);
    let paragraph = lines.get(begin..)?;
    let found = paragraph.iter().rev().find_map(|line| {
        let line = line.trim().trim_start_matches(['*', '#', ' ']);
        let (name, rest) = line.split_once(':')?;
        let name = name.trim_matches(|c: char| c == '*' || c.is_whitespace());
        name.eq_ignore_ascii_case("status").then(|| split(rest))?
    });
    let (word, rest) = found?;
    let others = paragraph.iter().filter_map(|line| {
        let (name, text) = line.split_once(':')?;
        let name = name.trim_matches(|c: char| c.is_whitespace() || "*-#".contains(c));
        let wanted = ["summary", "question", "questions", "reason", "concerns"];
        let name = name.to_ascii_lowercase();
        wanted
            .contains(&name.as_str())
            .then(|| (name, text.trim_matches(['*', ' ']).to_owned()))
    });
    let others: Vec<(String, String)> = others.collect();
    let other = |wanted: &str| {
        let found = others.iter().find(|(name, _)| name.starts_with(wanted));
        found.map(|(_, text)| text.clone())
    };
    let text = if rest.is_empty() {
        let first = match word {
            ResultWord::NeedsContext => other("question"),
            ResultWord::Blocked | ResultWord::Failed => other("reason"),
            _ => None,
        };
        first.or_else(|| other("summary")).unwrap_or_default()
    } else {
        rest.to_owned()
    };
    Some(result(word, &text, other("concerns")))
}

/// The word at the start, and what follows it.
fn split(text: &str) -> Option<(ResultWord, &str)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '*');
    if let Some(word) = ResultWord::parse(text) {
        return Some((word, ""));
    }
    let separators = [": ", " - ", " — ", " – ", ". ", ", "];
    let cuts = separators.iter().filter_map(|mark| text.split_once(mark));
    let (word, rest) = cuts.min_by_key(|(word, _)| word.len())?;
    Some((ResultWord::parse(word)?, rest.trim()))
}

fn result(word: ResultWord, text: &str, concerns: Option<String>) -> AgentResult {
    let short = |text: &str| -> String { text.trim().chars().take(MAX_TEXT).collect() };
    let text = short(text);
    let concerns = match (word, concerns) {
        (ResultWord::DoneWithConcerns, None) => Some(text.clone()),
        (_, concerns) => concerns.map(|concerns| short(&concerns)),
    };
    AgentResult {
        word,
        text,
        concerns: concerns.filter(|concerns| !concerns.is_empty()),
        terminal: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(message: &str) -> Option<ResultWord> {
        in_message(message).map(|result| result.word)
    }

    #[test]
    fn a_block_at_the_end_is_a_result() {
        let message = "All of it works.\n\n```json\n{\"status\": \"DONE_WITH_CONCERNS\", \"summary\": \"made it\",\n \
                       \"concerns\": [\"slow\", \"ugly\"]}\n```\n";
        let result = in_message(message).unwrap();
        assert_eq!(result.word, ResultWord::DoneWithConcerns);
        assert_eq!(result.text, "made it");
        assert_eq!(result.concerns.as_deref(), Some("slow; ugly"));
        assert_eq!(word("{\"result\": \"failed\"}"), Some(ResultWord::Failed));
        let asks = in_message("```\n{\"status\":\"needs-context\",\"question\":\"which?\"}\n```");
        assert_eq!(asks.unwrap().text, "which?");
    }

    #[test]
    fn a_status_line_in_the_last_paragraph_is_a_result() {
        assert_eq!(word("I did it.\n\nStatus: DONE"), Some(ResultWord::Done));
        assert_eq!(word("**Status:** BLOCKED"), Some(ResultWord::Blocked));
        let result = in_message("x\n\nstatus: NEEDS_CONTEXT\nQuestion: which table?").unwrap();
        assert_eq!(
            (result.word, result.text.as_str()),
            (ResultWord::NeedsContext, "which table?")
        );
        let result = in_message("Status: done - wrote the page").unwrap();
        assert_eq!(result.text, "wrote the page");
    }

    #[test]
    fn what_is_not_the_end_or_not_a_word_is_no_result() {
        for message in [
            "",
            "I am done.",
            "Status: DONE\n\nNow I go on with the tests.",
            "```json\n{\"status\":\"DONE\"}\n```\nThat is what I will say.",
            "```json\n{\"status\":\"DONE\"}",
            "```\nStatus: DONE\n```",
            "Status: DONE | BLOCKED",
            "Status: <DONE or BLOCKED>",
            "{\"status\": \"DONE|BLOCKED\"}",
            "> Status: DONE",
            "The exit status: done by hand",
            "{\"status\": 1}",
        ] {
            assert_eq!(word(message), None, "{message:?}");
        }
    }

    #[test]
    fn a_block_of_another_attempt_is_void() {
        let result = in_message("{\"status\":\"DONE\",\"terminal\":\"t1-1-ab\"}").unwrap();
        assert!(result.is_of("t1-1-ab") && !result.is_of("t1-2-cd"));
    }

    #[test]
    fn a_marker_may_carry_doubts() {
        let result = in_marker("DONE_WITH_CONCERNS: the second half is a guess").unwrap();
        assert_eq!(
            result.concerns.as_deref(),
            Some("the second half is a guess")
        );
        assert_eq!(in_marker("wrote the page"), None);
    }
}
