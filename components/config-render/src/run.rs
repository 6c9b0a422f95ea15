//! The run: reads templates and rows, renders the files, and stages those that differ.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::report::Block;
use lockstep_sdk::types::Failure;
use lockstep_sdk::{Reporter, Workspace, finish_up_to, table};

use crate::changes::{Changes, Comparison};
use crate::drafts::{self, Draft};
use crate::failure::{Code, Error, at, workspace};
use crate::owned::OwnedFiles;
use crate::target::Target;
use crate::{Inputs, Outputs, inputs as files, messages, names};

/// How many errors the step notes one by one: thousands of files can exist that the step does not own.
const NOTED: usize = 5000;

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    outputs(host, reporter, inputs).map_err(|errors| finish_up_to(NOTED, reporter, errors))
}

/// Reports all errors of one stage: the inputs and the files they name, the names, the values and paths, the existing files.
fn outputs(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Vec<Error>> {
    let mut errors = Vec::new();
    let target = Target::parse(&inputs.to).map_err(|error| {
        errors.push(Error::new(Code::BadInput, format!("to `{}`: {error}", inputs.to)));
    });
    let template_files = files::template_files(host, reporter, &inputs.template, &mut errors)?;
    let templates = files::templates(&template_files, &mut errors);
    let rows = files::rows(host, &inputs.rows, &mut errors)?;
    let (Ok(target), true) = (target, errors.is_empty()) else {
        return Err(errors);
    };
    names::check(&inputs.rows, &target, &templates, &rows)?;
    let drafts = drafts::drafts(inputs, &target, &templates, &rows)?;
    let result = compare(host, inputs, &target, drafts)?;
    stage(host, reporter, &result)?;
    report(reporter, &result.changes);
    Ok(result.outputs())
}

/// The changes of a run, and the list of owned files.
struct Rendered {
    changes: Changes,
    /// The path of the list.
    list: String,
    /// Its new content, if it differs.
    new_list: Option<String>,
}

/// Compares the drafts with the existing files.
fn compare(
    host: &mut impl Workspace,
    inputs: &Inputs,
    target: &Target,
    drafts: Vec<Draft<'_>>,
) -> Result<Rendered, Vec<Error>> {
    let list = target.list();
    let old_list = match host.glob(&list).map_err(workspace)?.files.as_slice() {
        [] => None,
        _ => Some(host.read(&list).map_err(workspace)?),
    };
    let text = str::from_utf8(old_list.as_deref().unwrap_or_default()).map_err(|_| 1);
    let mut owned = text.and_then(OwnedFiles::parse).map_err(|line| {
        let message = format!("line {line} of the list of owned files is invalid");
        let hint = "restore the list; without it, `adopt` takes the files over again";
        let position = lockstep_yaml::Position { line, column: 1 };
        vec![at(Error::new(Code::BadList, message).hint(hint), &list, Some(position))]
    })?;
    let existing = host.glob(&target.pattern()).map_err(workspace)?.files.into_iter();
    let existing: BTreeSet<String> = existing.map(|entry| entry.path).collect();
    let to = target.text();
    let (prune, adopt) = (inputs.prune, inputs.adopt);
    let comparison = Comparison { to: &to, existing: &existing, owned: &owned, prune, adopt };
    let mut changes = comparison.changes(host, drafts)?;
    owned.0.insert(to, std::mem::take(&mut changes.owned));
    let text = owned.write();
    // A run without owned files creates no list.
    let needless = old_list.is_none() && owned.0.values().all(BTreeMap::is_empty);
    let differs = !needless && Some(text.as_bytes()) != old_list.as_deref();
    Ok(Rendered { changes, list, new_list: differs.then_some(text) })
}

/// Stages the changes.
fn stage(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    rendered: &Rendered,
) -> Result<(), Vec<Error>> {
    let Rendered { changes, list, new_list } = rendered;
    let total = changes.writes.len() as u64;
    for (done, write) in (0..).zip(&changes.writes) {
        if done % 100 == 0 {
            reporter.progress(done, Some(total), "files");
        }
        host.write(&write.path, write.text.as_bytes()).map_err(workspace)?;
    }
    for path in &changes.deletions {
        host.remove(path).map_err(workspace)?;
    }
    if let Some(text) = new_list {
        host.write(list, text.as_bytes()).map_err(workspace)?;
    }
    Ok(())
}

fn report(reporter: &mut impl Reporter, changes: &Changes) {
    reporter.add_summary(Block::Heading(messages::heading(changes)));
    let rows = messages::table(changes);
    if !rows.is_empty() {
        reporter.add_summary(Block::Table(table(&messages::COLUMNS, rows)));
    }
}

impl Rendered {
    fn outputs(self) -> Outputs {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let [created, updated, deleted] = self.changes.counts().map(count);
        let unchanged = count(self.changes.unchanged);
        let list = self.new_list.map(|_| self.list);
        let writes = self.changes.writes.into_iter().map(|write| write.path);
        let mut files: Vec<String> = writes.chain(self.changes.deletions).chain(list).collect();
        files.sort_unstable();
        Outputs { changed: !files.is_empty(), files, created, updated, deleted, unchanged }
    }
}
