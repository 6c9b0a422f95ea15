//! The input `to`: the path of each file, with placeholders.

use lockstep_sdk::characters::is_invisible;
use lockstep_yaml::Value;

use crate::placeholder::is_name;
use crate::rows::Row;
use crate::scalar;

/// The placeholder for the file name of the template.
pub(crate) const TEMPLATE: &str = "template";

/// The file name of the list of owned files.
const LIST: &str = ".config-render.sha256";

/// A path with placeholders such as `{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

impl Target {
    /// Parses a path with placeholders. Removes `./` at the beginning.
    ///
    /// # Errors
    /// What is wrong, as a lower-case fragment.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("./").unwrap_or(text);
        if text.starts_with('/') || text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("a path is relative to the workspace and has no empty part, `.` or `..`".into());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let placeholder = after.split_once('}').filter(|(name, _)| is_name(name));
            let (name, after) = placeholder.ok_or("a placeholder is a name in braces, such as `{name}`")?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Placeholder(name.to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        let special = |c: char| "*?[]}\\".contains(c) || c.is_control();
        if parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(special))) {
            return Err("a path cannot contain `*`, `?`, `[`, `]`, `}` and `\\`".into());
        }
        Ok(Self { parts })
    }

    /// The names of its placeholders, without `template`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) if name != TEMPLATE => Some(name.as_str()),
            _ => None,
        })
    }

    /// The input, without `./`.
    pub(crate) fn text(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(name) => format!("{{{name}}}"),
        };
        self.parts.iter().map(text).collect()
    }

    /// The pattern of all its paths, as in the host's `${to:pattern}`.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => pattern.push_str(text),
                Part::Placeholder(_) if pattern.ends_with('*') => {}
                Part::Placeholder(_) => pattern.push('*'),
            }
        }
        pattern
    }

    /// The path of the list of owned files: in the folder before the first placeholder.
    pub(crate) fn list(&self) -> String {
        let fixed = match self.parts.first() {
            Some(Part::Text(text)) => text.as_str(),
            _ => "",
        };
        let folder = fixed.rfind('/').map_or("", |slash| &fixed[..=slash]);
        format!("{folder}{LIST}")
    }

    /// The path of one file.
    ///
    /// # Errors
    /// The value that a path cannot contain, as a lower-case fragment, and the next act.
    pub(crate) fn path(&self, row: &Row, template: &str) -> Result<String, (String, &'static str)> {
        let file = template.rsplit('/').next().unwrap_or_default();
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Placeholder(name) if name == TEMPLATE => path.push_str(file),
                Part::Placeholder(name) => {
                    let value = row.get(name).unwrap_or(&Value::Null);
                    path.push_str(&name_part(name, value, path.is_empty() || path.ends_with('/'))?);
                }
            }
        }
        if path.len() > 4096 {
            return Err((format!("the path has {} bytes", path.len()), "shorten the values in it"));
        }
        Ok(path)
    }
}

/// A value as a part of a file or folder name. `begins` tells whether the name begins with it.
fn name_part(name: &str, value: &Value, begins: bool) -> Result<String, (String, &'static str)> {
    let error = |message: String, hint| Err((format!("`{name}` {message}"), hint));
    let text = match scalar::text(value) {
        Ok(text) => text,
        Err(kind) => return error(format!("is {kind}, and a path needs a text"), "give it a text"),
    };
    let hint = "a value is part of one name; write folders into `to` itself";
    if text.is_empty() {
        return error("is empty, and a path needs a text".into(), "give it a text");
    }
    if text.contains('/') {
        return error(
            format!("is `{}`, and a value in a path cannot contain `/`", text.escape_debug()),
            hint,
        );
    }
    if text.chars().any(|c| c == '\\' || c.is_control() || is_invisible(c)) {
        let message =
            format!("is `{}`, which contains a character that paths cannot contain", text.escape_default());
        return error(message, "use another value in `to`");
    }
    if begins && text.starts_with('.') {
        return error(format!("is `{text}`, and a name cannot begin with a dot from a value"), hint);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn row(value: &str) -> Row {
        Row { number: 1, at: None, values: vec![("a".into(), Value::String(value.into()))] }
    }

    #[test]
    fn pattern_and_list_equal_those_of_the_grant() {
        for (to, pattern, list) in [
            ("envs/{env}/{name}.yaml", "envs/*/*.yaml", "envs/.config-render.sha256"),
            ("{env}/x.yaml", "*/x.yaml", ".config-render.sha256"),
            ("./a/b-{n}/c.yaml", "a/b-*/c.yaml", "a/.config-render.sha256"),
            ("a/{x}{y}/{template}", "a/*/*", "a/.config-render.sha256"),
            ("a/b.yaml", "a/b.yaml", "a/.config-render.sha256"),
        ] {
            let target = Target::parse(to).unwrap();
            assert_eq!((target.pattern().as_str(), target.list().as_str()), (pattern, list), "{to}");
        }
    }

    #[test]
    fn invalid_paths_are_rejected() {
        for to in ["/a", "../{a}", "a//{a}", "a/", "{a", "{a,b}", "{}", "a}", "*/{a}", "{a}?", "[a]", "a\\b"]
        {
            assert!(Target::parse(to).is_err(), "{to} passed");
        }
    }

    #[test]
    fn a_value_stays_inside_one_name() {
        let path = |to: &str, value: &str| Target::parse(to).unwrap().path(&row(value), "t/x.yaml");
        assert_eq!(path("e/{a}.yaml", "web").unwrap(), "e/web.yaml");
        assert_eq!(path("e/{a}/{template}", "web").unwrap(), "e/web/x.yaml");
        assert_eq!(path("e/x{a}.yaml", "..").unwrap(), "e/x...yaml");
        for value in ["", "..", ".", ".x", "a/b", "../x", "/", "a\\b", "a\nb", "a\u{202e}b"] {
            assert!(path("e/{a}/x.yaml", value).is_err(), "{value:?} passed");
        }
    }
}
