//! What the input is: what `--from` says, or what its content looks like.

use std::path::Path;

use schemas::document::{self, Input};
use schemas::{Failure, Problem, Severity};

use super::task_master::TASK_MASTER;
use super::{ALL, Dialect, Glimpse, Layout, Material, folder, material::Text};
use crate::cli::{Cli, From, Kind};

/// The input, and how to read it.
pub(crate) enum Choice {
    /// JSON or YAML of the contract.
    Plain(Input, From),
    /// A plan of another form.
    Dialect(&'static Dialect, Box<Material>),
}

/// What was decided, when nobody had said.
pub(crate) type Decided = Option<Problem>;

/// Reads the input and decides what it is.
pub(crate) fn choose(cli: &Cli) -> Result<(Choice, Decided), Failure> {
    let wanted = cli.from.dialect();
    if wanted.is_some() && cli.kind != Kind::Plan {
        return Err(Failure::usage("--from with a dialect is for plans")
            .help("leave --as out: what a dialect becomes is always a plan"));
    }
    let named = cli.file.as_deref().filter(|file| *file != Path::new("-"));
    let (choice, decided) = match named.filter(|path| path.is_dir()) {
        Some(root) => {
            let (dialect, layout, root_mark) = in_folder(root, cli.from)?;
            let name = root.display().to_string();
            let texts = folder::read(root, "", layout)?;
            let choice = gathered(dialect, &name, texts, called(root, ""), cli)?;
            let decided = wanted
                .is_none()
                .then(|| decision(&name, dialect, Some(root_mark)));
            (choice, decided)
        }
        None => {
            let input = document::read(cli.file.as_deref())?;
            let guessed = match (wanted, cli.from, cli.kind) {
                (None, From::Auto, Kind::Plan) => guess(&input)?,
                _ => None,
            };
            match wanted.or(guessed) {
                None => (Choice::Plain(input, cli.from), None),
                Some(dialect) => {
                    let decided = guessed.map(|_| decision(&input.name, dialect, None));
                    let name = input.name.clone();
                    let (texts, called) = with_siblings(dialect, named, input)?;
                    (gathered(dialect, &name, texts, called, cli)?, decided)
                }
            }
        }
    };
    if cli.features.is_some()
        && !matches!(&choice, Choice::Dialect(dialect, _) if dialect.takes_features)
    {
        return Err(Failure::usage("--features is for --from archetype")
            .help("only archetypes have phases that are repeated for every feature"));
    }
    if cli.tag.is_some()
        && !matches!(&choice, Choice::Dialect(dialect, _) if dialect.name == TASK_MASTER.name)
    {
        return Err(Failure::usage("--tag is for --from task-master")
            .help("no other dialect has several lists of tasks in one file"));
    }
    Ok((choice, decided))
}

fn gathered(
    dialect: &'static Dialect,
    name: &str,
    texts: Vec<Text>,
    called: Option<String>,
    cli: &Cli,
) -> Result<Choice, Failure> {
    let features = match &cli.features {
        Some(path) => Some(Text {
            path: path.display().to_string(),
            name: path.display().to_string(),
            text: folder::read_file(path)?,
        }),
        None => None,
    };
    let mut material = Material::new(name, texts, features);
    material.called = called;
    material.tag = cli.tag.clone();
    Ok(Choice::Dialect(dialect, Box::new(material)))
}

/// The dialect of a text; none for JSON and YAML of the contract.
fn guess(input: &Input) -> Result<Option<&'static Dialect>, Failure> {
    let glimpse = Glimpse::new(&input.name, &input.text);
    let is_markdown = glimpse.name.ends_with(".md") || glimpse.name.ends_with(".markdown");
    // Texts in a plan of ours may look like anything.
    if !is_markdown && glimpse.lines().any(|line| line.starts_with("planId:")) {
        return Ok(None);
    }
    if let Some(dialect) = ALL.iter().find(|dialect| (dialect.recognises)(&glimpse)) {
        return Ok(Some(dialect));
    }
    if is_markdown && !glimpse.is_json() {
        return Err(
            Failure::input(format!("cannot tell what plan {} is", input.name))
                .help(format!("name its dialect by --from: {}", names())),
        );
    }
    Ok(None)
}

