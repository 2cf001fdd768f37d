use schemas::marker::Scanner;

use super::*;

fn watch(ids: &[&str], until: Until, checks_owners: bool) -> Watch {
    Watch::new(
        ids.iter().map(|id| (*id).to_owned()).collect(),
        until,
        checks_owners,
    )
}

/// What a source said: `type id`, and what else matters of it.
fn hear(watch: &mut Watch, source: &str, own: Option<&str>, text: &str) -> Vec<String> {
    watch.expect(source);
    let mut said = Vec::new();
    let mut scanner = Scanner::new();
    let mut take = |marker: Marker| {
        let body = watch.take(Instant::now(), Speaker { source, own }, marker);
        said.extend(body.map(|body| match body {
            Body::Progress {
                task,
                percent,
                said,
                ..
            } => {
                format!(
                    "progress {task} {} {}",
                    percent.unwrap_or(255),
                    said.unwrap_or_default()
                )
            }
            Body::MarkerSpoofed { task, owner, .. } => {
                format!("spoofed {task} {}", owner.unwrap_or_default())
            }
            other => format!("{} {}", other.kind(), other.task().unwrap_or_default()),
        }));
    };
    scanner.feed(text.as_bytes(), &mut take);
    scanner.finish(&mut take);
    said
}

/// The exit code, or why there is none.
fn answer(ids: &[&str], until: Until, text: &str) -> Result<u8, String> {
    let mut watch = watch(ids, until, false);
    hear(&mut watch, "log", None, text);
    watch.answer().map(Exit::code)
}

#[test]
fn the_last_word_of_an_id_counts() {
    assert_eq!(
        answer(&[], Until::End, "[QUESTION:a] x\n[DONE:a] y\n"),
        Ok(0)
    );
    assert_eq!(
        answer(&[], Until::End, "[DONE:a] y\n[QUESTION:a] x\n"),
        Ok(5)
    );
    assert_eq!(answer(&[], Until::End, "[DONE:a] y\n[ERROR:a] x\n"), Ok(1));
    assert_eq!(
        answer(&[], Until::End, "[DONE:a] y\n[PROGRESS:a] 5%\n"),
        Ok(0)
    );
}

#[test]
fn one_id_does_not_hide_what_another_said() {
    assert_eq!(answer(&[], Until::End, "[ERROR:a] x\n[DONE:b] y\n"), Ok(1));
    assert_eq!(
        answer(&[], Until::End, "[QUESTION:a] x\n[DONE:b] y\n"),
        Ok(5)
    );
    assert_eq!(
        answer(&["b"], Until::End, "[ERROR:a] x\n[DONE:b] y\n"),
        Ok(0)
    );
    let missing = answer(&["a", "b"], Until::End, "[DONE:b] y\n");
    assert_eq!(missing, Err("no result marker of a".to_owned()));
}

#[test]
fn what_was_waited_for_decides() {
    assert_eq!(
        answer(&[], Until::Done, "[ERROR:a] x\n[DONE:a] y\n[ERROR:a] z\n"),
        Ok(0)
    );
    assert_eq!(
        answer(
            &[],
            Until::Any,
            "[PROGRESS:a] 1%\n[QUESTION:a] x\n[DONE:a] y\n"
        ),
        Ok(5)
    );
    assert_eq!(answer(&[], Until::Done, "[ERROR:a] x\n"), Ok(1));
    assert_eq!(
        answer(&[], Until::End, "[PROGRESS:a] 1%\n"),
        Err("no result marker".to_owned())
    );
}

#[test]
fn all_waits_for_every_id_or_for_every_source() {
    let mut named = watch(&["a", "b"], Until::All, false);
    hear(&mut named, "log", None, "[DONE:a] x\n[QUESTION:b] y\n");
    assert!(!named.is_over());
    hear(
        &mut named,
        "log",
        None,
        "[ERROR:b] y\n[DONE:b] nobody listens\n",
    );
    assert!(named.is_over());
    assert_eq!(named.answer().map(Exit::code), Ok(1));
    let mut any = watch(&[], Until::All, false);
    any.expect("two");
    hear(&mut any, "one", None, "[DONE:a] x\n");
    assert!(!any.is_over());
    hear(&mut any, "two", None, "[PROGRESS:b] 5%\n");
    assert!(!any.is_over());
    hear(&mut any, "two", None, "[DONE:b] y\n");
    assert_eq!(any.answer().map(Exit::code), Ok(0));
}

#[test]
fn progress_never_goes_back_until_it_begins_again() {
    let mut watch = watch(&[], Until::End, false);
    let said = hear(
        &mut watch,
        "log",
        None,
        "[PROGRESS:a] 45 %\n[PROGRESS:a] 30%\n[PROGRESS:a] 150%\n[PROGRESS:a] x\n[DONE:a] x\n[PROGRESS:a] 10%\n",
    );
    assert_eq!(
        said,
        [
            "progress a 45 45 %",
            "progress a 45 30%",
            "progress a 100 150%",
            "progress a 255 ",
            "done a",
            "progress a 10 "
        ]
    );
}

#[test]
fn a_marker_of_an_id_that_the_source_does_not_own_counts_as_nothing_else() {
    let mut named = watch(&[], Until::End, true);
    assert_eq!(
        hear(&mut named, "t1", Some("t1"), "[DONE:t2] x\n[DONE:t1] y\n"),
        ["spoofed t2 t1", "done t1"]
    );
    let mut listed = watch(&["a"], Until::End, true);
    assert_eq!(
        hear(&mut listed, "log", None, "[DONE:b] x\n[DONE:a] y\n"),
        ["spoofed b a", "done a"]
    );
    let mut first = watch(&[], Until::End, true);
    assert_eq!(
        hear(&mut first, "one", None, "[PROGRESS:a] x\n[DONE:b] x\n"),
        ["progress a 255 ", "spoofed b a"]
    );
    assert_eq!(
        hear(&mut first, "two", None, "[DONE:a] x\n"),
        ["spoofed a one"]
    );
    assert_eq!(first.answer(), Err("no result marker".to_owned()));
}

#[test]
fn what_stands_for_a_source_becomes_its_task() {
    let mut watch = watch(&[], Until::All, false);
    for source in ["one", "two", "three"] {
        let mut activity = crate::activity::Activity::new(
            Instant::now(),
            crate::activity::Limits {
                all: true,
                silence: std::time::Duration::from_secs(1),
                stall: None,
            },
        );
        let change = activity.heard(Instant::now()).expect("it works");
        watch.expect(source);
        watch.change(Instant::now(), Speaker { source, own: None }, change);
    }
    hear(&mut watch, "one", None, "[DONE:a] x\n");
    hear(&mut watch, "two", None, "[DONE:a] x\n");
    assert!(!watch.is_over());
    hear(&mut watch, "three", None, "[DONE:b] x\n");
    let ids: Vec<&str> = watch.tasks().iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(watch.is_over());
}
