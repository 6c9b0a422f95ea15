//! The rules `ready KIND=PATH=VALUE` and `failed KIND=PATH=VALUE` of a run, which compare one value of a custom resource
//! with a text.

use serde_json::Value;

use crate::kind::Kind;
use crate::value::clip;

/// `ready KIND=PATH=VALUE` or `failed KIND=PATH=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct CustomRule {
    pub(crate) is_ready: bool,
    kind: String,
    path: String,
    steps: Vec<Step>,
    expected: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl CustomRule {
    /// Reads the text after `ready` or `failed`.
    pub(crate) fn parse(is_ready: bool, text: &str) -> Result<Self, String> {
        let word = if is_ready { "ready" } else { "failed" };
        let hint = format!(
            "write `{word} KIND=PATH=VALUE`, such as `{word} widgets.example.com=.status.phase=Done`"
        );
        let mut parts = text.trim().splitn(3, '=').map(str::trim);
        let (Some(kind), Some(path), Some(expected)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("`{word} {text}` lacks a part: {hint}"));
        };
        if kind.is_empty() || kind.contains(char::is_whitespace) {
            return Err(format!("`{word} {text}` does not say the kind: {hint}"));
        }
        if let known @ (Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::Pod) =
            Kind::of(kind)
        {
            return Err(format!(
                "`{word} {text}`: {} has rules of its own; leave this one out, it is for custom resources",
                known.short_name()
            ));
        }
        let steps = steps(path).ok_or_else(|| {
            format!(
                "`{word} {text}`: `{path}` is not a path such as `.status.phase` or `.list[0].name`: {hint}"
            )
        })?;
        Ok(Self {
            is_ready,
            kind: kind.to_owned(),
            path: path.to_owned(),
            steps,
            expected: expected.to_owned(),
        })
    }

    pub(crate) fn is_for(&self, kind: &Kind) -> bool {
        kind.has_name(&self.kind)
    }

    /// Whether the object has the value, and a line with the value that it has.
    pub(crate) fn apply(&self, object: &Value) -> (bool, Box<str>) {
        let value = self.steps.iter().fold(object, |value, step| match step {
            Step::Key(key) => &value[key.as_str()],
            Step::Index(index) => &value[*index],
        });
        let actual = match value {
            Value::Null => return (false, clip(&format!("{} is not there", self.path))),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (actual == self.expected, clip(&format!("{} is {actual}", self.path)))
    }
}

/// Reads `.status.phase`, `.status.list[0].name` or `.metadata.labels["a.b/c"]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("[\"") {
            let (key, after) = tail.split_once("\"]")?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        } else if let Some(tail) = rest.strip_prefix('[') {
            let (index, after) = tail.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
        } else {
            // The first dot is optional, as in `status.phase`.
            let tail = match rest.strip_prefix('.') {
                Some(tail) => tail,
                None if steps.is_empty() => rest,
                None => return None,
            };
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let key = tail[..end].trim();
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = &tail[end..];
        }
    }
    (!steps.is_empty()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed() {
        let key = |text: &str| Step::Key(text.to_owned());
        assert_eq!(steps(".status.phase"), Some(vec![key("status"), key("phase")]));
        assert_eq!(
            steps("status.list[2].a"),
            Some(vec![key("status"), key("list"), Step::Index(2), key("a")])
        );
        assert_eq!(steps(".a[\"b.c/d\"].e"), Some(vec![key("a"), key("b.c/d"), key("e")]));
        for none in ["", ".", ".a..b", ".a[", ".a[x]", ".a[0]b", ".a[\"b]"] {
            assert_eq!(steps(none), None, "{none}");
        }
    }
}
