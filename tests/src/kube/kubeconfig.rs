//! Writes kubeconfig files: addresses of API servers and credentials of users. They hold the given contexts only.

use crate::services::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A context: a cluster and a user of it under one name.
#[derive(Debug, Clone)]
pub struct Context {
    /// The name of the context, and of its cluster and user.
    pub name: String,
    /// The address of the API server: `https://127.0.0.1:PORT`.
    pub server: String,
    /// The file of the authority that issued the server's certificate.
    pub authority: PathBuf,
    /// The user's token.
    pub token: String,
    /// The default namespace.
    pub namespace: Option<String>,
}

impl Context {
    /// The same context with another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The same context with a default namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// The same user at another server, such as a proxy before the cluster.
    #[must_use]
    pub fn at(self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self }
    }
}

/// Writes a file of these contexts, the first of them the current one. JSON is YAML.
///
/// # Errors
/// The system cannot write the file.
pub fn write(path: &Path, contexts: &[Context]) -> Result<()> {
    let of = |key: &str, value: fn(&Context) -> Value| -> Vec<Value> {
        contexts.iter().map(|context| json!({ "name": context.name, key: value(context) })).collect()
    };
    let file = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts.first().map(|context| &context.name),
        "clusters": of("cluster", |context| {
            json!({ "server": context.server, "certificate-authority": context.authority })
        }),
        "users": of("user", |context| json!({ "token": context.token })),
        "contexts": of("context", |context| {
            let mut value = json!({ "cluster": context.name, "user": context.name });
            if let Some(namespace) = &context.namespace {
                value["namespace"] = json!(namespace);
            }
            value
        }),
    });
    fs::write(path, format!("{file:#}\n")).map_err(|error| error.to_string())
}
