//! A whole run: from the inputs to the files to be written. Reads through [`Source`], never writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::compare::{Before, Plan, Wanted, compare};
use crate::kind::Kind;
use crate::owned::Owned;
use crate::problem::{Code, Problem};
use crate::rows::{self, Row};
use crate::target::{TEMPLATE, Target};
use crate::template::Template;
use crate::words;

/// Where files are read from.
pub trait Source {
    /// Why a file could not be read.
    type Error;

    /// The paths of the files of a pattern.
    ///
    /// # Errors
    /// If the pattern cannot be looked for.
    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, Self::Error>;

    /// The content of a file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Self::Error>;
}

/// What a run is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Patterns of templates.
    pub template: Vec<String>,
    /// The path of the rows.
    pub rows: String,
    /// The path of the files, with holes.
    pub to: String,
    /// Whether files without a row are deleted.
    pub prune: bool,
    /// Whether files that are not owned are taken over.
    pub adopt: bool,
}

/// What a run without problems comes to.
#[derive(Debug)]
pub struct Done {
    /// The files.
    pub plan: Plan,
    /// The path of the list of owned files.
    pub list: String,
    /// Its new content, if that changes.
    pub new_list: Option<String>,
}

/// Why a run stops.
#[derive(Debug)]
pub enum Stop<E> {
    /// Something is wrong.
    Problems(Vec<Problem>),
    /// A file could not be read.
    Source(E),
}

impl<E> From<Vec<Problem>> for Stop<E> {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

/// Renders the files of a run.
///
/// # Errors
/// Everything that is wrong, one stage at a time: the inputs and the files they name, the names, the values and paths,
/// the files that are there.
pub fn render<S: Source>(inputs: &Inputs, source: &mut S) -> Result<Done, Stop<S::Error>> {
    let mut problems = Vec::new();
    let target = Target::parse(&inputs.to).map_err(|problem| {
        problems.push(Problem::new(Code::BadInput, format!("to `{}`: {problem}", inputs.to)));
    });
    let mut files = BTreeMap::new();
    for pattern in &inputs.template {
        let found = source.glob(pattern).map_err(Stop::Source)?;
        if found.is_empty() {
            let hint = "paths are relative to the workspace; `**` crosses folders";
            problems.push(Problem::new(Code::NoFiles, format!("no file matches `{pattern}`")).hint(hint));
        }
        for path in found {
            let bytes = source.read(&path).map_err(Stop::Source)?;
            files.insert(path, bytes);
        }
    }
    if inputs.template.is_empty() {
        problems.push(Problem::new(Code::BadInput, "no template is given"));
    }
    let mut templates = Vec::new();
    for (path, bytes) in &files {
        match Template::read(path, bytes) {
            Ok(template) => templates.push(template),
            Err(found) => problems.extend(found),
        }
    }
    let bytes = source.read(&inputs.rows).map_err(Stop::Source)?;
    let rows = rows::read(&inputs.rows, &bytes).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let (Ok(target), true) = (target, problems.is_empty()) else {
        return Err(problems.into());
    };
    check_names(inputs, &target, &templates, &rows)?;
    let wanted = draft(inputs, &target, &templates, &rows)?;
    finish(inputs, &target, wanted, source)
}

/// Every name that is used is in every row, and every name of a row is used.
fn check_names(
    inputs: &Inputs,
    target: &Target,
    templates: &[Template<'_>],
    rows: &[Row],
) -> Result<(), Vec<Problem>> {
    let mut used: BTreeMap<&str, Option<(&str, _)>> = target.names().map(|name| (name, None)).collect();
    for template in templates {
        for (name, at) in template.names() {
            used.entry(name).or_insert(Some((template.path(), at)));
        }
    }
    let mut missing: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut unknown: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        for name in used.keys().filter(|name| row.get(name).is_none()) {
            missing.entry(name).or_default().push(row.number);
        }
        for (name, _) in row.values.iter().filter(|(name, _)| !used.contains_key(name.as_str())) {
            unknown.entry(name).or_default().push(row);
        }
    }
    let mut problems = Vec::new();
    for (name, numbers) in missing {
        let message = format!("`{name}` is missing in {}", words::rows(&numbers));
        let problem = Problem::new(Code::Names, message);
        problems.push(match used[name] {
            Some((path, at)) => problem
                .hint(format!("add it to the rows, or write `((!{name}))` for the text itself"))
                .at(path, Some(at)),
            None => problem.hint("`to` uses it; add it to the rows"),
        });
    }
    for (name, rows) in unknown {
        let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
        let rows_text = words::rows(&numbers);
        let (message, hint) = match name {
            TEMPLATE => (
                format!("`{TEMPLATE}` in {rows_text} is the name of the template's file"),
                "choose another name",
            ),
            _ => (format!("nothing uses `{name}` of {rows_text}"), "remove it, or use it in a template"),
        };
        let at = rows.first().and_then(|row| row.at);
        problems.push(Problem::new(Code::Names, message).hint(hint).at(&inputs.rows, at));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The row and the template that a file is made of.
type Origin<'a> = (&'a Row, &'a Template<'a>);

/// The file of each row and template.
fn draft<'a>(
    inputs: &Inputs,
    target: &Target,
    templates: &'a [Template<'a>],
    rows: &'a [Row],
) -> Result<Vec<Wanted<Origin<'a>>>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut wanted = Vec::with_capacity(rows.len() * templates.len());
    let mut paths = Paths { inputs, templates, seen: HashMap::new() };
    for row in rows {
        for template in templates {
            match paths.path(target, row, template) {
                Err(problem) => problems.push(problem.at(&inputs.rows, row.at)),
                Ok(path) => match template.draft(row) {
                    Err(problem) => problems.push(problem),
                    Ok(draft) => wanted.push(Wanted { path, draft, from: (row, template) }),
                },
            }
        }
    }
    if problems.is_empty() { Ok(wanted) } else { Err(problems) }
}

