//! What can go wrong between a client and an API server, and when. It decides; the proxy does.

use serde_json::json;
use std::time::Duration;

/// A request as far as it is known when its head has come.
#[derive(Debug, Clone)]
pub struct KubeRequest {
    /// What it is called in rules: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Path and query as they came.
    pub target: String,
    /// The program that asks.
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

/// Which requests a fault is for.
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

    /// Only those with this text in path and query.
    #[must_use]
    pub fn with(self, part: &str) -> Self {
        Self { part: Some(part.to_owned()), ..self }
    }

    /// Of those only the next so many.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    fn matches(&self, request: &KubeRequest) -> bool {
        self.verb.as_ref().is_none_or(|verb| *verb == request.verb)
            && self.part.as_ref().is_none_or(|part| request.target.contains(part))
    }
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum KubeFault {
    /// The request waits so long before anything else happens to it.
    Delay(Duration),
    /// Nothing is said to the client, and the connection stays open.
    Hold,
    /// The connection ends without an answer; the server is not asked.
    Reset,
    /// So many bytes of what follows the head of the server's answer, then the connection ends.
    Cut(u64),
    /// The proxy gives this answer; the server is not asked.
    Answer(ErrorStatus),
    /// A watch begins and its first event is this `Status`; the server is not asked.
    ErrorEvent(ErrorStatus),
}

/// What an API server says when it refuses.
#[derive(Debug, Clone)]
pub struct ErrorStatus {
    /// The status.
    pub code: u16,
    /// The reason, one of Kubernetes.
    pub reason: &'static str,
    /// The message.
    pub message: &'static str,
    /// The seconds after which to ask again.
    pub retry_after: Option<u32>,
}

impl ErrorStatus {
    /// The `Status` of it.
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
    /// The server has forgotten what a watch or a list goes on from, said as the status of the answer.
    #[must_use]
    pub fn gone() -> Self {
        Self::Answer(GONE)
    }

    /// The same, said by the first event of a watch, as API servers do.
    #[must_use]
    pub fn gone_event() -> Self {
        Self::ErrorEvent(GONE)
    }

    /// The server has too much to do: ask again after so many seconds.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self::Answer(ErrorStatus {
            code: 429,
            reason: "TooManyRequests",
            message: "the server has received too many requests and has asked us to try again later",
            retry_after: Some(seconds),
        })
    }

    /// Something is wrong with the server.
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

/// A fault and how often it has happened.
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

    /// Counts a request if it matches, and says what goes wrong with it.
    pub(super) fn meet(&mut self, request: &KubeRequest) -> Option<KubeFault> {
        if !self.matcher.matches(request) {
            return None;
        }
        self.seen += 1;
        self.matcher.times.is_none_or(|times| self.seen <= times).then(|| self.fault.clone())
    }
}
