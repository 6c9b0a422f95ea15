//! Requests that several forges have in common: lists by pages, comments, statuses. It decides nothing.

use crate::client::{ForgeClient, unreadable};
use crate::types::{Check, CheckState, PullRequestContent};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ForgeKind, RequestKind};
use serde_json::{Value, json};

/// How many pages of a list the host reads at most.
pub(crate) const MAX_PAGES: usize = 20;

/// `/repos/OWNER/NAME` of a path with two parts.
pub(crate) fn root(path: &str) -> Result<String, CallError> {
    match path.split_once('/') {
        Some((_, name)) if !name.contains('/') => Ok(format!("/repos/{path}")),
        _ => Err(CallError::Invalid(format!("invalid repository `{path}`: expected `OWNER/NAME`"))),
    }
}

/// The sorted names of labels.
pub(crate) fn names(labels: &Value) -> Vec<String> {
    let name = |label: &Value| label["name"].as_str().or(label.as_str()).map(str::to_owned);
    let mut names: Vec<_> = labels.as_array().into_iter().flatten().filter_map(name).collect();
    names.sort();
    names
}

/// The entries on the first pages of a list. `name` is the key of the list in an answer; none if the answer is the list. An entry
/// that it cannot read is an error, because a list without it would be wrong.
pub(crate) fn list<T>(
    client: &ForgeClient,
    path: &str,
    name: Option<&str>,
    pages: usize,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CallError> {
    Ok(entries(client, path, name, pages, read)?.0)
}

/// Like [`list`], but a list with more than [`MAX_PAGES`] pages is an error. For lists of which every entry counts.
pub(crate) fn complete_list<T>(
    client: &ForgeClient,
    path: &str,
    name: Option<&str>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CallError> {
    let (all, more) = entries(client, path, name, MAX_PAGES, read)?;
    if more {
        let text =
            format!("the list {path} of the forge continues after {MAX_PAGES} pages, which is the limit");
        return Err(CallError::LimitExceeded(text));
    }
    Ok(all)
}

/// The entries on this number of pages, and whether there are more.
fn entries<T>(
    client: &ForgeClient,
    path: &str,
    name: Option<&str>,
    pages: usize,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<(Vec<T>, bool), CallError> {
    let gitea = client.kind() == ForgeKind::Gitea;
    let (word, size) = if gitea { ("limit", 50) } else { ("per_page", 100) };
    let join = if path.contains('?') { '&' } else { '?' };
    let (mut all, empty) = (Vec::new(), Vec::new());
    for page in 1..=pages {
        let path = format!("{path}{join}{word}={size}&page={page}");
        let reply = client.send(Method::GET, &path, None, RequestKind::Other)?;
        let entries = match name.map_or(&reply.body, |name| &reply.body[name]) {
            Value::Array(entries) => entries,
            // Gitea answers `null` for an empty list.
            Value::Null if gitea => &empty,
            _ => return Err(unreadable()),
        };
        for entry in entries {
            all.push(read(entry).ok_or_else(unreadable)?);
        }
        // Some servers have shorter pages than requested.
        if entries.is_empty() || entries.len() < size && !reply.more {
            return Ok((all, false));
        }
    }
    Ok((all, true))
}

/// The id and the text of the first comment whose last line is `mark`.
pub(crate) fn marked_comment(
    client: &ForgeClient,
    path: &str,
    pages: usize,
    mark: &str,
) -> Result<Option<(String, String)>, CallError> {
    let text = |comment: &Value| {
        Some((comment["id"].as_u64()?.to_string(), comment["body"].as_str().unwrap_or_default().to_owned()))
    };
    // A mark on another line is a quote by a person.
    let is_marked = |body: &str| body.trim_end().lines().next_back() == Some(mark);
    Ok(list(client, path, None, pages, text)?.into_iter().find(|(_, body)| is_marked(body)))
}

/// Writes a comment, or replaces the one with this id; for GitHub and Gitea.
pub(crate) fn write_comment(
    client: &ForgeClient,
    root: &str,
    number: u64,
    id: Option<&str>,
    text: &str,
) -> Result<(), CallError> {
    let (method, path) = match id {
        Some(id) => (Method::PATCH, format!("{root}/issues/comments/{id}")),
        None => (Method::POST, format!("{root}/issues/{number}/comments")),
    };
    client.send(method, &path, Some(&json!({"body": text})), RequestKind::Other)?;
    Ok(())
}

/// Opens a pull request into `base` and returns the answer; for GitHub and Gitea.
pub(crate) fn open(
    client: &ForgeClient,
    root: &str,
    (base, branch): (&str, &str),
    PullRequestContent { title, body, .. }: &PullRequestContent,
) -> Result<Value, CallError> {
    let body = json!({"base": base, "head": branch, "title": title, "body": body});
    Ok(client.send(Method::POST, &format!("{root}/pulls"), Some(&body), RequestKind::Open)?.body)
}

/// Changes fields of a pull request; for GitHub and Gitea.
pub(crate) fn update(client: &ForgeClient, root: &str, number: u64, fields: &Value) -> Result<(), CallError> {
    client.send(Method::PATCH, &format!("{root}/pulls/{number}"), Some(fields), RequestKind::Other)?;
    Ok(())
}

/// A text with percent-encoding for a query or a path.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The statuses of a commit; for GitHub and Gitea.
/// <https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference>
pub(crate) fn statuses(client: &ForgeClient, root: &str, commit: &str) -> Result<Vec<Check>, CallError> {
    let check = |status: &Value| {
        // Gitea calls the key `status` and has the state `warning`.
        let state = match status["state"].as_str().or(status["status"].as_str())? {
            "success" | "warning" | "skipped" => CheckState::Passed,
            "pending" => CheckState::Pending,
            _ => CheckState::Failed,
        };
        let url = status["target_url"].as_str().unwrap_or_default().to_owned();
        Some(Check { name: status["context"].as_str()?.to_owned(), state, url })
    };
    complete_list(client, &format!("{root}/commits/{commit}/status"), Some("statuses"), check)
}
