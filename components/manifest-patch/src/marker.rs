//! The markers of Flux: `# {"$imagepolicy": "NAMESPACE:POLICY[:tag|:name|:digest]"}` behind a value, in YAML and in any
//! other text. Never asks what the value was.

use lockstep_yaml::{Alias, Change, NodeId, Op, Position, Reason, Refusal, Stream, Value};

use crate::apply::Matches;
use crate::image::Reference;
use crate::wanted::Wanted;

/// What the comment of a marker begins with.
const OPENING: &str = "{\"$imagepolicy\"";

/// `NAMESPACE:POLICY=IMAGE`: what this policy marks becomes this image, or the part of it that the marker says.
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
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (policy, image) = text.split_once('=').ok_or("`=` and the image are missing")?;
        let parts: Vec<&str> = policy.split(':').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace))
        {
            return Err("before `=` stands NAMESPACE:POLICY");
        }
        let image = Reference::parse(image).filter(|_| image.bytes().all(is_word));
        let image = image.ok_or("behind `=` stands an image: REPOSITORY[:TAG][@DIGEST]")?;
        Ok(Self { policy: policy.to_owned(), image })
    }

    /// What stands in front of a comment afterwards; nothing if the comment is not a marker of this policy.
    fn wanted(&self, comment: &str) -> Option<Result<String, Reason>> {
        let marker = policy(comment)?;
        let part = marker.strip_prefix(&self.policy)?;
        let missing = |what: &str| {
            Reason::Unsupported(format!("the marker `{marker}` wants a {what}, and the image has none"))
        };
        Some(match part {
            "" => Ok(self.image.to_string()),
            ":name" => Ok(self.image.repository.clone()),
            ":tag" => self.image.tag.clone().ok_or_else(|| missing("tag")),
            ":digest" => self.image.digest.clone().ok_or_else(|| missing("digest")),
            // Another policy, whose name only begins like this one's.
            other if !other.starts_with(':') => return None,
            _ => Err(Reason::Unsupported(format!(
                "the marker `{marker}` asks for a part that is not known: `name`, `tag` or `digest`"
            ))),
        })
    }
}

/// Whether there is any marker in a file.
pub(crate) fn is_in(content: &[u8]) -> bool {
    content.windows(OPENING.len()).any(|bytes| bytes == OPENING.as_bytes())
}

/// The policy that a comment names, from its `#` on or without.
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

/// The values in a document that the policy marks.
pub(crate) fn markers(stream: &Stream<'_>, document: NodeId, edit: &MarkerEdit, alias: Alias) -> Matches {
    let marked = stream.commented(document).into_iter();
    let marked = marked.filter_map(|(node, comment)| Some((node, edit.wanted(comment)?)));
    let op = |(node, wanted): (NodeId, Result<String, Reason>)| {
        let value = Value::String(wanted?);
        let target = stream.resolve(node);
        Ok(Wanted::Ops(match alias {
            _ if target == node || stream.has(target, &value) => vec![Op::Set { node: target, value }],
            Alias::Refuse => return Err(stream.refuse_alias(node)),
            Alias::Expand => vec![Op::Detach { node, value }],
            Alias::Follow => vec![Op::Set { node: target, value }],
        }))
    };
    marked.map(op).collect()
}

/// A text that is not YAML, with what the policies mark in it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Lines {
    /// The text, if it differs.
    pub(crate) text: Option<String>,
    /// The values that changed.
    pub(crate) changes: Vec<Change>,
    /// How many places each edit matches.
    pub(crate) matches: Vec<u32>,
}

