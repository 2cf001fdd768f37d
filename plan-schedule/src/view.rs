//! The plan as a scheduler reads it: only what it needs, borrowed from the text.
//!
//! [`schemas::Plan`] owns every string; for a plan of a million tasks that costs twice the time and twice the memory.
//! The parts that are small in every plan are those of the contract.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemas::{
    Autonomy, Defaults, Failure, Isolation, Limits, OnFailure, Phase, PriorOutcome, RunIf,
    TaskMode, document,
};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// A plan.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a plan")]
pub(crate) struct PlanView<'a> {
    #[serde(borrow)]
    pub(crate) plan_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) summary: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) projects: Vec<ProjectView<'a>>,
    #[serde(borrow)]
    pub(crate) tasks: Vec<TaskView<'a>>,
    #[serde(borrow, default)]
    pub(crate) execution_order: Option<Vec<Vec<Text<'a>>>>,
    #[serde(default)]
    pub(crate) phases: Vec<Phase>,
    #[serde(default)]
    pub(crate) parallel_groups: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) checkpoints: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) autonomy: Option<Autonomy>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) defaults: Defaults,
}

/// A project of it.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a project")]
pub(crate) struct ProjectView<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) path: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) repo: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) alias: Option<Text<'a>>,
}

/// A task of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a task")]
pub(crate) struct TaskView<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) project: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) title: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) depends_on: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) complexity: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) estimated_minutes: Option<f64>,
    #[serde(borrow, default)]
    pub(crate) phase: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) priority: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) mode: Option<TaskMode>,
    #[serde(borrow, default)]
    pub(crate) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) paths: Box<[Text<'a>]>,
    #[serde(borrow, default)]
    pub(crate) resources: Box<[Text<'a>]>,
    #[serde(default)]
    pub(crate) ports: Box<[u16]>,
    #[serde(borrow, default)]
    pub(crate) sensitive: Box<[Text<'a>]>,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(default)]
    pub(crate) autonomy: Option<u8>,
    #[serde(default)]
    pub(crate) isolation: Option<Isolation>,
    #[serde(default)]
    pub(crate) on_failure: Option<OnFailure>,
    #[serde(default)]
    pub(crate) run_if: RunIf,
    #[serde(default)]
    pub(crate) outcome: Option<PriorOutcome>,
}

/// A string of the plan's text.
///
/// One that holds escapes cannot be borrowed: it is copied, and never freed. There are few, the program ends soon, and with
/// a `Cow` every one of the millions of others would be half as large again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<'a>(PhantomData<&'a str>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Text<'a>, E> {
        Ok(Text(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Box::leak(text.to_owned().into_boxed_str())))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'a> PlanView<'a> {
    /// Fails with code 3 when the document is no plan.
    pub(crate) fn read(input: &'a document::Input) -> Result<PlanView<'a>, Failure> {
        serde_json::from_str(&input.text).map_err(|error| {
            let name = &input.name;
            if let Some(kind) = kind(&input.text) {
                return Failure::input(format!("cannot read {name}: a {kind}, not a plan"));
            }
            Failure::input(format!("cannot read {name}: not a plan"))
                .because(&error)
                .help("plan-validate says what is missing, and reads plans of other forms")
        })
    }
}

/// What another document of the contract says that it is; a plan says nothing.
fn kind(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
    }
    let it: Kind = serde_json::from_str(text).ok()?;
    (it.kind != "plan").then_some(it.kind)
}
