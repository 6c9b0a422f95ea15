//! Tells messages of troubles that pass from those that do not. Never takes one for lasting that could be
//! either.

use crate::rules::RuleId;

/// What registries, runtimes and networks say when it may work the next time.
const PASSING: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "rate limit",
    "rate exceeded",
    "throttl",
    "qps exceeded",
    "timeout",
    "timed out",
    "deadline exceeded",
    "context canceled",
    "connection refused",
    "connection reset",
    "connection closed",
    "broken pipe",
    "no route to host",
    "network is unreachable",
    "no such host",
    "server misbehaving",
    "temporary failure",
    "try again",
    "unexpected eof",
    ": eof",
    "dial tcp",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "gateway time",
    "status code 5",
    "status: 5",
    "no space left",
    "no endpoints available",
    "name is reserved",
    "is reserved for",
    "failed calling webhook",
    "etcdserver",
    "the object has been modified",
];

/// What registries say when there is no such image for this node.
const ABSENT: &[&str] = &[
    "not found",
    "manifest unknown",
    "manifest_unknown",
    "name unknown",
    "name_unknown",
    "does not exist",
    "no such image",
    "no matching manifest",
    "no match for platform",
    "errimageneverpull",
];

/// What registries say when they hand the image out only to others. Some say so of images that are not there.
const DENIED: &[&str] = &[
    "unauthorized",
    "access denied",
    "access to the resource is denied",
    "denied:",
    "authentication required",
    "no basic auth credentials",
    "authorization failed",
    " 401",
    " 403",
    "forbidden",
];

fn says(text: &str, any: &[&str]) -> bool {
    any.iter().any(|one| text.contains(one))
}

/// Whether a trouble may pass by itself.
pub(crate) fn is_passing(message: &str) -> bool {
    says(&message.to_ascii_lowercase(), PASSING)
}

/// The rule for an image that could not be pulled.
pub(crate) fn pull(reason: &str, message: &str) -> RuleId {
    let message = message.to_ascii_lowercase();
    match reason {
        "InvalidImageName" => RuleId::InvalidImageName,
        "ErrImageNeverPull" => RuleId::ImageNotFound,
        "RegistryUnavailable" => RuleId::ImagePull,
        // An address that is not found is another thing than an image that is not.
        _ if says(&message, PASSING) => RuleId::ImagePull,
        // `pull access denied ... repository does not exist or may require authorization` can be either.
        _ if says(&message, DENIED) => RuleId::ImageDenied,
        _ if says(&message, ABSENT) => RuleId::ImageNotFound,
        _ => RuleId::ImagePull,
    }
}

/// The rule for a cluster that does not create pods.
pub(crate) fn refusal(message: &str) -> RuleId {
    if message.contains("exceeded quota") || message.contains("failed quota") {
        RuleId::Quota
    } else if is_passing(message) {
        RuleId::ClusterTrouble
    } else {
        RuleId::PodsRefused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_are_told_apart() {
        for (rule, message) in [
            (
                RuleId::ImageNotFound,
                "rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"docker.io/library/web:9\": failed to resolve reference \"docker.io/library/web:9\": \
                 docker.io/library/web:9: not found",
            ),
            (
                RuleId::ImageNotFound,
                "manifest for r.example.com/web:9 not found: manifest unknown: manifest unknown",
            ),
            (RuleId::ImageNotFound, "no matching manifest for linux/arm64/v8 in the manifest list entries"),
            (
                RuleId::ImageDenied,
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request \
                 to https://ghcr.io/token: 401 Unauthorized",
            ),
            (
                RuleId::ImageDenied,
                "pull access denied, repository does not exist or may require authorization: server \
                 message: insufficient_scope: authorization failed",
            ),
            (RuleId::ImagePull, "toomanyrequests: You have reached your pull rate limit."),
            (
                RuleId::ImagePull,
                "failed to do request: Head \"https://r.example.com/v2/web/manifests/9\": dial tcp: lookup \
                 r.example.com on 10.0.0.10:53: no such host",
            ),
            (
                RuleId::ImagePull,
                "failed to copy: httpReadSeeker: failed open: unexpected status code 503 Service Unavailable",
            ),
            (RuleId::ImagePull, "pull QPS exceeded"),
            (RuleId::ImagePull, "denied: 403 Forbidden: you have reached your rate limit"),
            (RuleId::ImagePull, "dial tcp: lookup r.example.com: name not found, try again"),
            (RuleId::ImageNotFound, "web@sha256:ab401c403d: not found"),
            (RuleId::ImagePull, "net/http: TLS handshake timeout"),
            (RuleId::ImagePull, "Back-off pulling image \"web:9\""),
            (RuleId::ImagePull, ""),
        ] {
            assert_eq!(pull("ErrImagePull", message), rule, "{message}");
        }
    }
}
