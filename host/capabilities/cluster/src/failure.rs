//! What a cluster's refusal means to a component: one of the contract's errors, with the rule that is missing where it
//! was a right. It never decides whether to try again.

use super::bound::Endless;
use kube::Error;
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_model::text;

/// The longest text of a cluster that is passed on, in bytes.
const LONGEST: usize = 500;

/// Why a request failed. `what` says what was asked.
pub(super) fn told(what: &str, error: &Error) -> CallError {
    // It would be the same the next time, and ends whatever was begun.
    if let Some(endless) = causes::causes(error).find_map(|error| error.downcast_ref::<Endless>()) {
        return CallError::LimitExceeded(format!("{what}: {endless}"));
    }
    match error {
        Error::Api(status) => refused(what, status.code, &status.reason, &status.message),
        Error::Auth(_) => CallError::Unauthorized(format!(
            "{what}: no way into the cluster: {}",
            short(&causes::line(error))
        )),
        Error::Service(_) | Error::HyperError(_) | Error::ReadEvents(_) => CallError::Unavailable(format!(
            "{what}: the cluster cannot be reached: {}",
            short(&causes::line(error))
        )),
        _ => CallError::Unavailable(format!("{what}: {}", short(&causes::line(error)))),
    }
}

/// The error for a status of the API.
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
pub(super) fn refused(what: &str, code: u16, reason: &str, message: &str) -> CallError {
    let text = if message.is_empty() {
        format!("{what}: the cluster answered {code} {reason}").trim_end().to_owned()
    } else {
        format!("{what}: {}", short(message))
    };
    match code {
        401 => CallError::Unauthorized(format!("{text}; the credentials of the kubeconfig are not accepted")),
        403 => CallError::Unauthorized(text),
        404 => CallError::NotFound(text),
        409 => CallError::Conflict(text),
        408 | 410 | 429 | 500..=599 => CallError::Unavailable(text),
        status => CallError::Upstream { status, message: text },
    }
}

/// Adds the rule that would allow what was forbidden, as it stands in a Role.
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole>
pub(super) fn with_rule(error: CallError, group: &str, resource: &str, verbs: &[&str]) -> CallError {
    match error {
        CallError::Unauthorized(text) if text.contains("forbidden") => {
            let verbs = verbs.iter().map(|verb| format!("\"{verb}\"")).collect::<Vec<_>>().join(", ");
            let rule = format!("apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{verbs}]");
            CallError::Unauthorized(format!("{text}; the rule that is missing: {rule}"))
        }
        other => other,
    }
}

/// Cut with an ellipsis, by which a piece of a secret is known when the secrets of the run are taken out.
fn short(text: &str) -> String {
    text::short(text, LONGEST)
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
            assert_eq!(refused("x", code, "", "").word(), word, "{code}");
        }
    }

    #[test]
    fn what_is_forbidden_says_the_rule_that_is_missing() {
        let refused =
            refused("watch `shop/Pod`", 403, "Forbidden", "pods is forbidden: User \"ci\" cannot list");
        let told = with_rule(refused, "", "pods", &["list", "watch"]);
        let rule = "apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"list\", \"watch\"]";
        assert!(told.message().ends_with(rule), "{}", told.message());
        let other = CallError::NotFound("forbidden".into());
        assert_eq!(with_rule(other.clone(), "", "pods", &["get"]), other);
    }
}
