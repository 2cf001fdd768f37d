//! A repository, a plan of isolated tasks, agents that are lines of bash; and what must hold of them after every run.

use e2e::{Ran, Running, Sandbox};
use serde_json::{Value, json};

/// A repository `my repo` in a sandbox, with `main` checked out and clean.
pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    pub(crate) plan: Value,
    flags: String,
}

impl Ground {
    /// One commit on `main`: the files `a` and `b`, three lines each.
    pub(crate) fn new() -> Ground {
        let mut sandbox = Sandbox::new();
        sandbox.env("GIT_CONFIG_NOSYSTEM", "1");
        sandbox.write(
            ".gitconfig",
            "[user]\n\tname = Tess\n\temail = tess@example.org\n[init]\n\tdefaultBranch = main\n\
             [core]\n\tfsync = none\n[protocol \"file\"]\n\tallow = always\n",
        );
        // The lines of a task are run in its worktree, and whatever fails in them fails the attempt.
        sandbox.write(
            "agent",
            "set -e\ncommit() { git add -A && git commit -q --allow-empty -m \"$1\"; }\n\
             reach() { touch \"$HOME/$1\"; }\nawait() { until test -e \"$HOME/$1\"; do sleep 0.03; done; }\n\
             cat >\"$HOME/prompt-$TASK_ID-$ATTEMPT\"\n. \"$HOME/agents/$TASK_ID\"\necho worked\n",
        );
        let plan = json!({
            "planId": "p",
            "summary": "A plan for a test",
            "createdAt": "2026-01-01T00:00:00Z",
            "projects": [{"name": "app", "path": "./my repo"}],
            "tasks": [],
        });
        let ground = Ground {
            sandbox,
            plan,
            flags: String::new(),
        };
        ground.sandbox.sh("git init -q 'my repo'").expect(0);
        ground.sh("printf '1\\n2\\n3\\n' | tee a >b; git add .; git commit -qm base");
        ground
    }

    /// Flags beside or instead of the usual ones.
    pub(crate) fn flags(mut self, flags: &str) -> Ground {
        self.flags = flags.to_owned();
        self
    }

    fn all_flags(&self) -> String {
        let usual = [
            "--isolate worktree",
            "--retries 0",
            "--fix-limit 0",
            "--jobs 4",
        ];
        let own = &self.flags;
        let usual = usual
            .iter()
            .filter(|flag| !own.contains(flag.split(' ').next().unwrap_or_default()));
        let usual = usual.copied().collect::<Vec<_>>().join(" ");
        format!("{usual} --backoff 1ms {own}")
    }

    /// A task whose agent runs lines of bash in its worktree.
    pub(crate) fn task(mut self, id: &str, depends_on: &[&str], lines: &str) -> Ground {
        self.sandbox.write(&format!("agents/{id}"), lines);
        let task = json!({
            "id": id,
            "title": format!("Do {id}"),
            "description": format!("Do what {id} is there for, and nothing else, so that its dependents can go on."),
            "dependsOn": depends_on,
            "complexity": "low",
            "estimatedMinutes": 5,
            "project": "app",
        });
        self.tasks().push(task);
        self
    }

    /// The tasks so far.
    pub(crate) fn tasks(&mut self) -> &mut Vec<Value> {
        let tasks = self.plan["tasks"].as_array_mut();
        tasks.expect("a plan has tasks")
    }

    /// All tasks work in a second repository, too: `other`, with the file `o`; agents know their worktree there as `$OTHER`.
    pub(crate) fn with_other(mut self) -> Ground {
        let line = "git init -q other; cd other; echo o >o; git add o; git commit -qm base; cd ..
                    echo 'OTHER=$HOME/other-worktrees/p/$TASK_ID' | cat - agent >both; mv both agent";
        self.sandbox.sh(line).expect(0);
        let projects = self.plan["projects"].as_array_mut();
        let projects = projects.expect("a plan has projects");
        projects.push(json!({"name": "other", "path": "./other"}));
        for task in self.tasks() {
            task["projects"] = json!(["app", "other"]);
        }
        self
    }

    /// Gates of the integrated state.
    pub(crate) fn before_merge(mut self, command: &str) -> Ground {
        self.plan["gates"]["before_merge"] = json!([{"name": "integrated", "command": command}]);
        self
    }

    /// Gates of the last task.
    pub(crate) fn gate(mut self, command: &str) -> Ground {
        let task = self.tasks().last_mut().expect("a task to gate");
        task["gates"] = json!([{"name": "own", "command": command}]);
        self
    }

    /// How worktrees are made ready.
    pub(crate) fn workspace(mut self, workspace: Value) -> Ground {
        self.plan["workspace"] = workspace;
        self
    }

