//! The faults between a client and a server, and the requests that they apply to. The proxy causes them.

use super::http::find;
use super::reply::escape;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The head of a request.
#[derive(Debug, Clone)]
pub struct S3Request {
    /// The method.
    pub method: String,
    /// Path and query as the client sent them.
    pub target: String,
    /// The headers, with names as sent.
    pub headers: Vec<(String, String)>,
}

impl S3Request {
    /// The value of a header; empty without such a header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        find(&self.headers, name).unwrap_or("")
    }
}

/// The numbers of the matching requests to which a fault applies.
#[derive(Debug, Clone, Copy)]
enum Times {
    Every,
    First(usize),
    Only(usize),
}

type Test = Arc<dyn Fn(&S3Request) -> bool + Send + Sync>;

/// The requests to which a fault applies.
#[derive(Clone)]
pub struct S3Matcher {
    method: Option<String>,
    parts: Vec<String>,
    test: Option<Test>,
    times: Times,
}

impl S3Matcher {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self { method: None, parts: Vec::new(), test: None, times: Times::Every }
    }

    /// Every request of this method.
    #[must_use]
    pub fn method(method: &str) -> Self {
        Self { method: Some(method.to_owned()), ..Self::any() }
    }

    /// Only those with this text in path or query. After two calls, both texts are necessary.
    #[must_use]
    pub fn with(mut self, part: &str) -> Self {
        self.parts.push(part.to_owned());
        self
    }

    /// Only those for which this test is true.
    #[must_use]
    pub fn that(mut self, test: impl Fn(&S3Request) -> bool + Send + Sync + 'static) -> Self {
        self.test = Some(Arc::new(test));
        self
    }

    /// Of those only the one with this number, counted from 1.
    #[must_use]
    pub fn nth(mut self, number: usize) -> Self {
        self.times = Times::Only(number);
        self
    }

    /// Of those only the first requests, this many.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.times = Times::First(count);
        self
    }

    fn matches(&self, request: &S3Request) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.parts.iter().all(|part| request.target.contains(part))
            && self.test.as_ref().is_none_or(|test| test(request))
    }
}

impl fmt::Debug for S3Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.method, self.parts, self.times)
    }
}

/// A moment of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The proxy has the head and has passed nothing on.
    HeadReceived,
    /// The proxy has passed this number of bytes of the body on.
    Sent(u64),
    /// The proxy has the answer and has passed none of it on.
    Answered,
}

/// A function that the proxy calls once.
#[derive(Clone)]
pub struct Callback(Arc<Mutex<Option<Function>>>);

type Function = Box<dyn FnOnce() + Send>;

impl Callback {
    /// Calls the function, unless it was called before.
    pub fn call(&self) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(function) = taken {
            function();
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback")
    }
}

/// A fault.
#[derive(Debug, Clone)]
pub enum S3Fault {
    /// The proxy reads the body and answers itself; the server gets no request.
    Answer(u16, Vec<(String, String)>, String),
    /// The proxy closes the connection after the head; the server gets no request. Unread bytes of the body make it a reset.
    ResetBefore,
    /// The server executes the request, and the proxy closes the connection instead of the reply.
    ResetAfter,
    /// The proxy passes the head and this number of bytes of the reply's body, and closes the connection.
    TruncateReply(u64),
    /// The proxy flips the lowest bit of this byte of the request's content.
    FlipByte(u64),
    /// The proxy delays the request.
    Delay(Duration),
    /// The proxy reads the request and never answers.
    Stall,
    /// The proxy passes this number of bytes of the reply per second.
    Drip(u64),
    /// The proxy calls a function once and passes the request on.
    Call(Moment, Callback),
}

impl S3Fault {
    /// A fault that calls this function once.
    #[must_use]
    pub fn call(moment: Moment, function: impl FnOnce() + Send + 'static) -> Self {
        Self::Call(moment, Callback(Arc::new(Mutex::new(Some(Box::new(function))))))
    }

    /// An answer with this status and body.
    #[must_use]
    pub fn status(status: u16, body: &str) -> Self {
        let headers = [("Content-Type", "application/xml"), ("x-amz-request-id", "PROXY0000000000F")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::Answer(status, headers.to_vec(), body.to_owned())
    }

    /// An error of S3.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::status(status, &error_xml(code, message))
    }

    /// The same with another header.
    ///
    /// # Panics
    /// The fault is not an answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let Self::Answer(_, headers, _) = &mut self else { panic!("{self:?} has no headers") };
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Status 200 with an error in the body, as `CompleteMultipartUpload` and copies can answer.
    #[must_use]
    pub fn error_in_200(code: &str, message: &str) -> Self {
        Self::status(200, &error_xml(code, message))
    }

