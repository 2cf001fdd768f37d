//! Routes to models: held while their quota lasts, or until a person has seen to them.

use schemas::{Body, FailureClass};

use super::dispatcher::Dispatcher;
use super::task::Standing;
use super::{RouteIdx, TaskIdx, Time};

/// The longest hold for which no time was stated.
const LONGEST: u64 = 60 * 60_000;

/// What is known of a route.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    pub(super) hold: Option<Hold>,
    /// Holds since it served an attempt last.
    pub(super) holds: u32,
}

/// Nothing is started on the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    /// Absent: a person must act.
    pub(super) until: Option<Time>,
    pub(super) class: FailureClass,
}

impl Dispatcher {
    /// An attempt was refused: nothing more is started on its route. `stated` is the time from now that was named.
    pub(super) fn hold(
        &mut self,
        now: Time,
        task: TaskIdx,
        route: RouteIdx,
        class: FailureClass,
        reason: Option<String>,
        stated: Option<u64>,
    ) {
        let known = self.routes[route].hold;
        let until = self.hold_until(now, route, class, stated);
        let longer = match (known, until) {
            (None, _) => true,
            (Some(Hold { until: None, .. }), _) => false,
            (Some(_), None) => true,
            (Some(Hold { until: old, .. }), new) => new > old,
        };
        if !longer {
            return;
        }
        // Attempts that were under way when the route was held are no further holds of it.
        self.routes[route].holds += u32::from(known.is_none());
        self.routes[route].hold = Some(Hold { until, class });
        let id = self.id(task);
        self.record(Body::QuotaHold {
            route: self.graph.routes[route].clone(),
            until: until.map(|until| self.wall(until)),
            class: Some(class),
            reason,
            task: Some(id),
        });
    }

    fn hold_until(
        &self,
        now: Time,
        route: RouteIdx,
        class: FailureClass,
        stated: Option<u64>,
    ) -> Option<Time> {
        let holds = self.routes[route].holds;
        if class != FailureClass::Quota || holds >= self.limits.quota_patience {
            return None;
        }
        let pause = self.limits.quota_pause;
        let doubled = pause.saturating_mul(1 << holds.min(20)).min(LONGEST);
        // The first time, what was stated holds; a route that refuses again and again is not believed any more.
        let wait = match stated {
            Some(stated) if holds == 0 => stated,
            Some(stated) => stated.max(doubled / 2),
            None => doubled,
        };
        Some(now.after(wait))
    }

    /// Holds whose time has come end.
    pub(super) fn release_due(&mut self, now: Time) {
        for route in 0..self.routes.len() {
            let due = self.routes[route]
                .hold
                .and_then(|hold| hold.until)
                .is_some_and(|until| until <= now);
            if due {
                self.release(route);
            }
        }
    }

    /// The route is free, and so is what waited for it.
    pub(super) fn release(&mut self, route: RouteIdx) {
        if self.routes[route].hold.take().is_some() {
            self.record(Body::QuotaReleased {
                route: self.graph.routes[route].clone(),
                by: None,
            });
        }
        self.queue.readmit();
    }

    /// A person says that the route is free; the record of that is there already.
    pub(super) fn released_by_person(&mut self, name: &str) {
        if let Some(route) = self.graph.routes.iter().position(|route| route == name) {
            (self.routes[route].hold, self.routes[route].holds) = (None, 0);
            self.queue.readmit();
        }
    }

    /// An attempt on it came to a result.
    pub(super) fn served(&mut self, task: TaskIdx, choice: usize) {
        let candidate = self.graph.specs[task].candidates.get(choice);
        if let Some(route) = candidate.and_then(|candidate| candidate.route)
            && self.routes[route].hold.is_none()
        {
            self.routes[route].holds = 0;
        }
    }

    /// When the next hold ends.
    pub(super) fn next_release(&self) -> Option<Time> {
        let holds = self.routes.iter().filter_map(|route| route.hold);
        holds.filter_map(|hold| hold.until).min()
    }

    /// Which candidate does the task now: the first, or the next one when the same has failed twice; another one
    /// only when the route of that one is held. None when all are.
    pub(super) fn pick(&self, task: TaskIdx) -> Option<usize> {
        let candidates = &self.graph.specs[task].candidates;
        let free = |choice: &usize| {
            let route = candidates[*choice].route;
            route.is_none_or(|route| self.routes[route].hold.is_none())
        };
        let eligible = self.eligible(task);
        let first = usize::from(eligible.len() > 1 && self.tasks[task].different);
        let (before, after) = (
            eligible.start..eligible.start + first,
            eligible.start + first..eligible.end,
        );
        after.chain(before).find(free)
    }

    /// The candidates that may do what is to be done next: one that resolves conflicts does nothing else.
    fn eligible(&self, task: TaskIdx) -> std::ops::Range<usize> {
        let spec = &self.graph.specs[task];
        let resolver = spec.isolated.as_ref().and_then(|known| known.resolver);
        match resolver {
            Some(resolver) if self.tasks[task].resolving => resolver..resolver + 1,
            Some(resolver) => 0..resolver,
            None => 0..spec.candidates.len(),
        }
    }

    /// Whether only a person can make it possible to go on with a task that wants to start.
    pub(super) fn waits_for_person(&self, task: TaskIdx) -> bool {
        if self.tasks[task].to_gate {
            return false;
        }
        if self.tasks[task].to_merge {
            return !self.has_turn(task);
        }
        let held = |route: Option<RouteIdx>| {
            let hold = route.and_then(|route| self.routes[route].hold);
            hold.is_some_and(|hold| hold.until.is_none())
        };
        let candidates = &self.graph.specs[task].candidates[self.eligible(task)];
        self.over_budget().is_some() || candidates.iter().all(|candidate| held(candidate.route))
    }

    /// Routes that a person must see to, of tasks that want to start.
    pub(super) fn routes_for_person(&self) -> Vec<String> {
        let queued = (0..self.tasks.len())
            .filter(|task| matches!(self.tasks[*task].standing, Standing::Queued));
        let mut routes: Vec<RouteIdx> = queued
            .flat_map(|task| &self.graph.specs[task].candidates[self.eligible(task)])
            .filter_map(|candidate| candidate.route)
            .filter(|route| {
                let hold = self.routes[*route].hold;
                hold.is_some_and(|hold| hold.until.is_none())
            })
            .collect();
        routes.sort_unstable();
        routes.dedup();
        let name = |route: RouteIdx| self.graph.routes[route].clone();
        routes.into_iter().map(name).collect()
    }

    fn wall(&self, time: Time) -> String {
        let since = std::time::Duration::from_millis(self.limits.epoch_ms.saturating_add(time.0));
        let time = std::time::UNIX_EPOCH.checked_add(since);
        schemas::time::format(time.unwrap_or(std::time::UNIX_EPOCH))
    }
}
