//! The run: reads the document, checks it, masks secrets, and returns the step outputs.

use lockstep_path::clip;
use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::types::{Failure, NamedOutput, Sensitive};
use lockstep_sdk::{OpenFile, Reporter, Workspace, finish_all, suggest, table};

use crate::document::Output;
use crate::failure::{Code, Error, in_document};
use crate::inputs::{Request, target};
use crate::secrets::Secrets;
use crate::step_outputs::StepOutputs;
use crate::{Inputs, Outputs, Tool, choose, document, messages, pulumi};

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
    let text = read(reporter, &file, inputs).map_err(|error| vec![error])?;
    let mut outputs = document::parse(&text).map_err(|error| vec![error])?;
    mark_secrets(&mut outputs, &inputs.secret_outputs)?;
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

/// Reads the document, in the form of `terraform output -json` for Pulumi too.
fn read(reporter: &mut impl Reporter, file: &impl OpenFile, inputs: &Inputs) -> Result<Vec<u8>, Error> {
    let text = document::read(file)?;
    if inputs.tool == Tool::Terraform {
        return Ok(text);
    }
    let converted = pulumi::convert(&text)?;
    if !converted.marks_secrets && inputs.secret_outputs.is_empty() {
        reporter.note(Level::Notice, messages::NO_MARKS);
    }
    Ok(converted.text)
}

/// Marks the outputs with these names as sensitive. Each name must exist: a typing error would leave a secret unmasked.
fn mark_secrets(outputs: &mut [Output<'_>], names: &[String]) -> Result<(), Vec<Error>> {
    let mut errors = Vec::new();
    for name in names {
        match outputs.iter_mut().find(|output| output.name == *name) {
            Some(output) => output.sensitive = true,
            None => {
                let message =
                    format!("there is no output `{}`, which `secret-outputs` names", clip(name, 100));
                let error = Error::new(Code::Contract, message);
                let known = outputs.iter().map(|output| output.name.as_ref());
                errors.push(match suggest::nearest(name, known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("remove the name, or check that the document is of the right stack"),
                });
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
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
