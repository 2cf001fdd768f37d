use proptest::prelude::*;
use schemas::Severity;

use super::*;

fn work(id: &str, whole: Option<usize>, waits_for: &[&str], state: State) -> Work {
    let at = 0..0;
    let mut task = Node::map(at.clone());
    task.set("id", Node::new(id, at.clone()));
    task.set("title", Node::new(format!("Title of {id}"), at.clone()));
    task.set("description", Node::new("What it is about.", at.clone()));
    let waits_for = waits_for.iter().map(|id| Node::new(*id, at.clone()));
    Work {
        task,
        id: id.to_owned(),
        whole,
        waits_for: waits_for.collect(),
        at,
        state,
        is_sum: true,
    }
}

/// The tasks as values, and the codes of what was said.
fn settled(works: Vec<Work>) -> (Option<Vec<Value>>, Vec<String>) {
    let mut draft = Draft::default();
    let tasks = tasks(works, &mut draft);
    let values = tasks.map(|tasks| tasks.into_iter().map(|task| task.into_parts().0).collect());
    let codes = draft.found.problems.into_iter().map(|problem| {
        assert_eq!(problem.severity, Severity::Error);
        problem.code
    });
    (values, codes.collect())
}

fn dependencies(works: Vec<Work>) -> Vec<String> {
    let (tasks, codes) = settled(works);
    assert_eq!(codes, [""; 0]);
    let of = |task: &Value| {
        let ids = task["dependsOn"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        format!("{}: {}", task["id"].as_str().unwrap_or("?"), ids.join(" "))
    };
    tasks.expect("there are tasks").iter().map(of).collect()
}

#[test]
fn parts_come_after_what_their_whole_waits_for_and_the_whole_after_its_parts() {
    use State::Open;
    let works = vec![
        work("a", None, &[], Open),
        work("b", None, &["a"], Open),
        work("b.1", Some(1), &[], Open),
        work("b.2", Some(1), &["b.1"], Open),
        work("b.3", Some(1), &[], Open),
        work("c", None, &["b"], Open),
    ];
    let expected = ["a: ", "b: b.2 b.3", "b.1: a", "b.2: b.1", "b.3: a", "c: b"];
    assert_eq!(dependencies(works), expected);
}

#[test]
fn a_whole_is_joined_without_an_agent_and_its_parts_say_what_they_are_of() {
    let works = vec![
        work("b", None, &[], State::Open),
        work("b.1", Some(0), &[], State::Done),
        work("c", None, &[], State::Open),
        work("c.1", Some(2), &[], State::GivenUp),
    ];
    let (tasks, _) = settled(works);
    let tasks = tasks.expect("there are tasks");
    assert_eq!(tasks[0]["command"], json!(["true"]));
    assert_eq!(tasks[0]["isolation"], "none");
    assert_eq!(tasks[1]["outcome"], "succeeded");
    assert_eq!(tasks[1]["metadata"]["partOf"], "b");
    assert_eq!(
        tasks[1]["description"],
        "What it is about.\n\nPart of b, “Title of b”."
    );
    // Nothing of it is done in its parts.
    assert_eq!(tasks[2].get("command"), None);
    assert_eq!(tasks[3]["outcome"], "cancelled");
}

#[test]
fn what_is_held_holds_its_parts_and_what_is_given_up_is_not_waited_for() {
    use State::{Done, GivenUp, Held, Open};
    let works = vec![
        work("a", None, &[], Held),
        work("a.1", Some(0), &[], Open),
        work("b", None, &[], Open),
        work("b.1", Some(2), &[], GivenUp),
        work("b.2", Some(2), &[], Held),
        work("c", None, &["d"], Open),
        work("c.1", Some(5), &[], Open),
        work("d", None, &["c.1"], Done),
    ];
    let (tasks, _) = settled(works);
    let tasks = tasks.expect("there are tasks");
    assert_eq!(tasks[1]["outcome"], "cancelled");
    assert_eq!(tasks[2]["dependsOn"], json!(["b.2"]));
    // What is done is no reason to wait, and must not close a circle.
    assert_eq!(tasks[6].get("dependsOn"), None);
    assert_eq!(tasks[5]["dependsOn"], json!(["d", "c.1"]));
}

#[test]
fn what_is_unknown_is_asked_for_once_and_a_whole_that_waits_for_its_part_does_not_pass_that_on() {
    use State::Open;
    let works = vec![
        work("a", None, &["none", "a.1", "a"], Open),
        work("a.1", Some(0), &[], Open),
        work("a.2", Some(0), &[], Open),
    ];
    assert_eq!(dependencies(works), ["a: none a.1 a a.2", "a.1: ", "a.2: "]);
}

#[test]
fn circles_and_endless_levels_of_parts_are_refused() {
    let works = vec![
        work("a", Some(1), &[], State::Open),
        work("b", Some(0), &[], State::Open),
    ];
    assert_eq!(settled(works), (None, vec!["parts-too-deep".to_owned()]));
}

#[test]
fn more_dependencies_than_can_be_are_refused_before_they_are_made() {
    let ids: Vec<String> = (0..2000).map(|n| format!("t{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let others = ids.iter().map(|id| work(id, None, &[], State::Open));
    let mut works: Vec<Work> = others.collect();
    works.push(work("whole", None, &ids, State::Open));
    works.extend((0..1001).map(|n| work(&format!("part{n}"), Some(2000), &[], State::Open)));
    assert_eq!(settled(works), (None, vec!["too-large".to_owned()]));
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        6 => Just(State::Open),
        1 => Just(State::Held),
        1 => Just(State::Done),
        1 => Just(State::GivenUp),
    ]
}

proptest! {
    /// Works wait for earlier ones, and are parts of later ones.
    #[test]
    fn nobody_starts_before_what_they_wait_for(
        drawn in proptest::collection::vec((state(), any::<prop::sample::Index>(), any::<bool>(),
            proptest::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..24)
    ) {
        let count = drawn.len();
        let id = |at: usize| format!("w{at}");
        let works = || drawn.iter().enumerate().map(|(at, (state, whole, is_part, waits))| {
            let whole = (*is_part && at + 1 < count).then(|| at + 1 + whole.index(count - at - 1));
            let waits = waits.iter().filter(|_| at > 0).map(|wait| id(wait.index(at)));
            let waits: Vec<String> = waits.collect();
            let waits: Vec<&str> = waits.iter().map(String::as_str).collect();
            work(&id(at), whole, &waits, *state)
        }).collect::<Vec<Work>>();
        let (tasks, codes) = settled(works());
        prop_assert_eq!(codes, Vec::<String>::new());
        let tasks = tasks.expect("there are tasks");
        let mut held = works();
        hold_parts(&mut held);
        let reaches = |from: usize, to: usize| {
            let (mut seen, mut stack) = (vec![false; count], vec![from]);
            while let Some(at) = stack.pop() {
                let next = tasks[at]["dependsOn"].as_array().map_or(&[][..], Vec::as_slice);
                for next in next.iter().filter_map(|id| id.as_str()?[1..].parse::<usize>().ok()) {
                    if !std::mem::replace(&mut seen[next], true) {
                        stack.push(next);
                    }
                }
            }
            seen[to]
        };
        for (at, part) in held.iter().enumerate().filter(|(_, part)| part.state.is_unfinished()) {
            let Some(whole) = part.whole.filter(|whole| held[*whole].state.is_unfinished()) else {
                continue;
            };
            prop_assert!(reaches(whole, at), "{} does not wait for its part {}", id(whole), id(at));
            for wait in held[whole].waits_for.iter().filter_map(|id| id.as_str()?[1..].parse::<usize>().ok()) {
                let is_inside = wait == at || wholes(&held, wait).any(|above| above == whole);
                if held[wait].state.is_unfinished() && !is_inside {
                    prop_assert!(reaches(at, wait), "{} does not wait for {}", id(at), id(wait));
                }
            }
        }
    }
}
