//! The names of the types of records.

/// Every type of record that this version knows, as the wire names it, in the order of `record.schema.json`. Others are
/// passed over by readers, and may come from a later version.
pub const RECORD_TYPES: [&str; 43] = [
    "run-started",
    "run-resumed",
    "run-paused",
    "run-finished",
    "task-ready",
    "task-settled",
    "attempt-started",
    "attempt-session",
    "attempt-finished",
    "attempt-stalled",
    "attempt-retrying",
    "progress",
    "done",
    "error",
    "question",
    "marker-spoofed",
    "activity",
    "answer",
    "steering",
    "message",
    "gate-started",
    "gate-finished",
    "fix-requested",
    "workspace-created",
    "workspace-removed",
    "commit-created",
    "merge-started",
    "merge-finished",
    "merge-conflict",
    "merge-reverted",
    "checkpoint-reached",
    "checkpoint-shown",
    "checkpoint-approved",
    "checkpoint-rejected",
    "decision",
    "quota-hold",
    "quota-released",
    "budget-exceeded",
    "lock-acquired",
    "lock-released",
    "state-transition",
    "note",
    "compacted",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Record};

    #[test]
    fn the_types_are_those_of_the_schema() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../record.schema.json")).unwrap();
        let rules = schema["allOf"].as_array().unwrap().iter();
        let names = rules.filter_map(|rule| rule["if"]["properties"]["type"]["const"].as_str());
        assert_eq!(names.collect::<Vec<_>>(), RECORD_TYPES);
    }

    #[test]
    fn every_type_is_known_to_the_contract() {
        for kind in RECORD_TYPES {
            let line = format!("{{\"type\":\"{kind}\"}}");
            let read = Record::parse(&line);
            assert!(
                !matches!(read, Ok(record) if record.body == Body::Unknown),
                "{kind}"
            );
        }
    }
}
