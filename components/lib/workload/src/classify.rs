//! Classifies error messages into transient and permanent ones. An ambiguous message counts as transient. Codes of a message
//! count before its words, and names in it are no words.

use crate::rules::RuleId;
use crate::words::Words;

/// Phrases of registries, runtimes and networks after which the next attempt may succeed.
const TRANSIENT: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "429",
    "rate limit*",
    "rate exceeded",
    "throttl*",
    "qps exceeded",
    "timeout",
    "time-out",
    "client.timeout",
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
    "eof",
    "dial tcp",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "no space left",
    "no endpoints available",
    "name is reserved",
    "is reserved for",
    "failed calling webhook",
    "etcdserver",
    "the object has been modified",
];

/// Codes of gRPC after which the next attempt may succeed.
const TRANSIENT_CODES: &[&str] =
    &["unavailable", "deadlineexceeded", "resourceexhausted", "aborted", "canceled"];

/// Phrases of registries that have no such image for this node.
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

/// Phrases of registries that deny access to an image. Some deny access to images that do not exist.
const DENIED: &[&str] = &[
    "unauthorized",
    "access denied",
    "access to the resource is denied",
    "denied:",
    "authentication required",
    "no basic auth credentials",
    "authorization failed",
    "401",
    "403",
    "forbidden",
];

/// Whether an error may go away by itself.
pub(crate) fn is_transient(message: &str) -> bool {
    is_transient_in(&Words::of(message))
}

fn is_transient_in(words: &Words) -> bool {
    match words.grpc_code() {
        Some(code) if TRANSIENT_CODES.contains(&code) => true,
        Some("notfound") => false,
        _ => {
            words.have_registry_code(&["toomanyrequests"])
                || words.have_http_status(500..=599)
                || words.have_any(TRANSIENT)
        }
    }
}

/// The rule for a failed image pull.
pub(crate) fn pull(reason: &str, message: &str) -> RuleId {
    let words = Words::of(message);
    match reason {
        "InvalidImageName" => RuleId::InvalidImageName,
        "ErrImageNeverPull" => RuleId::ImageNotFound,
        "RegistryUnavailable" => RuleId::ImagePull,
        _ if words.grpc_code() == Some("notfound") => RuleId::ImageNotFound,
        // `not found` may be about an address instead of an image.
        _ if is_transient_in(&words) => RuleId::ImagePull,
        _ if is_denied(&words) => RuleId::ImageDenied,
        _ if words.have_registry_code(&["manifest_unknown", "name_unknown"]) || words.have_any(NOT_FOUND) => {
            RuleId::ImageNotFound
        }
        _ => RuleId::ImagePull,
    }
}

/// Whether a registry denies access. `pull access denied ... repository does not exist or may require authorization` may mean
/// both, and counts as denied.
fn is_denied(words: &Words) -> bool {
    matches!(words.grpc_code(), Some("permissiondenied" | "unauthenticated"))
        || words.have_registry_code(&["unauthorized", "denied"])
        || words.have_any(DENIED)
}

/// The rule for a cluster that does not create pods.
pub(crate) fn refusal(message: &str) -> RuleId {
    let words = Words::of(message);
    // What a policy writes after these words is its own text.
    if words.have_any(&["denied the request", "denied request"]) {
        RuleId::PodsRefused
    } else if words.have_any(&["is forbidden exceeded quota", "is forbidden failed quota"]) {
        RuleId::Quota
    } else if !words.have("is forbidden") && is_transient_in(&words) {
        RuleId::ClusterTrouble
    } else {
        RuleId::PodsRefused
    }
}