    /// An error of STS.
    #[must_use]
    pub fn sts_error(status: u16, code: &str, message: &str) -> Self {
        Self::status(status, &sts_error_xml(status, code, message))
    }

    /// 503: too many requests.
    #[must_use]
    pub fn slow_down() -> Self {
        Self::error(503, "SlowDown", "Please reduce your request rate.")
    }

    /// 503: the service is unavailable.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::error(503, "ServiceUnavailable", "Service is unable to handle request.")
    }

    /// 500: an internal error.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::error(500, "InternalError", "We encountered an internal error. Please try again.")
    }

    /// 400: the body arrived too slowly.
    #[must_use]
    pub fn request_timeout() -> Self {
        let message =
            "Your socket connection to the server was not read from or written to within the timeout period.";
        Self::error(400, "RequestTimeout", message)
    }

    /// 409: another client writes to the same key, with a condition.
    #[must_use]
    pub fn conflict() -> Self {
        let message =
            "The conditional request cannot succeed due to a conflicting operation against this resource.";
        Self::error(409, "ConditionalRequestConflict", message)
    }

    /// 412: the condition is false.
    #[must_use]
    pub fn precondition_failed() -> Self {
        let message = "At least one of the pre-conditions you specified did not hold";
        Self::error(412, "PreconditionFailed", message)
    }

    /// 501: the server does not support a header.
    #[must_use]
    pub fn not_implemented() -> Self {
        let message = "A header you provided implies functionality that is not implemented";
        Self::error(501, "NotImplemented", message)
    }

    /// 400: the credentials have expired.
    #[must_use]
    pub fn expired_token() -> Self {
        Self::error(400, "ExpiredToken", "The provided token has expired.")
    }

    /// 403: access denied.
    #[must_use]
    pub fn access_denied() -> Self {
        Self::error(403, "AccessDenied", "Access Denied")
    }

    /// 403: the clocks differ.
    #[must_use]
    pub fn clock_skew() -> Self {
        let message = "The difference between the request time and the current time is too large.";
        Self::error(403, "RequestTimeTooSkewed", message)
    }

    /// 404: somebody completed or aborted the upload.
    #[must_use]
    pub fn no_such_upload() -> Self {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
                       been aborted or completed.";
        Self::error(404, "NoSuchUpload", message)
    }

    /// 301: the bucket is in another region.
    #[must_use]
    pub fn other_region(region: &str) -> Self {
        let message =
            "The bucket you are attempting to access must be addressed using the specified endpoint.";
        Self::error(301, "PermanentRedirect", message).header("x-amz-bucket-region", region)
    }

    /// Its name, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answer(..) => "answer",
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
            Self::TruncateReply(_) => "truncate reply",
            Self::FlipByte(_) => "flip byte",
            Self::Delay(_) => "delay",
            Self::Stall => "stall",
            Self::Drip(_) => "drip",
            Self::Call(..) => "call",
        }
    }
}

/// The XML document of an error of S3.
#[must_use]
pub fn error_xml(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>\
         <RequestId>PROXY0000000000F</RequestId><HostId>proxy</HostId></Error>",
        escape(code),
        escape(message)
    )
}

/// The XML document of an error of STS.
#[must_use]
pub fn sts_error_xml(status: u16, code: &str, message: &str) -> String {
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{kind}</Type>\
         <Code>{}</Code><Message>{}</Message></Error><RequestId>00000000-0000-4000-8000-00000000000f</RequestId>\
         </ErrorResponse>",
        escape(code),
        escape(message)
    )
}

/// A fault, its requests, and the number of them so far.
#[derive(Debug)]
pub struct S3FaultRule {
    matcher: S3Matcher,
    fault: S3Fault,
    seen: usize,
}

impl S3FaultRule {
    /// Creates the rule, with no request so far.
    #[must_use]
    pub fn new(matcher: S3Matcher, fault: S3Fault) -> Self {
        Self { matcher, fault, seen: 0 }
    }

    /// Counts a matching request, and returns the fault if it applies.
    pub fn meet(&mut self, request: &S3Request) -> Option<S3Fault> {
        if !self.matcher.matches(request) {
            return None;
        }
        self.seen += 1;
        let hit = match self.matcher.times {
            Times::Every => true,
            Times::First(count) => self.seen <= count,
            Times::Only(number) => self.seen == number,
        };
        hit.then(|| self.fault.clone())
    }
}
