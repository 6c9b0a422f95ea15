//! Checks the names of step outputs: their characters, and that every CI system can tell them apart.

use std::collections::HashMap;

use lockstep_path::clip;

use crate::failure::{Code, Error};

/// The length in bytes of the longest name.
const MAX_BYTES: usize = 100;
/// The names that the step, or a CI system, uses for something else.
const RESERVED: [&str; 3] = ["json", "names", "result"];

/// Checks these names with `prefix` in front of them, and returns every error.
pub fn check<'a>(prefix: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Error> {
    let mut by_folded: HashMap<String, &str> = HashMap::new();
    let mut errors = Vec::new();
    for name in names {
        let full = format!("{prefix}{name}");
        let collision = |message: String| {
            Error::new(Code::BadName, message)
                .hint("set `prefix`, or choose another name with `select` NAME=PATH")
        };
        if !is_valid(&full) {
            let message = format!(
                "`{}` is not a valid name of a step output: expected ASCII letters, digits, `_` and `-`, no digit first, at most {MAX_BYTES}",
                clip(&full, 120)
            );
            errors
                .push(Error::new(Code::BadName, message).hint("choose another name with `select` NAME=PATH"));
        } else if RESERVED.contains(&fold(&full).as_str()) {
            errors.push(collision(format!("the name `{full}` is reserved for an output of the step itself")));
        } else if let Some(other) = by_folded.insert(fold(&full), name) {
            let message = if other == name {
                format!("there are two step outputs `{full}`")
            } else {
                format!("some CI systems cannot tell the step outputs `{prefix}{other}` and `{full}` apart")
            };
            errors.push(collision(message));
        }
    }
    errors
}

/// The name as a CI system sees it that turns names into variables.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

fn is_valid(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.len() <= MAX_BYTES && name.bytes().all(is_part)
}
