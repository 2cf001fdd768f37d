//! The four ways in which models are asked: Anthropic's messages, OpenAI's responses and chat completions, Google's
//! generateContent.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::Response;

/// How a request is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Messages,
    Responses,
    Chat,
    Gemini,
}

/// What is said.
pub(super) enum Say {
    Text(String),
    /// A call of the shell tool.
    Call(Value, &'static str),
}

/// Names of shell tools.
const SHELLS: [&str; 7] = [
    "Bash",
    "bash",
    "shell",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "local_shell",
];

impl Dialect {
    /// By the path of the request; none for what asks no model.
    pub(super) fn of(path: &str) -> Option<Dialect> {
        let path = path.split('?').next().unwrap_or_default();
        Some(match path {
            _ if path.ends_with("/messages") => Dialect::Messages,
            _ if path.ends_with("/responses") => Dialect::Responses,
            _ if path.ends_with("/chat/completions") => Dialect::Chat,
            _ if path.contains("enerateContent") => Dialect::Gemini,
            _ => return None,
        })
    }

    /// The client's shell tool: its name and the schema of its arguments.
    pub(super) fn shell(self, body: &Value) -> Option<Value> {
        let tools = body.get("tools")?.as_array()?.iter();
        let functions: Vec<&Value> = match self {
            Dialect::Messages | Dialect::Responses => tools.collect(),
            Dialect::Chat => tools.filter_map(|tool| tool.get("function")).collect(),
            Dialect::Gemini => tools
                .filter_map(|tool| tool.get("functionDeclarations")?.as_array())
                .flatten()
                .collect(),
        };
        let is_shell = |tool: &&&Value| {
            let name = tool.get("name").and_then(Value::as_str);
            name.is_some_and(|name| SHELLS.contains(&name))
        };
        functions.iter().find(is_shell).map(|tool| (*tool).clone())
    }

    pub(super) fn error(self, status: u16) -> Value {
        let kind = match status {
            401 => "authentication_error",
            _ => "rate_limit_error",
        };
        let message = format!("scripted error {status}");
        match self {
            Dialect::Messages => {
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Dialect::Gemini => {
                let word = if status == 401 {
                    "UNAUTHENTICATED"
                } else {
                    "RESOURCE_EXHAUSTED"
                };
                json!({"error": {"code": status, "message": message, "status": word}})
            }
            _ => json!({"error": {"type": kind, "code": kind, "message": message}}),
        }
    }

    /// The answer, as a stream where one was asked for.
    pub(super) fn say(self, body: &Value, path: &str, say: &Say) -> Response {
        let model = body.get("model").and_then(Value::as_str).unwrap_or("m");
        let streams = body.get("stream").and_then(Value::as_bool) == Some(true)
            || path.contains("streamGenerateContent");
        let (whole, events) = match self {
            Dialect::Messages => messages(model, say),
            Dialect::Responses => responses(model, say),
            Dialect::Chat => chat(model, say),
            Dialect::Gemini => gemini(model, say),
        };
        if !streams {
            return super::plain(200, &whole);
        }
        let mut text = String::new();
        for event in &events {
            if let Some(name) = event.get("type").and_then(Value::as_str) {
                text.push_str(&format!("event: {name}\n"));
            }
            text.push_str(&format!("data: {event}\n\n"));
        }
        if self == Dialect::Chat {
            text.push_str("data: [DONE]\n\n");
        }
        Response {
            status: 200,
            headers: vec![("Content-Type", "text/event-stream".to_owned())],
            body: text,
            delay: Duration::ZERO,
        }
    }
}

fn name(tool: &Value) -> &str {
    tool.get("name").and_then(Value::as_str).unwrap_or("shell")
}

/// Arguments for the command; whatever else the schema requires is a word.
fn arguments(tool: &Value, command: &str) -> Value {
    let schemas = ["input_schema", "parameters", "parametersJsonSchema"];
    let schema = schemas.iter().find_map(|name| tool.get(*name));
    let known = |name: &str| schema.and_then(|schema| schema.get("properties")?.get(name));
    let field = if known("cmd").is_some() {
        "cmd"
    } else {
        "command"
    };
    let is_list = known(field).and_then(|field| field.get("type")?.as_str()) == Some("array");
    let value = if is_list {
        json!(["sh", "-c", command])
    } else {
        json!(command)
    };
    let mut arguments = json!({ field: value });
    let required = schema.and_then(|schema| schema.get("required")?.as_array());
    for other in required.into_iter().flatten().filter_map(Value::as_str) {
        if arguments.get(other).is_none() {
            let is_bool =
                known(other).and_then(|field| field.get("type")?.as_str()) == Some("boolean");
            arguments[other] = if is_bool { json!(false) } else { json!("page") };
        }
    }
    arguments
}

fn messages(model: &str, say: &Say) -> (Value, Vec<Value>) {
    let (block, start, delta, reason) = match say {
        Say::Text(text) => (
            json!({"type": "text", "text": text}),
            json!({"type": "text", "text": ""}),
            json!({"type": "text_delta", "text": text}),
            "end_turn",
        ),
        Say::Call(tool, command) => {
            let input = arguments(tool, command);
            let call = |input: Value| json!({"type": "tool_use", "id": id(command), "name": name(tool), "input": input});
            let delta = json!({"type": "input_json_delta", "partial_json": input.to_string()});
            (call(input), call(json!({})), delta, "tool_use")
        }
    };
    let usage = json!({"input_tokens": 200, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 0, "output_tokens": 30});
    let message = |content: Value, reason: Value| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content,
               "stop_reason": reason, "stop_sequence": null, "usage": usage})
    };
    let events = vec![
        json!({"type": "message_start", "message": message(json!([]), Value::Null)}),
        json!({"type": "content_block_start", "index": 0, "content_block": start}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": usage}),
        json!({"type": "message_stop"}),
    ];
    (message(json!([block]), json!(reason)), events)
}

