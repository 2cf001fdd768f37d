//! A repository with branches to merge, and what must hold of it after every run of `scripts/fan-in`.

use std::path::Path;

use e2e::{Ran, Running, Sandbox};

/// A repository `repo` in a sandbox, with `main` checked out.
pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    script: String,
}

impl Ground {
    /// One commit on `main`: the files `a` and `b`, three lines each.
    pub(crate) fn new() -> Ground {
        let mut sandbox = Sandbox::new();
        let tmp = sandbox.path().join("tmp");
        std::fs::create_dir(&tmp).expect("folders can be made in the sandbox");
        sandbox.env("TMPDIR", &tmp.display().to_string());
        sandbox.env("GIT_CONFIG_NOSYSTEM", "1");
        sandbox.write(
            ".gitconfig",
            "[user]\n\tname = Tess\n\temail = tess@example.org\n[init]\n\tdefaultBranch = main\n",
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/fan-in");
        let ground = Ground {
            sandbox,
            script: script.display().to_string(),
        };
        ground.sandbox.sh("git init -q repo").expect(0);
        ground.sh("printf '1\\n2\\n3\\n' | tee a >b; git add .; git commit -qm base");
        ground
    }

    /// `main` and for each name a branch that adds a file of that name.
    pub(crate) fn with(names: &[&str]) -> Ground {
        let ground = Ground::new();
        for name in names {
            ground.branch(
                name,
                &format!("echo {name} >{name}.txt; commit 'add {name}'"),
            );
        }
        ground
    }

    /// A line of bash in the repository, which must succeed: its stdout without the last newline.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> String {
        let commit = "commit() { git add -A && git commit -q --allow-empty -m \"$1\"; }";
        let line = format!("set -e; cd repo; {commit}; {line}");
        self.sandbox
            .sh(&line)
            .expect(0)
            .stdout
            .trim_end()
            .to_owned()
    }

    /// A branch from `main` on which `line` was run.
    #[track_caller]
    pub(crate) fn branch(&self, name: &str, line: &str) {
        self.sh(&format!(
            "git checkout -q -b {name} main; {line}; git checkout -q main"
        ));
    }

    /// Runs the script in the repository.
    #[track_caller]
    pub(crate) fn fan_in(&self, arguments: &str) -> Ran {
        self.start(arguments).wait()
    }

    /// Starts the script in the repository, as a process that can be killed.
    pub(crate) fn start(&self, arguments: &str) -> Running<'_> {
        let line = format!("cd repo; exec {} {arguments}", self.script);
        self.sandbox.start(&line)
    }

    /// The commit of a branch.
    #[track_caller]
    pub(crate) fn tip(&self, name: &str) -> String {
        self.sh(&format!("git rev-parse --verify refs/heads/{name}"))
    }

    /// The subjects along the first parents of `main`, oldest first, without the first commit.
    #[track_caller]
    pub(crate) fn story(&self) -> Vec<String> {
        let subjects = self.sh("git log --first-parent --reverse --format=%s main");
        subjects.lines().skip(1).map(str::to_owned).collect()
    }

    /// Branch and result of each row of the table.
    pub(crate) fn results(ran: &Ran) -> Vec<(String, String)> {
        let row = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some((words.next()?, words.next()?))
        };
        ran.stdout.lines().skip(1).filter_map(row).collect()
    }

    /// Nothing is left of a run but what it merged.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        let worktrees = self.sh("git worktree list --porcelain | grep ^worktree");
        assert!(!worktrees.contains("/fan-in."), "{worktrees}");
        assert_eq!(self.sh("ls -A \"$TMPDIR\""), "");
        assert_eq!(self.sh("git status --porcelain --untracked-files=no"), "");
        assert_eq!(self.sh("find .git -name '*.lock'"), "");
        self.sh("git fsck --no-dangling --no-progress");
    }
}

/// `(branch, result)` as [`Ground::results`] gives them.
pub(crate) fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    rows.iter().map(owned).collect()
}
