//! The step `terraform-parse`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod check;
pub mod choose;
pub mod contract;
pub mod document;
pub mod given;
mod grammar;
pub mod json;
pub mod names;
pub mod problem;
pub mod request;
pub mod secret;
pub mod select;
pub mod types;
mod walk;
pub mod words;

use bindings::{
    Block, Failure, Guarded, Guest, Inputs, Level, NamedOutput, Outputs, Table, mask, note, refuse, summary,
    workspace,
};
use document::Unread;
use request::Request;
use secret::Secrets;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let source = inputs.source.as_str();
        let target = inputs.file.as_deref().filter(|path| !path.is_empty());
        let request = Request::read(&request::Inputs {
            source,
            outputs: &inputs.outputs,
            select: &inputs.select,
            prefix: &inputs.prefix,
            sensitive: inputs.sensitive.into(),
            file: target,
        })
        .map_err(|problems| refuse(source, &problems))?;
        let file = workspace::open(source)?;
        let text = document::fetch(file.size(), |offset, length| file.read_at(offset, length)).map_err(
            |unread| match unread {
                Unread::Fetch(error) => error.into(),
                Unread::Problem(problem) => refuse(source, &[problem]),
            },
        )?;
        let outputs = document::outputs(&text).map_err(|problem| refuse(source, &[problem]))?;
        // Before anything is said.
        let secrets = Secrets::of(&outputs);
        if !secrets.texts.is_empty() {
            mask(&secrets.texts);
        }
        if let Some(warning) = words::short(&secrets) {
            note(Level::Warning, &warning, None);
        }
        let given = choose::choose(&request, &outputs).map_err(|problems| refuse(source, &problems))?;
        let compact = given.compact();
        if let Some(path) = target {
            workspace::write_private(path, given.file(&compact).as_bytes())?;
        }
        summary(&Block::Heading(words::heading(&given)));
        if !given.items.is_empty() {
            summary(&Block::Table(Table { columns: words::columns(), rows: words::rows(&given) }));
        }
        let value = |(item, exact)| NamedOutput { name: given.name(item), exact, shown: item.shown() };
        Ok(Outputs {
            names: given.items.iter().map(|item| given.name(item)).collect(),
            json: Guarded { exact: given.json(&compact), shown: given.shown_json(&compact) },
            values: given.items.iter().zip(given.exact(compact)).map(value).collect(),
        })
    }
}
