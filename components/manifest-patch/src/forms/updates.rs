//! The input `updates`: the list of Kargo's step `yaml-update`.

use lockstep_sdk::suggest;
use lockstep_yaml::{NodeId, Path, Segment, Stream};

use super::document::{self, bad};
use crate::edit::Edit;
use crate::failure::Error;

/// The message for anything but a list.
const NO_LIST: &str = "it is not a list of `key` and `value`";

/// Reads the list. A blank text has no edits.
pub(crate) fn read(text: &str) -> Vec<Result<Edit, Error>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let opened = document::open("updates", text);
    match opened.and_then(|(stream, root)| list(&stream, root).map(|list| (stream, list))) {
        Ok((stream, list)) => entries(&stream, list),
        Err(error) => vec![Err(error)],
    }
}

/// The list, possibly below `updates:`.
fn list(stream: &Stream<'_>, root: NodeId) -> Result<NodeId, Error> {
    let list = match stream.pairs(root) {
        [(key, list)] if stream.scalar(*key) == Some("updates") => *list,
        [] => root,
        _ => {
            let hint = "write only the list below `updates:`, and name the files in `files`";
            return Err(bad("updates", NO_LIST).hint(hint));
        }
    };
    if stream.items(list).is_empty() {
        return Err(bad("updates", NO_LIST).hint("write `[{key: image.tag, value: v2}]`"));
    }
    Ok(list)
}

fn entries(stream: &Stream<'_>, list: NodeId) -> Vec<Result<Edit, Error>> {
    let mut edits = Vec::new();
    let mut paths: Vec<(usize, Path)> = Vec::new();
    for (number, &item) in (1..).zip(stream.items(list)) {
        let mut errors = Vec::new();
        match entry(stream, number, item, &mut errors) {
            Some((path, edit)) => match paths.iter().find(|(_, before)| *before == path) {
                Some((before, _)) => {
                    let error = format!("`{}` is in entry {before} already", edit.label);
                    edits.push(Err(bad(&format!("updates entry {number}"), error)));
                }
                None => {
                    paths.push((number, path));
                    edits.push(Ok(edit));
                }
            },
            None => edits.extend(errors.into_iter().map(Err)),
        }
    }
    edits
}

/// Reads one update. Adds every error in it to `errors`.
fn entry(stream: &Stream<'_>, number: usize, item: NodeId, errors: &mut Vec<Error>) -> Option<(Path, Edit)> {
    let mut part = format!("updates entry {number}");
    let [key, value] = ["key", "value"].map(|name| stream.get(item, name));
    let (Some(key), Some(value)) = (key, value) else {
        errors.push(bad(&part, "`key` or `value` is missing"));
        return None;
    };
    for &(name, _) in stream.pairs(item) {
        if !matches!(stream.scalar(name), Some("key" | "value")) {
            let name = stream.scalar(name).unwrap_or_default();
            let expected = suggest::expected(name, &["key", "value"]);
            errors.push(bad(&part, format!("invalid key `{name}`: {expected}")));
        }
    }
    let mut keep = |result: Result<_, Error>| result.map_err(|error| errors.push(error)).ok();
    let path = keep(document::string(stream, key, &part).and_then(|text| {
        part = format!("updates entry {number} (`{text}`)");
        Ok((self::key(&text).map_err(|error| bad(&part, error))?, text))
    }));
    let value = document::value(stream, value, &part).map_err(|error| errors.push(error)).ok();
    let ((path, text), value) = (path?, value?);
    let edit = Edit::new(format!("updates {text}"), document::set(path.clone(), value));
    errors.is_empty().then_some((path, edit))
}

/// Reads a key of Kargo. A dot separates parts, and `\` escapes the next character. A part that is a number is an index of a
/// list or a key of a mapping, whichever the document has; with `:` before it, it is a key.
///
/// # Errors
/// The text is no key; the message says why.
pub fn key(text: &str) -> Result<Path, &'static str> {
    let mut segments = Vec::new();
    let mut part = String::new();
    let mut characters = text.chars();
    let mut forced = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => part.push(characters.next().ok_or("a character is missing after the last `\\`")?),
            '.' => segments.push(segment(&mut part, &mut forced)?),
            ':' if part.is_empty() && !forced && is_number(characters.as_str()) => forced = true,
            other => part.push(other),
        }
    }
    segments.push(segment(&mut part, &mut forced)?);
    Ok(Path::of(segments))
}

/// Whether the next part is a number.
fn is_number(rest: &str) -> bool {
    let part = rest.split('.').next().unwrap_or_default();
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Finishes a part.
fn segment(part: &mut String, forced: &mut bool) -> Result<Segment, &'static str> {
    let part = std::mem::take(part);
    if part.is_empty() {
        return Err("a part of the key is empty; write `\\.` for a dot in a name");
    }
    let canonical = part == "0" || !part.starts_with('0');
    let number = Some(&part).filter(|part| canonical && is_number(part) && part.len() < 10);
    Ok(match number.and_then(|part| part.parse().ok()) {
        Some(number) if !std::mem::take(forced) => Segment::KeyOrIndex(number),
        _ => {
            *forced = false;
            Segment::Key(part)
        }
    })
}