/// Whether a volume lacks a ConfigMap, a Secret, or a key of one.
pub(crate) fn lacks_config(message: &str) -> bool {
    let words = Words::of(message);
    let phrases = ["configmap _ not found", "secret _ not found", "references non-existent"];
    words.have_any(&phrases) && !is_transient_in(&words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            (RuleId::ImagePull, "rpc error: code = Unavailable desc = not found"),
            (RuleId::ImageDenied, "rpc error: code = PermissionDenied desc = no"),
            (
                RuleId::ImageDenied,
                "reading manifest 9 in r.example.com/web: unauthorized: access to it is not granted",
            ),
            (RuleId::ImageNotFound, "400: {\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no\"}]}"),
            (RuleId::ImagePull, "400: {\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"no\"}]}"),
        ] {
            assert_eq!(pull("ErrImagePull", message), rule, "{message}");
        }
    }

    #[test]
    fn refusals_are_classified_by_who_refuses() {
        for (rule, message) in [
            (
                RuleId::Quota,
                "pods \"web-x\" is forbidden: exceeded quota: timeout, requested: cpu=1, used: cpu=9",
            ),
            (RuleId::Quota, "pods \"web-x\" is forbidden: failed quota: compute: must specify limits.cpu"),
            (
                RuleId::PodsRefused,
                "admission webhook \"x.example.com\" denied the request: a pod needs a timeout; exceeded quota",
            ),
            (
                RuleId::PodsRefused,
                "pods \"web-x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: try again",
            ),
            (RuleId::PodsRefused, "pods \"web-\" is forbidden: serviceaccount \"timeout\" not found"),
            (
                RuleId::ClusterTrouble,
                "Internal error occurred: failed calling webhook \"x.example.com\": context deadline exceeded",
            ),
        ] {
            assert_eq!(refusal(message), rule, "{message}");
        }
    }

    /// The class of a message as text.
    type Classify = fn(&str) -> String;

    /// Messages with `NAME` in the place of a name, and the functions that classify them.
    const WITH_NAMES: &[(Classify, &str)] = &[
        (
            by_pull,
            "rpc error: code = NotFound desc = failed to pull and unpack image \"NAME\": NAME: not found",
        ),
        (by_pull, "failed to resolve reference \"NAME\": NAME: not found"),
        (by_pull, "manifest for r.example.com/NAME:9 not found: manifest unknown: manifest unknown"),
        (by_pull, "reading manifest NAME in r.example.com/web: manifest unknown"),
        (by_pull, "pull access denied for NAME, repository does not exist or may require authorization"),
        (
            by_pull,
            "Get \"https://r.example.com/token?scope=NAME\": dial tcp: lookup NAME on 10.0.0.1: no such host",
        ),
        (by_pull, "Get https://NAME/v2/: 401 Unauthorized"),
        (by_pull, "Back-off pulling image \"NAME\""),
        (by_transient, "secret \"NAME\" not found"),
        (by_lack, "MountVolume.SetUp failed for volume \"v\" : references non-existent secret key: NAME"),
        (by_transient, "configmap 'NAME' not found"),
        (by_transient, "couldn't find key NAME in Secret shop/NAME"),
        (
            by_transient,
            "container has runAsNonRoot and image will run as root (pod: \"NAME_shop(1)\", container: NAME)",
        ),
        (by_transient, "exec: \"NAME\": executable file not found in $PATH: unknown"),
        (by_transient, "exec: \"/bin/NAME\": stat /bin/NAME: no such file or directory"),
        (by_lack, "MountVolume.SetUp failed for volume \"NAME\" : secret \"NAME\" not found"),
        (
            by_lack,
            "MountVolume.SetUp failed for volume \"secret-NAME\" : hostPath type check failed: NAME is no folder",
        ),
        (
            by_lack,
            "Multi-Attach error for volume \"NAME\" Volume is already used by pod(s) NAME on node NAME",
        ),
        (
            by_lack,
            "unmounted volumes=[NAME], unattached volumes=[a NAME b]: failed to process volumes=[NAME]",
        ),
        (by_refusal, "pods \"NAME\" is forbidden: exceeded quota: NAME, requested: cpu=1, used: cpu=9"),
        (
            by_refusal,
            "pods \"NAME\" is forbidden: error looking up service account shop/NAME: serviceaccount \"NAME\" not found",
        ),
        (by_refusal, "Internal error occurred: failed calling webhook \"NAME\": connection refused"),
    ];

    fn by_pull(message: &str) -> String {
        format!("{:?}", pull("ErrImagePull", message))
    }

    fn by_refusal(message: &str) -> String {
        format!("{:?}", refusal(message))
    }

    fn by_transient(message: &str) -> String {
        is_transient(message).to_string()
    }

    fn by_lack(message: &str) -> String {
        lacks_config(message).to_string()
    }

    proptest! {
        #[test]
        fn a_name_never_changes_the_class(
            word in proptest::sample::select(&[
                "timeout", "throttle", "throttled", "forbidden", "unauthorized", "denied", "no-such-host", "eof",
                "not-found", "etcdserver", "429", "403", "secret", "configmap", "toomanyrequests", "unavailable",
            ][..]),
            before in "(|[a-z]{1,4}[-./])",
            after in "(|[-.][a-z]{1,4})",
        ) {
            for (class, message) in WITH_NAMES {
                let name = format!("{before}{word}{after}");
                let (plain, named) = (message.replace("NAME", "web"), message.replace("NAME", &name));
                prop_assert_eq!(class(&plain), class(&named), "{}", named);
            }
        }
    }
}
