//! The permissions that a step requests: templates over its inputs, such as `read,write ${files}`.
//!
//! An input that is a path with placeholders, such as `envs/{env}/{name}.yaml`, has two more forms: `${to:pattern}` is
//! `envs/*/*.yaml`, and `${to:folder}` is `envs/`. For a file or a folder, `${source:tree}` is the path and everything
//! below it.
//!
//! For a list of records, `${smoke.url}` is the field `url` of each record. `${smoke.url:origin}` is the origin of a
//! URL.
//!
//! The host ignores a line that ends with ` if ${flag}` unless that input is true or a text that is not empty, and one
//! that ends with ` if ${choice=word}` unless the input is that word.

use crate::capability::{Capability, Right};
use crate::grant::Permission;
use crate::inputs::Inputs;
use crate::web::WebAddress;
use serde_json::Value;
use std::collections::BTreeMap;

/// The error of an invalid permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// No capability has this name.
    #[error("invalid capability `{0}`: expected one of {known}", known = capabilities())]
    Capability(String),
    /// The line is not `RIGHT[,RIGHT...] SCOPE`.
    #[error("invalid permission `{0}`: expected `RIGHT[,RIGHT...] SCOPE`")]
    Syntax(String),
    /// The capability has no such right.
    #[error("`{line}`: invalid right `{right}` on {capability}: expected one of `{}`", .known.join("`, `"))]
    Right {
        /// The line.
        line: String,
        /// The name.
        right: String,
        /// The capability's name.
        capability: &'static str,
        /// The rights of the capability.
        known: Vec<&'static str>,
    },
    /// `${` names no input of texts.
    #[error("`{line}`: the step has no input `{name}` of texts")]
    Input {
        /// The line.
        line: String,
        /// The input's name.
        name: String,
    },
    /// The word after `${input:` is invalid.
    #[error("`{line}`: invalid form `{form}`: expected one of `pattern`, `folder`, `tree`, `origin`")]
    InputForm {
        /// The line.
        line: String,
        /// The word.
        form: String,
    },
    /// ` if ${` names no input that is a flag or a text.
    #[error("`{line}`: the step has no input `{name}` that is a flag or a text")]
    Flag {
        /// The line.
        line: String,
        /// The input's name.
        name: String,
    },
    /// The scope is invalid.
    #[error("{0}")]
    Scope(String),
}

impl Permission {
    /// Parses a line without inputs, for example `read,write deploy/**`.
    ///
    /// # Errors
    /// The problem of the line.
    pub fn parse(capability: Capability, line: &str) -> Result<Self, PermissionError> {
        let (rights, scope) = read_line(capability, line)?;
        let scope = capability.parse_scope(scope).map_err(PermissionError::Scope)?;
        Ok(Self { capability, rights, scope })
    }
}

/// Fills the inputs of the run into permission lines. A list makes one permission for each item; an absent input makes
/// none.
///
/// # Errors
/// The error of the first invalid line.
pub fn fill(
    permissions: &BTreeMap<String, Vec<String>>,
    inputs: &Inputs,
) -> Result<Vec<Permission>, PermissionError> {
    let mut filled = Vec::new();
    for (name, lines) in permissions {
        let capability = Capability::parse(name).ok_or_else(|| PermissionError::Capability(name.clone()))?;
        for line in lines {
            let (rights, template) = read_line(capability, line)?;
            let Some(template) = applicable(template, line, inputs)? else {
                continue;
            };
            for scope in fill_template(template, line, inputs)? {
                let scope = capability.parse_scope(&scope).map_err(PermissionError::Scope)?;
                filled.push(Permission { capability, rights: rights.clone(), scope });
            }
        }
    }
    Ok(filled)
}

/// Splits `RIGHT[,RIGHT...] SCOPE` and parses the rights.
fn read_line(capability: Capability, line: &str) -> Result<(Vec<Right>, &str), PermissionError> {
    let (names, scope) = line.split_once(' ').ok_or_else(|| PermissionError::Syntax(line.to_owned()))?;
    let right = |name: &str| {
        capability.right(name).ok_or_else(|| PermissionError::Right {
            line: line.to_owned(),
            right: name.to_owned(),
            capability: capability.name(),
            known: capability.right_names(),
        })
    };
    Ok((names.split(',').map(right).collect::<Result<_, _>>()?, scope))
}

/// The template without its condition; none if the condition is false.
fn applicable<'l>(
    template: &'l str,
    line: &str,
    inputs: &Inputs,
) -> Result<Option<&'l str>, PermissionError> {
    let Some((template, name)) = template.strip_suffix('}').and_then(|rest| rest.rsplit_once(" if ${"))
    else {
        return Ok(Some(template));
    };
    let (input, word) = name.split_once('=').map_or((name, None), |(input, word)| (input, Some(word)));
    let holds = match (inputs.get(input), word) {
        (Some(Value::Bool(flag)), None) => *flag,
        (Some(Value::String(text)), None) => !text.is_empty(),
        (Some(Value::String(text)), Some(word)) => text == word,
        (Some(Value::Null), _) => false,
        _ => return Err(PermissionError::Flag { line: line.to_owned(), name: name.to_owned() }),
    };
    Ok(holds.then_some(template))
}

