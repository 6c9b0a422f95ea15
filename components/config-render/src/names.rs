//! Checks that every row has every name that a template or `to` uses, and no other.

use std::collections::BTreeMap;

use lockstep_sdk::suggest;

use crate::failure::{Code, Error, at};
use crate::messages;
use crate::rows::Row;
use crate::target::{TEMPLATE, Target};
use crate::template::Template;

/// Checks the names of the rows in the file `path`.
///
/// # Errors
/// One error for each name that rows lack, and one for each unused name.
pub(crate) fn check(
    path: &str,
    target: &Target,
    templates: &[Template<'_>],
    rows: &[Row],
) -> Result<(), Vec<Error>> {
    let mut used: BTreeMap<&str, Option<(&str, _)>> = target.names().map(|name| (name, None)).collect();
    for template in templates {
        for (name, at) in template.names() {
            used.entry(name).or_insert(Some((template.path(), at)));
        }
    }
    let mut missing: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut unused: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        for name in used.keys().filter(|name| row.get(name).is_none()) {
            missing.entry(name).or_default().push(row.number);
        }
        for (name, _) in row.values.iter().filter(|(name, _)| !used.contains_key(name.as_str())) {
            unused.entry(name).or_default().push(row);
        }
    }
    let absent: Vec<&str> = missing.keys().copied().collect();
    let mut errors = Vec::new();
    for (name, numbers) in missing {
        let error = Error::new(Code::Names, format!("`{name}` is missing in {}", messages::rows(&numbers)));
        errors.push(match used[name] {
            Some((path, position)) => {
                let hint = format!("add it to the rows, or write `((!{name}))` for the text itself");
                at(error.hint(hint), path, Some(position))
            }
            None => error.hint("`to` uses it; add it to the rows"),
        });
    }
    errors.extend(unused.into_iter().map(|(name, rows)| unused_name(path, name, &rows, &absent)));
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// `missing` are the names that rows lack.
fn unused_name(path: &str, name: &str, rows: &[&Row], missing: &[&str]) -> Error {
    let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
    let numbers = messages::rows(&numbers);
    let (message, hint) = if name == TEMPLATE {
        let message = format!("`{TEMPLATE}` in {numbers} is the file name of the template");
        (message, "choose another name".to_owned())
    } else {
        let near = suggest::nearest(name, missing.iter().copied());
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let hint = hint.unwrap_or_else(|| "remove it, or use it in a template".to_owned());
        (format!("nothing uses `{name}` of {numbers}"), hint)
    };
    at(Error::new(Code::Names, message).hint(hint), path, rows.first().and_then(|row| row.at))
}
