//! Selectors of labels and annotations, as kubectl writes them. Never looks at a file.

/// One requirement of a selector.
#[derive(Debug, PartialEq)]
pub(super) struct Requirement {
    key: String,
    wants: Wants,
}

#[derive(Debug, PartialEq)]
enum Wants {
    Key,
    NoKey,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
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
    let (key, wants) = if let Some((key, list)) = text.split_once(" notin ") {
        (key, words(list).map(Wants::NoneOf))
    } else if let Some((key, list)) = text.split_once(" in ") {
        (key, words(list).map(Wants::OneOf))
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Some(Wants::NoneOf(one(value))))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Some(Wants::OneOf(one(value))))
    } else if let Some(key) = text.strip_prefix('!') {
        (key, Some(Wants::NoKey))
    } else {
        (text, Some(Wants::Key))
    };
    let key = key.trim().to_owned();
    let fits =
        !key.is_empty() && !key.contains(|letter: char| letter.is_whitespace() || "!=(),".contains(letter));
    wants.filter(|_| fits).map(|wants| Requirement { key, wants }).ok_or_else(|| {
        format!("`{text}` is none of `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)` and `a notin (b, c)`")
    })
}

impl Requirement {
    /// Whether a document fits, given the text of each of its labels.
    pub(super) fn fits<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let value = label(&self.key);
        let is_in = |words: &[String]| value.is_some_and(|value| words.iter().any(|word| word == value));
        match &self.wants {
            Wants::Key => value.is_some(),
            Wants::NoKey => value.is_none(),
            Wants::OneOf(words) => is_in(words),
            Wants::NoneOf(words) => !is_in(words),
        }
    }
}
