use super::*;
use schemas::Permissions;

fn setup(permissions: Permissions) -> Setup {
    Setup {
        prompt: "do it".to_owned(),
        workspace: "/w".to_owned(),
        session: None,
        policy: Policy::new(Some(permissions), 0, false),
        answered: Vec::new(),
    }
}

fn hear(client: &mut Client, message: &Value) -> Vec<Reply> {
    client.hear(message.to_string().as_bytes())
}

fn result(id: u64, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The method of what is sent, or what is done instead.
fn methods(replies: &[Reply]) -> Vec<String> {
    let name = |reply: &Reply| match reply {
        Reply::Send(message) => match message.get("method").and_then(Value::as_str) {
            Some(method) => method.to_owned(),
            None => message
                .get("result")
                .or(message.get("error"))
                .map_or("?".to_owned(), Value::to_string),
        },
        Reply::Ask(question) => format!("ask: {question}"),
        Reply::End => "end".to_owned(),
    };
    replies.iter().map(name).collect()
}

/// A client whose first prompt is under way.
fn prompted(setup: Setup) -> Client {
    let (mut client, opening) = Client::open(setup);
    assert_eq!(methods(&opening), ["initialize"]);
    let replies = hear(&mut client, &result(0, &json!({"protocolVersion": 1})));
    assert_eq!(methods(&replies), ["session/new"]);
    let replies = hear(&mut client, &result(1, &json!({"sessionId": "s"})));
    assert_eq!(methods(&replies), ["session/prompt"]);
    client
}

fn leave(id: u64, kind: &str, title: &str) -> Value {
    let options = json!([
        {"optionId": "a", "name": "Always", "kind": "allow_always"},
        {"optionId": "b", "name": "Allow", "kind": "allow_once"},
        {"optionId": "c", "name": "Reject", "kind": "reject_once"}]);
    json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission",
           "params": {"sessionId": "s", "toolCall": {"toolCallId": "t", "kind": kind, "title": title}, "options": options}})
}

fn selected(option: &str) -> String {
    json!({"outcome": {"outcome": "selected", "optionId": option}}).to_string()
}

#[test]
fn a_conversation_from_its_beginning_to_its_end() {
    let mut client = prompted(setup(Permissions::Allow));
    assert_eq!(
        hear(
            &mut client,
            &json!({"method": "session/update", "params": {}})
        ),
        []
    );
    assert_eq!(client.hear(b"a banner"), []);
    let replies = hear(&mut client, &result(3, &json!({"stopReason": "end_turn"})));
    assert_eq!(methods(&replies), ["end"]);
    assert_eq!(client.tell("too late"), []);
}

#[test]
fn an_earlier_session_is_loaded_or_resumed() {
    let replies = |capabilities: Value| {
        let session = Some("old".to_owned());
        let (mut client, _) = Client::open(Setup {
            session,
            ..setup(Permissions::Allow)
        });
        let answer = json!({"protocolVersion": 1, "agentCapabilities": capabilities});
        let asked = hear(&mut client, &result(0, &answer));
        let prompt = hear(&mut client, &result(ACP_LOAD, &json!({})));
        let Some(Reply::Send(prompt)) = prompt.first() else {
            panic!("{prompt:?}")
        };
        assert_eq!(prompt.pointer("/params/sessionId"), Some(&json!("old")));
        methods(&asked)
    };
    assert_eq!(replies(json!({"loadSession": true})), ["session/load"]);
    assert_eq!(
        replies(json!({"sessionCapabilities": {"resume": {}}})),
        ["session/resume"]
    );
}

#[test]
fn an_error_ends_it() {
    let mut client = prompted(setup(Permissions::Allow));
    let error =
        json!({"jsonrpc": "2.0", "id": 3, "error": {"code": -32603, "message": "internal"}});
    assert_eq!(methods(&hear(&mut client, &error)), ["end"]);
}

#[test]
fn leave_is_given_for_once_by_the_policy() {
    let ask = |setup: Setup, kind: &str| {
        let mut client = prompted(setup);
        let replies = hear(&mut client, &leave(9, kind, "rm x"));
        (methods(&replies).concat(), client.refused())
    };
    assert_eq!(
        ask(setup(Permissions::Allow), "execute"),
        (selected("b"), false)
    );
    assert_eq!(
        ask(setup(Permissions::Deny), "execute"),
        (selected("c"), true)
    );
    let reads = |kind: &str| {
        let policy = Policy::new(None, 0, true);
        ask(
            Setup {
                policy,
                ..setup(Permissions::Allow)
            },
            kind,
        )
    };
    assert_eq!(reads("read"), (selected("b"), false));
    assert_eq!(reads("edit"), (selected("c"), true));
    for (level, choice) in [(0, selected("b")), (1, selected("b")), (4, selected("c"))] {
        let policy = Policy::new(None, level, false);
        let found = ask(
            Setup {
                policy,
                ..setup(Permissions::Allow)
            },
            "edit",
        );
        assert_eq!(found.0, choice, "level {level}");
    }
}

