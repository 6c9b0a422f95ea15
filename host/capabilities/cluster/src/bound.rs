//! How much of an answer of a cluster is read, and how often a list may go on: what an honest one can have, with room.
//! What comes beyond that is never in memory. It looks at no object.

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
const LIST: usize = 64 * 1024 * 1024;
/// The longest object, also in an event of a watch, and the longest of what there is in a group. The store of a cluster
/// takes 1.5 MiB of one unless it is told otherwise.
const OBJECT: usize = 16 * 1024 * 1024;
/// The longest log, of which a quarter is asked for, and the longest refusal.
const SHORT: usize = 1024 * 1024;
/// The most pages of one list: a million objects, of which a run follows a tenth at most.
const PAGES: usize = 1000;

/// A cluster sends something that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endless {
    /// An answer, or an event of a watch, has more bytes than this.
    Answer(usize),
    /// A list goes on where it has been.
    Circle,
    /// A list has more pages than any.
    Pages,
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(most) => write!(f, "an answer of the cluster has more than {most} bytes"),
            Self::Circle => {
                f.write_str("the list of the cluster comes back to a page that it had before; it has no end")
            }
            Self::Pages => write!(f, "the list of the cluster has more than {PAGES} pages"),
        }
    }
}

impl Error for Endless {}

/// What of an answer is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// All of it.
    Whole(usize),
    /// Each line: watches send one object in each.
    Line(usize),
}

impl Bound {
    /// The bound of a good answer to a request for this.
    fn of(uri: &Uri) -> Self {
        let has = |name: &str| parameter(uri, name).is_some();
        if uri.path().ends_with("/log") {
            Self::Whole(SHORT)
        } else if has("watch") {
            Self::Line(OBJECT)
        } else if has("limit") {
            Self::Whole(LIST)
        } else {
            Self::Whole(OBJECT)
        }
    }
}

/// A parameter of the query.
fn parameter<'u>(uri: &'u Uri, name: &str) -> Option<&'u str> {
    let mut parts = uri.query()?.split('&');
    parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// A body that is read no further than its bound.
struct Bounded {
    body: Body,
    bound: Bound,
    /// Bytes of what is bounded that have come so far.
    taken: usize,
}

impl Bounded {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Endless> {
        let (most, rest) = match self.bound {
            Bound::Whole(most) => (most, bytes.len()),
            Bound::Line(most) => {
                let line_end = bytes.iter().position(|byte| *byte == b'\n');
                if self.taken + line_end.unwrap_or(0) > most {
                    return Err(Endless::Answer(most));
                }
                match bytes.iter().rposition(|byte| *byte == b'\n') {
                    Some(last) => {
                        self.taken = 0;
                        (most, bytes.len() - last - 1)
                    }
                    None => (most, bytes.len()),
                }
            }
        };
        self.taken += rest;
        if self.taken > most { Err(Endless::Answer(most)) } else { Ok(()) }
    }
}

impl http_body::Body for Bounded {
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

/// A client all of whose answers are bounded. Must be called within a runtime.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, kube::Error> {
    let namespace = config.default_namespace.clone();
    let inner = kube::Client::try_from(config)?;
    let bounding = service_fn(move |request: Request<Body>| {
        let (inner, good) = (inner.clone(), Bound::of(request.uri()));
        async move {
            let answer: Response<Body> = inner.send(request).await.map_err(BoxError::from)?;
            let status = answer.status();
            let bounded = |body, bound| Bounded { body, bound, taken: 0 };
            if !status.is_client_error() && !status.is_server_error() {
                return Ok::<_, BoxError>(answer.map(|body| bounded(body, good)));
            }
            let bound = Bound::Whole(SHORT);
            let (head, body) = answer.into_parts();
            let text = bounded(body, bound).collect().await?.to_bytes();
            let body = Body::from(with_code(&text, status.as_u16()));
            Ok(Response::from_parts(head, bounded(body, bound)))
        }
    });
    Ok(kube::Client::new(bounding, namespace))
}

/// The text of a refusal with the status in it: kube believes the body alone, and proxies send bodies such as `{}`.
fn with_code(text: &Bytes, code: u16) -> Bytes {
    let Ok(mut status) = serde_json::from_slice::<serde_json::Map<String, Value>>(text) else {
        return text.clone();
    };
    status.insert("code".to_owned(), code.into());
    Value::Object(status).to_string().into()
}

/// A client for the lists of one selection, one after another: one that goes round, or on and on, ends. Must be called
/// within a runtime.
pub(super) fn one_list(client: kube::Client) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let pages: Arc<Mutex<HashSet<String>>> = Arc::default();
    let counting = service_fn(move |request: Request<Body>| {
        let gone_on = go_on(&mut pages.lock().unwrap_or_else(PoisonError::into_inner), request.uri());
        let client = client.clone();
        async move {
            gone_on?;
            client.send(request).await.map_err(BoxError::from)
        }
    });
    kube::Client::new(counting, namespace)
}

/// Notes which page of a list is asked for.
fn go_on(pages: &mut HashSet<String>, uri: &Uri) -> Result<(), Endless> {
    match parameter(uri, "continue") {
        Some(_) if pages.len() >= PAGES => Err(Endless::Pages),
        Some(page) if !pages.insert(page.to_owned()) => Err(Endless::Circle),
        Some(_) => Ok(()),
        // A list that is begun anew.
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
    fn each_kind_of_answer_has_its_bound() {
        for (path, bound) in [
            ("/api/v1/namespaces/shop/pods?&limit=1000", Bound::Whole(LIST)),
            ("/api/v1/namespaces/shop/pods?&watch=true&timeoutSeconds=45", Bound::Line(OBJECT)),
            ("/api/v1/namespaces/shop/pods/web?", Bound::Whole(OBJECT)),
            ("/api/v1/namespaces/shop/pods/web/log?&limitBytes=262144", Bound::Whole(SHORT)),
            ("/apis", Bound::Whole(OBJECT)),
        ] {
            assert_eq!(Bound::of(&uri(path)), bound, "{path}");
        }
    }

    #[test]
    fn a_refusal_says_its_status() {
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
    fn a_watch_may_go_on_and_each_line_of_it_may_not() {
        let mut body = Bounded { body: Body::empty(), bound: Bound::Line(10), taken: 0 };
        for part in ["123456789", "0\n", "12345\n12345\n1234567890", "\n", "1234567890"] {
            assert_eq!(body.take(part.as_bytes()), Ok(()), "{part:?}");
        }
        assert_eq!(body.take(b"1\n2"), Err(Endless::Answer(10)));
        let mut body = Bounded { body: Body::empty(), bound: Bound::Whole(10), taken: 0 };
        assert_eq!(body.take(b"12345\n"), Ok(()));
        assert_eq!(body.take(b"12345"), Err(Endless::Answer(10)));
    }

    #[test]
    fn a_page_comes_once_in_a_list() {
        let mut pages = HashSet::new();
        let mut ask = |page: &str| go_on(&mut pages, &uri(&format!("/pods?&limit=1000{page}")));
        for page in ["", "&continue=a", "&continue=b", "", "&continue=a"] {
            assert_eq!(ask(page), Ok(()), "{page}");
        }
        assert_eq!(ask("&continue=a"), Err(Endless::Circle));
        assert_eq!(ask(""), Ok(()));
        let asked = (0..).find(|page| ask(&format!("&continue={page}")).is_err());
        assert_eq!((asked, ask("&continue=x")), (Some(PAGES), Err(Endless::Pages)));
    }
}
