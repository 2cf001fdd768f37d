//! What may run at once, where tokens say so: starts and gates wait for one each, and give it back when they are over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Sender, SyncSender, channel};
use std::thread;

use super::Incoming;
use super::jobserver::{self, Pool};
use crate::core::{Action, Attempt};

/// What a token is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Attempt(Attempt),
    Gate(Attempt),
}

/// The one that each client has without taking it, or one of the pool's.
#[derive(Debug)]
enum Token {
    Implicit,
    Taken(u8),
}

/// The tokens of a run; everything is let through where there is no pool.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pool: Option<Pool>,
    /// Asks the thread that waits for one more.
    requests: Option<Sender<()>>,
    /// So many have been asked for and have not come.
    asked: usize,
    implicit: bool,
    waiting: VecDeque<(Holder, Action)>,
    held: BTreeMap<Holder, Token>,
    /// Came when nothing was to be started any more.
    kept: Vec<u8>,
}

impl Tokens {
    pub(super) fn new(pool: Option<Pool>, events: &SyncSender<Incoming>) -> Tokens {
        let Some(pool) = pool else {
            return Tokens::default();
        };
        let ends = pool.taker().and_then(|taker| Ok((taker, pool.putter()?)));
        let requests = ends.ok().map(|(taker, putter)| {
            let (requests, wanted) = channel();
            let events = events.clone();
            thread::spawn(move || {
                for () in wanted {
                    let Ok(token) = jobserver::take(&taker) else {
                        return;
                    };
                    if events.send(Incoming::Token(token)).is_err() {
                        // Nobody wants it any more, but for whoever owns it.
                        return jobserver::put(&putter, token);
                    }
                }
            });
            requests
        });
        Tokens {
            implicit: pool.has_implicit(),
            pool: Some(pool),
            requests,
            ..Tokens::default()
        }
    }

    /// What tells those that run of the pool.
    pub(super) fn makeflags(&self) -> Option<String> {
        self.pool.as_ref()?.makeflags()
    }

    /// Answers the action when it may be done now; otherwise it waits for a token.
    pub(super) fn admit(&mut self, action: Action) -> Option<Action> {
        let holder = match &action {
            Action::Start { attempt, .. } => Holder::Attempt(*attempt),
            Action::RunGate(attempt) => Holder::Gate(*attempt),
            _ => return Some(action),
        };
        if self.requests.is_none() {
            return Some(action);
        }
        if std::mem::take(&mut self.implicit) {
            self.held.insert(holder, Token::Implicit);
            return Some(action);
        }
        self.waiting.push_back((holder, action));
        self.ask();
        None
    }

    /// A token has come: answers what may be done with it.
    pub(super) fn came(&mut self, token: u8) -> Option<Action> {
        self.asked -= 1;
        let next = self.use_token(Token::Taken(token));
        self.refill_when_idle();
        next
    }

    /// It is over, however it ended: answers what may be done with its token.
    pub(super) fn give_back(&mut self, holder: Holder) -> Option<Action> {
        let token = self.held.remove(&holder)?;
        let next = self.use_token(token);
        self.refill_when_idle();
        next
    }

    /// Not while one is under way to us: what asked for it reads the pool, too, and would take from under us what we have
    /// seen there. It comes soon, as what we hold has been put back.
    fn refill_when_idle(&mut self) {
        if self.held.is_empty()
            && self.waiting.is_empty()
            && self.asked == 0
            && let Some(pool) = &mut self.pool
        {
            pool.refill();
        }
    }

    /// It is not to be started any more. Answers whether it was waiting.
    pub(super) fn forget(&mut self, holder: Holder) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, _)| *waiting != holder);
        self.waiting.len() < before
    }

    fn use_token(&mut self, token: Token) -> Option<Action> {
        if let Some((holder, action)) = self.waiting.pop_front() {
            self.held.insert(holder, token);
            return Some(action);
        }
        match token {
            Token::Implicit => self.implicit = true,
            Token::Taken(token) => {
                if let Some(pool) = &mut self.pool {
                    pool.put(token);
                }
            }
        }
        None
    }

    /// As many as wait. What is lost while something runs may be all: the last to hold one hands it on.
    fn ask(&mut self) {
        while self.asked < self.waiting.len()
            && let Some(requests) = &self.requests
            && requests.send(()).is_ok()
        {
            self.asked += 1;
        }
    }

    /// A token has come too late to start anything with it.
    pub(super) fn keep(&mut self, token: u8) {
        self.kept.push(token);
    }

    /// Whoever started us gets back what we hold.
    pub(super) fn close(&mut self) {
        let held = std::mem::take(&mut self.held).into_values();
        let taken = held.filter_map(|token| match token {
            Token::Taken(token) => Some(token),
            Token::Implicit => None,
        });
        if let Some(pool) = &mut self.pool {
            for token in taken.chain(self.kept.drain(..)) {
                pool.put(token);
            }
        }
    }
}
