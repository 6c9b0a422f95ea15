//! The inputs `patch`, `patch-file` and `list-key`.

use crate::Inputs;
use crate::edit::{Action, Edit};
use crate::failure::{Code, Error};
use crate::forms::assignments::bad_input;
use crate::patches::{self, ListKeys};

/// Reads all patches in order, and reports the errors in them and in `list-key`. `files` are the names and contents of the
/// files that `patch-file` names.
pub(crate) fn read(inputs: &Inputs, files: &[(String, Vec<u8>)]) -> Vec<Result<Edit, Error>> {
    let mut edits = Vec::new();
    let mut keys = ListKeys::default();
    for text in &inputs.list_key {
        if let Err(error) = keys.add(text) {
            let hint = "write LIST=KEY, LIST= to replace it, or KEY for every list";
            edits.push(Err(bad_input("list-key", text, &error).hint(hint)));
        }
    }
    let text = Some(&inputs.patch).filter(|text| !text.is_empty());
    let text = text.map(|text| ("patch".to_owned(), text.as_bytes()));
    let files = files.iter().map(|(name, text)| (format!("patch-file {name}"), text.as_slice()));
    for (name, text) in text.into_iter().chain(files) {
        match patches::read(text, &keys) {
            Ok(patches) => {
                let single = patches.len() == 1;
                edits.extend((1..).zip(patches).map(|(number, patch)| {
                    let label = if single { name.clone() } else { format!("{name} ({number})") };
                    Ok(Edit::new(label, Action::Patch(patch)))
                }));
            }
            Err(error) => {
                let message = format!("{name}: {error}");
                edits.push(Err(Error { hint: error.hint, ..Error::new(Code::BadInput, message) }));
            }
        }
    }
    edits
}
