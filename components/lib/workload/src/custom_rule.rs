//! The rules of a run about kinds: `ready KIND=PATH=VALUE` and `failed KIND=PATH=VALUE` compare values of a custom resource with
//! a text, and `ignore KIND` passes over objects.

use lockstep_path::{Path, Segment};
use serde_json::Value;

use crate::kind::Kind;
use crate::value::clip;

/// `ready KIND=PATH=VALUE` or `failed KIND=PATH=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct CustomRule {
    pub(crate) is_ready: bool,
    kind: String,
    path: Path,
    expected: String,
}

/// `ignore KIND` or `ignore KIND/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreRule {
    kind: String,
    name: Option<String>,
}

impl CustomRule {
    /// Reads the text after `ready` or `failed`.
    pub(crate) fn parse(is_ready: bool, text: &str) -> Result<Self, String> {
        let word = if is_ready { "ready" } else { "failed" };
        let hint = format!(
            "write `{word} KIND=PATH=VALUE`, such as `{word} widgets.example.com=.status.phase=Done` or \
             `{word} widgets.example.com=.status.conditions[type=Done].status=True`"
        );
        let Some((kind, rest)) = text.trim().split_once('=').map(|(kind, rest)| (kind.trim(), rest.trim()))
        else {
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
        let (path, expected) = Path::parse_assignment(rest)
            .map_err(|invalid| format!("`{word} {text}`: `{}`: {}: {hint}", invalid.path, invalid.problem))?;
        if path.segments().is_empty() {
            return Err(format!("`{word} {text}` lacks a path: {hint}"));
        }
        Ok(Self { is_ready, kind: kind.to_owned(), path, expected: expected.trim().to_owned() })
    }

    pub(crate) fn is_for(&self, kind: &Kind) -> bool {
        kind.has_name(&self.kind)
    }

    /// Whether the object has the value, and a line with the value that it has. Of several values, all must be so for `ready`,
    /// and one for `failed`.
    pub(crate) fn apply(&self, object: &Value) -> (bool, Box<str>) {
        let values = find(object, self.path.segments());
        let texts: Vec<String> = values.into_iter().filter(|value| !value.is_null()).map(text_of).collect();
        let decisive = match self.is_ready {
            true => texts.iter().find(|text| **text != self.expected),
            false => texts.iter().find(|text| **text == self.expected),
        };
        match decisive.or(texts.first()) {
            None => (false, clip(&format!("{} is not there", self.path))),
            Some(text) => (*text == self.expected, clip(&format!("{} is {text}", self.path))),
        }
    }
}

impl IgnoreRule {
    /// Reads the text after `ignore`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind, Some(name.to_owned())),
            None => (text, None),
        };
        let is_word = |word: &str| !word.is_empty() && !word.contains([' ', '\t', '=', '/']);
        if !is_word(kind) || !name.as_deref().is_none_or(is_word) {
            return Err(format!(
                "`ignore {text}` is not a kind: write `ignore KIND` or `ignore KIND/NAME`, such as `ignore \
                 widgets.example.com`"
            ));
        }
        let kind = match kind.contains('.') {
            true => kind.to_owned(),
            false => Kind::builtin(kind).map(|kind| kind.name().to_owned()).ok_or_else(|| {
                format!(
                    "`ignore {text}`: `{kind}` is not a built-in kind of Kubernetes; write other kinds with their \
                     group, such as `widgets.example.com`"
                )
            })?,
        };
        Ok(Self { kind, name })
    }

    /// Whether the rule is about this object; `name` is none for all objects of a kind.
    pub fn is_for(&self, kind: &Kind, name: Option<&str>) -> bool {
        kind.has_name(&self.kind) && (self.name.is_none() || self.name.as_deref() == name)
    }

    /// The rule as inputs write it.
    pub fn text(&self) -> String {
        match &self.name {
            Some(name) => format!("ignore {}/{name}", self.kind),
            None => format!("ignore {}", self.kind),
        }
    }
}

/// A string as it is, another value as JSON.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values at a path.
fn find<'a>(value: &'a Value, segments: &[Segment]) -> Vec<&'a Value> {
    let Some((first, rest)) = segments.split_first() else { return vec![value] };
    let items = || value.as_array().into_iter().flatten();
    let next: Vec<&Value> = match first {
        Segment::Key(key) => value.get(key).into_iter().collect(),
        Segment::Index(index) => value.get(index).into_iter().collect(),
        Segment::KeyOrIndex(index) => {
            value.get(index).or_else(|| value.get(index.to_string())).into_iter().collect()
        }
        Segment::Match { key, value } => {
            items().filter(|item| item.get(key).is_some_and(|own| text_of(own) == *value)).collect()
        }
        Segment::Wildcard => items().collect(),
    };
    next.into_iter().flat_map(|value| find(value, rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_those_of_the_other_steps() {
        let object = json!({"status": {"phase": "Up", "list": [{"n": 1}, {"n": 2}], "a.b/c": true,
            "conditions": [{"type": "Ready", "status": "False"}, {"type": "Programmed", "status": "True"}]}});
        let apply = |is_ready, text: &str| {
            let rule = CustomRule::parse(is_ready, &format!("widgets.example.com={text}")).unwrap();
            rule.apply(&object).0
        };
        for (text, ready, failed) in [
            (".status.phase=Up", true, true),
            ("status.phase=Up", true, true),
            ("/status/phase=Up", true, true),
            (".status.phase=Down", false, false),
            (".status.conditions[type=Programmed].status=True", true, true),
            (".status.conditions[type=Ready].status=True", false, false),
            (".status.conditions[type=None].status=True", false, false),
            (".status.list[1].n=2", true, true),
            ("/status/list/1/n=2", true, true),
            (".status[\"a.b/c\"]=true", true, true),
            // Of several, all must be so for `ready`, and one for `failed`.
            (".status.list[].n=2", false, true),
            (".status.none=", false, false),
        ] {
            assert_eq!((apply(true, text), apply(false, text)), (ready, failed), "{text}");
        }
    }

    #[test]
    fn ignored_kinds_may_have_a_name() {
        let is_for =
            |rule: &str, kind: &str, name| IgnoreRule::parse(rule).unwrap().is_for(&Kind::of(kind), name);
        assert!(is_for("Job", "Job.batch", Some("migrate")));
        assert!(is_for("jobs", "Job.batch", None));
        assert!(is_for("widgets.example.com", "Widget.example.com", Some("a")));
        assert!(is_for("Job/migrate", "Job.batch", Some("migrate")));
        assert!(!is_for("Job/migrate", "Job.batch", Some("seed")));
        assert!(!is_for("Job/migrate", "Job.batch", None));
        assert!(!is_for("Job", "Job.example.com", None));
        for invalid in ["", "Widget", "a b", "Job/", "Job=x", "/x"] {
            assert!(IgnoreRule::parse(invalid).is_err(), "{invalid}");
        }
    }
}
