//! Reads the AWS configuration files once, never from the checkout, and gives them to the SDK without the programs that
//! they name. The host starts such a program itself, so that it has limits and ends with the run.

use super::config::{ConfigFiles, ObjectsConfig};
use super::failure::credential_error;
use aws_config::profile::{self, ProfileSet};
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::config::Credentials;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_types::os_shim_internal::{Env, Fs};
use lockstep_model::call::CallError;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::text::short;
use lockstep_process::{ProgramLimits, Programs, regular_file};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The setting that names a program.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
const PROCESS_SETTING: &str = "credential_process";
/// The profile without AWS_PROFILE.
const DEFAULT_PROFILE: &str = "default";
/// The most bytes of the names of profiles in a message.
const MAX_PROFILES_BYTES: usize = 300;
/// The limits of such a program.
const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
    max_stdout_bytes: 1024 * 1024,
    max_stderr_bytes: 16 * 1024,
    timeout: Some(Duration::from_secs(120)),
    idle_timeout: None,
};

/// The configuration.
pub(super) struct Profiles {
    /// The files for the SDK, without programs.
    pub(super) files: EnvConfigFiles,
    set: ProfileSet,
}

/// Reads the files, which need not exist. One in the checkout is an error.
pub(super) async fn read(config: &ObjectsConfig) -> Result<Profiles, CallError> {
    let ConfigFiles { config: config_file, credentials: credentials_file } = &config.files;
    let kinds =
        [(EnvConfigFileKind::Config, config_file), (EnvConfigFileKind::Credentials, credentials_file)];
    let (mut complete, mut without_process) = (EnvConfigFiles::builder(), EnvConfigFiles::builder());
    for (kind, path) in kinds {
        let text = path.as_deref().map(|path| text(config, path)).transpose()?.unwrap_or_default();
        without_process = without_process.with_contents(kind, without_programs(&text));
        complete = complete.with_contents(kind, text);
    }
    let set = profile::load(&Fs::real(), &Env::real(), &complete.build(), None).await;
    let set =
        set.map_err(|error| CallError::Invalid(format!("cannot read the AWS configuration: {error}")))?;
    let token = set.get_profile(set.selected_profile()).and_then(|own| own.get("web_identity_token_file"));
    if let Some(path) = token.map(Path::new).filter(|path| path.exists()) {
        regular_file::check(path).map_err(CallError::Unauthorized)?;
    }
    Ok(Profiles { files: without_process.build(), set })
}

fn text(config: &ObjectsConfig, path: &Path) -> Result<String, CallError> {
    if path.symlink_metadata().is_err() {
        return Ok(String::new());
    }
    if !config.trusts_workspace && config.programs.checkout().holds(path) {
        return Err(CallError::Unauthorized(format!(
            "the AWS configuration lies in the workspace or its checkout: {}. A commit could have put it there; keep it \
             outside, or pass --allow-workspace-credentials",
            path.display()
        )));
    }
    regular_file::read_text(path, regular_file::MAX_DOCUMENT_BYTES)
        .map_err(|error| CallError::Unauthorized(format!("cannot read the AWS configuration: {error}")))
}

/// The text without the settings that name a program.
fn without_programs(text: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((name, _)) if name.trim().eq_ignore_ascii_case(PROCESS_SETTING) => {
            "lockstep_runs_it = itself\n".to_owned()
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

impl Profiles {
    /// The name of the profile that AWS_PROFILE selects.
    pub(super) fn selected(&self) -> &str {
        self.set.selected_profile()
    }

    /// Checks that the selected profile exists; the default one need not.
    pub(super) fn check_selected(&self) -> Result<(), CallError> {
        let selected = self.selected();
        if selected == DEFAULT_PROFILE || self.set.get_profile(selected).is_some() {
            return Ok(());
        }
        let mut known: Vec<String> = self.set.profiles().map(|name| format!("`{name}`")).collect();
        known.sort();
        let known =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Err(CallError::Unauthorized(format!(
            "the AWS configuration has no profile `{}`, which AWS_PROFILE names; {}",
            selected.escape_debug(),
            short(&known, MAX_PROFILES_BYTES)
        )))
    }

    /// The region of the profile.
    pub(super) fn region(&self) -> Option<String> {
        self.set.get("region").map(str::to_owned).filter(|region| !region.is_empty())
    }

    /// The program that prints the credentials of the profile.
    pub(super) fn process(
        &self,
        config: &ObjectsConfig,
        secrets: &Arc<SecretRegistry>,
    ) -> Option<CredentialProcess> {
        let profile = self.set.get_profile(self.set.selected_profile())?;
        // The SDK prefers these settings.
        let first =
            ["role_arn", "credential_source", "sso_session", "sso_start_url", "web_identity_token_file"];
        let line =
            profile.get(PROCESS_SETTING).filter(|_| !first.iter().any(|name| profile.get(name).is_some()))?;
        Some(CredentialProcess {
            profile: profile.name().to_owned(),
            line: line.to_owned(),
            programs: config.programs.clone(),
            variables: config.variables.clone(),
            secrets: Arc::clone(secrets),
            trusts_workspace: config.trusts_workspace,
        })
    }
}

/// A program that prints credentials.
pub(super) struct CredentialProcess {
    profile: String,
    line: String,
    programs: Programs,
    variables: Vec<(String, OsString)>,
    secrets: Arc<SecretRegistry>,
    trusts_workspace: bool,
}

impl std::fmt::Debug for CredentialProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The command line may hold a secret.
        write!(f, "Process({})", self.profile)
    }
}