/// The paths that have been given out.
struct Paths<'a> {
    inputs: &'a Inputs,
    templates: &'a [Template<'a>],
    /// By the path in lower case: the row and the path itself.
    seen: HashMap<String, (u32, String)>,
}

impl Paths<'_> {
    /// The path of a file, if it can have it.
    fn path(&mut self, target: &Target, row: &Row, template: &Template<'_>) -> Result<String, Problem> {
        let number = row.number;
        let path = target.fill(row, template.path()).map_err(|(problem, hint)| {
            Problem::new(Code::BadValue, format!("row {number}: {problem}")).hint(hint)
        })?;
        if Kind::of(&path) != Some(template.kind()) {
            let (kind, from) = (template.kind().name(), template.path());
            let message = format!("row {number}: `{path}` is not named like the {kind} that `{from}` makes");
            return Err(Problem::new(Code::BadInput, message).hint("end `to` like the template"));
        }
        if path == self.inputs.rows || self.templates.iter().any(|template| template.path() == path) {
            let message = format!("row {number}: `{path}` is an input of this run");
            return Err(Problem::new(Code::SamePath, message).hint("write to another folder"));
        }
        let Some((first, other)) = self.seen.insert(path.to_lowercase(), (number, path.clone())) else {
            return Ok(path);
        };
        let (message, hint) = if other != path {
            let message = format!("rows {first} and {number}: `{other}` and `{path}` differ only in case");
            (message, "to some systems these are one file; give one another name")
        } else if first == number {
            let message = format!("row {number}: two templates would both be `{path}`");
            (message, "put `{template}` into `to`, which is the name of the template's file")
        } else {
            let message = format!("rows {first} and {number} would both be `{path}`");
            (message, "put into `to` what tells the rows apart")
        };
        Err(Problem::new(Code::SamePath, message).hint(hint))
    }
}

/// Compares what is wanted with what is there.
fn finish<S: Source>(
    inputs: &Inputs,
    target: &Target,
    wanted: Vec<Wanted<Origin<'_>>>,
    source: &mut S,
) -> Result<Done, Stop<S::Error>> {
    let list = target.list();
    let old_list = match source.glob(&list).map_err(Stop::Source)?.as_slice() {
        [] => None,
        _ => Some(source.read(&list).map_err(Stop::Source)?),
    };
    let text = str::from_utf8(old_list.as_deref().unwrap_or_default()).map_err(|_| 1);
    let mut owned = text.and_then(Owned::read).map_err(|line| {
        let message = format!("line {line} of the list of owned files is no line of it");
        let hint = "restore the list; without it, `adopt` takes the files over again";
        vec![
            Problem::new(Code::BadList, message)
                .hint(hint)
                .at(&list, Some(lockstep_yaml::Position { line, column: 1 })),
        ]
    })?;
    let present: BTreeSet<String> =
        source.glob(&target.pattern()).map_err(Stop::Source)?.into_iter().collect();
    let to = target.text();
    let (prune, adopt) = (inputs.prune, inputs.adopt);
    let before = Before { to: &to, present: &present, owned: &owned, prune, adopt };
    let prove = |(row, template): &Origin<'_>| template.fill(row);
    let mut plan = compare(&before, wanted, prove, |path| source.read(path)).map_err(Stop::Source)??;
    owned.0.insert(to, std::mem::take(&mut plan.files));
    let text = owned.write();
    // Without a list before and without a file after, none is made.
    let needless = old_list.is_none() && owned.0.values().all(BTreeMap::is_empty);
    let changes = !needless && Some(text.as_bytes()) != old_list.as_deref();
    Ok(Done { plan, list, new_list: changes.then_some(text) })
}
