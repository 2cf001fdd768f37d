//! Who may have a lock: decisions on the state, made inside the journal's lock.

use std::time::{Duration, SystemTime};

use schemas::{Body, Failure, Lock, State, time};
use serde::Serialize;

use crate::process::{self, Process};

/// So far the clocks of two machines may be apart before somebody loses a lock too early.
const SKEW: Duration = Duration::from_secs(5);

/// What somebody wants of a lock.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) ttl: Duration,
    pub(super) process: Option<Process>,
}

/// Whether a lock that was not released still keeps others away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    Held,
    Expired,
    Dead,
}

/// How a lock stands now, for this machine.
pub(super) fn standing(lock: &Lock, now: SystemTime) -> Standing {
    let expires = lock.expires.as_deref().and_then(time::parse);
    if expires.is_some_and(|expires| expires + SKEW < now) {
        return Standing::Expired;
    }
    let gone = match (lock.pid, &lock.host) {
        (Some(pid), Some(host)) if *host == process::host() => {
            let other =
                || lock.process_start.is_some() && process::start_of(pid) != lock.process_start;
            !process::is_alive(pid) || other()
        }
        _ => false,
    };
    if gone { Standing::Dead } else { Standing::Held }
}

impl Claim {
    /// Takes a lock that is free.
    pub(super) fn acquire(&self, state: &State, now: SystemTime) -> Result<Body, Failure> {
        let Some(lock) = state.locks.get(&self.name) else {
            return Ok(self.taken(now, None, None));
        };
        let lost = match standing(lock, now) {
            Standing::Held => return Err(self.held(lock)),
            Standing::Expired => format!(
                "its time was over at {}",
                lock.expires.as_deref().unwrap_or("?")
            ),
            Standing::Dead => format!("its process {} is gone", lock.pid.unwrap_or_default()),
        };
        Ok(self.taken(now, Some(&lock.owner), Some(lost)))
    }

    /// Takes a lock from whoever has it.
    pub(super) fn steal(
        &self,
        state: &State,
        reason: &str,
        now: SystemTime,
    ) -> Result<Body, Failure> {
        let Some(lock) = state.locks.get(&self.name) else {
            let failure = Failure::no(format!("nobody has the lock {}", self.name));
            return Err(failure.help("acquire takes it"));
        };
        Ok(self.taken(now, Some(&lock.owner), Some(reason.to_owned())))
    }

    /// Lets the time of a lock begin anew: of one's own, and of the very acquisition where it is known.
    pub(super) fn refresh(
        &self,
        state: &State,
        seq: Option<u64>,
        now: SystemTime,
    ) -> Result<Body, Failure> {
        let lock = self.own(state, seq)?;
        let process = self.process.clone();
        let (pid, start, host) = match process {
            Some(process) => (Some(process.pid), process.start, Some(process.host)),
            None => (lock.pid, lock.process_start.clone(), lock.host.clone()),
        };
        Ok(Body::LockAcquired {
            lock: self.name.clone(),
            owner: self.owner.clone(),
            expires: Some(time::format(now + self.ttl)),
            pid,
            process_start: start,
            host,
            renews: Some(lock.seq),
            from: None,
            reason: None,
        })
    }

    /// Gives it back.
    pub(super) fn release(&self, state: &State, seq: Option<u64>) -> Result<Body, Failure> {
        self.own(state, seq)?;
        Ok(Body::LockReleased {
            lock: self.name.clone(),
            owner: self.owner.clone(),
        })
    }

    fn own<'a>(&self, state: &'a State, seq: Option<u64>) -> Result<&'a Lock, Failure> {
        let name = &self.name;
        let Some(lock) = state.locks.get(name) else {
            return Err(Failure::no(format!("nobody has the lock {name}")));
        };
        if lock.owner != self.owner || seq.is_some_and(|seq| seq != lock.seq) {
            return Err(self.held(lock));
        }
        Ok(lock)
    }

    fn taken(&self, now: SystemTime, from: Option<&str>, reason: Option<String>) -> Body {
        let process = self.process.clone();
        let (pid, process_start) = process.map_or((None, None), |it| (Some(it.pid), it.start));
        Body::LockAcquired {
            lock: self.name.clone(),
            owner: self.owner.clone(),
            expires: Some(time::format(now + self.ttl)),
            pid,
            process_start,
            host: Some(process::host()),
            renews: None,
            from: from.map(str::to_owned),
            reason,
        }
    }

    fn held(&self, lock: &Lock) -> Failure {
        let mut message = format!("{} has the lock {}", lock.owner, self.name);
        if let Some(expires) = &lock.expires {
            message.push_str(&format!(" until {expires}"));
        }
        if let (Some(pid), Some(host)) = (lock.pid, &lock.host) {
            message.push_str(&format!(", process {pid} on {host}"));
        }
        let name = &self.name;
        Failure::no(message).help(format!(
            "--wait DURATION waits for it, `state-edit lock steal {name} --reason WHY` takes it"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_767_268_800;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOON + seconds)
    }

    fn claim(owner: &str) -> Claim {
        Claim {
            name: "m".to_owned(),
            owner: owner.to_owned(),
            ttl: Duration::from_secs(60),
            process: None,
        }
    }

    fn after(bodies: Vec<Body>) -> State {
        let mut state = State::default();
        for (seq, body) in (1..).zip(bodies) {
            state.apply(&schemas::Record {
                seq,
                time: time::format(at(seq)),
                run: "r".to_owned(),
                source: None,
                body,
            });
        }
        state
    }

    #[test]
    fn a_lock_is_free_when_its_time_is_over_by_more_than_clocks_differ() {
        let held = after(vec![claim("a").acquire(&State::default(), at(0)).unwrap()]);
        assert!(claim("b").acquire(&held, at(65)).is_err());
        let taken = claim("b").acquire(&held, at(66)).unwrap();
        assert!(matches!(taken, Body::LockAcquired { from: Some(from), .. } if from == "a"));
    }

    #[test]
    fn a_refresh_keeps_the_number_and_the_beginning() {
        let taken = claim("a").acquire(&State::default(), at(0)).unwrap();
        let held = after(vec![taken.clone()]);
        let renewed = claim("a").refresh(&held, Some(1), at(50)).unwrap();
        let state = after(vec![taken, renewed]);
        let lock = &state.locks["m"];
        assert_eq!((lock.seq, &*lock.since), (1, &*time::format(at(1))));
        assert!(claim("b").acquire(&state, at(100)).is_err());
    }

    #[test]
    fn what_was_stolen_is_neither_refreshed_nor_released_by_who_had_it() {
        let taken = claim("a").acquire(&State::default(), at(0)).unwrap();
        let stolen = claim("a")
            .steal(&after(vec![taken.clone()]), "stuck", at(9))
            .unwrap();
        let state = after(vec![taken, stolen]);
        assert!(claim("a").refresh(&state, Some(1), at(10)).is_err());
        assert!(claim("a").release(&state, Some(1)).is_err());
        assert!(claim("b").release(&state, None).is_err());
        assert!(claim("a").release(&state, Some(2)).is_ok());
    }
}
