//! The partitions of AWS: audiences, regions and domains that differ between them.

/// The partition of the ARN of a role, such as `aws-cn`; none for other texts. Other stores have other partitions.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub(super) fn partition(role: &str) -> Option<&str> {
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
