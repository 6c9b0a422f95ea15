//! Commits that GitHub makes and signs itself, so that it shows them as verified: it does that for the tokens of jobs and of
//! apps. They are made of what git says they are, and no branch points at them.
//! <https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots>,
//! <https://docs.github.com/rest/git>

use crate::client::{Client, unreadable};
use crate::common::root;
use crate::{Connection, PATIENCE, locate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ForgeKind, RequestKind};
use lockstep_model::repository::Repository;
use lockstep_repository::{Blueprint, Placed, Signer};
use serde_json::{Value, json};

/// The most files that one request tells of, and about the most bytes of them.
const MOST_FILES: usize = 500;
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// What signs where GitHub does not.
const KEY: &str = "give a private key of SSH in LOCKSTEP_SIGNING_KEY";

/// Makes commits of repositories on GitHub.
pub struct Signed {
    connection: Connection,
}

impl Signed {
    /// Makes commits with what the job holds for its forges.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    fn place(&self, repository: &Repository) -> Result<locate::Place, CallError> {
        let place = locate::locate(repository, &self.connection, &self.connection.repository.known())?;
        if place.kind == ForgeKind::GitHub {
            return Ok(place);
        }
        Err(CallError::Invalid(format!("{} signs no commits for a token; {KEY}", place.kind)))
    }
}

impl Signer for Signed {
    fn ready(&self, repository: &Repository) -> Result<(), CallError> {
        self.place(repository).map(drop)
    }

    fn commit(&self, repository: &Repository, wanted: &Blueprint<'_>) -> Result<String, CallError> {
        let place = self.place(repository)?;
        let root = root(&place.path)?;
        let client = Client::new(&place, self.connection.repository.known(), PATIENCE)?;
        let Blueprint { parent, base, tree, files, message } = wanted;
        let mut there = (*base).to_owned();
        for part in parts(files) {
            let entries =
                part.iter().map(|file| entry(&client, &root, file)).collect::<Result<Vec<_>, _>>()?;
            let body = json!({"base_tree": there, "tree": entries});
            there = id(&keep(&client, &format!("{root}/git/trees"), &body)?)?;
        }
        if there != *tree {
            let message = format!("GitHub has made the tree {there} of files that git makes {tree} of");
            return Err(CallError::Upstream { status: 0, message });
        }
        // Of a commit that names its author it signs nothing.
        let body = json!({"message": message, "tree": tree, "parents": [parent]});
        let made = keep(&client, &format!("{root}/git/commits"), &body)?;
        match &made["verification"] {
            one if one["verified"] == true => id(&made),
            one => Err(CallError::Unauthorized(format!(
                "GitHub does not sign what this token commits ({}); take the token of the job or of an app, or {KEY}",
                one["reason"].as_str().unwrap_or("it does not say why")
            ))),
        }
    }
}

/// The files in parts of a size that one request takes.
fn parts<'f, 'a>(files: &'f [Placed<'a>]) -> Vec<&'f [Placed<'a>]> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, file) in files.iter().enumerate() {
        let size = file.content.map_or(0, <[u8]>::len);
        if at > begin && (at - begin == MOST_FILES || bytes + size > MOST_BYTES) {
            parts.push(&files[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&files[begin..]);
    parts
}

/// What becomes of a file, as a tree of GitHub's says it: a text can stand in it, other bytes are kept before.
fn entry(
    client: &Client,
    root: &str,
    Placed { path, mode, content }: &Placed<'_>,
) -> Result<Value, CallError> {
    let mut entry = json!({"path": path, "mode": mode, "type": "blob"});
    match content.map(|content| (content, str::from_utf8(content))) {
        None => entry["sha"] = Value::Null,
        Some((_, Ok(text))) if text.len() <= MOST_BYTES => entry["content"] = text.into(),
        Some((content, _)) => {
            let body = json!({"content": STANDARD.encode(content), "encoding": "base64"});
            entry["sha"] = id(&keep(client, &format!("{root}/git/blobs"), &body)?)?.into();
        }
    }
    Ok(entry)
}

fn keep(client: &Client, path: &str, body: &Value) -> Result<Value, CallError> {
    Ok(client.ask(Method::POST, path, Some(body), RequestKind::Keep)?.body)
}

fn id(body: &Value) -> Result<String, CallError> {
    body["sha"].as_str().map(str::to_owned).ok_or_else(unreadable)
}
