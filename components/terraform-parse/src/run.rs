//! The run: reads the document, checks it, masks secrets, and returns the step outputs.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::types::{Failure, NamedOutput, Sensitive};
use lockstep_sdk::{Reporter, Workspace, finish_all, table};

use crate::failure::{Code, Error, in_document};
use crate::inputs::{Request, target};
use crate::secrets::Secrets;
use crate::step_outputs::StepOutputs;
use crate::{Inputs, Outputs, choose, document, messages};

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    parse(host, reporter, inputs).map_err(|errors| finish_all(reporter, in_document(&inputs.source, errors)))
}

fn parse(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Vec<Error>> {
    let workspace = |error| vec![Error::host(Code::Workspace, error)];
    let request = Request::parse(inputs)?;
    let file = host.open(&inputs.source).map_err(workspace)?;
    let text = document::read(&file).map_err(|error| vec![error])?;
    let outputs = document::parse(&text).map_err(|error| vec![error])?;
    // The step masks secrets before it writes anything to the log.
    let secrets = Secrets::collect(&outputs);
    if !secrets.texts.is_empty() {
        reporter.mask(&secrets.texts);
    }
    if let Some(warning) = messages::unmasked(&secrets) {
        reporter.note(Level::Warning, &warning);
    }
    let chosen = choose::choose(&request, &outputs)?;
    let json = chosen.to_json();
    if let Some(path) = target(inputs) {
        host.write_private(path, chosen.file(&json).as_bytes()).map_err(workspace)?;
    }
    summarize(reporter, &chosen);
    Ok(to_outputs(&chosen, json))
}

fn summarize(reporter: &mut impl Reporter, chosen: &StepOutputs<'_>) {
    reporter.add_summary(Block::Heading(messages::heading(chosen)));
    if !chosen.items.is_empty() {
        reporter.add_summary(Block::Table(table(&messages::COLUMNS, messages::rows(chosen))));
    }
}

fn to_outputs(chosen: &StepOutputs<'_>, json: Vec<String>) -> Outputs {
    let names: Vec<String> = chosen.items.iter().map(|item| chosen.name(item)).collect();
    let object = Sensitive { value: chosen.object(&json), display: chosen.display_object(&json) };
    let values = names.iter().zip(&chosen.items).zip(chosen.texts(json));
    let values = values
        .map(|((name, item), value)| NamedOutput { name: name.clone(), value, display: item.display() })
        .collect();
    Outputs { values, json: object, names }
}
