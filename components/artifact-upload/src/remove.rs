//! Deletes what no source makes, as far as it may. It decides that before anything is changed.

use crate::host::Host;
use crate::look::Look;
use crate::names::Target;
use crate::problem::{Code, Problem};
use crate::settings::MaxDelete;

/// How many objects are deleted in one call.
const BATCH: usize = 1000;

/// Whether all that no source makes may be deleted.
///
/// # Errors
/// It is more than may be.
pub fn check(target: &Target, most: MaxDelete, look: &Look) -> Result<(), Problem> {
    let deletes = look.strays.len() as u64;
    let Some(first) = look.strays.first().filter(|_| !most.allows(deletes, look.all)) else {
        return Ok(());
    };
    let (allowed, enough) = match most {
        MaxDelete::Count(count) => (count.to_string(), deletes.to_string()),
        MaxDelete::Percent(percent) => {
            (format!("{percent}%"), format!("{}%", (deletes * 100).div_ceil(look.all.max(1))))
        }
    };
    let message = format!(
        "{deletes} of {} objects below `{}` would be deleted, and `max-delete` is {allowed}; first: `{first}`",
        look.all, target.prefix
    );
    let hint = format!("look at what `source` finds; set `max-delete` to {enough} if they are to go");
    Err(Problem::new(Code::TooManyDeletes, message).hint(hint))
}

/// Deletes them. Gives back how many are gone, and why others are not.
pub fn remove<H: Host>(host: &mut H, target: &Target, strays: &[String]) -> (usize, Vec<Problem>) {
    let (mut gone, mut problems) = (0, Vec::new());
    for batch in strays.chunks(BATCH) {
        let names: Vec<String> = batch.iter().map(|below| target.name(below)).collect();
        let answers = match host.delete(&names) {
            Ok(answers) => answers,
            Err(fault) => {
                problems.push(Problem::of_store(&fault));
                break;
            }
        };
        for (name, answer) in names.iter().zip(answers) {
            match answer {
                Ok(()) => gone += 1,
                Err(fault) => {
                    let problem = Problem::of_store(&fault);
                    let message = format!("`{name}` was not deleted: {}", problem.message);
                    problems.push(Problem { message, ..problem });
                }
            }
        }
    }
    (gone, problems)
}
