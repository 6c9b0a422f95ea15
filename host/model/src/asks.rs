//! What a step asks for: templates over its inputs, such as `read,write ${files}`. Putting inputs in
//! makes rights; it never allows anything by itself.

use crate::call::Capability;
use crate::grant::Right;
use crate::inputs::Inputs;
use crate::pattern::Pattern;
use std::collections::BTreeMap;

/// Why asks cannot be read or filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No host interface has this name.
    #[error("`{0}` is no capability; there are {known}", known = capabilities())]
    Capability(String),
    /// The line is not `VERB[,VERB...] SCOPE`.
    #[error("`{0}` is not of the form `VERB[,VERB...] SCOPE`")]
    Form(String),
    /// The capability has no such right.
    #[error("`{line}`: `{verb}` is no right on {capability}; there are {}", .known.join(", "))]
    Verb {
        /// The line.
        line: String,
        /// The word.
        verb: String,
        /// The capability's name.
        capability: &'static str,
        /// The words there are.
        known: &'static [&'static str],
    },
    /// `${` names no input that holds text.
    #[error("`{line}`: there is no input `{name}` that holds text")]
    Input {
        /// The line.
        line: String,
        /// The input's name.
        name: String,
    },
    /// The scope, filled in, is no pattern.
    #[error("{0}")]
    Scope(String),
}

/// Makes rights of asks, with this run's inputs put in. An input that is a list makes a right an item;
/// one that is absent makes none.
///
/// # Errors
/// The first line that cannot be read or filled in.
pub fn fill(asks: &BTreeMap<String, Vec<String>>, inputs: &Inputs) -> Result<Vec<Right>, AskError> {
    let mut rights = Vec::new();
    for (name, lines) in asks {
        let capability = Capability::parse(name).ok_or_else(|| AskError::Capability(name.clone()))?;
        for line in lines {
            let (verbs, template) = read_line(capability, line)?;
            for scope in fill_template(template, line, inputs)? {
                let scope = Pattern::parse(&scope).map_err(|error| AskError::Scope(error.to_string()))?;
                rights.push(Right { capability, verbs: verbs.clone(), scope });
            }
        }
    }
    Ok(rights)
}

/// Splits `VERB[,VERB...] SCOPE` and checks the verbs.
fn read_line(capability: Capability, line: &str) -> Result<(Vec<String>, &str), AskError> {
    let (verbs, scope) = line.split_once(' ').ok_or_else(|| AskError::Form(line.to_owned()))?;
    let verbs: Vec<String> = verbs.split(',').map(str::to_owned).collect();
    if let Some(verb) = verbs.iter().find(|verb| !capability.rights().contains(&verb.as_str())) {
        return Err(AskError::Verb {
            line: line.to_owned(),
            verb: verb.clone(),
            capability: capability.word(),
            known: capability.rights(),
        });
    }
    Ok((verbs, scope))
}

/// Replaces the one `${input}` of a template by each of its texts.
fn fill_template(template: &str, line: &str, inputs: &Inputs) -> Result<Vec<String>, AskError> {
    let Some((before, rest)) = template.split_once("${") else {
        return Ok(vec![template.to_owned()]);
    };
    let (name, after) = rest.split_once('}').ok_or_else(|| AskError::Form(line.to_owned()))?;
    if after.contains("${") {
        return Err(AskError::Form(line.to_owned()));
    }
    let texts =
        inputs.texts(name).ok_or_else(|| AskError::Input { line: line.to_owned(), name: name.to_owned() })?;
    Ok(texts.into_iter().map(|text| format!("{before}{text}{after}")).collect())
}

fn capabilities() -> String {
    Capability::ALL.map(Capability::word).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::InputInfo;
    use crate::inputs::{Given, Raw};
    use crate::types::Type;

    fn inputs(files: &[&str]) -> Inputs {
        let ty = Type::List(Box::new(Type::String));
        let field = InputInfo::bare("files", &ty);
        let given = Given::Flags(files.iter().map(|&file| file.to_owned()).collect());
        Inputs::resolve(&[Raw { name: "files".into(), source: String::new(), given }], &[field]).unwrap()
    }

    fn lines(ask: &str, files: &[&str]) -> Result<Vec<String>, AskError> {
        let asks = BTreeMap::from([("workspace".to_owned(), vec![ask.to_owned()])]);
        Ok(fill(&asks, &inputs(files))?.iter().map(Right::line).collect())
    }

    #[test]
    fn each_text_of_an_input_makes_a_right() {
        assert_eq!(lines("read,write ${files}", &["a/*", "b"]).unwrap(), ["read,write a/*", "read,write b"]);
        assert_eq!(lines("read ${files}/**", &["a"]).unwrap(), ["read a/**"]);
        assert_eq!(lines("read fixed/*", &["a"]).unwrap(), ["read fixed/*"]);
        assert!(lines("read ${files}", &[]).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (ask, files) in [
            ("read", "a"),
            ("fly ${files}", "a"),
            ("read ${nothing}", "a"),
            ("read ${files", "a"),
            ("read ${files}${files}", "a"),
            ("read ${files}", "../a"),
            ("read ${files}", "/etc/*"),
        ] {
            assert!(lines(ask, &[files]).is_err(), "{ask} with {files}");
        }
        let asks = BTreeMap::from([("network".to_owned(), vec![])]);
        assert!(matches!(fill(&asks, &Inputs::default()), Err(AskError::Capability(_))));
    }
}
