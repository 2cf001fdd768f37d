//! Our half of a conversation by the Agent Client Protocol, version 1: pure, without pipes and clocks.
//!
//! ```text
//! initialize ─▶ session/new, or session/load ─▶ session/prompt ─▶ its answer ─▶ end of input
//!                                                  ▲                  │
//!                                                  └── a message, or the answer to its question
//! ```
//!
//! A client of our own, of six methods: the protocol's crate brings a hundred others, and five majors in as many months.
//! What the agent says of its work is read elsewhere (`schemas::stream`); here is only what must be replied.

mod permission;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use schemas::stream::ACP_LOAD;
use serde_json::{Value, json};

pub(crate) use self::permission::Policy;
use self::permission::{Asked, Choice};

/// Numbers of our requests. Prompts count on from the last.
const INITIALIZE: u64 = 0;
const NEW: u64 = 1;
const FIRST_PROMPT: u64 = 3;

/// Requests for leave that wait for a person, at most; what comes on top is refused.
const MAX_ASKED: usize = 64;

/// What the conversation is about.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) prompt: String,
    /// An absolute path.
    pub(crate) workspace: String,
    /// The session that goes on.
    pub(crate) session: Option<String>,
    pub(crate) policy: Policy,
    /// Questions of earlier attempts and their answers: nobody is asked the same twice.
    pub(crate) answered: Vec<(String, String)>,
}

/// What is to be done about what was heard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Write it to the agent's input, as one line.
    Send(Value),
    /// A person must decide; [`Client::answer`] takes what is said.
    Ask(String),
    /// Its work is done: end its input.
    End,
}

/// The client of one attempt.
#[derive(Debug)]
pub(crate) struct Client {
    setup: Setup,
    session: Option<String>,
    /// The prompt that has no answer yet.
    turn: Option<u64>,
    /// What it says, until the agent has said or done anything about it.
    unheard: Option<String>,
    next: u64,
    /// What it is to be told when this turn is over.
    messages: VecDeque<String>,
    /// What it asks leave for, the first one being what a person is asked.
    asked: VecDeque<Asked>,
    /// Its last word is a question to a person.
    awaits_answer: bool,
    refused: bool,
    over: bool,
}