/// The output of such a program.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialProcessOutput {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl CredentialProcess {
    pub(super) async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let failed = |what: String| {
            credential_error(format!("the {PROCESS_SETTING} of the profile `{}` {what}", self.profile))
        };
        if let Some((variable, path)) = self.programs.checkout().first_setting_inside(&self.variables)
            && !self.trusts_workspace
        {
            let path = path.display();
            return Err(failed(format!(
                "is not started: {variable} lies in the workspace or its checkout: {path}. A commit could have put settings \
                 there; keep them outside, or pass --allow-workspace-credentials"
            )));
        }
        let (program, args) = self.words().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(args).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.env("PATH", self.programs.path());
        let programs = self.programs.clone();
        let output = tokio::task::spawn_blocking(move || programs.run(&command, b"", PROGRAM_LIMITS)).await;
        let output = output.map_err(|error| failed(format!("could not be run: {error}")))?;
        let output = output.map_err(|error| failed(format!("failed: {error}")))?;
        let printed: Option<CredentialProcessOutput> = serde_json::from_slice(&output.stdout).ok();
        for secret in printed
            .iter()
            .flat_map(|printed| [Some(&printed.secret_access_key), printed.session_token.as_ref()])
        {
            self.secrets.add(secret.map(String::as_str).unwrap_or_default());
        }
        let Some(printed) = printed.filter(|_| output.status.success()) else {
            let stderr = self.secrets.redact(&String::from_utf8_lossy(&output.stderr));
            let stderr = short(&stderr.lines().map(str::trim).collect::<Vec<_>>().join("; "), 500);
            return Err(failed(format!("printed no credentials ({}): {stderr}", output.status)));
        };
        let until =
            printed.expiration.as_deref().map(|text| DateTime::from_str(text, Format::DateTimeWithOffset));
        let until =
            until.transpose().map_err(|error| failed(format!("printed an invalid `Expiration`: {error}")))?;
        let until = until.and_then(|until| SystemTime::try_from(until).ok());
        Ok(Credentials::new(
            printed.access_key_id,
            printed.secret_access_key,
            printed.session_token,
            until,
            "process",
        ))
    }
}

impl CredentialProcess {
    /// The program and its arguments. No shell reads the line, as the AWS documentation says: it consists of words,
    /// with or without quotes, and nothing expands them.
    fn words(&self) -> Result<(PathBuf, Vec<String>), String> {
        let words = shlex::split(&self.line).filter(|words| !words.is_empty());
        let mut words = words.ok_or("is empty or has a quotation mark without its pair")?;
        let args = words.split_off(1);
        let program = self.programs.find(&words[0]).map_err(|error| format!("is not started: {error}"))?;
        match self.programs.first_arg_inside(&args) {
            Some(arg) => Err(format!(
                "is not started: its argument `{arg}` names a file of the workspace or its checkout; keep it outside"
            )),
            None => Ok((program, args)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_process::Checkout;

    #[test]
    fn the_command_line_is_split_into_words_and_names_no_file_of_the_checkout() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cp"), "").unwrap();
        let own = folder.path().join("cp").display().to_string();
        let words = |line: &str| {
            let process = CredentialProcess {
                profile: "default".into(),
                line: line.into(),
                programs: Programs::new(None, Checkout::new([folder.path().to_owned()])),
                variables: Vec::new(),
                secrets: Arc::default(),
                trusts_workspace: true,
            };
            process.words()
        };
        let (program, args) = words(r#"/bin/cat "a b" 'c $HOME' d\ e ; id `id`"#).unwrap();
        assert_eq!(program, PathBuf::from("/bin/cat"));
        assert_eq!(args, ["a b", "c $HOME", "d e", ";", "id", "`id`"]);
        for line in [&*own, &format!("'{own}' --x"), &format!("/bin/sh {own}"), &format!("sh -e \"{own}\"")] {
            assert!(words(line).unwrap_err().contains("checkout"), "{line}");
        }
        for line in ["", " ", "'/bin/cat", "no-such-program-here x"] {
            assert!(words(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_configuration_for_the_sdk_names_no_program() {
        let text = "[default]\nregion = x\ncredential_process = evil\nCREDENTIAL_PROCESS=evil\n\
                    [profile a]\n  credential_process=evil --x=y\ncredential_process_x = kept\n";
        let without_process = without_programs(text);
        assert!(
            !without_process.contains("evil")
                && without_process.contains("region = x\n")
                && without_process.contains("= kept"),
            "{without_process}"
        );
    }
}