    /// A line of bash in the repository, which must succeed: its stdout without the last newline.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> String {
        let commit = "commit() { git add -A && git commit -q --allow-empty -m \"$1\"; }";
        let line = format!("set -e; cd 'my repo'; {commit}; {line}");
        let ran = self.sandbox.sh(&line).expect(0);
        ran.stdout.trim_end().to_owned()
    }

    /// Dispatches the plan to its end.
    #[track_caller]
    pub(crate) fn run(&self) -> Ran {
        self.start().wait()
    }

    /// Starts to dispatch the plan, as a process that can be killed.
    pub(crate) fn start(&self) -> Running<'_> {
        self.start_with("")
    }

    /// The same with a line of bash before.
    pub(crate) fn start_with(&self, before: &str) -> Running<'_> {
        self.sandbox.write("plan.json", &self.plan.to_string());
        let stages = "plan-validate --quiet plan.json | plan-schedule --quiet >schedule.json";
        self.sandbox.sh(stages).expect(0);
        let flags = self.all_flags();
        let line = format!(
            "{before}\nexec agent-dispatch --view none {flags} --done exit schedule.json -- bash \"$HOME/agent\""
        );
        self.sandbox.start(&line)
    }

    /// The outcome of a task; empty when it has none.
    #[track_caller]
    pub(crate) fn outcome(&self, task: &str) -> String {
        let state = self.sandbox.json(".orchestrate/state.json");
        let outcome = &state["tasks"][task]["outcome"];
        outcome.as_str().unwrap_or_default().to_owned()
    }

    /// Why a task has the outcome that it has.
    #[track_caller]
    pub(crate) fn reason(&self, task: &str) -> String {
        let state = self.sandbox.json(".orchestrate/state.json");
        let reason = &state["tasks"][task]["reason"];
        reason.as_str().unwrap_or_default().to_owned()
    }

    /// Every record of the journal.
    #[track_caller]
    pub(crate) fn journal(&self) -> Vec<Value> {
        let text = self.sandbox.read(".orchestrate/journal.ndjson");
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("a record")).collect()
    }

    /// The texts of notes.
    #[track_caller]
    pub(crate) fn notes(&self) -> String {
        let journal = self.journal();
        let notes = journal.iter().filter_map(|record| record["text"].as_str());
        notes.collect::<Vec<_>>().join("\n")
    }

    /// A commit.
    #[track_caller]
    pub(crate) fn tip(&self, name: &str) -> String {
        self.sh(&format!("git rev-parse --verify '{name}^{{commit}}'"))
    }

    /// The tasks that are in the target, in the order in which they came.
    #[track_caller]
    pub(crate) fn merged(&self) -> Vec<String> {
        let journal = self.journal();
        let merges = journal
            .iter()
            .filter(|record| record["type"] == "merge-finished");
        let tasks = merges.filter_map(|record| Some(record["task"].as_str()?.to_owned()));
        tasks.collect()
    }

    /// The files of the target.
    #[track_caller]
    pub(crate) fn files(&self) -> String {
        let names = self.sh("git ls-tree -r --name-only orchestrate/p");
        names.replace('\n', " ")
    }

    /// A file of the target.
    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> String {
        self.sh(&format!("git show 'orchestrate/p:{name}'"))
    }

    /// Nothing is left of the run but its target, what was kept on purpose, and a checkout as it was.
    #[track_caller]
    pub(crate) fn assert_tidy(&self, kept: &[&str]) {
        let folders = "cd ../'my repo-worktrees/p' 2>/dev/null && ls -A || true";
        assert_eq!(self.sh(folders), kept.join("\n"), "worktrees");
        self.assert_tidy_but_for(kept);
    }

    /// The same where some of these may never have had a worktree.
    #[track_caller]
    pub(crate) fn assert_tidy_but_for(&self, kept: &[&str]) {
        let folders = self.sh("cd ../'my repo-worktrees/p' 2>/dev/null && ls -A || true");
        let odd = folders.lines().find(|name| !kept.contains(name));
        assert_eq!(odd, None, "worktrees");
        let known = self.sh("git worktree list --porcelain | grep -c '^worktree '");
        let expected = (1 + folders.lines().count()).to_string();
        assert_eq!(known, expected, "worktrees that git knows");
        assert_eq!(self.sh("git symbolic-ref HEAD"), "refs/heads/main");
        assert_eq!(self.sh("git status --porcelain"), "", "the user's checkout");
        let locks = "find .git -name '*.lock' ! -name orchestrate.lock";
        assert_eq!(self.sh(locks), "");
        assert_eq!(self.sh("git for-each-ref refs/orchestrate/staging"), "");
        self.sh("git fsck --no-dangling --no-progress 2>&1");
    }
}
