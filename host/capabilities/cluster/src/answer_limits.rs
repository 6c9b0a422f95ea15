//! Limits of the answers of a cluster: how many bytes the client reads, and how many pages of a list. It never holds more than
//! that in memory, and looks at no object.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Frame;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;
use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tower::{BoxError, service_fn};

/// The longest page of a list: a thousand objects of 64 KiB.
const MAX_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// The longest object, also in an event of a watch, and the longest list of the kinds of an API group. By default, the store of
/// a cluster accepts objects up to 1.5 MiB.
const MAX_OBJECT_BYTES: usize = 16 * 1024 * 1024;
/// The longest log, of which the client requests a quarter, and the longest error.
const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// The most pages of one list: a million objects. A run watches a tenth of that at most.
const MAX_PAGES: usize = 1000;

/// An answer of the cluster exceeds a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerLimit {
    /// An answer or an event of a watch has more bytes than this.
    Bytes(usize),
    /// A list returns to an earlier page.
    RepeatedPage,
    /// A list has too many pages.
    Pages,
}

impl fmt::Display for AnswerLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(max) => write!(f, "an answer of the cluster has more than {max} bytes"),
            Self::RepeatedPage => {
                f.write_str("the list of the cluster comes back to an earlier page; it has no end")
            }
            Self::Pages => write!(f, "the list of the cluster has more than {MAX_PAGES} pages"),
        }
    }
}

impl Error for AnswerLimit {}

/// The limit of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SizeLimit {
    /// Of the whole body.
    Body(usize),
    /// Of each line: a watch sends one object per line.
    Line(usize),
}

impl SizeLimit {
    /// The limit of a successful answer to a request for this URI.
    fn of(uri: &Uri) -> Self {
        let has = |name: &str| parameter(uri, name).is_some();
        if uri.path().ends_with("/log") {
            Self::Body(MAX_TEXT_BYTES)
        } else if has("watch") {
            Self::Line(MAX_OBJECT_BYTES)
        } else if has("limit") {
            Self::Body(MAX_PAGE_BYTES)
        } else {
            Self::Body(MAX_OBJECT_BYTES)
        }
    }
}

/// A parameter of the query.
fn parameter<'u>(uri: &'u Uri, name: &str) -> Option<&'u str> {
    let mut parts = uri.query()?.split('&');
    parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// A body with a limit: reading beyond it is an error.
struct LimitedBody {
    body: Body,
    limit: SizeLimit,
    /// Bytes of the body or the current line so far.
    taken: usize,
}

impl LimitedBody {
    fn take(&mut self, bytes: &[u8]) -> Result<(), AnswerLimit> {
        let (max, rest) = match self.limit {
            SizeLimit::Body(max) => (max, bytes.len()),
            SizeLimit::Line(max) => {
                let line_end = bytes.iter().position(|byte| *byte == b'\n');
                if self.taken + line_end.unwrap_or(0) > max {
                    return Err(AnswerLimit::Bytes(max));
                }
                match bytes.iter().rposition(|byte| *byte == b'\n') {
                    Some(last) => {
                        self.taken = 0;
                        (max, bytes.len() - last - 1)
                    }
                    None => (max, bytes.len()),
                }
            }
        };
        self.taken += rest;
        if self.taken > max { Err(AnswerLimit::Bytes(max)) } else { Ok(()) }
    }
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other.map(|frame| frame.map_err(Into::into))),
        };
        let taken = frame.data_ref().map_or(Ok(()), |bytes| self.take(bytes));
        Poll::Ready(Some(taken.map(|()| frame).map_err(Into::into)))
    }
}

/// A client that limits every answer. The caller must be within a runtime.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, kube::Error> {
    let namespace = config.default_namespace.clone();
    let inner = kube::Client::try_from(config)?;
    let limiting = service_fn(move |request: Request<Body>| {
        let (inner, limit) = (inner.clone(), SizeLimit::of(request.uri()));
        async move {
            let answer: Response<Body> = inner.send(request).await.map_err(BoxError::from)?;
            let status = answer.status();
            let limited = |body, limit| LimitedBody { body, limit, taken: 0 };
            if !status.is_client_error() && !status.is_server_error() {
                return Ok::<_, BoxError>(answer.map(|body| limited(body, limit)));
            }
            let limit = SizeLimit::Body(MAX_TEXT_BYTES);
            let (head, body) = answer.into_parts();
            let text = limited(body, limit).collect().await?.to_bytes();
            let body = Body::from(with_code(&text, status.as_u16()));
            Ok(Response::from_parts(head, limited(body, limit)))
        }
    });
    Ok(kube::Client::new(limiting, namespace))
}

