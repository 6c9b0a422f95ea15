//! Users of a cluster with the rights that a test chooses. Each is a service account.

use super::cluster::Cluster;
use super::kubeconfig::Context;
use crate::services::Result;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A user with the chosen rights only: a service account with a token.
#[derive(Debug, Clone)]
pub struct User {
    /// The name of the user in the API server.
    pub name: String,
    /// Its context in a kubeconfig.
    pub context: Context,
    /// A kubeconfig with this context only.
    pub kubeconfig: PathBuf,
}

impl Cluster {
    /// Creates a user with a `Role` of these rules in the namespace.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn user(&self, namespace: &str, name: &str, rules: &Value) -> Result<User> {
        self.user_with(namespace, name, ("Role", "RoleBinding"), &format!("/namespaces/{namespace}"), rules)
    }

    /// The same with a `ClusterRole`, whose rules apply in all namespaces.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn cluster_user(&self, namespace: &str, name: &str, rules: &Value) -> Result<User> {
        self.user_with(namespace, name, ("ClusterRole", "ClusterRoleBinding"), "", rules)
    }

    fn user_with(
        &self,
        namespace: &str,
        name: &str,
        (role, binding): (&str, &str),
        place: &str,
        rules: &Value,
    ) -> Result<User> {
        let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
        let group = "rbac.authorization.k8s.io";
        let api = format!("/apis/{group}/v1{place}");
        // A `ClusterRole` has no namespace, so its name contains the namespace of the user.
        let role_name = format!("{namespace}-{name}");
        let metadata = json!({ "name": role_name });
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
        self.create(&accounts, &account)?;
        let many = |kind: &str| format!("{api}/{}s", kind.to_lowercase());
        let object = json!({
            "apiVersion": format!("{group}/v1"), "kind": role, "metadata": metadata, "rules": rules
        });
        self.create(&many(role), &object)?;
        let object = json!({
            "apiVersion": format!("{group}/v1"), "kind": binding, "metadata": metadata,
            "roleRef": { "apiGroup": group, "kind": role, "name": role_name },
            "subjects": [{ "kind": "ServiceAccount", "namespace": namespace, "name": name }]
        });
        self.create(&many(binding), &object)?;
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
        let reply = self.send("POST", &format!("{accounts}/{name}/token"), &request.to_string())?.well()?;
        let reply: Value = serde_json::from_str(&reply).map_err(|error| error.to_string())?;
        let token = reply["status"]["token"].as_str().ok_or("no token")?;
        let context = self.of(name, token).in_namespace(namespace);
        let kubeconfig = self.kubeconfig_of(std::slice::from_ref(&context))?;
        Ok(User { name: format!("system:serviceaccount:{namespace}:{name}"), context, kubeconfig })
    }
}
