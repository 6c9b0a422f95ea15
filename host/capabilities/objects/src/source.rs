//! Decides where the credentials of a run come from, and rejects settings that cannot work. It asks no server.

use super::config::ObjectsConfig;
use super::credentials::CredentialSource;
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

/// The partition of the ARN of a role, such as `aws-cn`; none for other texts. Other stores have other partitions.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn partition(role: &str) -> Option<&str> {
    let mut parts = role.splitn(6, ':');
    let (arn, partition) = (parts.next()?, parts.next()?);
    let resource = parts.nth(3)?;
    let is_plain = role.chars().all(|c| c.is_ascii_graphic());
    (arn == "arn" && !partition.is_empty() && resource.starts_with("role/") && is_plain).then_some(partition)
}

/// The audience of the token for a role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>,
/// <https://github.com/aws-actions/configure-aws-credentials#using-in-aws-china-regions>
pub(super) fn audience(role: &str) -> &'static str {
    match partition(role) {
        Some("aws-cn") => "sts.amazonaws.com.cn",
        _ => "sts.amazonaws.com",
    }
}

/// The region of a run that names none: a role is known only within its partition.
pub(super) fn default_region(role: Option<&str>) -> &'static str {
    match role.and_then(partition) {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// The domain of Amazon's servers in a region.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>
pub(super) fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else if region.starts_with("eusc-") {
        "amazonaws.eu"
    } else {
        "amazonaws.com"
    }
}

/// Whether a host is one of Amazon's. Others know no roles for CI systems.
pub(super) fn is_amazon(host: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"].iter().any(|domain| host.ends_with(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_audience_and_the_region_of_its_partition() {
        for (role, expected) in [
            ("arn:aws:iam::123456789012:role/x", ("sts.amazonaws.com", "us-east-1")),
            ("arn:aws-cn:iam::123456789012:role/a/b", ("sts.amazonaws.com.cn", "cn-north-1")),
            ("arn:aws-us-gov:iam::123456789012:role/x", ("sts.amazonaws.com", "us-gov-west-1")),
            ("arn:minio:iam:::role/x", ("sts.amazonaws.com", "us-east-1")),
        ] {
            assert!(partition(role).is_some(), "{role}");
            assert_eq!((audience(role), default_region(Some(role))), expected, "{role}");
        }
        for other in [
            "upload",
            "role/upload",
            "arn:aws:iam::1:user/x",
            "arn::iam::1:role/x",
            "arn:aws:iam::1:role/a\n",
        ] {
            assert_eq!(partition(other), None, "{other}");
        }
    }

    #[test]
    fn the_domain_of_amazon_is_that_of_the_partition() {
        for (region, host) in [
            ("eu-central-1", "s3.eu-central-1.amazonaws.com"),
            ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(format!("s3.{region}.{}", domain(region)), host);
            assert!(is_amazon(host));
        }
        for host in ["minio.example.com", "amazonaws.com.example.com", "xamazonaws.com", "127.0.0.1", ""] {
            assert!(!is_amazon(host), "{host}");
        }
    }
}