/// Replaces each `${input}` or `${input:form}` of a template by each text of the input. It does not expand the texts
/// again.
fn fill_template(template: &str, line: &str, inputs: &Inputs) -> Result<Vec<String>, PermissionError> {
    let Some((before, rest)) = template.split_once("${") else {
        return Ok(vec![template.to_owned()]);
    };
    let (name, after) = rest.split_once('}').ok_or_else(|| PermissionError::Syntax(line.to_owned()))?;
    let ends = fill_template(after, line, inputs)?;
    let (name, form) = name.split_once(':').unwrap_or((name, ""));
    let texts = inputs
        .texts(name)
        .ok_or_else(|| PermissionError::Input { line: line.to_owned(), name: name.to_owned() })?;
    let texts_of: fn(&str) -> Vec<String> = match form {
        "" => |text| vec![text.to_owned()],
        "pattern" => |text| vec![placeholders_as_wildcards(text)],
        "folder" => |text| vec![fixed_folder(text)],
        "tree" => tree,
        "origin" => |text| vec![origin(text)],
        _ => return Err(PermissionError::InputForm { line: line.to_owned(), form: form.to_owned() }),
    };
    let filled: Vec<_> = texts.into_iter().flat_map(texts_of).collect();
    let each = |text: &String| ends.iter().map(|end| format!("{before}{text}{end}")).collect::<Vec<_>>();
    Ok(filled.iter().flat_map(each).collect())
}

/// The patterns for a path and everything below it. `.` is the whole workspace.
fn tree(text: &str) -> Vec<String> {
    match text.trim_end_matches('/') {
        "." => vec!["**".to_owned()],
        path => vec![path.to_owned(), format!("{path}/**")],
    }
}

/// The origin of a URL. An invalid URL stays as it is; parsing the scope then fails.
fn origin(text: &str) -> String {
    WebAddress::parse(text).map_or_else(|_| text.to_owned(), |address| address.origin())
}

/// The text with `*` for each placeholder such as `{name}`. A placeholder stands for a text within one part of a path,
/// so two of them side by side must not become `**`.
fn placeholders_as_wildcards(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, length)) = first_placeholder(rest) {
        out.push_str(&rest[..at]);
        out.push('*');
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    while out.contains("**") {
        out = out.replace("**", "*");
    }
    out
}

/// The folder before the first placeholder, with its `/`; without a placeholder, the folder of the file.
fn fixed_folder(text: &str) -> String {
    let fixed = first_placeholder(text).map_or(text, |(at, _)| &text[..at]);
    fixed.rfind('/').map_or_else(String::new, |slash| fixed[..=slash].to_owned())
}

/// The index and the length of the first `{name}`. `{a,b}` is a choice of a pattern and no placeholder.
fn first_placeholder(text: &str) -> Option<(usize, usize)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, _) = text[at + 1..].split_once('}')?;
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        named.then_some((at, name.len() + 2))
    })
}

