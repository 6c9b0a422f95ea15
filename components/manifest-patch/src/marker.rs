//! Image policy markers of Flux, `# {"$imagepolicy": "NAMESPACE:POLICY[:tag|:name|:digest]"}` after a value, in YAML and in
//! other text.

use lockstep_sdk::suggest;
use lockstep_yaml::{AliasMode, ChangedValue, NodeId, Op, Position, Refusal, RefusalReason, Stream, Value};

use crate::images::Reference;
use crate::matches::Matches;
use crate::place_edit::PlaceEdit;

/// The beginning of a marker.
const OPENING: &str = "{\"$imagepolicy\"";

/// `NAMESPACE:POLICY=IMAGE`: the values that the policy marks become this image, or the part of it that the marker names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerEdit {
    /// `NAMESPACE:POLICY`.
    pub policy: String,
    /// The image.
    pub image: Reference,
}

impl MarkerEdit {
    /// Reads `NAMESPACE:POLICY=IMAGE`.
    ///
    /// # Errors
    /// The text is no such edit; the message says why.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (policy, image) = text.split_once('=').ok_or("`=` and the image are missing")?;
        let parts: Vec<&str> = policy.split(':').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace))
        {
            return Err("expected NAMESPACE:POLICY before `=`");
        }
        let image = Reference::parse(image).filter(|_| image.bytes().all(is_word));
        let image = image.ok_or("expected an image after `=`: REPOSITORY[:TAG][@DIGEST]")?;
        Ok(Self { policy: policy.to_owned(), image })
    }

    /// The new value before a comment; none if the comment is not a marker of this policy.
    fn new_value(&self, comment: &str) -> Option<Result<String, RefusalReason>> {
        let marker = policy(comment)?;
        let part = marker.strip_prefix(&self.policy)?;
        let missing = |part: &str| {
            RefusalReason::Unsupported(format!(
                "the marker `{marker}` needs a {part}, and the image has none"
            ))
        };
        Some(match part {
            "" => Ok(self.image.to_string()),
            ":name" => Ok(self.image.repository.clone()),
            ":tag" => self.image.tag.clone().ok_or_else(|| missing("tag")),
            ":digest" => self.image.digest.clone().ok_or_else(|| missing("digest")),
            // Another policy, whose name begins with the name of this one.
            other if !other.starts_with(':') => return None,
            other => {
                let expected = suggest::expected(&other[1..], &["name", "tag", "digest"]);
                Err(RefusalReason::Unsupported(format!(
                    "the marker `{marker}` names an invalid part: {expected}"
                )))
            }
        })
    }
}

/// Whether a file contains a marker.
pub(crate) fn has_marker(content: &[u8]) -> bool {
    content.windows(OPENING.len()).any(|bytes| bytes == OPENING.as_bytes())
}

/// The policy that a comment names. The comment may begin with `#`.
fn policy(comment: &str) -> Option<String> {
    let json = comment.trim_start_matches('#').trim();
    let Value::Mapping(members) =
        Value::from_json(Some(json).filter(|json| json.starts_with(OPENING))?).ok()?
    else {
        return None;
    };
    match members.into_iter().next() {
        Some((_, Value::String(policy))) => Some(policy),
        _ => None,
    }
}

/// The values of a document that the policy marks.
pub(crate) fn matches(stream: &Stream<'_>, document: NodeId, edit: &MarkerEdit, alias: AliasMode) -> Matches {
    let marked = stream.trailing_comments(document).into_iter();
    let marked = marked.filter_map(|(node, comment)| Some((node, edit.new_value(comment)?)));
    let op = |(node, value): (NodeId, Result<String, RefusalReason>)| {
        let value = Value::String(value?);
        let target = stream.resolve(node);
        Ok(PlaceEdit::Ops(match alias {
            _ if target == node || stream.has(target, &value) => vec![Op::Set { node: target, value }],
            AliasMode::Refuse => return Err(stream.refuse_alias(node)),
            AliasMode::Expand => vec![Op::Detach { node, value }],
            AliasMode::Follow => vec![Op::Set { node: target, value }],
        }))
    };
    marked.map(op).collect()
}

/// The edits of a text that is not YAML.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TextEdits {
    /// The new text, if it differs.
    pub(crate) text: Option<String>,
    /// The values that changed.
    pub(crate) changes: Vec<ChangedValue>,
    /// How many places each edit matches.
    pub(crate) matches: Vec<u32>,
}

