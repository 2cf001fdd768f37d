use std::collections::BTreeSet;

use proptest::prelude::*;
use schemas::pattern::Pattern;

use super::*;

/// Tasks with paths in the project `p`.
fn of_paths(tasks: &[Vec<&'static str>]) -> Vec<(Vec<u32>, String)> {
    let claims = (0..).zip(tasks).map(|(task, paths)| {
        let claims = Claims {
            folder: "p",
            paths,
            resources: &[],
            ports: &[],
        };
        (task, claims)
    });
    let named = |shared: Shared| match shared.what {
        What::Files(text) | What::Resource(text) => (shared.tasks, text),
        What::Port(port) => (shared.tasks, port.to_string()),
    };
    conflicts(claims).into_iter().map(named).collect()
}

fn pairs(shared: &[(Vec<u32>, String)]) -> BTreeSet<(u32, u32)> {
    let pairs = shared.iter().flat_map(|(tasks, _)| {
        tasks
            .iter()
            .enumerate()
            .flat_map(|(at, a)| tasks[at + 1..].iter().map(|b| (*a, *b)))
    });
    pairs.collect()
}

#[test]
fn tasks_that_may_touch_a_common_file_share_a_lane() {
    let shared = of_paths(&[
        vec!["src/auth/*.ts"],
        vec!["docs/**"],
        vec!["src/auth/login.ts", "src/page.ts"],
        vec!["src/page.ts"],
    ]);
    assert_eq!(
        shared,
        [
            (vec![0, 2], "src/auth/*.ts".to_owned()),
            (vec![2, 3], "src/page.ts".to_owned())
        ]
    );
}

#[test]
fn those_that_all_conflict_make_one_lane_and_others_do_not_join_it() {
    let shared = of_paths(&[
        vec!["src/**"],
        vec!["src/a.rs"],
        vec!["src/*.rs"],
        vec!["src/b.txt"],
    ]);
    assert_eq!(
        shared
            .iter()
            .map(|(tasks, _)| tasks.clone())
            .collect::<Vec<_>>(),
        [vec![0, 1, 2], vec![0, 3]]
    );
}

#[test]
fn resources_and_ports_are_shared_by_name_and_number() {
    let tasks = [
        (vec!["db"], vec![80]),
        (vec!["db", "db"], vec![]),
        (vec!["queue"], vec![80]),
    ];
    let claims = (0..).zip(&tasks).map(|(task, (resources, ports))| {
        (
            task,
            Claims {
                folder: "",
                paths: &[],
                resources,
                ports,
            },
        )
    });
    assert_eq!(
        conflicts(claims),
        [
            Shared {
                what: What::Resource("db".to_owned()),
                tasks: vec![0, 1]
            },
            Shared {
                what: What::Port(80),
                tasks: vec![0, 2]
            },
        ]
    );
}

#[test]
fn a_crowd_of_patterns_at_one_folder_is_kept_apart_altogether() {
    let texts: Vec<String> = (0..400).map(|number| format!("**/{number}.*")).collect();
    let tasks: Vec<Vec<&str>> = texts.iter().map(|text| vec![text.as_str()]).collect();
    let claims = (0..).zip(&tasks).map(|(task, paths)| {
        (
            task,
            Claims {
                folder: "",
                paths,
                resources: &[],
                ports: &[],
            },
        )
    });
    let shared = conflicts(claims);
    assert!(
        shared
            .iter()
            .any(|shared| shared.tasks.contains(&300) && shared.tasks.contains(&399))
    );
}

#[test]
fn wide_patterns_beside_many_narrow_ones_stay_small() {
    let texts: Vec<String> = (0..2000).map(|number| format!("src/{number}.rs")).collect();
    let tasks: Vec<Vec<&str>> = (0..4000)
        .map(|task| vec![texts.get(task).map_or("src/**", String::as_str)])
        .collect();
    let claims = (0..).zip(&tasks).map(|(task, paths)| {
        (
            task,
            Claims {
                folder: "",
                paths,
                resources: &[],
                ports: &[],
            },
        )
    });
    let size: usize = conflicts(claims)
        .iter()
        .map(|shared| shared.tasks.len())
        .sum();
    assert!(size < 100_000, "{size}");
}

const SOME: [&str; 8] = [
    "a/**",
    "a/*.x",
    "a/b.x",
    "a/b.y",
    "**/*.y",
    "c/d",
    "c",
    "a/{b,e}.x",
];

proptest! {
    #[test]
    fn just_the_pairs_that_meet_share_a_lane(tasks in proptest::collection::vec(proptest::collection::vec(0usize..8, 0..3), 1..8)) {
        let tasks: Vec<Vec<&'static str>> = tasks.iter().map(|paths| paths.iter().map(|at| SOME[*at]).collect()).collect();
        let meet = |a: &str, b: &str| {
            let (a, b) = (Pattern::read("p", a), Pattern::read("p", b));
            a.iter().any(|a| b.iter().any(|b| a.meets(b)))
        };
        let mut expected = BTreeSet::new();
        for a in 0..tasks.len() {
            for b in a + 1..tasks.len() {
                if tasks[a].iter().any(|x| tasks[b].iter().any(|y| meet(x, y))) {
                    expected.insert((a as u32, b as u32));
                }
            }
        }
        prop_assert_eq!(pairs(&of_paths(&tasks)), expected);
    }
}
