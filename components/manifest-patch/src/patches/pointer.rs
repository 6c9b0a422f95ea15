//! JSON Pointers (RFC 6901), and the values of a draft at them.

use lockstep_yaml::{NodeId, Stream};

use super::draft::Draft;

/// `/a/b~1c/0`, as its tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pointer(pub(crate) Vec<String>);

/// Why an operation fails, and the node nearest to the cause.
#[derive(Debug)]
pub(crate) struct PointerError {
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
                "invalid JSON Pointer `{text}`: it begins with `/`, or is empty for the document"
            ));
        };
        tokens.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| {
            format!("invalid JSON Pointer `{text}`: write `~0` for `~`, and `~1` for `/` in a key")
        })
    }

    /// Whether the value at `other` is inside the value at `self`.
    pub(crate) fn contains(&self, other: &Self) -> bool {
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

/// The value at a path.
pub(crate) fn walk<'d>(
    stream: &Stream<'_>,
    draft: &'d mut Draft,
    tokens: &[String],
) -> Result<&'d mut Draft, PointerError> {
    tokens.iter().try_fold(draft, |draft, token| step(stream, draft, token))
}

fn step<'d>(stream: &Stream<'_>, draft: &'d mut Draft, token: &str) -> Result<&'d mut Draft, PointerError> {
    draft.open(stream);
    let near = draft.origin();
    let error = |text: String| PointerError { text, near };
    match draft {
        Draft::Mapping(_, entries) => {
            let found = entries.iter_mut().find(|(key, _)| key == token);
            found.map(|(_, value)| value).ok_or_else(|| error(format!("there is no key `{token}`")))
        }
        Draft::List(_, items) => {
            let (index, size) = (index(token).map_err(error)?, items.len());
            items
                .get_mut(index)
                .ok_or_else(|| error(format!("there is no item {index}; the list has {size}")))
        }
        Draft::Node(_) | Draft::New(_) => {
            Err(error(format!("the parent of `{token}` is neither a mapping nor a list")))
        }
    }
}

/// The index of a list that a token names.
pub(crate) fn index(token: &str) -> Result<usize, String> {
    let plain = token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    token.parse().ok().filter(|_| plain).ok_or_else(|| match token {
        "-" => "`-` is the place after the last item, which has no value".into(),
        _ => format!("invalid index `{token}`: expected a number without leading zeros"),
    })
}
