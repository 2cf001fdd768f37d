//! What a record can say: one enum, one variant for each type on the wire. Longer than other files, because an
//! enum cannot be split.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ActivityState, AgentLabel, Artifact, AttemptResult, FailureClass, RunOutcome, StallStep,
    TaskLabel, Usage,
};
use crate::{FindingCounts, Outcome, State, VerdictWord, Verification};

/// What happened. Fields are flat on the wire, `type` says which of these it is.
///
/// Durations are milliseconds, times RFC 3339, an unknown cost is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Body {
    /// The first record of a run.
    RunStarted {
        /// The plan that it brings to its end.
        plan_id: String,
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// Source of all that is random in the run: jitter, terminal ids.
        seed: u64,
        /// Carried by every process of the run in its environment (`ORCHESTRATE_MARK`).
        mark: String,
        /// The dispatcher's process.
        pid: u32,
        /// Slots.
        jobs: u32,
        /// How children are contained, the means that this machine offers.
        containment: String,
        /// All tasks, so that state shows those that have not begun.
        #[serde(default)]
        tasks: Vec<TaskLabel>,
        /// The agents that may be started.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agents: Vec<AgentLabel>,
    },
    /// A dispatcher took the run up again.
    RunResumed {
        /// The dispatcher's process.
        pid: u32,
        /// Slots.
        jobs: u32,
        /// How children are contained.
        containment: String,
        /// All tasks of the plan as it is now.
        #[serde(default)]
        tasks: Vec<TaskLabel>,
        /// The agents that may be started.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agents: Vec<AgentLabel>,
        /// Settled tasks that are to be done again because they changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<String>,
        /// Tasks that the plan no longer has.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
    },
    /// The dispatcher ended before the run did.
    RunPaused {
        /// `interrupted`, `checkpoint`, `question`, `approval`, `route` or `budget`.
        reason: String,
        /// Tasks, checkpoints, routes or limits that wait for a person.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waiting: Vec<String>,
    },
    /// Every task is settled.
    RunFinished {
        /// How.
        outcome: RunOutcome,
    },
    /// A task is about to be attempted. Journaled before the attempt starts: its number is used up from here on.
    TaskReady {
        /// The task.
        task: String,
        /// The attempt that is about to start.
        attempt: u32,
        /// The attempt's marker id and process mark.
        terminal: String,
        /// Digest of what matters of the task.
        #[serde(default)]
        digest: String,
    },
    /// A task has its outcome.
    TaskSettled {
        /// The task.
        task: String,
        /// How it ended.
        outcome: Outcome,
        /// What the gates said.
        verification: Verification,
        /// The last attempt; absent when there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// Digest of what matters of the task: a changed one is done again.
        #[serde(default)]
        digest: String,
        /// Why it did not succeed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The dependency because of which it was skipped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dependency: Option<String>,
        /// What the agent said that it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// US dollars of all attempts; `null` when unknown.
        #[serde(default)]
        cost_usd: Option<f64>,
    },
    /// An agent runs.
    AttemptStarted {
        /// The task.
        task: String,
        /// Counts from 1.
        attempt: u32,
        /// Name of its profile.
        agent: String,
        /// Its process, the leader of its process group.
        pid: u32,
        /// The attempt's marker id and process mark.
        terminal: String,
        /// Where it works.
        workspace: String,
        /// Its prompt.
        prompt_file: String,
        /// What it prints.
        log_file: String,
        /// Agent, provider and model, as far as they are known; absent for a task's own command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<String>,
        /// The session that goes on; absent when a new one begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resumes: Option<String>,
    },
    /// The agent's session is known. Journaled the moment it is, so that it can be taken up after a crash.
    AttemptSession {
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
        /// Name of the profile that can take it up.
        agent: String,
        /// The agent's own name for it.
        session: String,
        /// Where it works: most agents find a session only from there.
        workspace: String,
        /// The folder where the agent keeps it: its HOME, or what its own variable names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        config_home: Option<String>,
    },
    /// An agent has ended and nothing of it is left.
    AttemptFinished {
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
        /// What it came to.
        result: AttemptResult,
        /// What kind of failure it was; absent when it was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<FailureClass>,
        /// In one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What the agent said that it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// What the agent has doubts about, though it says it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        concerns: Option<String>,
        /// Files that were written while it ran, relative to its folder; the first 200.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// The model that answered, as the agent names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// The agent's own name for its session; absent when it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// Absent when it did not exit by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// From start to the last trace of it.
        #[serde(default)]
        duration_ms: u64,
        /// It left processes behind, which were ended.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        leaked: bool,
        /// US dollars of this attempt alone; `null` when unknown.
        #[serde(default)]
        cost_usd: Option<f64>,
        /// What a budget counts for it, in US dollars, when its cost is unknown and its tokens are not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimated_usd: Option<f64>,
        /// Of this attempt alone; `null` when unknown.
        #[serde(default)]
        tokens: Option<Usage>,
    },
    /// An agent has been silent for long.
    AttemptStalled {
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
        /// For how long.
        silent_ms: u64,
        /// What is done about it.
        #[serde(default)]
        step: StallStep,
        /// What it seemed to be at: `waits for a tool: Bash`, `waits for quota`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doing: Option<String>,
    },
    /// A failed attempt will be followed by another.
    AttemptRetrying {
        /// The task.
        task: String,
        /// The attempt that failed.
        attempt: u32,
        /// What it came to.
        result: AttemptResult,
        /// What kind of failure it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<FailureClass>,
        /// In one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Until the next one may start.
        delay_ms: u64,
        /// How many attempts in a row have met this failure.
        #[serde(default, skip_serializing_if = "is_zero")]
        same: u32,
        /// The next one takes another way than the ones before: it begins anew, with the next agent where there is one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        different: bool,
    },
    /// A marker: how far it is.
    Progress {
        /// The task, or the marker's id where tasks are unknown.
        task: String,
        /// The attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// 0 to 100; absent when the marker had none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
        /// The percentage in the agent's own words, when it is not that: `150%`, `45 %`, or less than before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
        /// What it said.
        text: String,
    },
    /// A marker: the agent says it is done.
    Done {
        /// The task, or the marker's id where tasks are unknown.
        task: String,
        /// The attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// What it did.
        text: String,
    },
    /// A marker: the agent cannot go on.
    Error {
        /// The task, or the marker's id where tasks are unknown.
        task: String,
        /// The attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// Why.
        text: String,
    },
    /// A marker: the agent needs a decision.
    Question {
        /// The task, or the marker's id where tasks are unknown.
        task: String,
        /// The attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// What it asks.
        text: String,
    },
    /// A marker of an id that whoever printed it does not own: it counts as nothing else.
    MarkerSpoofed {
        /// The id that it named.
        task: String,
        /// `progress`, `done`, `error` or `question`.
        marker: String,
        /// What it said.
        text: String,
        /// The id, or the source, that it should have been; absent when nobody owns it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
    /// What an agent is at, by other signs than its markers.
    Activity {
        /// The task, or the id that the source is known by; absent when it is known by none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// What it is at.
        state: ActivityState,
        /// By which sign: `output`, `clock`, `prompt`, `osc-9-4`, `osc-133` or `process`.
        sign: String,
        /// How far it is, as its terminal shows it: 0 to 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
        /// For how long it has printed nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent_ms: Option<u64>,
        /// The known prompt that it waits at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt: Option<String>,
        /// The line that says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Of what has exited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
    },
    /// A person answers the open question of a task.
    Answer {
        /// The task.
        task: String,
        /// The answer.
        text: String,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A person tells a task something.
    Steering {
        /// The task.
        task: String,
        /// What.
        text: String,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The agent said something worth keeping.
    Message {
        /// The task.
        task: String,
        /// The attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// The pattern that found it (`marker-watch --pattern`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// What.
        text: String,
    },
    /// The task's gates are being run.
    GateStarted {
        /// The task.
        task: String,
        /// The attempt whose work they judge.
        attempt: u32,
    },
    /// The task's gates have answered.
    GateFinished {
        /// The task.
        task: String,
        /// The attempt whose work they judged.
        attempt: u32,
        /// The answer.
        verdict: VerdictWord,
        /// The first reason in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// How many findings, by severity.
        #[serde(default)]
        findings: FindingCounts,
        /// The verdict document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict_file: Option<String>,
        /// Digest of what was found: the same one again says that nothing was mended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
    },
    /// The gates did not pass: the next attempt gets their findings.
    FixRequested {
        /// The task.
        task: String,
        /// The attempt whose work did not pass.
        attempt: u32,
        /// Counts from 1.
        fix: u32,
        /// How many there may be.
        limit: u32,
        /// What kind of check it was: `test`, `build`, or absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<FailureClass>,
        /// The first reason in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The same was found before: the next attempt takes another way.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        different: bool,
        /// The work had passed, and could not be merged: this fix is one beyond the limit, and the only one of its kind.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        merge: bool,
    },
    /// A worktree was made, or an earlier one taken up.
    WorkspaceCreated {
        /// The task.
        task: String,
        /// Where, an absolute path.
        path: String,
        /// Its branch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// The branch that its work is to reach.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// The commit that it began from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        /// The repository that it belongs to, an absolute path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repository: Option<String>,
    },
    /// A worktree was removed; its work is durable.
    WorkspaceRemoved {
        /// The task.
        task: String,
        /// Where it was.
        path: String,
    },
    /// Work was committed.
    CommitCreated {
        /// The task.
        task: String,
        /// The attempt that it was found after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// Its id.
        commit: String,
        /// Its subject.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The dispatcher made it, of what the agent had left uncommitted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        leftovers: bool,
    },
    /// Work that has passed is about to be merged.
    MergeStarted {
        /// The task.
        task: String,
        /// The attempt whose work it is.
        attempt: u32,
    },
    /// A branch was merged into the target, or is there already.
    MergeFinished {
        /// The task.
        task: String,
        /// The branch.
        branch: String,
        /// The target's new tip.
        commit: String,
        /// The target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// `merge`, `cherry-pick`, `squash`, `rebase`; `already` when it was there, `empty` when there was nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        how: Option<String>,
        /// The tip of the branch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<String>,
    },
    /// A branch could not be merged.
    MergeConflict {
        /// The task.
        task: String,
        /// The branch.
        branch: String,
        /// The files in conflict.
        #[serde(default)]
        files: Vec<String>,
        /// The target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// In one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What was found, as a verdict document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict_file: Option<String>,
    },
    /// A merge was not kept: what came of it did not pass, or could not be checked.
    MergeReverted {
        /// The task.
        task: String,
        /// The branch.
        branch: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// What was found, as a verdict document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict_file: Option<String>,
    },
    /// Everything before a checkpoint is settled: a person must look.
    CheckpointReached {
        /// Its name: the phase's id.
        checkpoint: String,
        /// `phase`, `quality_gate`, `decision` or `manual`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What is put before the person at a checkpoint: this is what they approve.
    CheckpointShown {
        /// The checkpoint.
        checkpoint: String,
        /// Files, as they were then.
        #[serde(default)]
        artifacts: Vec<Artifact>,
        /// Of all of them.
        #[serde(default)]
        digest: String,
        /// RFC 3339: an approval must come before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// The run was held for it, and goes on when it is approved.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        holds: bool,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// What the person should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A person lets the run, or a task with a manual gate, go on.
    CheckpointApproved {
        /// The checkpoint, or the task.
        checkpoint: String,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A person wants changes first.
    CheckpointRejected {
        /// The checkpoint, or the task.
        checkpoint: String,
        /// What must change.
        reason: String,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// `scope_change`, `quality_issue`, `design_issue`, `missing_item` or `other`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
    },
    /// Something was decided, or is to be: an open one is closed by one with the same name.
    Decision {
        /// What.
        text: String,
        /// Its name; absent for one that was never open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<String>,
        /// Somebody is to decide.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        open: bool,
        /// What there is to choose from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<String>,
        /// What is taken when nobody decides in time, at level 2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suggested: Option<String>,
        /// RFC 3339: then the suggestion is taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// 0 to 4.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<u8>,
        /// The task that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Nothing is started on a route until it is released.
    QuotaHold {
        /// Agent, provider and model.
        route: String,
        /// RFC 3339; absent when a person must act first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// `quota`, `auth` or `billing`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<FailureClass>,
        /// In the agent's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The task that met it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },
    /// A route is free again.
    QuotaReleased {
        /// Agent, provider and model.
        route: String,
        /// Who, when it was not time alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Nothing more is started: it would cost too much.
    BudgetExceeded {
        /// The limit's name: `maxCostUsd` or `maxTokens`.
        limit: String,
        /// What has been spent, in the limit's unit; with what is estimated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<f64>,
        /// What may be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        /// The task, when it is a task's own limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },
    /// A named lock was taken, or prolonged by who has it.
    LockAcquired {
        /// Its name.
        lock: String,
        /// Who.
        owner: String,
        /// RFC 3339.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
        /// The process with whose end the lock ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        /// When the process began, in the words of its machine: another process may get its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process_start: Option<String>,
        /// The machine of the process.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// The `seq` of the record by which it was taken; absent when it is taken now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renews: Option<u64>,
        /// Who had it and lost it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Why they lost it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A named lock was given back.
    LockReleased {
        /// Its name.
        lock: String,
        /// Who.
        owner: String,
    },
    /// An event of the run's state machine, or a control event (`cancel`, `hold`, `release`, `retry`, `skip`).
    StateTransition {
        /// The event's name.
        event: String,
        /// The task, for events about one task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// Status of the run before; absent for events that leave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Status of the run after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something that a reader of the log should know.
    Note {
        /// What.
        text: String,
        /// The task that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },
    /// The first line of a journal whose older records are in an archive. It stands for all of them up to its own `seq`, and
    /// has the `seq` and `time` of the last of them.
    Compacted {
        /// The archive's name, in the run directory.
        archive: String,
        /// What the records up to there add up to.
        state: Box<State>,
    },
    /// A type that this version does not know: kept, not understood.
    #[serde(other)]
    Unknown,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Body {
    /// The task that it is about, when it is about one.
    pub fn task(&self) -> Option<&str> {
        match self {
            Body::TaskReady { task, .. }
            | Body::TaskSettled { task, .. }
            | Body::AttemptStarted { task, .. }
            | Body::AttemptSession { task, .. }
            | Body::AttemptFinished { task, .. }
            | Body::AttemptStalled { task, .. }
            | Body::AttemptRetrying { task, .. }
            | Body::Progress { task, .. }
            | Body::Done { task, .. }
            | Body::Error { task, .. }
            | Body::Question { task, .. }
            | Body::MarkerSpoofed { task, .. }
            | Body::Answer { task, .. }
            | Body::Steering { task, .. }
            | Body::Message { task, .. }
            | Body::GateStarted { task, .. }
            | Body::GateFinished { task, .. }
            | Body::FixRequested { task, .. }
            | Body::WorkspaceCreated { task, .. }
            | Body::WorkspaceRemoved { task, .. }
            | Body::CommitCreated { task, .. }
            | Body::MergeFinished { task, .. }
            | Body::MergeConflict { task, .. }
            | Body::MergeReverted { task, .. } => Some(task),
            Body::Activity { task, .. }
            | Body::Decision { task, .. }
            | Body::BudgetExceeded { task, .. }
            | Body::QuotaHold { task, .. }
            | Body::StateTransition { task, .. }
            | Body::Note { task, .. } => task.as_deref(),
            _ => None,
        }
    }

    /// Its type as the wire names it.
    pub fn kind(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            _ => String::new(),
        }
    }
}
