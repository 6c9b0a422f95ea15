//! Chooses the step outputs of a request from the outputs of a document, and collects everything that is wrong.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use lockstep_path::clip;
use lockstep_sdk::suggest;

use crate::SensitiveMode;
use crate::check;
use crate::contract::Declaration;
use crate::document::Output;
use crate::failure::{Code, Error};
use crate::inputs::Request;
use crate::json::Json;
use crate::names;
use crate::select::Select;
use crate::step_outputs::{StepOutput, StepOutputs, ValueState};

/// Chooses the step outputs.
///
/// # Errors
/// Returns every error, in the order of the inputs.
pub fn choose<'d>(request: &'d Request, outputs: &'d [Output<'_>]) -> Result<StepOutputs<'d>, Vec<Error>> {
    let mut chooser = Chooser {
        outputs: outputs.iter().map(|output| (output.name.as_ref(), output)).collect(),
        declared: request.declarations.iter().map(|declaration| declaration.name.as_str()).collect(),
        items: Vec::new(),
        errors: Vec::new(),
    };
    for declaration in &request.declarations {
        chooser.declare(declaration);
    }
    if request.declarations.is_empty() {
        chooser.items.extend(outputs.iter().map(StepOutput::from_document));
    }
    for select in &request.select {
        chooser.select(select);
    }
    let Chooser { mut items, mut errors, .. } = chooser;
    match request.sensitive {
        SensitiveMode::Mask => {}
        SensitiveMode::Omit => items.retain(|item| !item.sensitive),
        SensitiveMode::Refuse => errors.extend(items.iter().filter(|item| item.sensitive).map(rejected)),
    }
    if request.declarations.is_empty() {
        errors.extend(names::check(&request.prefix, items.iter().map(|item| item.name)));
    }
    if errors.is_empty() { Ok(StepOutputs { prefix: &request.prefix, items }) } else { Err(errors) }
}

struct Chooser<'d, 'a> {
    outputs: HashMap<&'d str, &'d Output<'a>>,
    declared: HashSet<&'d str>,
    items: Vec<StepOutput<'d>>,
    errors: Vec<Error>,
}

impl<'d> Chooser<'d, '_> {
    fn declare(&mut self, declaration: &'d Declaration) {
        let output = self.outputs.get(declaration.name.as_str()).copied();
        match output {
            Some(output) if !output.value.is_null() => self.check(declaration, output),
            _ if !declaration.may_be_absent() => self.report_absent(declaration, output),
            _ => {
                // `Declaration::parse` rejects a default of another type.
                let default = declaration.default_value().ok().flatten();
                let state = match (&default, output) {
                    (Some(_), _) => ValueState::Default,
                    (None, Some(_)) => ValueState::Null,
                    (None, None) => ValueState::Absent,
                };
                self.items.push(StepOutput {
                    name: &declaration.name,
                    sensitive: output.is_some_and(|output| output.sensitive),
                    ty: declaration.ty.as_ref().map(ToString::to_string).unwrap_or_default(),
                    value: Cow::Owned(default.unwrap_or(Json::Null)),
                    state,
                });
            }
        }
    }

    fn check(&mut self, declaration: &'d Declaration, output: &'d Output<'_>) {
        let mut item = StepOutput::from_document(output);
        if let Some(ty) = &declaration.ty {
            item.ty = ty.to_string();
            for mismatch in check::mismatches(&output.name, &output.value, ty, output.sensitive) {
                let error = Error::new(Code::Contract, format!("the output {mismatch}"));
                self.errors.push(error.hint(mismatch.hint(&declaration.name)));
            }
        }
        self.items.push(item);
    }

    fn report_absent(&mut self, declaration: &Declaration, output: Option<&Output<'_>>) {
        let actual = if output.is_some() { "null" } else { "missing" };
        let declared_type = declaration.ty.as_ref().map(|ty| format!(", declared {ty}")).unwrap_or_default();
        let message = format!("the output {} is {actual}{declared_type}", declaration.name);
        let others = self.outputs.keys().copied().filter(|name| !self.declared.contains(name));
        let hint = match suggest::nearest(&declaration.name, others).filter(|_| output.is_none()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "add `?` or a default if it may be, or check that the document is from the right workspace"
                    .into()
            }
        };
        self.errors.push(Error::new(Code::Contract, clip(&message, 300)).hint(hint));
    }

    fn select(&mut self, select: &'d Select) {
        let output = self.outputs.get(select.output.as_str()).copied();
        match select.find(output) {
            Ok(value) => self.items.push(StepOutput {
                name: &select.name,
                sensitive: output.is_some_and(|output| output.sensitive),
                ty: String::new(),
                value: Cow::Borrowed(value),
                state: ValueState::Present,
            }),
            Err(message) => {
                let error = Error::new(Code::Contract, message);
                let others = self.outputs.keys().copied();
                self.errors.push(
                    match suggest::nearest(&select.output, others).filter(|_| output.is_none()) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error,
                    },
                );
            }
        }
    }
}

fn rejected(item: &StepOutput<'_>) -> Error {
    let message = format!("the output {} is sensitive", item.name);
    let hint = "leave it out of `outputs`, or set `sensitive` to `mask` or `omit`";
    Error::new(Code::Sensitive, message).hint(hint)
}
