//! The files with credentials of the job, as variables name them. No component may read or upload one. This module reads
//! none of them.

use crate::environment;
use lockstep_model::secret::is_secret_name;
use std::fs;
use std::path::{Path, PathBuf};

/// Variables whose value is the path of a file or a folder with credentials, or a list of such paths.
/// <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>,
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>,
/// <https://cloud.google.com/docs/authentication/application-default-credentials>,
/// <https://github.com/google-github-actions/auth>, <https://learn.microsoft.com/azure/developer/terraform/authenticate>,
/// <https://docs.docker.com/reference/cli/docker/#environment-variables>
const PATH_VARIABLES: [&str; 29] = [
    "KUBECONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_GHA_CREDS_PATH",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_CONFIG",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AZURE_CONFIG_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "REGISTRY_AUTH_FILE",
    "HELM_REGISTRY_CONFIG",
    "HELM_REPOSITORY_CONFIG",
    "NETRC",
    "PGPASSFILE",
    "PGSERVICEFILE",
    "PIP_CONFIG_FILE",
    "NPM_CONFIG_USERCONFIG",
    "TF_CLI_CONFIG_FILE",
    "GNUPGHOME",
    "GIT_CONFIG_GLOBAL",
    "ACTIONS_ID_TOKEN_FILE",
    "TWINE_CONFIG_FILE",
    "BOTO_CONFIG",
];

/// The files and folders with credentials in the home folder, for a home folder in the workspace.
const HOME_PATHS: [&str; 14] = [
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".config/glab-cli",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".ssh",
    ".terraform.d/credentials.tfrc.json",
];

/// The suffixes of variables that hold a path.
const PATH_SUFFIXES: [&str; 4] = ["_FILE", "_PATH", "_DIR", "FILE"];

/// The name of a variable or an action, and the path of its file or folder.
pub(crate) type CredentialPath = (String, PathBuf);

/// All files with credentials: those that variables name, and those that actions leave in the workspace. `secrets` has
/// the ones from variables with the name of a secret.
pub(crate) fn all(workspace: &Path, secrets: Vec<CredentialPath>) -> Vec<CredentialPath> {
    let mut all = secrets;
    for (name, value) in
        environment::variables_with_prefix("").into_iter().filter(|(_, value)| !value.is_empty())
    {
        if is_path_variable(&name.to_ascii_uppercase()) {
            let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            // A relative path can start at the current folder or at the workspace.
            all.extend(paths.flat_map(|path| [(name.clone(), workspace.join(&path)), (name.clone(), path)]));
        }
    }
    let roots = environment::path("GITHUB_WORKSPACE").into_iter().chain([workspace.to_owned()]);
    all.extend(roots.flat_map(|root| google_action_files(&root)));
    let cargo = environment::path("CARGO_HOME").into_iter();
    let cargo = cargo.flat_map(|home| ["credentials.toml", "credentials"].map(|file| home.join(file)));
    all.extend(cargo.map(|file| ("CARGO_HOME".to_owned(), file)));
    let real = |path: &Path| fs::canonicalize(path).ok();
    if let Some(home) = environment::path("HOME")
        && real(&home).zip(real(workspace)).is_some_and(|(home, workspace)| home.starts_with(workspace))
    {
        all.extend(HOME_PATHS.iter().map(|name| ("HOME".to_owned(), home.join(name))));
    }
    all
}

/// Lists the files that exist in the workspace: path and variable, for a message.
pub(crate) fn inside(workspace: &Path, all: &[CredentialPath]) -> Vec<String> {
    let Ok(root) = fs::canonicalize(workspace) else { return Vec::new() };
    let inside = |(name, path): &CredentialPath| {
        let real = fs::canonicalize(path).ok()?;
        let path = real.strip_prefix(&root).ok().filter(|path| !path.as_os_str().is_empty())?;
        Some(format!("`{}` ({name})", path.display()))
    };
    let mut found: Vec<String> = all.iter().filter_map(inside).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a variable of this name holds the path of a file with credentials.
pub(crate) fn is_path_variable(name: &str) -> bool {
    let stem = || PATH_SUFFIXES.iter().find_map(|ending| name.strip_suffix(ending));
    PATH_VARIABLES.contains(&name) || stem().is_some_and(is_secret_name)
}

/// Finds the credentials that `google-github-actions/auth` leaves in the workspace, also for jobs without its variables.
fn google_action_files(root: &Path) -> Vec<CredentialPath> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let is_one = |name: &str| name.starts_with("gha-creds-") && name.ends_with(".json");
    let found = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one));
    found.map(|entry| ("google-github-actions/auth".to_owned(), entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_variable_shows_that_it_holds_the_path_of_credentials() {
        for name in [
            "KUBECONFIG",
            "VAULT_TOKEN_FILE",
            "DB_PASSWORD_FILE",
            "SSH_KEY_PATH",
            "PGPASSFILE",
            "CLIENT_SECRET_FILE",
        ] {
            assert!(is_path_variable(name), "{name}");
        }
        for name in [
            "PATH",
            "GITHUB_EVENT_PATH",
            "SSL_CERT_FILE",
            "ENV_FILE",
            "PUBLIC_KEY_FILE",
            "GITHUB_STEP_SUMMARY",
        ] {
            assert!(!is_path_variable(name), "{name}");
        }
    }
}
