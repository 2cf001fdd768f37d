//! Every recorded stream, against what was written down by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemas::stream::{Dialect, Reset};

use super::{Whole, hear};

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if path.is_dir() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a test says why it tests nothing")]
    {
        eprintln!("skipped: {} is not there", path.display());
    }
    None
}

fn row(heard: &Whole) -> String {
    let session = if heard.report.session.is_some() {
        "s"
    } else {
        "-"
    };
    let refused = if heard.report.refused_tool { "\tr" } else { "" };
    let (outcome, tokens, class) = (heard.outcome(), heard.tokens(), heard.class());
    format!(
        "{session}\t{outcome}\t{tokens}\t{class}\t{}{refused}",
        heard.done()
    )
}

/// Also in small pieces: the same comes out.
fn read(dialect: Dialect, path: &Path) -> Whole {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let whole = hear(dialect, [&bytes[..]]);
    for size in [1, 61, 4099] {
        assert_eq!(
            hear(dialect, bytes.chunks(size)),
            whole,
            "{} by {size}",
            path.display()
        );
    }
    whole
}

fn streams(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let entries = entries.flatten().map(|entry| entry.path());
    let name = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        Some(name.strip_suffix(".stdout.jsonl")?.to_owned())
    };
    entries
        .filter_map(|path| Some((name(&path)?, path)))
        .collect()
}

#[test]
fn every_recorded_scenario_is_understood() {
    let Some(corpus) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut left: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut here = (String::new(), Dialect::Text);
    let table = include_str!("recorded.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    for line in table {
        let (name, expected) = line.split_once('\t').unwrap();
        if let Ok(dialect) = expected.parse() {
            assert!(left.is_empty(), "no row for {left:?}");
            here = (name.to_owned(), dialect);
            left = streams(&corpus.join("agent-streams-recorded").join(name));
            continue;
        }
        let path = left
            .remove(name)
            .unwrap_or_else(|| panic!("{}: no {name}", here.0));
        let found = row(&read(here.1, &path));
        if found != expected {
            wrong.push(format!("{}/{name}: {found:?}, not {expected:?}", here.0));
        }
    }
    assert!(left.is_empty(), "no row for {left:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn streams_from_the_field_are_understood() {
    let Some(corpus) = corpus() else { return };
    let table = [
        (
            "agent-tools-org__ai-dispatch__commandcode-result-max-turns",
            "claude",
            "s\tno\t27634/129/5760\tlimit\t0",
        ),
        (
            "agent-tools-org__ai-dispatch__cursor-exit0-success",
            "claude",
            "s\tok\t2046747/27463/1723648\t-\t0",
        ),
        (
            "agent-tools-org__ai-dispatch__opencode-error-envelope",
            "opencode",
            "s\tno\t23556/59/128\texternal\t0",
        ),
        (
            "agent-tools-org__ai-dispatch__qwen-exit0-api-error",
            "claude",
            "s\tno\t0/0/0\tauth\t0",
        ),
        (
            "agent-tools-org__ai-dispatch__stream-result-is-error-true",
            "claude",
            "s\tno\t0/0/-\tauth\t0",
        ),
        (
            "hoidn__agent-orchestration__codex-0.145.0-success",
            "codex",
            "s\tok\t16911/5/13056\t-\t0",
        ),
        (
            "jnarowski__agentcmd__codex-stream-output-multi-1",
            "codex",
            "s\t-\t-/-/-\t-\t0",
        ),
        (
            "mikeyobrien__ralph-orchestrator__claude_stream_peak",
            "claude",
            "-\tok\t-/-/-\t-\t0",
        ),
    ];
    for (name, dialect, expected) in table {
        let path = corpus.join(format!("agent-streams/{name}.jsonl"));
        assert_eq!(
            row(&read(dialect.parse().unwrap(), &path)),
            expected,
            "{name}"
        );
    }
    let path =
        corpus.join("agent-streams/agent-tools-org__ai-dispatch__opencode-exit0-success.jsonl");
    let heard = read(Dialect::Opencode, &path);
    assert_eq!(
        (heard.outcome(), heard.report.cost_usd.is_some()),
        ("ok", true)
    );
    for number in 1..=5 {
        let name = format!("agent-streams/jnarowski__agentcmd__codex-stream-output-{number}.jsonl");
        let heard = read(Dialect::Codex, &corpus.join(name));
        assert_eq!((heard.outcome(), heard.report.open_tools.len()), ("ok", 0));
    }
}

#[test]
fn what_a_row_cannot_say() {
    let Some(corpus) = corpus() else { return };
    let read = |dialect, name: &str| {
        let name = format!("agent-streams-recorded/{name}.stdout.jsonl");
        read(dialect, &corpus.join(name))
    };
    let reset = |heard: &Whole| {
        heard
            .report
            .error
            .as_ref()
            .and_then(|error| error.reset.clone())
    };

    let heard = read(Dialect::Claude, "claude-2.1.329/x_rl_rejected");
    assert_eq!(reset(&heard), Some(Reset::At(1_795_300_000)));
    let heard = read(Dialect::Codex, "codex-0.169.0/x_usage_limit");
    assert_eq!(reset(&heard), Some(Reset::Clock("10:26 PM".to_owned())));
    let heard = read(Dialect::Opencode, "opencode-1.18.33/c_429");
    assert_eq!(reset(&heard), Some(Reset::In(2)));

    // A follow-up whose total counts the run before it, too.
    let heard = read(Dialect::Claude, "claude-2.1.329/f_follow_cwd.2");
    assert_eq!(heard.report.cost_usd, Some(0.00168));
    assert!(
        read(Dialect::Codex, "codex-0.169.0/f_follow.2")
            .report
            .usage_is_cumulative
    );
    assert!(
        read(Dialect::Claude, "qwen-0.24.4/f_follow")
            .report
            .usage_is_cumulative
    );

    // Killed while a tool ran.
    for (dialect, name) in [
        (Dialect::Claude, "claude-2.1.329/e_tool_killg"),
        (Dialect::Claude, "qwen-0.24.4/e_tool_killg"),
        (Dialect::Codex, "codex-0.169.0/e_tool_kill"),
        (Dialect::Gemini, "gemini-0.61.0/e_tool_kill"),
        (Dialect::Copilot, "copilot-1.0.102/e_tool_killg"),
    ] {
        assert_eq!(read(dialect, name).report.open_tools.len(), 1, "{name}");
    }
    // Of a program that says nothing of the cost, and one that waits to try again.
    let heard = read(Dialect::Aider, "aider-0.86.2/a_tool");
    assert_eq!(heard.report.cost_usd, None);
    assert_eq!(heard.report.model.as_deref(), Some("openai/stub-model"));
    let path = corpus.join("agent-streams-recorded/aider-0.86.2/c_429.stdout.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let tried = text.split_inclusive("Retrying in 0.5 seconds...\n").next();
    let waiting = hear(Dialect::Aider, [tried.unwrap().as_bytes()]).report;
    assert!(waiting.retrying.is_some() && waiting.error.is_none() && !waiting.saw_result);
}
