//! `--deny`, `--warn` and `--allow`: how much each rule matters in this run.

use std::collections::BTreeMap;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use schemas::{Problem, Severity};

use crate::catalogue::{Rule, Weight};

/// What a rule was set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Deny,
    Warn,
    Allow,
}

/// A rule by code or number, or all that warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Rule(&'static Rule),
    Warnings,
}

/// How much each rule matters. As with compilers: of several settings of one rule the last counts, and `warnings` means
/// what is still a warning then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Levels {
    of: BTreeMap<&'static str, Level>,
    of_warnings: Option<Level>,
}

impl Levels {
    /// Every warning is an error.
    pub(crate) fn deny_warnings(&mut self) {
        self.of_warnings = Some(Level::Deny);
    }

    /// The same, but this rule only where it was asked for.
    #[must_use]
    pub(crate) fn unless_asked(&self, code: &'static str) -> Levels {
        let mut levels = self.clone();
        levels.of.entry(code).or_insert(Level::Allow);
        levels
    }

    /// The problem with its severity in this run; `None` when it is silenced.
    pub(crate) fn apply(&self, mut problem: Problem) -> Option<Problem> {
        match self.of.get(problem.code.as_str()) {
            Some(Level::Allow) => return None,
            Some(Level::Warn) => problem.severity = Severity::Warning,
            Some(Level::Deny) => problem.severity = Severity::Error,
            None => {}
        }
        if problem.severity == Severity::Warning {
            match self.of_warnings {
                Some(Level::Allow) => return None,
                Some(Level::Deny) => problem.severity = Severity::Error,
                Some(Level::Warn) | None => {}
            }
        }
        Some(problem)
    }

    /// Whether nothing that this rule may find would be told.
    pub(crate) fn silences(&self, code: &str) -> bool {
        match self.of.get(code) {
            Some(level) => *level == Level::Allow,
            None => {
                let warns = Rule::find(code).is_some_and(|rule| rule.weight == Weight::Warning);
                warns && self.of_warnings == Some(Level::Allow)
            }
        }
    }

    fn set(&mut self, name: Name, level: Level) {
        match name {
            Name::Rule(rule) => drop(self.of.insert(rule.code, level)),
            Name::Warnings => self.of_warnings = Some(level),
        }
    }
}

const FLAGS: [(&str, Level, &str, &str); 3] = [
    (
        "deny",
        Level::Deny,
        "Treat what these rules find as errors",
        "By code or number, several with commas; `warnings` is all that warns. Of several settings of a rule the last counts",
    ),
    (
        "warn",
        Level::Warn,
        "Treat what these rules find as warnings",
        "Errors of the form (syntax, schema) stay errors",
    ),
    (
        "allow",
        Level::Allow,
        "Do not report what these rules find",
        "Errors of the form (syntax, schema) are always reported",
    ),
];

impl Args for Levels {
    fn augment_args(command: Command) -> Command {
        FLAGS
            .iter()
            .fold(command, |command, (flag, level, help, more)| {
                let level = *level;
                command.arg(
                    Arg::new(*flag)
                        .long(*flag)
                        .value_name("RULE")
                        .help(*help)
                        .long_help(format!("{help}\n\n{more}"))
                        .value_delimiter(',')
                        .action(ArgAction::Append)
                        .value_parser(ValueParser::from(move |text: &str| name(text, level))),
                )
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Levels::augment_args(command)
    }
}

impl FromArgMatches for Levels {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Levels, clap::Error> {
        let mut levels = Levels::default();
        levels.update_from_arg_matches(matches)?;
        Ok(levels)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let mut settings: Vec<(usize, Name, Level)> = Vec::new();
        for (flag, level, ..) in FLAGS {
            let places = matches.indices_of(flag).into_iter().flatten();
            let names = matches.get_many::<Name>(flag).into_iter().flatten();
            settings.extend(places.zip(names).map(|(at, name)| (at, *name, level)));
        }
        settings.sort_by_key(|(at, ..)| *at);
        for (_, name, level) in settings {
            self.set(name, level);
        }
        Ok(())
    }
}

fn name(text: &str, level: Level) -> Result<Name, String> {
    if text == "warnings" {
        return Ok(Name::Warnings);
    }
    let rule = Rule::find(text).ok_or_else(|| Rule::unknown(text))?;
    if rule.weight == Weight::Fatal && level != Level::Deny {
        return Err(format!(
            "what `{}` finds cannot be passed over: the next stage could not go on, or would do harm",
            rule.code
        ));
    }
    Ok(Name::Rule(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(args: &[&str]) -> Levels {
        let command = Levels::augment_args(Command::new("x"));
        let matches = command.get_matches_from([&["x"], args].concat());
        Levels::from_arg_matches(&matches).expect("levels")
    }

    fn told(levels: &Levels, problem: Problem) -> Option<Severity> {
        levels.apply(problem).map(|problem| problem.severity)
    }

    #[test]
    fn the_last_setting_of_a_rule_counts() {
        let cycle = || Problem::error("dependency-cycle", "x");
        let thin = || Problem::warning("thin-description", "x");
        let both = levels(&["--allow", "V043,thin-description", "--deny=v80"]);
        assert_eq!(told(&both, cycle()), None);
        assert_eq!(told(&both, thin()), Some(Severity::Error));
        assert!(both.silences("dependency-cycle") && !both.silences("thin-description"));
        assert_eq!(
            told(&both.unless_asked("long-task"), thin()),
            Some(Severity::Error)
        );
        assert_eq!(
            told(&both.unless_asked("thin-description"), thin()),
            Some(Severity::Error)
        );
        assert!(both.unless_asked("long-task").silences("long-task"));
        let back = levels(&["--deny", "thin-description", "--warn", "thin-description"]);
        assert_eq!(told(&back, thin()), Some(Severity::Warning));
    }

    #[test]
    fn warnings_are_what_still_warns() {
        let thin = || Problem::warning("thin-description", "x");
        let agent = || Problem::warning("unknown-agent", "x");
        let some = levels(&["--deny", "warnings", "--allow", "unknown-agent"]);
        assert_eq!(told(&some, thin()), Some(Severity::Error));
        assert_eq!(told(&some, agent()), None);
        let quiet = levels(&["--warn", "dependency-cycle", "--allow", "warnings"]);
        assert_eq!(told(&quiet, thin()), None);
        assert_eq!(told(&quiet, Problem::error("dependency-cycle", "x")), None);
        assert!(quiet.silences("long-task"));
    }

    #[test]
    fn what_is_no_rule_is_told_with_the_nearest_one() {
        let unknown = name("dependency-cyle", Level::Allow).expect_err("no rule");
        assert!(
            unknown.contains("did you mean `dependency-cycle`?"),
            "{unknown}"
        );
        assert!(name("schema", Level::Allow).is_err());
        assert!(name("schema", Level::Deny).is_ok());
    }
}