#[test]
fn a_person_is_asked_one_thing_at_a_time_and_never_the_same_twice() {
    let mut client = prompted(setup(Permissions::Ask));
    let question = "May it do this: rm x? (yes, no, or one of: Always, Allow, Reject)";
    let asked = hear(&mut client, &leave(9, "execute", "rm x"));
    assert_eq!(methods(&asked), [format!("ask: {question}")]);
    assert_eq!(hear(&mut client, &leave(10, "execute", "rm y")), []);
    let replies = methods(&client.answer("yes, go on"));
    assert_eq!(
        replies,
        [
            selected("b"),
            format!("ask: {}", question.replace("rm x", "rm y"))
        ]
    );
    assert_eq!(
        methods(&client.answer("perhaps")),
        [selected("c")],
        "what is no yes is a no"
    );
    assert!(client.refused());
    let replies = hear(&mut client, &result(3, &json!({"stopReason": "end_turn"})));
    assert_eq!(
        methods(&replies),
        ["session/prompt"],
        "its words are for the agent"
    );
    for (id, title, choice) in [(11, "rm x", "b"), (12, "rm y", "c")] {
        let again = hear(&mut client, &leave(id, "execute", title));
        assert_eq!(methods(&again), [selected(choice)], "{title}");
    }

    let answered = vec![(question.to_owned(), "Always".to_owned())];
    let mut client = prompted(Setup {
        answered,
        ..setup(Permissions::Ask)
    });
    assert_eq!(
        methods(&hear(&mut client, &leave(9, "execute", "rm x"))),
        [selected("a")]
    );
}

#[test]
fn a_message_to_an_agent_that_has_said_nothing_yet_repeats_what_it_was_told() {
    let mut client = prompted(setup(Permissions::Allow));
    client.tell("use blue");
    let replies = hear(&mut client, &result(3, &json!({"stopReason": "cancelled"})));
    let Some(Reply::Send(prompt)) = replies.first() else {
        panic!("{replies:?}")
    };
    let text = prompt.pointer("/params/prompt/0/text");
    assert_eq!(text, Some(&json!("do it\n\nuse blue")));
}

#[test]
fn a_message_ends_the_turn_and_begins_another() {
    let mut client = prompted(setup(Permissions::Ask));
    let said = json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "well"}});
    let update = json!({"method": "session/update", "params": {"sessionId": "s", "update": said}});
    hear(&mut client, &update);
    hear(&mut client, &leave(9, "execute", "rm x"));
    client.answer("no");
    let replies = client.tell("use blue");
    assert_eq!(methods(&replies), ["session/cancel"]);
    let replies = hear(&mut client, &result(3, &json!({"stopReason": "cancelled"})));
    let Some(Reply::Send(prompt)) = replies.first() else {
        panic!("{replies:?}")
    };
    assert_eq!(
        prompt.pointer("/params/prompt/0/text"),
        Some(&json!("use blue"))
    );
    assert_eq!(
        methods(&hear(
            &mut client,
            &result(4, &json!({"stopReason": "end_turn"}))
        )),
        ["end"]
    );
}

#[test]
fn after_a_question_the_conversation_stays_open_for_the_answer() {
    let mut client = prompted(setup(Permissions::Allow));
    client.awaits_answer(true);
    assert_eq!(
        hear(&mut client, &result(3, &json!({"stopReason": "end_turn"}))),
        []
    );
    assert_eq!(methods(&client.answer("blue")), ["session/prompt"]);
}

#[test]
fn a_cancel_answers_what_is_asked_for() {
    let mut client = prompted(setup(Permissions::Ask));
    hear(&mut client, &leave(9, "execute", "rm x"));
    let cancelled = json!({"outcome": {"outcome": "cancelled"}}).to_string();
    assert_eq!(
        methods(&client.cancel()),
        ["session/cancel".to_owned(), cancelled]
    );
}

#[test]
fn what_we_do_not_have_is_refused_by_its_number() {
    let mut client = prompted(setup(Permissions::Allow));
    let request = json!({"jsonrpc": "2.0", "id": "x-1", "method": "craft/drain", "params": {}});
    let replies = hear(&mut client, &request);
    let Some(Reply::Send(answer)) = replies.first() else {
        panic!("{replies:?}")
    };
    assert_eq!(answer.pointer("/error/code"), Some(&json!(-32601)));
    assert_eq!(answer.get("id"), Some(&json!("x-1")));
}

#[test]
fn what_is_asked_twice_at_once_is_decided_by_one_answer() {
    let mut client = prompted(setup(Permissions::Ask));
    hear(&mut client, &leave(9, "execute", "rm x"));
    hear(&mut client, &leave(10, "execute", "rm x"));
    let replies = methods(&client.answer("yes"));
    assert_eq!(replies, [selected("b"), selected("b")]);
}

#[test]
fn an_answer_is_for_nothing_that_the_question_did_not_show() {
    let long = "x".repeat(600);
    for (first, second) in [
        (format!("{long}1"), format!("{long}2")),
        (String::new(), String::new()),
    ] {
        let mut client = prompted(setup(Permissions::Ask));
        hear(&mut client, &leave(9, "execute", &first));
        assert_eq!(methods(&client.answer("yes")), [selected("b")]);
        let asked = methods(&hear(&mut client, &leave(10, "execute", &second)));
        assert!(asked[0].starts_with("ask: "), "{asked:?}");
    }
}

#[test]
fn a_message_is_no_answer_to_what_leave_is_asked_for() {
    let mut client = prompted(setup(Permissions::Ask));
    hear(&mut client, &leave(9, "execute", "rm x"));
    assert_eq!(client.tell("ok, and use blue"), []);
    assert!(!client.refused());
    assert_eq!(methods(&client.answer("no")), [selected("c")]);
    let replies = hear(&mut client, &result(3, &json!({"stopReason": "end_turn"})));
    assert_eq!(methods(&replies), ["session/prompt"], "it comes later");
}

#[test]
fn a_flood_of_questions_has_an_end() {
    let mut client = prompted(setup(Permissions::Ask));
    let mut refused = 0;
    for id in 0..1000 {
        let title = format!("rm {id}");
        refused += hear(&mut client, &leave(100 + id, "execute", &title)).len();
    }
    assert!(refused > 900, "{refused}");
}
