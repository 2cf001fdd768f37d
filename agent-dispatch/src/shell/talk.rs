//! A conversation by the Agent Client Protocol: the client between an attempt's output, its input, and people.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use super::Incoming;
use super::feed::Feed;
use crate::acp::{Client, Reply, Setup};
use crate::core::{Attempt, Event, Said};

/// One attempt's conversation. Heard by the thread that reads its output, told by the loop.
#[derive(Debug)]
pub(super) struct Talk {
    client: Mutex<Client>,
    feed: Arc<Feed>,
    attempt: Attempt,
    events: SyncSender<Incoming>,
}

impl Talk {
    /// Begins it.
    pub(super) fn open(
        setup: Setup,
        feed: Arc<Feed>,
        attempt: Attempt,
        events: SyncSender<Incoming>,
    ) -> Arc<Talk> {
        let (client, opening) = Client::open(setup);
        let talk = Talk {
            client: Mutex::new(client),
            feed,
            attempt,
            events,
        };
        talk.say(opening);
        Arc::new(talk)
    }

    /// A line of its output.
    pub(super) fn hear(&self, line: &[u8]) {
        let replies = self.client().hear(line);
        for question in self.say(replies) {
            let _ = self.events.send(Incoming::Event(question));
        }
    }

    /// What a person says to it, and whether that is an answer. Answers what is asked next: the loop must not wait for room
    /// in its own queue.
    pub(super) fn tell(&self, text: &str, is_answer: bool) -> Vec<Event> {
        let replies = if is_answer {
            self.client().answer(text)
        } else {
            self.client().tell(text)
        };
        self.say(replies)
    }

    /// Its last word so far is a question to a person, or is none.
    pub(super) fn said(&self, said: &Said) {
        if !matches!(said, Said::Progress { .. }) {
            let asks = matches!(said, Said::Question(_));
            self.client().awaits_answer(asks);
        }
    }

    pub(super) fn cancel(&self) {
        let replies = self.client().cancel();
        self.say(replies);
    }

    pub(super) fn refused(&self) -> bool {
        self.client().refused()
    }

    /// Writes to the agent; answers what a person is to be asked.
    fn say(&self, replies: Vec<Reply>) -> Vec<Event> {
        let attempt = self.attempt;
        let mut questions = Vec::new();
        for reply in replies {
            match reply {
                Reply::Send(message) => self.feed.write(format!("{message}\n").as_bytes()),
                Reply::Ask(question) => {
                    let said = Said::Question(question);
                    questions.push(Event::Marked { attempt, said });
                }
                Reply::End => self.feed.end(),
            }
        }
        questions
    }

    fn client(&self) -> std::sync::MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use schemas::Permissions;
    use serde_json::json;

    use super::*;
    use crate::acp::Policy;
    use crate::shell::threads::Threads;

    #[test]
    fn who_answers_does_not_wait_for_room_in_the_queue() {
        let (_reader, writer) = std::io::pipe().unwrap();
        let feed = Arc::new(Feed::new(writer, None, &Threads::default()));
        let setup = Setup {
            prompt: "do it".to_owned(),
            workspace: "/w".to_owned(),
            session: None,
            policy: Policy::new(Some(Permissions::Ask), 0, false),
            answered: Vec::new(),
        };
        let attempt = Attempt { task: 0, number: 1 };
        let (events, _full_after_one) = sync_channel(1);
        let talk = Talk::open(setup, feed, attempt, events);
        for (id, title) in [(1, "rm x"), (2, "rm y")] {
            let call = json!({"title": title});
            let params = json!({"toolCall": call, "options": []});
            let asked = json!({"id": id, "method": "session/request_permission", "params": params});
            talk.hear(asked.to_string().as_bytes());
        }
        let next = talk.tell("yes", true);
        let [Event::Marked { said, .. }] = &next[..] else {
            panic!("{next:?}");
        };
        assert!(matches!(said, Said::Question(text) if text.contains("rm y")));
    }
}
