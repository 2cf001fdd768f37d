//! Sessions of agents: which attempt goes on in which, and how a message gets there.

use schemas::{AttemptResult, Body, FailureClass};

use super::attempt::Why;
use super::dispatcher::Dispatcher;
use super::task::Standing;
use super::{Action, Attempt, Steer, TaskIdx, Time};

/// A session that can be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The agent's own name for it.
    pub(crate) id: String,
    /// The candidate that has it.
    pub(crate) choice: usize,
}

/// Whether the next attempt goes on in the session of one that ended so. What a session was refused or broken by is
/// left behind; a failure that came again in a session that had been taken up is, too.
pub(super) fn goes_on(result: AttemptResult, class: Option<FailureClass>, resumed: bool) -> bool {
    match (class, result) {
        (Some(FailureClass::Context | FailureClass::Session), _) => false,
        (
            Some(
                FailureClass::Quota
                | FailureClass::Auth
                | FailureClass::Billing
                | FailureClass::External,
            ),
            _,
        ) => true,
        (
            _,
            AttemptResult::Done
            | AttemptResult::Question
            | AttemptResult::Steered
            | AttemptResult::Cancelled
            | AttemptResult::Orphaned,
        ) => true,
        _ => !resumed,
    }
}

impl Dispatcher {
    /// The session is known: durable before anything else happens, for a crash may come next.
    pub(super) fn session_known(&mut self, attempt: Attempt, session: String) {
        let id = self.id(attempt.task);
        let Some(live) = self.live(attempt) else {
            return;
        };
        if live.session.as_ref() == Some(&session) {
            return;
        }
        live.session = Some(session.clone());
        let launch = live.launch.clone();
        self.record(Body::AttemptSession {
            task: id,
            attempt: attempt.number,
            agent: launch.agent,
            session,
            workspace: launch.workspace,
            config_home: launch.config_home,
        });
    }

    /// The session that an attempt of this candidate takes up.
    pub(super) fn session_for(&self, task: TaskIdx, choice: usize) -> Option<String> {
        let candidate = self.graph.specs[task].candidates.get(choice)?;
        let session = self.tasks[task].session.as_ref()?;
        (candidate.follows_up && session.choice == choice).then(|| session.id.clone())
    }

    /// A message for a task that runs. One that cannot hear it is ended, and its session goes on with it.
    pub(super) fn steer(&mut self, now: Time, task: TaskIdx, text: String) {
        let Standing::Live(live) = &self.tasks[task].standing else {
            return;
        };
        let attempt = Attempt {
            task,
            number: live.number,
        };
        let candidate = &self.graph.specs[task].candidates[live.choice];
        let restarts = candidate.steer == Steer::Restart
            && candidate.follows_up
            && live.session.is_some()
            && live.can_be_steered();
        self.out.push(Action::Deliver {
            attempt,
            text,
            is_answer: false,
        });
        if restarts {
            self.stop(now, attempt, Why::Steered);
        }
    }
}
