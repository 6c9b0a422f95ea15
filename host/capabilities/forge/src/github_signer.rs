//! Creates commits by the API of GitHub, which signs them and shows them as verified, for the tokens of jobs and apps. The
//! content of a commit comes from git, and no branch points at it.
//! <https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots>,
//! <https://docs.github.com/rest/git>

use crate::client::{ForgeClient, unreadable};
use crate::common::root;
use crate::{ForgeConfig, RETRY_TIMEOUT, locate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ForgeKind, RequestKind};
use lockstep_model::repository::Repository;
use lockstep_repository::{CommitRequest, CommitSigner, TreeEdit};
use serde_json::{Value, json};

/// The most files of one request, and about the most bytes of them.
const MAX_TREE_ENTRIES: usize = 500;
const MAX_TREE_BYTES: usize = 2 * 1024 * 1024;
/// The hint for tokens for which GitHub signs no commits.
const HINT: &str = "set LOCKSTEP_SIGNING_KEY to a private SSH key";

/// Creates signed commits in repositories on GitHub.
pub struct GitHubSigner {
    config: ForgeConfig,
}

impl GitHubSigner {
    /// A signer with the tokens of the job.
    #[must_use]
    pub fn new(config: ForgeConfig) -> Self {
        Self { config }
    }

    fn locate(&self, repository: &Repository) -> Result<locate::ForgeRepository, CallError> {
        let located = locate::locate(repository, &self.config, &self.config.repository.secret_registry())?;
        if located.kind == ForgeKind::GitHub {
            return Ok(located);
        }
        Err(CallError::Invalid(format!("{} signs no commits; {HINT}", located.kind)))
    }
}

impl CommitSigner for GitHubSigner {
    fn check(&self, repository: &Repository) -> Result<(), CallError> {
        self.locate(repository).map(drop)
    }

    fn commit(&self, repository: &Repository, request: &CommitRequest<'_>) -> Result<String, CallError> {
        let located = self.locate(repository)?;
        let root = root(&located.path)?;
        let client = ForgeClient::new(&located, self.config.repository.secret_registry(), RETRY_TIMEOUT)?;
        let CommitRequest { parent, base, tree, files, message } = request;
        let mut current = (*base).to_owned();
        for part in parts(files) {
            let entries =
                part.iter().map(|file| entry(&client, &root, file)).collect::<Result<Vec<_>, _>>()?;
            let body = json!({"base_tree": current, "tree": entries});
            current = id(&create(&client, &format!("{root}/git/trees"), &body)?)?;
        }
        if current != *tree {
            let message = format!("the tree {current} of GitHub is not the tree {tree} of git");
            return Err(CallError::Upstream { status: 0, message });
        }
        // GitHub signs no commit that names an author.
        let body = json!({"message": message, "tree": tree, "parents": [parent]});
        let made = create(&client, &format!("{root}/git/commits"), &body)?;
        match &made["verification"] {
            verification if verification["verified"] == true => id(&made),
            verification => Err(CallError::Unauthorized(format!(
                "GitHub signs no commits for this token ({}); take the token of the job or of an app, or {HINT}",
                verification["reason"].as_str().unwrap_or("no reason")
            ))),
        }
    }
}

/// Splits files into parts that fit into one request.
fn parts<'f, 'a>(files: &'f [TreeEdit<'a>]) -> Vec<&'f [TreeEdit<'a>]> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, file) in files.iter().enumerate() {
        let size = file.content.map_or(0, <[u8]>::len);
        if at > begin && (at - begin == MAX_TREE_ENTRIES || bytes + size > MAX_TREE_BYTES) {
            parts.push(&files[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&files[begin..]);
    parts
}

/// The entry of a file in a tree of GitHub. It contains a text; other bytes it creates as a blob first.
fn entry(
    client: &ForgeClient,
    root: &str,
    TreeEdit { path, mode, content }: &TreeEdit<'_>,
) -> Result<Value, CallError> {
    let mut entry = json!({"path": path, "mode": mode, "type": "blob"});
    match content.map(|content| (content, str::from_utf8(content))) {
        None => entry["sha"] = Value::Null,
        Some((_, Ok(text))) if text.len() <= MAX_TREE_BYTES => entry["content"] = text.into(),
        Some((content, _)) => {
            let body = json!({"content": STANDARD.encode(content), "encoding": "base64"});
            entry["sha"] = id(&create(client, &format!("{root}/git/blobs"), &body)?)?.into();
        }
    }
    Ok(entry)
}

fn create(client: &ForgeClient, path: &str, body: &Value) -> Result<Value, CallError> {
    Ok(client.send(Method::POST, path, Some(body), RequestKind::Keep)?.body)
}

fn id(body: &Value) -> Result<String, CallError> {
    body["sha"].as_str().map(str::to_owned).ok_or_else(unreadable)
}
