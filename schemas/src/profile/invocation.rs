//! How an agent's program is called: the argv of its profile with everything filled in.

use super::Profile;

/// Longest prompt that travels as an element of argv, in bytes: the kernel takes at most 128 KiB in one.
const LONGEST_ARGUMENT: usize = 100 << 10;

/// What the argv of a profile is filled in with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Invocation<'a> {
    /// What the agent is told.
    pub prompt: &'a str,
    /// The same in a file.
    pub prompt_file: &'a str,
    /// The session that goes on.
    pub session: Option<&'a str>,
    /// The name of one that begins, where it is given one.
    pub new_session: Option<&'a str>,
    /// The model, where one is asked for.
    pub model: Option<&'a str>,
    /// The autonomy level, 0 (acts alone) to 4 (a person does it).
    pub level: u8,
    /// It is to change nothing.
    pub read_only: bool,
}

impl Profile {
    /// Variables that running agents set for their children: an agent that finds one takes itself for a part of another.
    pub const NESTING: [&'static str; 10] = [
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_SSE_PORT",
        "CODEX_SANDBOX",
        "CODEX_SANDBOX_NETWORK_DISABLED",
        "CURSOR_AGENT",
        "GEMINI_CLI",
        "GOOSE_TERMINAL",
        "OPENCODE",
        "QWEN_CODE",
    ];

    /// The argv for this invocation; that for a follow-up where a session goes on. An element that asks for what is not
    /// there falls away, and with it the flag before it.
    pub fn argv(&self, invocation: &Invocation<'_>) -> Vec<String> {
        let follow_up = invocation.session.and(self.follow_up.as_ref());
        let mut argv: Vec<String> = Vec::new();
        for word in follow_up.unwrap_or(&self.argv) {
            if word == "{autonomy}" {
                argv.extend_from_slice(
                    self.permissions_for(invocation.level, invocation.read_only),
                );
                continue;
            }
            match fill(word, invocation) {
                Some(word) => argv.push(word),
                None => {
                    // `--model {model}` are two elements, `--model={model}` is one.
                    let is_value = word.starts_with('{') && argv.len() > 1;
                    if is_value && argv.last().is_some_and(|flag| flag.starts_with('-')) {
                        argv.pop();
                    }
                }
            }
        }
        argv
    }

    /// The flags that say what the agent may do without asking: those of the level, or of the next stricter one that is
    /// given.
    pub fn permissions_for(&self, level: u8, read_only: bool) -> &[String] {
        if read_only && !self.read_only.is_empty() {
            return &self.read_only;
        }
        let stricter = self.autonomy.range(level..).next();
        let flags = stricter.or_else(|| self.autonomy.range(..level).next_back());
        flags.map_or(&[], |(_, flags)| flags)
    }
}

fn fill(word: &str, invocation: &Invocation<'_>) -> Option<String> {
    if word == "{prompt}" {
        let file = invocation.prompt_file;
        return Some(match invocation.prompt.len() <= LONGEST_ARGUMENT {
            true => invocation.prompt.to_owned(),
            false => format!("Read your task from the file {file} and do what it says."),
        });
    }
    let values = [
        ("{model}", invocation.model),
        ("{session}", invocation.session),
        ("{newSession}", invocation.new_session),
        ("{promptFile}", Some(invocation.prompt_file)),
    ];
    // One after the other in the template, never in what was filled in.
    for (name, value) in values {
        if let Some((before, after)) = word.split_once(name) {
            return Some(format!("{before}{}{after}", value?));
        }
    }
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(words: &[&str]) -> Profile {
        Profile {
            argv: words.iter().map(|word| (*word).to_owned()).collect(),
            ..Profile::default()
        }
    }

    fn with(prompt: &str) -> Invocation<'_> {
        Invocation {
            prompt,
            prompt_file: "/f",
            new_session: Some("new"),
            ..Invocation::default()
        }
    }

    #[test]
    fn a_model_flag_falls_away_with_its_value() {
        let profile = profile(&["agent", "--model", "{model}", "-p"]);
        assert_eq!(profile.argv(&with("do")), ["agent", "-p"]);
        let named = Invocation {
            model: Some("m1"),
            ..with("do")
        };
        assert_eq!(profile.argv(&named), ["agent", "--model", "m1", "-p"]);
        let profile = self::profile(&["agent", "-p", "--model={model}"]);
        assert_eq!(profile.argv(&with("do")), ["agent", "-p"]);
    }

    #[test]
    fn a_prompt_is_one_element_and_a_huge_one_travels_as_a_file() {
        let profile = profile(&["agent", "{prompt}"]);
        assert_eq!(
            profile.argv(&with("a b; rm '{model}'")),
            ["agent", "a b; rm '{model}'"]
        );
        let argv = profile.argv(&with(&"x".repeat(200 << 10)));
        assert!(argv[1].len() < 200 && argv[1].contains("/f"));
    }

    #[test]
    fn a_session_is_taken_up_by_the_argv_for_that() {
        let mut profile = profile(&["agent", "--id={newSession}"]);
        assert_eq!(profile.argv(&with("do")), ["agent", "--id=new"]);
        let follow_up = ["agent", "--resume", "{session}"];
        profile.follow_up = Some(follow_up.map(str::to_owned).to_vec());
        let goes_on = Invocation {
            session: Some("{model}"),
            ..with("do")
        };
        assert_eq!(profile.argv(&goes_on), ["agent", "--resume", "{model}"]);
    }

    #[test]
    fn the_flags_are_those_of_the_next_stricter_level() {
        let mut profile = profile(&["agent", "{autonomy}", "go"]);
        let flags = |flag: &str| vec![flag.to_owned()];
        profile.autonomy = [(2, flags("--yes")), (4, flags("--plan"))].into();
        profile.read_only = flags("--look");
        let argv = |level, read_only| {
            profile.argv(&Invocation {
                level,
                read_only,
                ..with("do")
            })
        };
        for (level, flag) in [(0, "--yes"), (2, "--yes"), (3, "--plan"), (4, "--plan")] {
            assert_eq!(argv(level, false), ["agent", flag, "go"], "{level}");
        }
        assert_eq!(argv(0, true), ["agent", "--look", "go"]);
    }
}
