//! JSON Pointers (RFC 6901), and the steps they take through a draft. Never changes anything on the way.

use lockstep_yaml::{NodeId, Stream};

use super::draft::Draft;

/// `/a/b~1c/0`, as its tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pointer(pub(crate) Vec<String>);

/// Why an operation cannot be done, and the node that is nearest to the cause.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) text: String,
    pub(crate) near: Option<NodeId>,
}

impl Pointer {
    /// Reads a pointer.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(tokens) = text.strip_prefix('/') else {
            return Err(format!(
                "`{text}` is no JSON Pointer: it begins with `/`, or is empty for the document"
            ));
        };
        tokens.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| {
            format!("`{text}` is no JSON Pointer: `~` is written `~0` in one, and `/` within a key `~1`")
        })
    }

    /// Whether the other one leads to something within what this one leads to.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        other.0.len() > self.0.len() && other.0.starts_with(&self.0)
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(match part.chars().next()? {
            '0' => '~',
            '1' => '/',
            _ => return None,
        });
        text.push_str(&part[1..]);
    }
    Some(text)
}

/// The value at the end of the way.
pub(crate) fn walk<'d>(
    stream: &Stream<'_>,
    draft: &'d mut Draft,
    tokens: &[String],
) -> Result<&'d mut Draft, Problem> {
    tokens.iter().try_fold(draft, |draft, token| step(stream, draft, token))
}

fn step<'d>(stream: &Stream<'_>, draft: &'d mut Draft, token: &str) -> Result<&'d mut Draft, Problem> {
    draft.open(stream);
    let near = draft.origin();
    let problem = |text: String| Problem { text, near };
    match draft {
        Draft::Mapping(_, entries) => {
            let found = entries.iter_mut().find(|(key, _)| key == token);
            found.map(|(_, value)| value).ok_or_else(|| problem(format!("there is no key `{token}`")))
        }
        Draft::List(_, items) => {
            let (index, size) = (index(token).map_err(problem)?, items.len());
            items.get_mut(index).ok_or_else(|| problem(format!("there is no item {index}, only {size}")))
        }
        Draft::Node(_) | Draft::New(_) => {
            Err(problem(format!("`{token}` is looked for in what is neither a mapping nor a list")))
        }
    }
}

/// The index that a token means in a list.
pub(crate) fn index(token: &str) -> Result<usize, String> {
    let plain = token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    token.parse().ok().filter(|_| plain).ok_or_else(|| match token {
        "-" => "`-` is behind the last item, where nothing is".into(),
        _ => format!("`{token}` is no index of a list"),
    })
}
