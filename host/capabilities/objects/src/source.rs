//! Decides where the credentials of a run come from, and rejects settings that cannot work. It asks no server.

use super::config::ObjectsConfig;
use super::credentials::CredentialSource;
use super::partition::{audience, partition};
use super::profiles::Profiles;
use aws_sdk_s3::config::Credentials;
use lockstep_model::call::CallError;
use lockstep_model::render::Platform;
use lockstep_model::secret_registry::SecretRegistry;
use std::sync::Arc;

/// The source of credentials of a run.
///
/// # Errors
/// The role is no ARN, the access key has one half only, or no configuration has the profile of AWS_PROFILE.
pub(super) fn source(
    config: &ObjectsConfig,
    profiles: &Profiles,
    secrets: &Arc<SecretRegistry>,
) -> Result<CredentialSource, CallError> {
    if let Some(role) = config.role.as_deref().filter(|role| partition(role).is_none()) {
        let name =
            role.rsplit('/').next().unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        return Err(CallError::Invalid(format!(
            "invalid role `{}`: expected an ARN such as `arn:aws:iam::123456789012:role/{name}`",
            role.escape_debug()
        )));
    }
    if let (Some(role), Some(identity)) = (&config.role, &config.identity) {
        let (role, session) = (role.clone(), config.session.clone());
        return Ok(CredentialSource::WebIdentity { role, session, identity: identity.clone() });
    }
    let keys = config
        .keys
        .as_ref()
        .map(|keys| Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "environment"));
    let process = match keys {
        Some(_) => None,
        None => {
            check_keys(config)?;
            profiles.check_selected()?;
            profiles.process(config, secrets)
        }
    };
    if let Some(role) = config.role.clone() {
        let (session, advice) = (config.session.clone(), token_advice(config.platform, audience(&role)));
        return Ok(CredentialSource::Role { role, session, keys, process, advice });
    }
    Ok(match (keys, process) {
        (Some(keys), _) => CredentialSource::Fixed(keys),
        (None, Some(process)) => CredentialSource::Process(process),
        (None, None) => CredentialSource::Chain { profile: profiles.selected().to_owned() },
    })
}

/// Rejects half an access key: other credentials are probably not the ones that the job should use.
fn check_keys(config: &ObjectsConfig) -> Result<(), CallError> {
    let Some(missing) = config.missing_variable else { return Ok(()) };
    let other = match missing {
        "AWS_SECRET_ACCESS_KEY" => "AWS_ACCESS_KEY_ID",
        _ => "AWS_SECRET_ACCESS_KEY",
    };
    Err(CallError::Unauthorized(format!(
        "half an access key: the job has {other}, but {missing} is not set; set both or none"
    )))
}

/// How a job gets a token that identifies it.
fn token_advice(platform: Option<Platform>, audience: &str) -> String {
    let (github, gitlab) = (
        "add `permissions: id-token: write` to the job",
        format!("add `id_tokens: {{LOCKSTEP_ID_TOKEN: {{aud: {audience}}}}}` to the job"),
    );
    match platform {
        Some(Platform::Github) => github.to_owned(),
        Some(Platform::Gitlab) => gitlab,
        Some(Platform::Jenkins) => {
            "bind a credential of the kind `OpenID Connect id token as file` to the variable \
            AWS_WEB_IDENTITY_TOKEN_FILE"
                .to_owned()
        }
        _ => format!(
            "on GitHub, {github}; on GitLab, {gitlab}; elsewhere, set AWS_WEB_IDENTITY_TOKEN_FILE to the file with the \
             token, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key that may assume the role"
        ),
    }
}
