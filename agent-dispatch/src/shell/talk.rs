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
        talk.perform(opening);
        Arc::new(talk)
    }

    /// A line of its output.
    pub(super) fn hear(&self, line: &[u8]) {
        let replies = self.client().hear(line);
        self.perform(replies);
    }

    /// What a person says to it.
    pub(super) fn tell(&self, text: &str) {
        let replies = self.client().tell(text);
        self.perform(replies);
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
        self.perform(replies);
    }

    pub(super) fn refused(&self) -> bool {
        self.client().refused()
    }

    /// Never while the client is locked: the loop may be slow to take a question, and may want to tell meanwhile.
    fn perform(&self, replies: Vec<Reply>) {
        for reply in replies {
            match reply {
                Reply::Send(message) => self.feed.write(format!("{message}\n").as_bytes()),
                Reply::Ask(question) => {
                    let said = Said::Question(question);
                    let attempt = self.attempt;
                    let event = Event::Marked { attempt, said };
                    let _ = self.events.send(Incoming::Event(event));
                }
                Reply::End => self.feed.end(),
            }
        }
    }

    fn client(&self) -> std::sync::MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