impl Client {
    /// The client, and what it says first.
    pub(crate) fn open(setup: Setup) -> (Client, Vec<Reply>) {
        let client = Client {
            setup,
            session: None,
            turn: None,
            unheard: None,
            next: FIRST_PROMPT,
            messages: VecDeque::new(),
            asked: VecDeque::new(),
            awaits_answer: false,
            refused: false,
            over: false,
        };
        let capabilities =
            json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false});
        let info = json!({"name": "agent-dispatch", "version": env!("CARGO_PKG_VERSION")});
        let params =
            json!({"protocolVersion": 1, "clientCapabilities": capabilities, "clientInfo": info});
        (client, vec![request(INITIALIZE, "initialize", &params)])
    }

    /// A line that the agent wrote. What is no message of the protocol is passed over.
    pub(crate) fn hear(&mut self, line: &[u8]) -> Vec<Reply> {
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            return Vec::new();
        };
        let method = message.get("method").and_then(Value::as_str);
        match (method, message.get("id")) {
            (Some("session/request_permission"), Some(id)) => self.asked_for_leave(id, &message),
            // Whatever else it asks for, we have said that we do not have it.
            (Some(_), Some(id)) => vec![refusal(id)],
            (Some(_), None) => {
                let kind = message.pointer("/params/update/sessionUpdate");
                let kind = kind.and_then(Value::as_str).unwrap_or_default();
                if [
                    "agent_message_chunk",
                    "tool_call",
                    "tool_call_update",
                    "plan",
                ]
                .contains(&kind)
                {
                    self.unheard = None;
                }
                Vec::new()
            }
            (None, Some(id)) => id
                .as_u64()
                .map_or_else(Vec::new, |id| self.answered(id, &message)),
            (None, None) => Vec::new(),
        }
    }

    /// A message that changes its course. It answers nothing: leave that is asked for meanwhile is for the answer to give.
    pub(crate) fn tell(&mut self, text: &str) -> Vec<Reply> {
        if self.over {
            return Vec::new();
        }
        if !self.asked.is_empty() {
            self.messages.push_back(text.to_owned());
            return Vec::new();
        }
        self.awaits_answer = false;
        if self.turn.is_none() && self.session.is_some() {
            return self.prompt(text);
        }
        self.messages.push_back(text.to_owned());
        // The next prompt goes out when this turn has ended, which it does now.
        self.cancel()
    }

    /// The answer to what was asked last: leave, or else what the agent asked in words.
    pub(crate) fn answer(&mut self, text: &str) -> Vec<Reply> {
        if let Some(asked) = self.asked.pop_front().filter(|_| !self.over) {
            if asked.is_whole() {
                let answered = (asked.question(), text.to_owned());
                self.setup.answered.push(answered);
            }
            let choice = asked.choice_of(text);
            if choice.is_none() {
                // Neither yes nor no: the answer is no, and the words are for the agent.
                self.messages.push_back(text.to_owned());
            }
            let choice = choice.unwrap_or_else(|| asked.by_kind(false));
            return self
                .decide(&asked, &choice)
                .into_iter()
                .chain(self.ask_next())
                .collect();
        }
        self.tell(text)
    }

    /// Its last word is a question to a person, or is none any more: after a question the conversation stays open.
    pub(crate) fn awaits_answer(&mut self, awaits: bool) {
        self.awaits_answer = awaits;
    }

    /// What it does now is to stop.
    pub(crate) fn cancel(&mut self) -> Vec<Reply> {
        let Some(session) = self.session.as_ref().filter(|_| self.turn.is_some()) else {
            return Vec::new();
        };
        let notice =
            json!({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": session}});
        // The protocol wants every open request for leave to be answered so.
        let asked = std::mem::take(&mut self.asked).into_iter();
        let cancelled = asked.map(|asked| Reply::Send(asked.answer(&Choice::Cancelled)));
        std::iter::once(Reply::Send(notice))
            .chain(cancelled)
            .collect()
    }

    /// Leave was refused: its word that it is done is no evidence.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn answered(&mut self, id: u64, message: &Value) -> Vec<Reply> {
        if message.get("error").is_some() {
            return self.end();
        }
        let result = message.get("result").unwrap_or(&Value::Null);
        match id {
            INITIALIZE => self.initialized(result),
            NEW | ACP_LOAD => {
                let named = result.get("sessionId").and_then(Value::as_str);
                self.session = named.map(str::to_owned).or(self.setup.session.take());
                let prompt = std::mem::take(&mut self.setup.prompt);
                self.prompt(&prompt)
            }
            id if self.turn == Some(id) => self.turn_over(),
            _ => Vec::new(),
        }
    }

    fn initialized(&mut self, result: &Value) -> Vec<Reply> {
        let workspace = &self.setup.workspace;
        let new = json!({"cwd": workspace, "mcpServers": []});
        let Some(session) = &self.setup.session else {
            return vec![request(NEW, "session/new", &new)];
        };
        let can = |pointer: &str| {
            result
                .pointer(pointer)
                .is_some_and(|value| !value.is_null() && *value != json!(false))
        };
        let params = json!({"sessionId": session, "cwd": workspace, "mcpServers": []});
        // To resume is to load without being told all that was said.
        if can("/agentCapabilities/sessionCapabilities/resume") {
            return vec![request(ACP_LOAD, "session/resume", &params)];
        }
        vec![request(ACP_LOAD, "session/load", &params)]
    }

    fn prompt(&mut self, text: &str) -> Vec<Reply> {
        let Some(session) = &self.session else {
            return self.end();
        };
        let params = json!({"sessionId": session, "prompt": [{"type": "text", "text": text}]});
        let id = self.next;
        self.next += 1;
        self.turn = Some(id);
        self.unheard = Some(text.to_owned());
        vec![request(id, "session/prompt", &params)]
    }

    fn turn_over(&mut self) -> Vec<Reply> {
        self.turn = None;
        match self.messages.pop_front() {
            Some(message) => match self.unheard.take() {
                // A turn that is cancelled before anything came of it may leave nothing in the session.
                Some(unheard) => self.prompt(&format!("{unheard}\n\n{message}")),
                None => self.prompt(&message),
            },
            None if self.awaits_answer => Vec::new(),
            None => self.end(),
        }
    }

    fn end(&mut self) -> Vec<Reply> {
        self.over = true;
        vec![Reply::End]
    }

    fn asked_for_leave(&mut self, id: &Value, message: &Value) -> Vec<Reply> {
        let Some(asked) = Asked::read(id, message) else {
            return vec![refusal(id)];
        };
        let choice = self.known(&asked);
        if let Some(choice) = choice.or_else(|| self.setup.policy.choice(&asked)) {
            return self.decide(&asked, &choice);
        }
        if self.asked.len() >= MAX_ASKED {
            return self.decide(&asked, &asked.by_kind(false));
        }
        let waits = !self.asked.is_empty();
        self.asked.push_back(asked);
        if waits { Vec::new() } else { self.ask_next() }
    }

    /// What a person has said to the very same question.
    fn known(&self, asked: &Asked) -> Option<Choice> {
        let question = asked.is_whole().then(|| asked.question())?;
        let mut answered = self.setup.answered.iter().rev();
        let (_, answer) = answered.find(|(known, _)| *known == question)?;
        let choice = asked.choice_of(answer);
        Some(choice.unwrap_or_else(|| asked.by_kind(false)))
    }

    /// Puts the next request to a person, if it has not been decided by an answer meanwhile.
    fn ask_next(&mut self) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Some(asked) = self.asked.pop_front() {
            if let Some(choice) = self.known(&asked) {
                replies.extend(self.decide(&asked, &choice));
                continue;
            }
            replies.push(Reply::Ask(asked.question()));
            self.asked.push_front(asked);
            break;
        }
        replies
    }

    fn decide(&mut self, asked: &Asked, choice: &Choice) -> Vec<Reply> {
        self.refused |= !asked.allows(choice);
        vec![Reply::Send(asked.answer(choice))]
    }
}

fn request(id: u64, method: &str, params: &Value) -> Reply {
    Reply::Send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

fn refusal(id: &Value) -> Reply {
    let error = json!({"code": -32601, "message": "method not found"});
    Reply::Send(json!({"jsonrpc": "2.0", "id": id, "error": error}))
}
