//! What a step asks for: templates over its inputs, such as `read,write ${files}`. Putting inputs in
//! makes rights; it never allows anything by itself.
//!
//! An input that is a path with holes, such as `envs/{env}/{name}.yaml`, has two more forms: `${to:pattern}`
//! is `envs/*/*.yaml`, and `${to:folder}` is `envs/`. One that is a file or a folder has another: `${source:tree}` is
//! the file and all that is below the folder.
//!
//! Of an input that is a list of records, `${smoke.url}` is the field `url` of each; `${smoke.url:origin}` is what stands
//! before the path of a URL.
//!
//! A line that ends with ` if ${flag}` asks only where that input is true or a text that is not empty, one that ends with
//! ` if ${choice=word}` only where the input is that word.

use crate::call::Capability;
use crate::grant::{Right, Scope};
use crate::inputs::Inputs;
use crate::web::WebAddress;
use serde_json::Value;
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
    /// The word behind `${input:` is not known.
    #[error("`{line}`: `{form}` is no form of an input; there are `pattern`, `folder`, `tree` and `origin`")]
    InputForm {
        /// The line.
        line: String,
        /// The word.
        form: String,
    },
    /// ` if ${` names no input that is true or false, or a text.
    #[error("`{line}`: there is no input `{name}` that is true or false, or a text")]
    Flag {
        /// The line.
        line: String,
        /// The input's name.
        name: String,
    },
    /// The scope, filled in, is none.
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
            let Some(template) = wanted(template, line, inputs)? else {
                continue;
            };
            for scope in fill_template(template, line, inputs)? {
                let scope = Scope::parse(capability, &scope).map_err(AskError::Scope)?;
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

/// The template without its condition; none if that does not hold.
fn wanted<'l>(template: &'l str, line: &str, inputs: &Inputs) -> Result<Option<&'l str>, AskError> {
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
        _ => return Err(AskError::Flag { line: line.to_owned(), name: name.to_owned() }),
    };
    Ok(holds.then_some(template))
}

/// Replaces each `${input}` or `${input:form}` of a template by each of its texts. A text is never looked at for another
/// one.
fn fill_template(template: &str, line: &str, inputs: &Inputs) -> Result<Vec<String>, AskError> {
    let Some((before, rest)) = template.split_once("${") else {
        return Ok(vec![template.to_owned()]);
    };
    let (name, after) = rest.split_once('}').ok_or_else(|| AskError::Form(line.to_owned()))?;
    let ends = fill_template(after, line, inputs)?;
    let (name, form) = name.split_once(':').unwrap_or((name, ""));
    let texts =
        inputs.texts(name).ok_or_else(|| AskError::Input { line: line.to_owned(), name: name.to_owned() })?;
    let texts_of: fn(&str) -> Vec<String> = match form {
        "" => |text| vec![text.to_owned()],
        "pattern" => |text| vec![without_holes(text)],
        "folder" => |text| vec![fixed_folder(text)],
        "tree" => tree,
        "origin" => |text| vec![origin(text)],
        _ => return Err(AskError::InputForm { line: line.to_owned(), form: form.to_owned() }),
    };
    let filled: Vec<_> = texts.into_iter().flat_map(texts_of).collect();
    let each = |text: &String| ends.iter().map(|end| format!("{before}{text}{end}")).collect::<Vec<_>>();
    Ok(filled.iter().flat_map(each).collect())
}

/// What the text names, and all that is below it. `.` is the whole workspace.
fn tree(text: &str) -> Vec<String> {
    match text.trim_end_matches('/') {
        "." => vec!["**".to_owned()],
        path => vec![path.to_owned(), format!("{path}/**")],
    }
}

/// The origin of a URL. A text that is none stays as it is, to be refused as a scope.
fn origin(text: &str) -> String {
    WebAddress::parse(text).map_or_else(|_| text.to_owned(), |address| address.origin())
}

/// The text with `*` for each hole such as `{name}`. What stands in a hole is one part of a path, so two holes side
/// by side must not become `**`.
fn without_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, length)) = first_hole(rest) {
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

/// The folders before the first hole, with the `/` behind them; without a hole, those of the file.
fn fixed_folder(text: &str) -> String {
    let fixed = first_hole(text).map_or(text, |(at, _)| &text[..at]);
    fixed.rfind('/').map_or_else(String::new, |slash| fixed[..=slash].to_owned())
}

/// Where the first `{name}` begins, and its length. `{a,b}` is a choice of a pattern and no hole.
fn first_hole(text: &str) -> Option<(usize, usize)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, _) = text[at + 1..].split_once('}')?;
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        named.then_some((at, name.len() + 2))
    })
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
    fn a_path_with_holes_makes_a_pattern_and_a_folder() {
        for (to, pattern, list) in [
            ("envs/{env}/{name}.yaml", "envs/*/*.yaml", "envs/.list"),
            ("{env}/x.yaml", "*/x.yaml", ".list"),
            ("a/b-{n}/c.yaml", "a/b-*/c.yaml", "a/.list"),
            ("./a/{n}", "a/*", "a/.list"),
            ("a/b.yaml", "a/b.yaml", "a/.list"),
            // A hole is at most one part of a path, however many stand side by side.
            ("a/{x}{y}/c", "a/*/c", "a/.list"),
            ("a/{x}*{y}/c", "a/*/c", "a/.list"),
            ("a/{x}**", "a/*", "a/.list"),
            // A choice is not a hole, and does not become more than it says.
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
    fn a_condition_decides_whether_anything_is_asked() {
        let field = InputInfo::bare("prune", &Type::Bool);
        for (given, count) in [("true", 1), ("false", 0)] {
            let raw =
                Raw { name: "prune".into(), source: String::new(), given: Given::Flags(vec![given.into()]) };
            let inputs = Inputs::resolve(&[raw], std::slice::from_ref(&field)).unwrap();
            let ask =
                |line: &str| fill(&BTreeMap::from([("objects".to_owned(), vec![line.to_owned()])]), &inputs);
            assert_eq!(ask("delete s3://releases/web/ if ${prune}").unwrap().len(), count);
            assert!(matches!(ask("delete s3://releases/web/ if ${other}"), Err(AskError::Flag { .. })));
        }
    }

    #[test]
    fn a_condition_can_be_about_a_text() {
        let field = InputInfo::bare("undo", &Type::String);
        for (given, filled, chosen) in [("never", 1, 0), ("on-failure", 1, 1), ("", 0, 0)] {
            let raw =
                Raw { name: "undo".into(), source: String::new(), given: Given::Value(Value::from(given)) };
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
            let raw = Raw { name: "smoke".into(), source: String::new(), given: Given::Value(given) };
            let inputs = Inputs::resolve(&[raw], std::slice::from_ref(&field)).unwrap();
            fill(&BTreeMap::from([("http".to_owned(), vec![line.to_owned()])]), &inputs)
        };
        let rights = fill_with(urls.clone(), "get ${smoke.url:origin}").unwrap();
        let lines: Vec<_> = rights.iter().map(Right::line).collect();
        assert_eq!(lines, ["get https://a.example", "get http://b.example"]);
        assert!(fill_with(serde_json::json!([]), "get ${smoke.url:origin}").unwrap().is_empty());
        assert!(matches!(fill_with(urls, "get ${smoke.name}"), Err(AskError::Input { .. })));
        let bad = fill_with(serde_json::json!([{"url": "https://a@b"}]), "get ${smoke.url:origin}");
        assert!(matches!(bad, Err(AskError::Scope(_))), "{bad:?}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
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
        assert!(matches!(fill(&asks, &Inputs::default()), Err(AskError::Capability(_))));
    }
}