/// The text, and what its dialect reads beside it when it has the name for that.
fn with_siblings(
    dialect: &Dialect,
    file: Option<&Path>,
    input: Input,
) -> Result<(Vec<Text>, Option<String>), Failure> {
    let name = Glimpse::new(&input.name, "").name;
    let layout = dialect
        .layouts
        .iter()
        .find(|layout| !layout.mark.contains('/') && is_named(name, layout.mark));
    if let (Some(path), Some(layout)) = (file, layout) {
        let prefix = name.strip_suffix(layout.mark).unwrap_or_default();
        let root = path.parent().unwrap_or(Path::new(""));
        return Ok((folder::read(root, prefix, layout)?, called(root, prefix)));
    }
    if input.text.len() > folder::MOST {
        return Err(Failure::input(format!(
            "cannot read {}: larger than 64 MiB",
            input.name
        )));
    }
    let text = Text {
        path: name.to_owned(),
        name: input.name.clone(),
        text: input.text,
    };
    Ok((vec![text], None))
}

/// Whether a file is the mark of a folder, or one with something before it: `plan.md` and `a.plan.md`, not `myplan.md`.
fn is_named(name: &str, mark: &str) -> bool {
    let prefix = name.strip_suffix(mark);
    prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with(['.', '-', '_']))
}

/// Folders that are called so in every project.
const COMMON: &[&str] = &[
    ".orchestra",
    "milestones",
    ".taskmaster",
    "tasks",
    ".beads",
    ".claude",
    "epics",
    ".oat",
    "specs",
];

/// What a plan is called by its files: `a` for `a.plan.md`, else its folder's name.
fn called(root: &Path, prefix: &str) -> Option<String> {
    let prefix = prefix.trim_end_matches(['.', '-', '_']);
    if !prefix.is_empty() {
        return Some(prefix.to_owned());
    }
    let root = match root.as_os_str().is_empty() {
        true => Path::new("."),
        false => root,
    };
    let full = root.canonicalize().ok()?;
    // What every project calls so does not name this one.
    let names = full
        .ancestors()
        .filter_map(|folder| folder.file_name()?.to_str());
    let own = names.into_iter().find(|name| !COMMON.contains(name))?;
    Some(own.to_owned())
}

type Found = (&'static Dialect, &'static Layout, String);

/// The dialect of a folder, by the files that are in it.
fn in_folder(root: &Path, from: From) -> Result<Found, Failure> {
    let name = root.display();
    if matches!(from, From::Json | From::Yaml) {
        return Err(Failure::input(format!(
            "cannot read {name}: it is a folder"
        )));
    }
    if let Some(dialect) = from.dialect() {
        if dialect.layouts.is_empty() {
            let what = format!(
                "cannot read {name}: {} is a file, not a folder",
                dialect.what
            );
            return Err(Failure::input(what));
        }
        let marked = |layout: &'static Layout| {
            let mark = folder::matching(root, layout.mark).into_iter().next()?;
            Some((dialect, layout, mark))
        };
        return dialect.layouts.iter().find_map(marked).ok_or_else(|| {
            let what = format!("cannot read {name}: {} is not in it", dialect.what);
            Failure::input(what).help(format!("looked for {}", marks(dialect)))
        });
    }
    let mut all = Vec::new();
    for dialect in ALL {
        all.extend(dialect.layouts.iter().find_map(|layout| {
            let mark = folder::matching(root, layout.mark).into_iter().next()?;
            let text = folder::read_file(&root.join(&mark)).ok()?;
            (dialect.recognises)(&Glimpse::new(&mark, &text)).then_some((*dialect, layout, mark))
        }));
    }
    match all.len() {
        0 => {
            let looked = ALL.iter().filter(|d| !d.layouts.is_empty());
            let looked = looked.map(|d| format!("{} ({})", marks(d), d.name));
            let looked = looked.collect::<Vec<String>>().join(", ");
            Err(
                Failure::input(format!("cannot read {name}: no plan is in it"))
                    .help(format!("looked for {looked}; --from names what it is")),
            )
        }
        1 => Ok(all.remove(0)),
        _ => {
            let several = all
                .iter()
                .map(|(d, _, mark)| format!("{} ({mark})", d.name));
            let several = several.collect::<Vec<String>>().join(", ");
            Err(Failure::input(format!(
                "cannot read {name}: several plans are in it: {several}"
            ))
            .help("choose one by --from, or name its file"))
        }
    }
}

fn decision(name: &str, dialect: &Dialect, mark: Option<String>) -> Problem {
    let by = mark.map_or(String::new(), |mark| format!(", by {mark}"));
    let message = format!(
        "{name} is read as {} (--from {}){by}",
        dialect.what, dialect.name
    );
    Problem {
        severity: Severity::Info,
        file: Some(name.to_owned()),
        ..Problem::error("dialect", message)
    }
}

fn marks(dialect: &Dialect) -> String {
    let marks = dialect.layouts.iter().map(|layout| layout.mark);
    marks.collect::<Vec<&str>>().join(" or ")
}

fn names() -> String {
    let names = ALL.iter().map(|dialect| dialect.name);
    names.collect::<Vec<&str>>().join(", ")
}
