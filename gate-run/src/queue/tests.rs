use super::*;

fn gate(stage: &str, name: &str, needs: &[&str], locks: &[&str]) -> Planned {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Planned {
        needs: own(needs),
        locks: own(locks),
        ..Planned::new(
            stage,
            name.to_owned(),
            Work::Check {
                run: None,
                evidence: Vec::new(),
            },
        )
    }
}

const PASSED: Ending = Ending {
    passed: true,
    settles: false,
};
const FAILED: Ending = Ending {
    passed: false,
    settles: true,
};

/// Starts what may start; the names of what was started and, with a `-`, of what was skipped.
fn steps(queue: &mut Queue) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        match queue.next() {
            Step::Start(at) => told.push(queue.entries[at].name.clone()),
            Step::Skip(at, _) => told.push(format!("-{}", queue.entries[at].name)),
            Step::Wait | Step::Over => return told,
        }
    }
}

#[test]
fn as_many_as_there_are_slots_in_the_order_of_the_document() {
    let gates = ["a", "b", "c"].map(|name| gate("s", name, &[], &[]));
    let mut queue = Queue::new(&gates, 2, Order::All);
    assert_eq!(steps(&mut queue), ["a", "b"]);
    queue.done(1, FAILED);
    assert_eq!(steps(&mut queue), ["c"]);
    queue.done(0, PASSED);
    queue.done(2, PASSED);
    assert_eq!(queue.next(), Step::Over);
}

#[test]
fn needs_wait_and_fall_with_what_they_need() {
    let gates = [
        gate("s", "late", &["build"], &[]),
        gate("s", "build", &[], &[]),
        gate("s", "later", &["late"], &[]),
    ];
    let mut queue = Queue::new(&gates, 9, Order::All);
    assert_eq!(steps(&mut queue), ["build"]);
    queue.done(1, PASSED);
    assert_eq!(steps(&mut queue), ["late"]);
    queue.done(0, FAILED);
    assert_eq!(steps(&mut queue), ["-later"]);
    assert_eq!(queue.next(), Step::Over);
}

#[test]
fn a_lock_is_held_by_one_and_passed_over_by_others() {
    let gates = [
        gate("s", "a", &[], &["port"]),
        gate("s", "b", &[], &["db", "port"]),
        gate("s", "c", &[], &["db"]),
        gate("s", "d", &[], &[]),
    ];
    let mut queue = Queue::new(&gates, 9, Order::All);
    assert_eq!(steps(&mut queue), ["a", "c", "d"]);
    queue.done(0, PASSED);
    assert_eq!(steps(&mut queue), [""; 0]);
    queue.done(2, PASSED);
    assert_eq!(steps(&mut queue), ["b"]);
}

#[test]
fn orders() {
    let gates = [
        gate("one", "a", &[], &[]),
        gate("one", "b", &[], &[]),
        gate("two", "c", &[], &[]),
    ];
    let mut queue = Queue::new(&gates, 1, Order::FailFast);
    assert_eq!(steps(&mut queue), ["a"]);
    queue.done(0, FAILED);
    assert_eq!(steps(&mut queue), ["-b", "-c"]);
    let mut queue = Queue::new(&gates, 1, Order::Stage);
    assert_eq!(steps(&mut queue), ["a"]);
    queue.done(0, FAILED);
    assert_eq!(
        steps(&mut queue),
        ["-c", "b"]
            .map(str::to_owned)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    let mut queue = Queue::new(&gates, 9, Order::Stage);
    assert_eq!(steps(&mut queue), ["a", "b"]);
    queue.done(0, PASSED);
    queue.done(1, PASSED);
    assert_eq!(steps(&mut queue), ["c"]);
}