/// Changes the values that the policies mark in a text, line by line: the word, or the quoted word, before the marker.
///
/// # Errors
/// There is no possible image before a marker, or the image lacks the part that the marker names.
pub(crate) fn edit_text(edits: &[&MarkerEdit], text: &str) -> Result<TextEdits, Refusal> {
    let mut edited = TextEdits { matches: vec![0; edits.len()], ..TextEdits::default() };
    let mut out = String::with_capacity(text.len());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let mut line = line.to_owned();
        for (edit, matches) in edits.iter().zip(&mut edited.matches) {
            let Some(at) = line.find(OPENING) else { break };
            let Some(value) = edit.new_value(line[at..].trim_end()) else { continue };
            *matches += 1;
            let position = |column: usize| Position {
                line: number,
                column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            };
            let value = value.map_err(|reason| reason.at(position(at)))?;
            let no_image = || RefusalReason::Unsupported("there is no image before the marker".into());
            let (start, end) = word(&line[..at]).ok_or_else(|| no_image().at(position(at)))?;
            if line[start..end] == value {
                continue;
            }
            let column = line[..start].chars().count();
            edited.changes.push(ChangedValue {
                at: position(column),
                path: edit.policy.clone(),
                from: Some(line[start..end].to_owned()),
                to: Some(value.clone()),
                aliases: Vec::new(),
            });
            line.replace_range(start..end, &value);
        }
        out.push_str(&line);
    }
    edited.text = Some(out).filter(|out| out != text);
    Ok(edited)
}

/// The range of the last word before a marker, without its quotes.
fn word(before: &str) -> Option<(usize, usize)> {
    let before = before.trim_end();
    let before = before.strip_suffix('#').or_else(|| before.strip_suffix("//"))?.trim_end();
    let inner = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let start = inner.len() - inner.bytes().rev().take_while(|&byte| is_word(byte)).count();
    let quoted = inner.len() < before.len();
    let opens = inner[..start].ends_with(before[inner.len()..].chars().next().unwrap_or(' '));
    (start < inner.len() && (!quoted || opens)).then_some((start, inner.len()))
}

/// Whether an image can contain the byte.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-/:@+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(text: &str) -> MarkerEdit {
        MarkerEdit::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
    }

    fn edited(edits: &[&str], text: &str) -> TextEdits {
        let edits: Vec<_> = edits.iter().map(|text| edit(text)).collect();
        edit_text(&edits.iter().collect::<Vec<_>>(), text).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    #[test]
    fn only_marked_words_of_a_template_change() {
        let text = "{{ if .x }}\r\nimage: \"shop/web:v1\" # {\"$imagepolicy\": \"flux-system:web\"}\r\n\
            TAG=v1# {\"$imagepolicy\":\"flux-system:web:tag\"}\n  name: 'shop/web'\t//  {\"$imagepolicy\": \"flux-system:web:name\"} \n\
            other: v1 # {\"$imagepolicy\": \"flux-system:web2\"}\n{{ end }}";
        let result = edited(&["flux-system:web=reg:5000/shop/web:v2@sha256:00"], text);
        let expected = "{{ if .x }}\r\nimage: \"reg:5000/shop/web:v2@sha256:00\" # {\"$imagepolicy\": \"flux-system:web\"}\r\n\
            TAG=v2# {\"$imagepolicy\":\"flux-system:web:tag\"}\n  name: 'reg:5000/shop/web'\t//  {\"$imagepolicy\": \"flux-system:web:name\"} \n\
            other: v1 # {\"$imagepolicy\": \"flux-system:web2\"}\n{{ end }}";
        assert_eq!(result.text.as_deref(), Some(expected));
        assert_eq!((result.matches, result.changes.len()), (vec![3], 3));
        assert_eq!(edited(&["flux-system:web=reg:5000/shop/web:v2@sha256:00"], expected).text, None);
    }

    #[test]
    fn markers_without_a_value_are_refused() {
        let refused = |image: &str, text: &str| {
            let edit = edit(&format!("a:b={image}"));
            edit_text(&[&edit], text).expect_err(text).to_string()
        };
        assert!(refused("x", "y # {\"$imagepolicy\": \"a:b:tga\"}").contains("did you mean `tag`?"));
        assert!(refused("x:v1", "y # {\"$imagepolicy\": \"a:b:digest\"}").contains("needs a digest"));
        assert!(refused("x", "y # {\"$imagepolicy\": \"a:b:tag\"}").contains("needs a tag"));
        assert!(refused("x", "y # {\"$imagepolicy\": \"a:b:platform\"}").contains("invalid part"));
        for text in [
            "# {\"$imagepolicy\": \"a:b\"}",
            "y {\"$imagepolicy\": \"a:b\"}",
            "'a b' # {\"$imagepolicy\": \"a:b\"}",
        ] {
            assert!(refused("x", text).contains("there is no image before the marker"), "{text}");
        }
        for bad in ["a:b", "a=x", ":b=x", "a:b:tag=x", "a:b=", "a:b=x y", "a:b=\"x\""] {
            assert!(MarkerEdit::parse(bad).is_err(), "{bad}");
        }
    }
}
