//! The names of step outputs: what one may look like, and which two are the same to some platform. Never sees a value.

use std::collections::HashMap;

use lockstep_path::clip;

use crate::problem::{Code, Problem};

/// The longest name.
const LONGEST: usize = 100;
/// The names that the step, or a platform, has for something else.
const TAKEN: [&str; 3] = ["json", "names", "result"];

/// What is wrong with these names once `prefix` stands before them. Names are told as they are given.
pub fn problems<'a>(prefix: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Problem> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut problems = Vec::new();
    for name in names {
        let full = format!("{prefix}{name}");
        let same = |message: String| {
            Problem::new(Code::BadName, message)
                .hint("set `prefix`, or name it otherwise with `select` NAME=PATH")
        };
        if !is_name(&full) {
            let message = format!(
                "`{}` cannot be the name of a step output: those are ASCII letters, digits, `_` and `-`, not a digit first, at most {LONGEST}",
                clip(&full, 120)
            );
            problems
                .push(Problem::new(Code::BadName, message).hint("name it otherwise with `select` NAME=PATH"));
        } else if TAKEN.contains(&folded(&full).as_str()) {
            problems.push(same(format!("the name `{full}` is taken by an output of the step itself")));
        } else if let Some(other) = seen.insert(folded(&full), name) {
            let message = if other == name {
                format!("the step output `{full}` stands twice")
            } else {
                format!("the step outputs `{prefix}{other}` and `{full}` are one to some platforms")
            };
            problems.push(same(message));
        }
    }
    problems
}

/// A name as a platform sees it that makes a variable of it.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

fn is_name(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.len() <= LONGEST && name.bytes().all(part)
}
