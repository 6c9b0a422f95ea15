//! The faults between a client and an API server, and the requests that they apply to. The proxy causes them.

use serde_json::json;
use std::time::Duration;

/// The head of a request.
#[derive(Debug, Clone)]
pub struct KubeRequest {
    /// The verb of RBAC: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Path and query as the client sent them.
    pub target: String,
    /// The program that sends the request.
    pub agent: String,
}

impl KubeRequest {
    /// A request of this method for this target.
    #[must_use]
    pub fn new(method: &str, target: &str, agent: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let watches = query.split('&').any(|part| matches!(part, "watch=1" | "watch=true" | "watch"));
        let verb = match (method, watches) {
            ("GET", true) => "watch",
            ("GET", false) if is_collection(path) => "list",
            ("GET" | "HEAD", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", _) if is_collection(path) => "deletecollection",
            ("DELETE", _) => "delete",
            _ => "other",
        };
        Self { verb: verb.to_owned(), target: target.to_owned(), agent: agent.to_owned() }
    }
}

/// Whether a path names all objects of a kind: `/api/v1/pods`, `/apis/apps/v1/namespaces/x/deployments`.
fn is_collection(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let rest = match parts.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [_] | ["namespaces", _, _])
}

/// The requests to which a fault applies.
#[derive(Debug, Clone, Default)]
pub struct KubeMatcher {
    verb: Option<String>,
    part: Option<String>,
    times: Option<usize>,
}

impl KubeMatcher {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Every request with this verb.
    #[must_use]
    pub fn verb(verb: &str) -> Self {
        Self { verb: Some(verb.to_owned()), ..Self::default() }
    }

    /// Only those with this text in path or query.
    #[must_use]
    pub fn with(self, part: &str) -> Self {
        Self { part: Some(part.to_owned()), ..self }
    }

    /// Of those only this number of requests.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    fn matches(&self, request: &KubeRequest) -> bool {
        self.verb.as_ref().is_none_or(|verb| *verb == request.verb)
            && self.part.as_ref().is_none_or(|part| request.target.contains(part))
    }
}

/// A fault.
#[derive(Debug, Clone)]
pub enum KubeFault {
    /// The proxy delays the request.
    Delay(Duration),
    /// The proxy does not answer, and the connection stays open.
    Hold,
    /// The proxy closes the connection without an answer and does not pass the request on.
    Reset,
    /// The proxy passes this number of bytes of the answer's body and closes the connection.
    Cut(u64),
    /// The proxy answers itself and does not pass the request on.
    Answer(ErrorStatus),
    /// The proxy begins a watch whose first event is this `Status`, and does not pass the request on.
    ErrorEvent(ErrorStatus),
}

/// An error of an API server.
#[derive(Debug, Clone)]
pub struct ErrorStatus {
    /// The status.
    pub code: u16,
    /// The reason, a word of the Kubernetes API.
    pub reason: &'static str,
    /// The message.
    pub message: &'static str,
    /// The seconds until a retry.
    pub retry_after: Option<u32>,
}

impl ErrorStatus {
    /// The object `Status` of the error.
    #[must_use]
    pub fn status(&self) -> serde_json::Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code
        });
        if let Some(seconds) = self.retry_after {
            status["details"] = json!({ "retryAfterSeconds": seconds });
        }
        status
    }
}

const GONE: ErrorStatus = ErrorStatus {
    code: 410,
    reason: "Expired",
    message: "too old resource version: 1 (2)",
    retry_after: None,
};

impl KubeFault {
    /// The resource version of a watch or list has expired: an error as the status of the answer.
    #[must_use]
    pub fn gone() -> Self {
        Self::Answer(GONE)
    }

    /// The same error as the first event of a watch, as API servers send it.
    #[must_use]
    pub fn gone_event() -> Self {
        Self::ErrorEvent(GONE)
    }

    /// The server is throttling: retry after this number of seconds.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self::Answer(ErrorStatus {
            code: 429,
            reason: "TooManyRequests",
            message: "the server has received too many requests and has asked us to try again later",
            retry_after: Some(seconds),
        })
    }

    /// An internal error of the server.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::Answer(ErrorStatus {
            code: 500,
            reason: "InternalError",
            message: "Internal error occurred: etcdserver: leader changed",
            retry_after: None,
        })
    }

    /// The server is not ready.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Answer(ErrorStatus {
            code: 503,
            reason: "ServiceUnavailable",
            message: "the server is currently unable to handle the request",
            retry_after: None,
        })
    }
}

/// A fault, its requests, and the number of them so far.
#[derive(Debug)]
pub(super) struct KubeFaultRule {
    matcher: KubeMatcher,
    fault: KubeFault,
    seen: usize,
}

impl KubeFaultRule {
    pub(super) fn new(matcher: KubeMatcher, fault: KubeFault) -> Self {
        Self { matcher, fault, seen: 0 }
    }

    /// Counts a matching request, and returns the fault if it applies.
    pub(super) fn meet(&mut self, request: &KubeRequest) -> Option<KubeFault> {
        if !self.matcher.matches(request) {
            return None;
        }
        self.seen += 1;
        self.matcher.times.is_none_or(|times| self.seen <= times).then(|| self.fault.clone())
    }
}
