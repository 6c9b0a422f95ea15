//! The files that hold credentials of the job, as its variables name them. No component may read one, and none is uploaded.
//! It reads no such file.

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
const PLACES: [&str; 29] = [
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

/// The same below the home folder, for a home that lies in the workspace.
const AT_HOME: [&str; 14] = [
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

/// Endings of variables that say where something is.
const ENDINGS: [&str; 4] = ["_FILE", "_PATH", "_DIR", "FILE"];

/// A file or a folder, and what names it.
pub(crate) type Named = (String, PathBuf);

/// Those that variables name, and those that actions leave in a workspace. `secrets` are the ones that variables name whose
/// own name is that of a secret.
pub(crate) fn all(workspace: &Path, secrets: Vec<Named>) -> Vec<Named> {
    let mut all = secrets;
    for (name, value) in environment::with_prefix("").into_iter().filter(|(_, value)| !value.is_empty()) {
        if is_place(&name.to_ascii_uppercase()) {
            let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            // A name without a folder can be meant from here, or from the workspace.
            all.extend(paths.flat_map(|path| [(name.clone(), workspace.join(&path)), (name.clone(), path)]));
        }
    }
    let roots = environment::path("GITHUB_WORKSPACE").into_iter().chain([workspace.to_owned()]);
    all.extend(roots.flat_map(|root| left_by_google(&root)));
    let cargo = environment::path("CARGO_HOME").into_iter();
    let cargo = cargo.flat_map(|home| ["credentials.toml", "credentials"].map(|file| home.join(file)));
    all.extend(cargo.map(|file| ("CARGO_HOME".to_owned(), file)));
    let real = |path: &Path| fs::canonicalize(path).ok();
    if let Some(home) = environment::path("HOME")
        && real(&home).zip(real(workspace)).is_some_and(|(home, workspace)| home.starts_with(workspace))
    {
        all.extend(AT_HOME.iter().map(|name| ("HOME".to_owned(), home.join(name))));
    }
    all
}

/// Those of them that are there and lie in the workspace, as people find them.
pub(crate) fn inside(workspace: &Path, all: &[Named]) -> Vec<String> {
    let Ok(root) = fs::canonicalize(workspace) else { return Vec::new() };
    let inside = |(name, path): &Named| {
        let real = fs::canonicalize(path).ok()?;
        let path = real.strip_prefix(&root).ok().filter(|path| !path.as_os_str().is_empty())?;
        Some(format!("`{}` ({name})", path.display()))
    };
    let mut found: Vec<String> = all.iter().filter_map(inside).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a variable of this name says where credentials are.
pub(crate) fn is_place(name: &str) -> bool {
    let stem = || ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    PLACES.contains(&name) || stem().is_some_and(is_secret_name)
}

/// `google-github-actions/auth` leaves its credentials in the workspace, also for jobs whose variables it did not set.
fn left_by_google(root: &Path) -> Vec<Named> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let is_one = |name: &str| name.starts_with("gha-creds-") && name.ends_with(".json");
    let found = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one));
    found.map(|entry| ("google-github-actions/auth".to_owned(), entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_credentials_are_known_by_their_variables() {
        for name in [
            "KUBECONFIG",
            "VAULT_TOKEN_FILE",
            "DB_PASSWORD_FILE",
            "SSH_KEY_PATH",
            "PGPASSFILE",
            "CLIENT_SECRET_FILE",
        ] {
            assert!(is_place(name), "{name}");
        }
        for name in [
            "PATH",
            "GITHUB_EVENT_PATH",
            "SSL_CERT_FILE",
            "ENV_FILE",
            "PUBLIC_KEY_FILE",
            "GITHUB_STEP_SUMMARY",
        ] {
            assert!(!is_place(name), "{name}");
        }
    }
}
