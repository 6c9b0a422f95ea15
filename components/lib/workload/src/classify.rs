//! Classifies error messages into transient and permanent ones. An ambiguous message counts as transient.

use crate::rules::RuleId;

/// Parts of messages of registries, runtimes and networks after which the next attempt may succeed.
const TRANSIENT: &[&str] = &[
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

/// Parts of messages of registries that have no such image for this node.
const NOT_FOUND: &[&str] = &[
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

/// Parts of messages of registries that deny access to an image. Some deny access to images that do not exist.
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

fn contains_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// Whether an error may go away by itself.
pub(crate) fn is_transient(message: &str) -> bool {
    contains_any(&message.to_ascii_lowercase(), TRANSIENT)
}

/// The rule for a failed image pull.
pub(crate) fn pull(reason: &str, message: &str) -> RuleId {
    let message = message.to_ascii_lowercase();
    match reason {
        "InvalidImageName" => RuleId::InvalidImageName,
        "ErrImageNeverPull" => RuleId::ImageNotFound,
        "RegistryUnavailable" => RuleId::ImagePull,
        // `not found` may be about an address instead of an image.
        _ if contains_any(&message, TRANSIENT) => RuleId::ImagePull,
        // `pull access denied ... repository does not exist or may require authorization` may mean both.
        _ if contains_any(&message, DENIED) => RuleId::ImageDenied,
        _ if contains_any(&message, NOT_FOUND) => RuleId::ImageNotFound,
        _ => RuleId::ImagePull,
    }
}

/// The rule for a cluster that does not create pods.
pub(crate) fn refusal(message: &str) -> RuleId {
    if message.contains("exceeded quota") || message.contains("failed quota") {
        RuleId::Quota
    } else if is_transient(message) {
        RuleId::ClusterTrouble
    } else {
        RuleId::PodsRefused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_pulls_are_classified() {
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