fn capabilities() -> String {
    Capability::ALL.map(Capability::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::InputInfo;
    use crate::inputs::{RawInput, RawValue};
    use crate::types::Type;

    fn inputs(files: &[&str]) -> Inputs {
        let ty = Type::List(Box::new(Type::String));
        let field = InputInfo::bare("files", &ty);
        let value = RawValue::Flags(files.iter().map(|&file| file.to_owned()).collect());
        Inputs::resolve(&[RawInput { name: "files".into(), source: String::new(), value }], &[field]).unwrap()
    }

    fn lines(ask: &str, files: &[&str]) -> Result<Vec<String>, PermissionError> {
        let asks = BTreeMap::from([("workspace".to_owned(), vec![ask.to_owned()])]);
        Ok(fill(&asks, &inputs(files))?.iter().map(Permission::line).collect())
    }

    #[test]
    fn each_text_of_an_input_makes_a_right() {
        assert_eq!(lines("read,write ${files}", &["a/*", "b"]).unwrap(), ["read,write a/*", "read,write b"]);
        assert_eq!(lines("read ${files}/**", &["a"]).unwrap(), ["read a/**"]);
        assert_eq!(lines("read fixed/*", &["a"]).unwrap(), ["read fixed/*"]);
        assert!(lines("read ${files}", &[]).unwrap().is_empty());
    }

    #[test]
    fn a_path_with_placeholders_makes_a_pattern_and_a_folder() {
        for (to, pattern, list) in [
            ("envs/{env}/{name}.yaml", "envs/*/*.yaml", "envs/.list"),
            ("{env}/x.yaml", "*/x.yaml", ".list"),
            ("a/b-{n}/c.yaml", "a/b-*/c.yaml", "a/.list"),
            ("./a/{n}", "a/*", "a/.list"),
            ("a/b.yaml", "a/b.yaml", "a/.list"),
            // Placeholders side by side stay within one part of a path.
            ("a/{x}{y}/c", "a/*/c", "a/.list"),
            ("a/{x}*{y}/c", "a/*/c", "a/.list"),
            ("a/{x}**", "a/*", "a/.list"),
            // A choice is not a placeholder, and stays a choice.
            ("a/{b,c}/d", "a/{b,c}/d", "a/{b,c}/.list"),
        ] {
            assert_eq!(lines("read ${files:pattern}", &[to]).unwrap(), [format!("read {pattern}")], "{to}");
            assert_eq!(lines("read ${files:folder}.list", &[to]).unwrap(), [format!("read {list}")], "{to}");
        }
    }

    #[test]
    fn a_file_or_a_folder_makes_a_tree() {
        assert_eq!(lines("read ${files:tree}", &["dist"]).unwrap(), ["read dist", "read dist/**"]);
        assert_eq!(lines("read ${files:tree}", &["dist/"]).unwrap(), ["read dist", "read dist/**"]);
        assert_eq!(lines("read ${files:tree}", &["a/*.js"]).unwrap(), ["read a/*.js", "read a/*.js/**"]);
        assert_eq!(lines("read ${files:tree}", &["./"]).unwrap(), ["read **"]);
        assert!(
            lines("read ${files:tree}", &["../dist"]).is_err()
                && lines("read ${files:tree}", &["/"]).is_err()
        );
    }

    #[test]
    fn a_line_with_a_false_condition_requests_no_permission() {
        let field = InputInfo::bare("prune", &Type::Bool);
        for (given, count) in [("true", 1), ("false", 0)] {
            let raw = RawInput {
                name: "prune".into(),
                source: String::new(),
                value: RawValue::Flags(vec![given.into()]),
            };
            let inputs = Inputs::resolve(&[raw], std::slice::from_ref(&field)).unwrap();
            let ask =
                |line: &str| fill(&BTreeMap::from([("objects".to_owned(), vec![line.to_owned()])]), &inputs);
            assert_eq!(ask("delete s3://releases/web/ if ${prune}").unwrap().len(), count);
            assert!(matches!(
                ask("delete s3://releases/web/ if ${other}"),
                Err(PermissionError::Flag { .. })
            ));
        }
    }

    #[test]
    fn a_condition_can_compare_a_text() {
        let field = InputInfo::bare("undo", &Type::String);
        for (given, filled, chosen) in [("never", 1, 0), ("on-failure", 1, 1), ("", 0, 0)] {
            let raw = RawInput {
                name: "undo".into(),
                source: String::new(),
                value: RawValue::Value(Value::from(given)),
            };
            let inputs = Inputs::resolve(&[raw], std::slice::from_ref(&field)).unwrap();
            let ask =
                |line: &str| fill(&BTreeMap::from([("cluster".to_owned(), vec![line.to_owned()])]), &inputs);
            assert_eq!(ask("read ./* if ${undo}").unwrap().len(), filled, "{given}");
            assert_eq!(ask("read ./* if ${undo=on-failure}").unwrap().len(), chosen, "{given}");
        }
    }

    #[test]
    fn a_field_of_each_record_makes_a_right() {
        let url = crate::types::Field { name: "url".into(), ty: Type::String };
        let field = InputInfo::bare("smoke", &Type::List(Box::new(Type::Record(vec![url]))));
        let urls = serde_json::json!([{"url": "https://a.example/x?y"}, {"url": "http://b.example:80/"}]);
        let fill_with = |given: Value, line: &str| {
            let raw = RawInput { name: "smoke".into(), source: String::new(), value: RawValue::Value(given) };
            let inputs = Inputs::resolve(&[raw], std::slice::from_ref(&field)).unwrap();
            fill(&BTreeMap::from([("http".to_owned(), vec![line.to_owned()])]), &inputs)
        };
        let rights = fill_with(urls.clone(), "get ${smoke.url:origin}").unwrap();
        let lines: Vec<_> = rights.iter().map(Permission::line).collect();
        assert_eq!(lines, ["get https://a.example", "get http://b.example"]);
        assert!(fill_with(serde_json::json!([]), "get ${smoke.url:origin}").unwrap().is_empty());
        assert!(matches!(fill_with(urls, "get ${smoke.name}"), Err(PermissionError::Input { .. })));
        let bad = fill_with(serde_json::json!([{"url": "https://a@b"}]), "get ${smoke.url:origin}");
        assert!(matches!(bad, Err(PermissionError::Scope(_))), "{bad:?}");
    }

    #[test]
    fn an_invalid_line_is_an_error() {
        for (ask, files) in [
            ("read", "a"),
            ("fly ${files}", "a"),
            ("read ${nothing}", "a"),
            ("read ${files", "a"),
            ("read ${files:other}", "a"),
            ("read ${nothing:pattern}", "a"),
            ("read ${files:pattern}", "../{a}"),
            ("read ${files:folder}x", "/etc/{a}"),
            ("read ${files}", "../a"),
            ("read ${files}", "/etc/*"),
        ] {
            assert!(lines(ask, &[files]).is_err(), "{ask} with {files}");
        }
        let asks = BTreeMap::from([("network".to_owned(), vec![])]);
        assert!(matches!(fill(&asks, &Inputs::default()), Err(PermissionError::Capability(_))));
    }
}