fn responses(model: &str, say: &Say) -> (Value, Vec<Value>) {
    let item = match say {
        Say::Text(text) => {
            json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})
        }
        Say::Call(tool, command) => {
            json!({"type": "function_call", "id": format!("fc_{}", id(command)), "call_id": id(command),
            "status": "completed", "name": name(tool), "arguments": arguments(tool, command).to_string()})
        }
    };
    let whole = |status: &str, output: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": model, "output": output,
               "usage": {"input_tokens": 1200, "input_tokens_details": {"cached_tokens": 1000}, "output_tokens": 30,
                         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1230}})
    };
    let done = whole("completed", json!([item]));
    let mut events = vec![
        json!({"type": "response.created", "response": whole("in_progress", json!([]))}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
    ];
    if let Say::Text(text) = say {
        events.push(json!({"type": "response.output_text.delta", "output_index": 0, "item_id": "msg_1", "content_index": 0,
            "delta": text}));
    }
    events.push(json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
    events.push(json!({"type": "response.completed", "response": done}));
    (done, events)
}

fn chat(model: &str, say: &Say) -> (Value, Vec<Value>) {
    let (content, calls, reason) = match say {
        Say::Text(text) => (json!(text), Value::Null, "stop"),
        Say::Call(tool, command) => {
            let function =
                json!({"name": name(tool), "arguments": arguments(tool, command).to_string()});
            let call =
                json!([{"index": 0, "id": id(command), "type": "function", "function": function}]);
            (Value::Null, call, "tool_calls")
        }
    };
    let usage = json!({"prompt_tokens": 1200, "completion_tokens": 30, "total_tokens": 1230,
                       "prompt_tokens_details": {"cached_tokens": 1000}});
    let mut message = json!({"role": "assistant", "content": content});
    if !calls.is_null() {
        message["tool_calls"] = calls;
    }
    let top = |object: &str, choices: Value| json!({"id": "chat_1", "object": object, "created": 1, "model": model, "choices": choices});
    let mut whole = top(
        "chat.completion",
        json!([{"index": 0, "message": message, "finish_reason": reason}]),
    );
    whole["usage"] = usage.clone();
    let chunk = |delta: &Value, reason: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        top("chat.completion.chunk", choices)
    };
    let mut last = top("chat.completion.chunk", json!([]));
    last["usage"] = usage;
    let events = vec![
        chunk(&message, Value::Null),
        chunk(&json!({}), json!(reason)),
        last,
    ];
    (whole, events)
}

fn gemini(model: &str, say: &Say) -> (Value, Vec<Value>) {
    let part = match say {
        Say::Text(text) => json!({"text": text}),
        Say::Call(tool, command) => {
            json!({"functionCall": {"name": name(tool), "args": arguments(tool, command)}})
        }
    };
    let whole = json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1200, "cachedContentTokenCount": 1000, "candidatesTokenCount": 30,
                          "totalTokenCount": 1230}, "modelVersion": model});
    (whole.clone(), vec![whole])
}

/// Of a call: the same for the same command, so that two calls in one conversation differ.
fn id(command: &str) -> String {
    let sum: u32 = command.bytes().map(u32::from).sum();
    format!("call_{sum}")
}
