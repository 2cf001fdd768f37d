use proptest::prelude::*;

use super::*;

fn meet(a: &str, b: &str) -> bool {
    let (a, b) = (Pattern::read("", a), Pattern::read("", b));
    let met = a.iter().any(|a| b.iter().any(|b| a.meets(b)));
    assert_eq!(
        met,
        b.iter().any(|b| a.iter().any(|a| b.meets(a))),
        "{a:?} {b:?}"
    );
    met
}

fn hold(a: &str, b: &str) -> bool {
    Pattern::read("", a)[0].holds(&Pattern::read("", b)[0])
}

#[test]
fn patterns_meet_where_a_file_can_be() {
    for (a, b) in [
        ("src/auth/*.ts", "src/auth/login.ts"),
        ("src/**", "src/a/b/c.rs"),
        ("**/*.rs", "src/lib.rs"),
        ("src/*/mod.rs", "src/a*/m?d.rs"),
        ("tests/auth/", "tests/auth/login.test.ts"),
        ("src", "src/lib.rs"),
        ("./src//lib.rs", "src/lib.rs"),
        ("src/../lib.rs", "lib.rs"),
        ("{src,lib}/a.rs", "lib/*"),
        ("src/[a-c]*.rs", "src/bx.rs"),
        ("a/**/z", "a/z"),
        ("**", "anything"),
        ("a*b*c", "*bb*"),
        ("src/**/test/*.rs", "src/a/**/b.rs"),
    ] {
        assert!(meet(a, b), "{a} {b}");
    }
}

#[test]
fn patterns_keep_apart_where_none_can_be() {
    for (a, b) in [
        ("src/auth/*.ts", "src/auth/login.js"),
        ("src/auth/*.ts", "src/auth/deep/login.ts"),
        ("src/a", "src/ab"),
        ("{src,lib}/a.rs", "bin/a.rs"),
        ("src/[!a]*.rs", "src/ax.rs"),
        ("src/[a-c]?.rs", "src/dx.rs"),
        (r"src/\*.rs", "src/a.rs"),
        ("*", "src/lib.rs"),
        ("a/*/c", "a/b/d"),
        ("*.rs", "*.ts"),
    ] {
        assert!(!meet(a, b), "{a} {b}");
    }
}

#[test]
fn what_holds_another_holds_all_of_it() {
    for (a, b) in [
        ("migrations/**", "migrations/0001.sql"),
        ("migrations/**", "migrations/**/*.sql"),
        ("**/auth/**", "src/auth/login.ts"),
        ("src/*.ts", "src/a*.ts"),
        ("tests", "tests/a/b.rs"),
        ("*.ts", "login.ts"),
    ] {
        assert!(hold(a, b), "{a} {b}");
    }
    for (a, b) in [
        ("src/auth/**", "src/**"),
        ("src/*.ts", "src/*"),
        ("src/*.ts", "src/**"),
        ("a/b", "a"),
    ] {
        assert!(!hold(a, b), "{a} {b}");
    }
}

#[test]
fn a_pattern_is_relative_to_its_folder() {
    let at = |folder: &str, text: &str| Pattern::read(folder, text).remove(0);
    assert!(at("./shop", "src/a.rs").meets(&at("", "shop/src/*.rs")));
    assert!(!at("shop", "src/a.rs").meets(&at("page", "src/a.rs")));
    assert!(at("shop", "../page/a.ts").meets(&at("page", "a.ts")));
    assert!(!at("/shop", "a.rs").meets(&at("shop", "a.rs")));
}

#[test]
fn what_is_too_much_to_tell_meets_everything_it_might() {
    let many = format!("src/{}x.rs", "{a,b}".repeat(12));
    assert!(meet(&many, "src/abababababab.rs"));
    assert!(!meet(&many, "lib/abababababab.rs"));
    assert!(meet(&"a/".repeat(500), &"a/".repeat(400)));
    assert!(meet(&"{".repeat(5000), &"{".repeat(5000)));
    assert!(meet(&"?".repeat(5000), &"*a".repeat(5000)));
}

/// A word over few letters, so that patterns and paths often fit.
fn word() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        proptest::sample::select(vec!["a", "b", "*", "?", "[ab]"]),
        1..4,
    )
    .prop_map(|parts| parts.concat())
}

fn pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![word(), Just("**".to_owned())];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab]{1,3}", 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #[test]
    fn patterns_that_match_one_path_meet(a in pattern(), b in pattern(), path in path()) {
        let matches = |pattern: &str| hold(pattern, &path);
        if matches(&a) && matches(&b) {
            prop_assert!(meet(&a, &b), "{} {} {}", a, b, path);
        }
        // A plain name holds what is below it, too; that is not asked of what holds the name.
        if hold(&a, &b) && matches(&b) && !Pattern::read("", &b)[0].below {
            prop_assert!(matches(&a), "{} {} {}", a, b, path);
        }
    }

    #[test]
    fn no_text_is_too_strange(a in "\\PC{0,40}", b in "[{},*?\\[\\]!/\\\\.a-]{0,40}") {
        meet(&a, &b);
        meet(&b, &b);
    }
}
