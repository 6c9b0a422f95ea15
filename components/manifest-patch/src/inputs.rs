//! Reads the inputs of a run. Opens no file.

use lockstep_yaml::{AliasMode, Path};

use crate::edit::{Action, Condition, Edit};
use crate::expect::Expect;
use crate::failure::{Code, Error};
use crate::forms::{assignments, changes, patch, updates};
use crate::marker::MarkerEdit;
use crate::{Inputs, bindings};

/// The name and the content of a file that `patch-file` names.
pub type PatchFile = (String, Vec<u8>);

/// The edits of a run and the rules for them.
#[derive(Debug)]
pub struct Request {
    /// The edits, in the order of the inputs.
    pub edits: Vec<Edit>,
    /// The conditions on documents.
    pub conditions: Vec<Condition>,
    /// Whether missing keys are created.
    pub create: bool,
    /// How to treat aliases and merges.
    pub alias: AliasMode,
    /// How many places each edit must match.
    pub expect: Expect,
}

impl Request {
    /// The markers, if the run has no other edits and no conditions: then the files may be any text.
    pub(crate) fn only_markers(&self) -> Option<Vec<&MarkerEdit>> {
        let edits = self.edits.iter().map(|edit| match &edit.action {
            Action::Marker(edit) => Some(edit),
            _ => None,
        });
        edits.collect::<Option<Vec<_>>>().filter(|_| self.conditions.is_empty())
    }

    /// Reads the inputs. Leaves out what is invalid and returns an error for each.
    pub fn read(inputs: &Inputs, patch_files: &[PatchFile]) -> (Self, Vec<Error>) {
        let mut errors = Vec::new();
        let edits = edits(inputs, patch_files, &mut errors);
        if edits.is_empty() && errors.is_empty() {
            let hint = "give at least one of `set`, `set-json`, `append`, `append-json`, `delete`, `image`, `marker`, `updates`, `changes`, `patch` and `patch-file`";
            errors.push(Error::new(Code::NoEdits, "there is nothing to change").hint(hint));
        }
        let mut conditions = Vec::new();
        for text in &inputs.where_ {
            match Path::parse_assignment(text) {
                Ok((path, text)) => conditions.push(Condition { path, text: text.to_owned() }),
                Err(error) => errors.push(assignments::bad_input("where", text, &error)),
            }
        }
        let expect = Expect::parse(&inputs.expect).unwrap_or_else(|error| {
            errors.push(error);
            Expect::Any
        });
        (Self { edits, conditions, create: inputs.create, alias: alias(inputs.alias), expect }, errors)
    }
}

fn edits(inputs: &Inputs, patch_files: &[PatchFile], errors: &mut Vec<Error>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut add = |edit: Result<Edit, Error>| match edit {
        Ok(edit) => edits.push(edit),
        Err(error) => errors.push(error),
    };
    assignments::read(inputs).into_iter().for_each(&mut add);
    updates::read(&inputs.updates).into_iter().for_each(&mut add);
    changes::read(&inputs.changes).into_iter().for_each(&mut add);
    patch::read(inputs, patch_files).into_iter().for_each(add);
    edits
}

fn alias(alias: bindings::Alias) -> AliasMode {
    match alias {
        bindings::Alias::Refuse => AliasMode::Refuse,
        bindings::Alias::Expand => AliasMode::Expand,
        bindings::Alias::Follow => AliasMode::Follow,
    }
}
