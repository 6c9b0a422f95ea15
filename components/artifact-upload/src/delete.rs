//! Deletes the objects that no source makes. The step checks `max-delete` before it changes anything.

use lockstep_sdk::Objects;

use crate::failure::{Code, Error, store_error};
use crate::inputs::MaxDelete;
use crate::inspect::StoreState;
use crate::names::Target;

/// The most objects in one call.
const BATCH: usize = 1000;

/// Checks whether the step may delete all extra objects.
///
/// # Errors
/// There are more of them than `max-delete` allows.
pub fn check(target: &Target, max: MaxDelete, state: &StoreState) -> Result<(), Error> {
    let deletes = state.extra.len() as u64;
    let Some(first) = state.extra.first().filter(|_| !max.allows(deletes, state.valid_keys)) else {
        return Ok(());
    };
    let (allowed, needed) = match max {
        MaxDelete::Count(count) => (count.to_string(), deletes.to_string()),
        MaxDelete::Percent(percent) => {
            (format!("{percent}%"), format!("{}%", (deletes * 100).div_ceil(state.valid_keys.max(1))))
        }
    };
    let message = format!(
        "the step would delete {deletes} of {} objects below `{}`, and `max-delete` is {allowed}; first: `{first}`",
        state.valid_keys, target.prefix
    );
    let hint = format!("check `source`; set `max-delete` to {needed} to delete these objects");
    Err(Error::new(Code::TooManyDeletes, message).hint(hint))
}

/// Deletes objects. Returns how many it deleted, and the errors of the others.
pub fn delete(host: &mut impl Objects, target: &Target, keys: &[String]) -> (usize, Vec<Error>) {
    let (mut deleted, mut errors) = (0, Vec::new());
    for batch in keys.chunks(BATCH) {
        let names: Vec<String> = batch.iter().map(|key| target.name(key)).collect();
        let answers = match host.delete_objects(&names) {
            Ok(answers) => answers,
            Err(error) => {
                errors.push(store_error(&error));
                break;
            }
        };
        for (name, answer) in names.iter().zip(answers) {
            match answer {
                Ok(()) => deleted += 1,
                Err(error) => {
                    let error = store_error(&error);
                    let message = format!("the store did not delete `{name}`: {}", error.message);
                    errors.push(Error { message, ..error });
                }
            }
        }
    }
    (deleted, errors)
}
