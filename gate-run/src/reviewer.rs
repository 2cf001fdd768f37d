//! An agent that reviews: how it is called, what it is told, and what its end says.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use schemas::stream::{ErrorClass, StreamError};
use schemas::{
    Agents, CheckStatus, GateReview, Invocation, Problem, Profile, PromptBy, source::escape,
};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::planned::{Planned, Work};
use crate::process::{End, Ended};
use crate::reviewed;
use crate::standing::Standing;

/// By these it would find the run that it is a part of, and could approve its own review there, or speak as the attempt
/// that it reviews.
const OF_A_RUN: [&str; 3] = ["ORCHESTRATE_DIR", "TERMINAL_ID", "ANSWERS_FILE"];

/// Who reviews.
#[derive(Debug)]
pub(crate) struct Reviewer {
    /// Its profile's name.
    pub(crate) agent: String,
    model: Option<String>,
    /// What this review is to look at beside the usual.
    prompt: Option<String>,
    pub(crate) profile: Profile,
}

/// What it said, told apart from what it did.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The last words.
    pub(crate) text: String,
    pub(crate) error: Option<StreamError>,
}

/// One call of a reviewer. Its prompt is in a file of its own as long as this lives.
pub(crate) struct Call {
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Names that it does not inherit.
    pub(crate) env_remove: Vec<String>,
    pub(crate) prompt: NamedTempFile,
    pub(crate) by_stdin: bool,
}

impl Reviewer {
    /// As a gate asks for it; its profile is still to be found.
    pub(crate) fn asked_for(review: &GateReview) -> Option<Reviewer> {
        Some(Reviewer {
            agent: review.agent.clone()?,
            model: review.model.clone(),
            prompt: review.prompt.clone(),
            profile: Profile::default(),
        })
    }

    /// Makes it ready to be started.
    pub(crate) fn call(&self, folder: &Path, base: Option<&str>) -> std::io::Result<Call> {
        let work = reviewed::work(folder, base);
        let text = prompt(base, work.as_deref(), self.prompt.as_deref());
        let mut file = tempfile::Builder::new()
            .prefix("review-")
            .suffix(".md")
            .tempfile()?;
        file.write_all(text.as_bytes())?;
        let path = file.path().display().to_string();
        let argv = self.profile.argv(&Invocation {
            prompt: &text,
            prompt_file: &path,
            session: None,
            new_session: None,
            model: self.model.as_deref().or(self.profile.model.as_deref()),
            level: 2,
            read_only: true,
        });
        let mut env = self.profile.env.clone();
        env.insert("PROMPT_FILE".to_owned(), path);
        let hidden = Profile::NESTING.into_iter().chain(OF_A_RUN);
        let own = self.profile.env_remove.iter().cloned();
        Ok(Call {
            argv,
            env,
            env_remove: hidden.map(str::to_owned).chain(own).collect(),
            prompt: file,
            by_stdin: self.profile.prompt_by == PromptBy::Stdin,
        })
    }

    /// What its end means. Whatever keeps it from reviewing is no word about the work.
    pub(crate) fn judge(&self, ended: Ended, said: &Said, limit: Duration) -> Standing {
        let broke = |why: String, again: bool| Standing {
            again,
            ..Standing::new(
                CheckStatus::Infrastructure,
                format!("{}: {why}", self.agent),
            )
        };
        if let Some(error) = &said.error {
            let passes = matches!(error.class, ErrorClass::Quota | ErrorClass::External);
            return broke(error.message.clone(), passes);
        }
        match ended.end {
            End::Exited(0) => Standing::passed(),
            End::Exited(code) => broke(format!("exit code {code}"), true),
            End::TimedOut => {
                let limit = schemas::time::for_people(limit);
                broke(format!("took longer than {limit} and was ended"), false)
            }
            End::Signalled(signal) => broke(format!("ended by signal {signal}"), true),
            End::Interrupted => broke("interrupted".to_owned(), false),
        }
    }
}

/// Finds the profiles of all reviewers: those of `--agents` before those of the document, and these before the built-in ones.
pub(crate) fn appoint(
    gates: &mut [(String, Planned)],
    document: &Value,
    agents: &Agents,
    problems: &mut Vec<Problem>,
) {
    let mut own = profiles(document, problems);
    own.extend(agents.agents.clone());
    let reviewers = gates.iter_mut().filter_map(|(pointer, gate)| {
        let Work::Check { run, .. } = &mut gate.work else {
            return None;
        };
        Some((pointer, run.as_mut()?.reviewer.as_mut()?))
    });
    let mut built_in = None;
    for (pointer, reviewer) in reviewers {
        let known = match own.contains_key(&reviewer.agent) {
            true => &own,
            false => built_in.get_or_insert_with(|| Agents::built_in().agents),
        };
        if let Some(profile) = known.get(&reviewer.agent) {
            reviewer.profile = profile.clone();
            continue;
        }
        let names = known.keys().map(String::as_str).collect::<Vec<_>>();
        problems.push(
            Problem::error("agent", format!("there is no agent `{}`", reviewer.agent))
                .at(format!("{pointer}/review/agent"))
                .help(format!(
                    "built in are {}; others stand in `agents` of the document, or come from --agents FILE",
                    names.join(", ")
                )),
        );
    }
}

/// The profiles that the document brings. One that is wrong is a problem, needed or not.
fn profiles(document: &Value, problems: &mut Vec<Problem>) -> BTreeMap<String, Profile> {
    let mut profiles = BTreeMap::new();
    let said = document.get("agents").and_then(Value::as_object);
    for (name, profile) in said.into_iter().flatten() {
        match serde_json::from_value(profile.clone()) {
            Ok(profile) => drop(profiles.insert(name.clone(), profile)),
            Err(error) => problems.push(
                Problem::error("agent", format!("agent `{name}`: {error}"))
                    .at(format!("/agents/{}", escape(name))),
            ),
        }
    }
    profiles
}

/// What a reviewer is told. Its example is no review: one that only repeats what it was told has said nothing.
fn prompt(base: Option<&str>, diff: Option<&str>, wish: Option<&str>) -> String {
    let diff = diff.map(|diff| format!("{diff}\n")).unwrap_or_default();
    let work = match base {
        Some(base) => format!(
            "`git diff {base}` shows it; `git status --short` names files that git does not know yet"
        ),
        None => "`git status --short` and `git diff HEAD` show it; where they show nothing, it is the last commit"
            .to_owned(),
    };
    let wish = wish.map(|wish| format!("{wish}\n\n")).unwrap_or_default();
    format!(
        "Review work that somebody else has done in this folder. Change nothing.\n\n\
         The work: {work}.\n\n\
         {diff}\
         {wish}\
         Find out whether it does what was asked for, is correct, safe and tested. Report only what you have seen in the files \
         yourself.\n\n\
         End your answer with one fenced block of JSON, and nothing behind it:\n\n\
         ```json\n\
         {{\"verdict\": …, \"findings\": [{{\"severity\": …, \"file\": …, \"line\": …, \"message\": …}}]}}\n\
         ```\n\n\
         `verdict` is the string `approved` or `changes requested`. `severity` is one of critical, important, medium and \
         minor. `findings` may be empty.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_repeats_the_prompt_has_not_reviewed() {
        for base in [None, Some("main")] {
            let told = prompt(base, None, Some("Look at the licences."));
            assert!(told.contains("licences"));
            let block = told
                .split("```json")
                .nth(1)
                .and_then(|rest| rest.split("```").next());
            assert!(serde_json::from_str::<Value>(block.unwrap()).is_err());
        }
    }
}