/// The body of an error with its HTTP status: kube reads the body alone, and proxies send bodies such as `{}`.
fn with_code(text: &Bytes, code: u16) -> Bytes {
    let Ok(mut status) = serde_json::from_slice::<serde_json::Map<String, Value>>(text) else {
        return text.clone();
    };
    status.insert("code".to_owned(), code.into());
    Value::Object(status).to_string().into()
}

/// A client for the lists of one selection, one after another, that limits their pages. The caller must be within a runtime.
pub(super) fn list_client(client: kube::Client) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let pages: Arc<Mutex<HashSet<String>>> = Arc::default();
    let counting = service_fn(move |request: Request<Body>| {
        let counted = count_page(&mut pages.lock().unwrap_or_else(PoisonError::into_inner), request.uri());
        let client = client.clone();
        async move {
            counted?;
            client.send(request).await.map_err(BoxError::from)
        }
    });
    kube::Client::new(counting, namespace)
}

/// Counts a request for a page.
fn count_page(pages: &mut HashSet<String>, uri: &Uri) -> Result<(), AnswerLimit> {
    match parameter(uri, "continue") {
        Some(_) if pages.len() >= MAX_PAGES => Err(AnswerLimit::Pages),
        Some(page) if !pages.insert(page.to_owned()) => Err(AnswerLimit::RepeatedPage),
        Some(_) => Ok(()),
        // The first page of a new list.
        None => {
            pages.clear();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn each_kind_of_answer_has_its_limit() {
        for (path, limit) in [
            ("/api/v1/namespaces/shop/pods?&limit=1000", SizeLimit::Body(MAX_PAGE_BYTES)),
            ("/api/v1/namespaces/shop/pods?&watch=true&timeoutSeconds=45", SizeLimit::Line(MAX_OBJECT_BYTES)),
            ("/api/v1/namespaces/shop/pods/web?", SizeLimit::Body(MAX_OBJECT_BYTES)),
            ("/api/v1/namespaces/shop/pods/web/log?&limitBytes=262144", SizeLimit::Body(MAX_TEXT_BYTES)),
            ("/apis", SizeLimit::Body(MAX_OBJECT_BYTES)),
        ] {
            assert_eq!(SizeLimit::of(&uri(path)), limit, "{path}");
        }
    }

    #[test]
    fn an_error_has_its_http_status() {
        let with_code = |text: &'static str| with_code(&Bytes::from_static(text.as_bytes()), 401);
        for text in ["{}", r#"{"code":0}"#, r#"{"code":200,"message":"x"}"#, r#"{"code":"x"}"#] {
            let status: Value = serde_json::from_slice(&with_code(text)).unwrap();
            assert_eq!(status["code"], 401, "{text}");
        }
        for text in ["", "<html>", "[]", "null"] {
            assert_eq!(with_code(text), text);
        }
    }

    #[test]
    fn a_watch_has_no_limit_but_each_of_its_lines_has() {
        let mut body = LimitedBody { body: Body::empty(), limit: SizeLimit::Line(10), taken: 0 };
        for part in ["123456789", "0\n", "12345\n12345\n1234567890", "\n", "1234567890"] {
            assert_eq!(body.take(part.as_bytes()), Ok(()), "{part:?}");
        }
        assert_eq!(body.take(b"1\n2"), Err(AnswerLimit::Bytes(10)));
        let mut body = LimitedBody { body: Body::empty(), limit: SizeLimit::Body(10), taken: 0 };
        assert_eq!(body.take(b"12345\n"), Ok(()));
        assert_eq!(body.take(b"12345"), Err(AnswerLimit::Bytes(10)));
    }

    #[test]
    fn a_page_comes_once_in_a_list() {
        let mut pages = HashSet::new();
        let mut request = |page: &str| count_page(&mut pages, &uri(&format!("/pods?&limit=1000{page}")));
        for page in ["", "&continue=a", "&continue=b", "", "&continue=a"] {
            assert_eq!(request(page), Ok(()), "{page}");
        }
        assert_eq!(request("&continue=a"), Err(AnswerLimit::RepeatedPage));
        assert_eq!(request(""), Ok(()));
        let failed = (0..).find(|page| request(&format!("&continue={page}")).is_err());
        assert_eq!((failed, request("&continue=x")), (Some(MAX_PAGES), Err(AnswerLimit::Pages)));
    }
}