/// Changes what the policies mark in a text, line by line: the word, or the words in quotes, in front of the comment.
///
/// # Errors
/// If a marker stands behind nothing that could be an image, or cannot be satisfied.
pub(crate) fn lines(edits: &[&MarkerEdit], text: &str) -> Result<Lines, Refusal> {
    let mut done = Lines { matches: vec![0; edits.len()], ..Lines::default() };
    let mut out = String::with_capacity(text.len());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let mut line = line.to_owned();
        for (edit, matches) in edits.iter().zip(&mut done.matches) {
            let Some(at) = line.find(OPENING) else { break };
            let Some(wanted) = edit.wanted(line[at..].trim_end()) else { continue };
            *matches += 1;
            let position = |column: usize| Position {
                line: number,
                column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            };
            let wanted = wanted.map_err(|reason| reason.at(position(at)))?;
            let nothing =
                || Reason::Unsupported("in front of the marker stands nothing that could be an image".into());
            let (start, end) = word(&line[..at]).ok_or_else(|| nothing().at(position(at)))?;
            if line[start..end] == wanted {
                continue;
            }
            let column = line[..start].chars().count();
            done.changes.push(Change {
                at: position(column),
                path: edit.policy.clone(),
                from: Some(line[start..end].to_owned()),
                to: Some(wanted.clone()),
                aliases: Vec::new(),
            });
            line.replace_range(start..end, &wanted);
        }
        out.push_str(&line);
    }
    done.text = Some(out).filter(|out| out != text);
    Ok(done)
}

/// Where the last word in front of a comment stands: within its quotes, if it has any.
fn word(before: &str) -> Option<(usize, usize)> {
    let before = before.trim_end();
    let before = before.strip_suffix('#').or_else(|| before.strip_suffix("//"))?.trim_end();
    let inner = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let start = inner.len() - inner.bytes().rev().take_while(|&byte| is_word(byte)).count();
    let quoted = inner.len() < before.len();
    let opens = inner[..start].ends_with(before[inner.len()..].chars().next().unwrap_or(' '));
    (start < inner.len() && (!quoted || opens)).then_some((start, inner.len()))
}

/// Whether the byte can stand in an image.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-/:@+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(text: &str) -> MarkerEdit {
        MarkerEdit::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
    }

    fn done(edits: &[&str], text: &str) -> Lines {
        let edits: Vec<_> = edits.iter().map(|text| edit(text)).collect();
        lines(&edits.iter().collect::<Vec<_>>(), text).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    #[test]
    fn a_template_changes_in_its_marked_words_alone() {
        let text = "{{ if .x }}\r\nimage: \"shop/web:v1\" # {\"$imagepolicy\": \"flux-system:web\"}\r\n\
            TAG=v1# {\"$imagepolicy\":\"flux-system:web:tag\"}\n  name: 'shop/web'\t//  {\"$imagepolicy\": \"flux-system:web:name\"} \n\
            other: v1 # {\"$imagepolicy\": \"flux-system:web2\"}\n{{ end }}";
        let done = done(&["flux-system:web=reg:5000/shop/web:v2@sha256:00"], text);
        let expected = "{{ if .x }}\r\nimage: \"reg:5000/shop/web:v2@sha256:00\" # {\"$imagepolicy\": \"flux-system:web\"}\r\n\
            TAG=v2# {\"$imagepolicy\":\"flux-system:web:tag\"}\n  name: 'reg:5000/shop/web'\t//  {\"$imagepolicy\": \"flux-system:web:name\"} \n\
            other: v1 # {\"$imagepolicy\": \"flux-system:web2\"}\n{{ end }}";
        assert_eq!(done.text.as_deref(), Some(expected));
        assert_eq!((done.matches, done.changes.len()), (vec![3], 3));
        assert_eq!(self::done(&["flux-system:web=reg:5000/shop/web:v2@sha256:00"], expected).text, None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |image: &str, text: &str| {
            let edit = edit(&format!("a:b={image}"));
            lines(&[&edit], text).expect_err(text).to_string()
        };
        assert!(refused("x:v1", "y # {\"$imagepolicy\": \"a:b:digest\"}").contains("wants a digest"));
        assert!(refused("x", "y # {\"$imagepolicy\": \"a:b:tag\"}").contains("wants a tag"));
        assert!(refused("x", "y # {\"$imagepolicy\": \"a:b:platform\"}").contains("not known"));
        for text in [
            "# {\"$imagepolicy\": \"a:b\"}",
            "y {\"$imagepolicy\": \"a:b\"}",
            "'a b' # {\"$imagepolicy\": \"a:b\"}",
        ] {
            assert!(refused("x", text).contains("nothing that could be an image"), "{text}");
        }
        for bad in ["a:b", "a=x", ":b=x", "a:b:tag=x", "a:b=", "a:b=x y", "a:b=\"x\""] {
            assert!(MarkerEdit::parse(bad).is_err(), "{bad}");
        }
    }
}
