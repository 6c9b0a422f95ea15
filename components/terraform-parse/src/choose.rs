//! Holds a document against a request: what is given out, or everything that is wrong. Never writes.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::check;
use crate::contract::Expected;
use crate::document::Output;
use crate::given::{Given, Item, State};
use crate::json::Json;
use crate::names;
use crate::problem::{Code, Problem};
use crate::request::{Request, Treatment};
use crate::select::Select;

/// What is given out.
///
/// # Errors
/// Everything that is wrong, in the order of the inputs.
pub fn choose<'d>(request: &'d Request, outputs: &'d [Output<'_>]) -> Result<Given<'d>, Vec<Problem>> {
    let mut chooser = Chooser {
        outputs: outputs.iter().map(|output| (output.name.as_ref(), output)).collect(),
        items: Vec::new(),
        problems: Vec::new(),
    };
    for expected in &request.expected {
        chooser.expect(expected);
    }
    if request.expected.is_empty() {
        chooser.items.extend(outputs.iter().map(Item::present));
    }
    for select in &request.select {
        chooser.select(select);
    }
    let Chooser { mut items, mut problems, .. } = chooser;
    match request.sensitive {
        Treatment::Mask => {}
        Treatment::Omit => items.retain(|item| !item.sensitive),
        Treatment::Refuse => problems.extend(items.iter().filter(|item| item.sensitive).map(refused)),
    }
    if request.expected.is_empty() {
        problems.extend(names::problems(&request.prefix, items.iter().map(|item| item.name)));
    }
    if problems.is_empty() { Ok(Given { prefix: &request.prefix, items }) } else { Err(problems) }
}

struct Chooser<'d, 'a> {
    outputs: HashMap<&'d str, &'d Output<'a>>,
    items: Vec<Item<'d>>,
    problems: Vec<Problem>,
}

impl<'d> Chooser<'d, '_> {
    fn expect(&mut self, expected: &'d Expected) {
        let output = self.outputs.get(expected.name.as_str()).copied();
        match output {
            Some(output) if !output.value.is_null() => self.check(expected, output),
            _ if !expected.may_be_absent() => self.absent(expected, output),
            _ => {
                // A default that does not fit its type never became a request.
                let default = expected.default_value().ok().flatten();
                let state = match (&default, output) {
                    (Some(_), _) => State::Default,
                    (None, Some(_)) => State::Null,
                    (None, None) => State::Absent,
                };
                self.items.push(Item {
                    name: &expected.name,
                    sensitive: output.is_some_and(|output| output.sensitive),
                    ty: expected.ty.as_ref().map(ToString::to_string).unwrap_or_default(),
                    value: Cow::Owned(default.unwrap_or(Json::Null)),
                    state,
                });
            }
        }
    }

    fn check(&mut self, expected: &'d Expected, output: &'d Output<'_>) {
        let mut item = Item::present(output);
        if let Some(ty) = &expected.ty {
            item.ty = ty.to_string();
            for mismatch in check::mismatches(&output.name, &output.value, ty, output.sensitive) {
                self.problems.push(Problem::new(Code::Contract, format!("the output {mismatch}")));
            }
        }
        self.items.push(item);
    }

    fn absent(&mut self, expected: &Expected, output: Option<&Output<'_>>) {
        let found = if output.is_some() { "null" } else { "missing" };
        let declared = expected.ty.as_ref().map(|ty| format!(", declared {ty}")).unwrap_or_default();
        let message = format!("the output {} is {found}{declared}", expected.name);
        let alike = |name: &&&str| name.eq_ignore_ascii_case(&expected.name) && output.is_none();
        let hint = match self.outputs.keys().find(alike) {
            Some(other) => format!("there is an output {other}"),
            None => {
                "add `?` or a default if it may be; or does the document belong to another workspace?".into()
            }
        };
        self.problems.push(Problem::new(Code::Contract, lockstep_path::clip(&message, 300)).hint(hint));
    }

    fn select(&mut self, select: &'d Select) {
        let output = self.outputs.get(select.output.as_str()).copied();
        match select.find(output) {
            Ok(value) => self.items.push(Item {
                name: &select.name,
                sensitive: output.is_some_and(|output| output.sensitive),
                ty: String::new(),
                value: Cow::Borrowed(value),
                state: State::Present,
            }),
            Err(what) => self.problems.push(Problem::new(Code::Contract, what)),
        }
    }
}

fn refused(item: &Item<'_>) -> Problem {
    let message = format!("the output {} is sensitive", item.name);
    let hint = "leave it out of `outputs`, or set `sensitive` to `mask` or `omit`";
    Problem::new(Code::Sensitive, message).hint(hint)
}
