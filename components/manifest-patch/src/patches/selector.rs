//! Selectors of labels and annotations, in the syntax of kubectl.

/// One requirement of a selector.
#[derive(Debug, PartialEq)]
pub(super) struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug, PartialEq)]
enum Operator {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// Reads `a=b,c!=d,e,!f,g in (h, i),j notin (k)`.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    let mut rest = text;
    while !rest.trim().is_empty() {
        let opened = rest.find('(').filter(|&open| !rest[..open].contains(','));
        let from = opened.map_or(0, |open| rest[open..].find(')').map_or(rest.len(), |close| open + close));
        let end = rest[from..].find(',').map_or(rest.len(), |comma| from + comma);
        requirements.push(requirement(rest[..end].trim())?);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(requirements)
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let words = |list: &str| -> Option<Vec<String>> {
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(list.split(',').map(|word| word.trim().to_owned()).collect())
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    let (key, operator) = if let Some((key, list)) = text.split_once(" notin ") {
        (key, words(list).map(Operator::NotIn))
    } else if let Some((key, list)) = text.split_once(" in ") {
        (key, words(list).map(Operator::In))
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Some(Operator::NotIn(one(value))))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Some(Operator::In(one(value))))
    } else if let Some(key) = text.strip_prefix('!') {
        (key, Some(Operator::DoesNotExist))
    } else {
        (text, Some(Operator::Exists))
    };
    let key = key.trim().to_owned();
    let is_valid =
        !key.is_empty() && !key.contains(|letter: char| letter.is_whitespace() || "!=(),".contains(letter));
    operator.filter(|_| is_valid).map(|operator| Requirement { key, operator }).ok_or_else(|| {
        format!("invalid requirement `{text}`: expected one of `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)`, `a notin (b, c)`")
    })
}

impl Requirement {
    /// Whether a document meets the requirement. `label` returns the text of a label.
    pub(super) fn is_met<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let value = label(&self.key);
        let is_in = |words: &[String]| value.is_some_and(|value| words.iter().any(|word| word == value));
        match &self.operator {
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::In(words) => is_in(words),
            Operator::NotIn(words) => !is_in(words),
        }
    }
}
