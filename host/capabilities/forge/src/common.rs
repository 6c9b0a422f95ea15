//! What forges have in common in their paths and answers. It decides nothing.

use crate::client::{Client, unreadable};
use crate::types::{Check, CheckState, PullRequestContent};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ForgeKind, RequestKind};
use serde_json::{Value, json};

/// How many pages of a list are looked through.
pub(crate) const PAGES: usize = 20;

/// `/repos/OWNER/NAME` of a path with two parts.
pub(crate) fn root(path: &str) -> Result<String, CallError> {
    match path.split_once('/') {
        Some((_, name)) if !name.contains('/') => Ok(format!("/repos/{path}")),
        _ => Err(CallError::Invalid(format!("`{path}` is no repository there: write `OWNER/NAME`"))),
    }
}

/// The names of labels, sorted.
pub(crate) fn names(labels: &Value) -> Vec<String> {
    let name = |label: &Value| label["name"].as_str().or(label.as_str()).map(str::to_owned);
    let mut names: Vec<_> = labels.as_array().into_iter().flatten().filter_map(name).collect();
    names.sort();
    names
}

/// The entries of a list, from as many pages: those under this name in an answer, or those that it is. One that cannot be
/// read is no less there, so there is no list without it. Those on later pages are left out.
pub(crate) fn list<T>(
    client: &Client,
    path: &str,
    name: Option<&str>,
    pages: usize,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CallError> {
    Ok(entries(client, path, name, pages, read)?.0)
}

/// As [`list`], for one of which each entry counts: it is an error where there are more than are looked through.
pub(crate) fn whole<T>(
    client: &Client,
    path: &str,
    name: Option<&str>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CallError> {
    let (all, more) = entries(client, path, name, PAGES, read)?;
    if more {
        let text = format!("the forge's list {path} goes on after {PAGES} pages, and not all of it was read");
        return Err(CallError::LimitExceeded(text));
    }
    Ok(all)
}

/// The entries on as many pages, and whether there are more.
fn entries<T>(
    client: &Client,
    path: &str,
    name: Option<&str>,
    pages: usize,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<(Vec<T>, bool), CallError> {
    let gitea = client.kind() == ForgeKind::Gitea;
    let (word, size) = if gitea { ("limit", 50) } else { ("per_page", 100) };
    let join = if path.contains('?') { '&' } else { '?' };
    let (mut all, none) = (Vec::new(), Vec::new());
    for page in 1..=pages {
        let path = format!("{path}{join}{word}={size}&page={page}");
        let reply = client.ask(Method::GET, &path, None, RequestKind::Other)?;
        let entries = match name.map_or(&reply.body, |name| &reply.body[name]) {
            Value::Array(entries) => entries,
            // Its way to say that there are none.
            Value::Null if gitea => &none,
            _ => return Err(unreadable()),
        };
        for entry in entries {
            all.push(read(entry).ok_or_else(unreadable)?);
        }
        // Some servers show fewer at once than they are asked for.
        if entries.is_empty() || entries.len() < size && !reply.more {
            return Ok((all, false));
        }
    }
    Ok((all, true))
}

/// The first comment whose last line is this, and its id.
pub(crate) fn marked(
    client: &Client,
    path: &str,
    pages: usize,
    mark: &str,
) -> Result<Option<(String, String)>, CallError> {
    let text = |comment: &Value| {
        Some((comment["id"].as_u64()?.to_string(), comment["body"].as_str().unwrap_or_default().to_owned()))
    };
    // Anywhere else it is what somebody cites.
    let is_it = |body: &str| body.trim_end().lines().next_back() == Some(mark);
    Ok(list(client, path, None, pages, text)?.into_iter().find(|(_, body)| is_it(body)))
}

/// Comments on an issue: GitHub's and Gitea's way is the same.
pub(crate) fn say(
    client: &Client,
    root: &str,
    number: u64,
    id: Option<&str>,
    text: &str,
) -> Result<(), CallError> {
    let (method, path) = match id {
        Some(id) => (Method::PATCH, format!("{root}/issues/comments/{id}")),
        None => (Method::POST, format!("{root}/issues/{number}/comments")),
    };
    client.ask(method, &path, Some(&json!({"body": text})), RequestKind::Other)?;
    Ok(())
}

/// Opens a pull request into `base` and gives what is said of it: GitHub's and Gitea's way is the same.
pub(crate) fn open(
    client: &Client,
    root: &str,
    (base, branch): (&str, &str),
    PullRequestContent { title, body, .. }: &PullRequestContent,
) -> Result<Value, CallError> {
    let body = json!({"base": base, "head": branch, "title": title, "body": body});
    Ok(client.ask(Method::POST, &format!("{root}/pulls"), Some(&body), RequestKind::Open)?.body)
}

/// Changes fields of a pull request: GitHub's and Gitea's way is the same.
pub(crate) fn update(client: &Client, root: &str, number: u64, fields: &Value) -> Result<(), CallError> {
    client.ask(Method::PATCH, &format!("{root}/pulls/{number}"), Some(fields), RequestKind::Other)?;
    Ok(())
}

/// A text as a part of a query or a path.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The statuses of a commit: GitHub's and Gitea's way is the same.
/// <https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference>
pub(crate) fn statuses(client: &Client, root: &str, commit: &str) -> Result<Vec<Check>, CallError> {
    let check = |status: &Value| {
        // Gitea calls it `status`, and has warnings too.
        let state = match status["state"].as_str().or(status["status"].as_str())? {
            "success" | "warning" | "skipped" => CheckState::Passed,
            "pending" => CheckState::Pending,
            _ => CheckState::Failed,
        };
        let url = status["target_url"].as_str().unwrap_or_default().to_owned();
        Some(Check { name: status["context"].as_str()?.to_owned(), state, url })
    };
    whole(client, &format!("{root}/commits/{commit}/status"), Some("statuses"), check)
}
