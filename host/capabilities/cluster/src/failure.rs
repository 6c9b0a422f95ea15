//! Turns errors of a cluster into errors of the contract, and names the missing RBAC rule if a right is missing. It never
//! decides about retries.

use super::answer_limits::AnswerLimit;
use kube::Error;
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_model::text;

/// The longest message of a cluster that the component gets, in bytes.
const MAX_MESSAGE_BYTES: usize = 500;

/// The error for a failed request. `action` says what it was for.
pub(super) fn request_error(action: &str, error: &Error) -> CallError {
    // Another attempt would meet the same limit.
    if let Some(limit) = causes::causes(error).find_map(|error| error.downcast_ref::<AnswerLimit>()) {
        return CallError::LimitExceeded(format!("{action}: {limit}"));
    }
    match error {
        Error::Api(status) => status_error(action, status.code, &status.reason, &status.message),
        Error::Auth(_) => CallError::Unauthorized(format!(
            "{action}: cannot authenticate to the cluster: {}",
            short(&causes::line(error))
        )),
        Error::Service(_) | Error::HyperError(_) | Error::ReadEvents(_) => CallError::Unavailable(format!(
            "{action}: cannot reach the cluster: {}",
            short(&causes::line(error))
        )),
        _ => CallError::Unavailable(format!("{action}: {}", short(&causes::line(error)))),
    }
}

/// The error for a status of the API.
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
pub(super) fn status_error(action: &str, code: u16, reason: &str, message: &str) -> CallError {
    let text = if message.is_empty() {
        format!("{action}: the cluster answered {code} {reason}").trim_end().to_owned()
    } else {
        format!("{action}: {}", short(message))
    };
    match code {
        401 => {
            CallError::Unauthorized(format!("{text}; the cluster rejects the credentials of the kubeconfig"))
        }
        403 => CallError::Unauthorized(text),
        404 => CallError::NotFound(text),
        409 => CallError::Conflict(text),
        408 | 410 | 429 | 500..=599 => CallError::Unavailable(text),
        status => CallError::Upstream { status, message: text },
    }
}

/// Adds the RBAC rule that would allow a forbidden request, in the form of a Role.
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole>
pub(super) fn with_missing_rule(error: CallError, group: &str, resource: &str, verbs: &[&str]) -> CallError {
    match error {
        CallError::Unauthorized(text) if text.contains("forbidden") => {
            let verbs = verbs.iter().map(|verb| format!("\"{verb}\"")).collect::<Vec<_>>().join(", ");
            let rule = format!("apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{verbs}]");
            CallError::Unauthorized(format!("{text}; the missing rule: {rule}"))
        }
        other => other,
    }
}

/// Shortens a text. The ellipsis tells the redaction that a piece of a secret may stand before it.
fn short(text: &str) -> String {
    text::short(text, MAX_MESSAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_an_error_of_the_contract() {
        for (code, word) in [
            (401, "unauthorized"),
            (403, "unauthorized"),
            (404, "not-found"),
            (409, "conflict"),
            (410, "unavailable"),
            (429, "unavailable"),
            (503, "unavailable"),
            (422, "upstream"),
        ] {
            assert_eq!(status_error("x", code, "", "").word(), word, "{code}");
        }
    }

    #[test]
    fn a_forbidden_request_names_the_missing_rule() {
        let forbidden =
            status_error("watch `shop/Pod`", 403, "Forbidden", "pods is forbidden: User \"ci\" cannot list");
        let error = with_missing_rule(forbidden, "", "pods", &["list", "watch"]);
        let rule = "apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"list\", \"watch\"]";
        assert!(error.message().ends_with(rule), "{}", error.message());
        let other = CallError::NotFound("forbidden".into());
        assert_eq!(with_missing_rule(other.clone(), "", "pods", &["get"]), other);
    }
}
