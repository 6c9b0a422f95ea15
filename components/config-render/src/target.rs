//! The paths of the files to be written: a pattern with a hole for each value. Never looks at a disk.

use lockstep_glue::characters::is_invisible;
use lockstep_yaml::Value;

use crate::hole::is_name;
use crate::rows::Row;
use crate::words::text_of;

/// The hole that stands for the file name of the template.
pub const TEMPLATE: &str = "template";

/// The name of the list of owned files.
const LIST: &str = ".config-render.sha256";

/// A path with holes such as `{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(String),
}

impl Target {
    /// Reads a path with holes. A leading `./` is dropped.
    ///
    /// # Errors
    /// What is wrong with it, as a lower-case fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("./").unwrap_or(text);
        if text.starts_with('/') || text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("a path is relative to the workspace and has no empty part, `.` or `..`".into());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let hole = behind.split_once('}').filter(|(name, _)| is_name(name));
            let (name, after) = hole.ok_or("a hole is a name in braces, such as `{name}`")?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Hole(name.to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        let special = |c: char| "*?[]}\\".contains(c) || c.is_control();
        if parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(special))) {
            return Err("a path with holes is no pattern: it has no `*`, `?`, `[`, `]`, `}` or `\\`".into());
        }
        Ok(Self { parts })
    }

    /// The names of its holes, without that of the template.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(name) if name != TEMPLATE => Some(name.as_str()),
            _ => None,
        })
    }

    /// The path as it was given.
    #[must_use]
    pub fn text(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(name) => format!("{{{name}}}"),
        };
        self.parts.iter().map(text).collect()
    }

    /// The pattern of all its paths, as the host makes it of `${to:pattern}`.
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => pattern.push_str(text),
                Part::Hole(_) if pattern.ends_with('*') => {}
                Part::Hole(_) => pattern.push('*'),
            }
        }
        pattern
    }

    /// The path of the list of owned files: in the folders before the first hole.
    #[must_use]
    pub fn list(&self) -> String {
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
    /// Which value cannot be part of a path, as a lower-case fragment, and what to do.
    pub fn fill(&self, row: &Row, template: &str) -> Result<String, (String, &'static str)> {
        let file = template.rsplit('/').next().unwrap_or_default();
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Hole(name) if name == TEMPLATE => path.push_str(file),
                Part::Hole(name) => {
                    let value = row.get(name).unwrap_or(&Value::Null);
                    path.push_str(&name_of(name, value, path.is_empty() || path.ends_with('/'))?);
                }
            }
        }
        if path.len() > 4096 {
            return Err((format!("the path has {} bytes", path.len()), "shorten the values in it"));
        }
        Ok(path)
    }
}

/// A value as part of the name of a file or folder.
fn name_of(name: &str, value: &Value, begins: bool) -> Result<String, (String, &'static str)> {
    let refuse = |what: String, hint| Err((format!("`{name}` {what}"), hint));
    let text = match text_of(value) {
        Ok(text) => text,
        Err(kind) => return refuse(format!("is {kind}, and stands in a path"), "give it a text"),
    };
    let hint = "a value in `to` is part of one name; folders are written in `to` itself";
    if text.is_empty() {
        return refuse("is empty, and stands in a path".into(), "give it a text");
    }
    if text.contains('/') {
        return refuse(format!("is `{}`, and a value in a path has no `/`", text.escape_debug()), hint);
    }
    if text.chars().any(|c| c == '\\' || c.is_control() || is_invisible(c)) {
        let what = format!("is `{}`, which has a character no path may have", text.escape_default());
        return refuse(what, "name the file by another value");
    }
    if begins && text.starts_with('.') {
        return refuse(format!("is `{text}`, and a name made of a value does not begin with a dot"), hint);
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
    fn pattern_and_list_are_those_that_the_host_grants() {
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
    fn what_is_no_path_is_refused() {
        for to in ["/a", "../{a}", "a//{a}", "a/", "{a", "{a,b}", "{}", "a}", "*/{a}", "{a}?", "[a]", "a\\b"]
        {
            assert!(Target::parse(to).is_err(), "{to} passed");
        }
    }

    #[test]
    fn a_value_stays_one_name() {
        let fill = |to: &str, value: &str| Target::parse(to).unwrap().fill(&row(value), "t/x.yaml");
        assert_eq!(fill("e/{a}.yaml", "web").unwrap(), "e/web.yaml");
        assert_eq!(fill("e/{a}/{template}", "web").unwrap(), "e/web/x.yaml");
        assert_eq!(fill("e/x{a}.yaml", "..").unwrap(), "e/x...yaml");
        for value in ["", "..", ".", ".x", "a/b", "../x", "/", "a\\b", "a\nb", "a\u{202e}b"] {
            assert!(fill("e/{a}/x.yaml", value).is_err(), "{value:?} passed");
        }
    }
}
