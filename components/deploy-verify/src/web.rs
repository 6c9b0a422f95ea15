//! What smoke checks and metrics need from the outside, as traits and plain data: the host in a run, models in tests.
//! It decides nothing.

mod show;
mod url;

pub use lockstep_glue::Fault;

pub use show::{listed, shown, shown_bytes};
pub use url::{LONGEST, Url, encoded};

/// The most requests that one call of [`Web::send`] takes.
pub const MOST_REQUESTS: usize = 100;

/// A request. All are made with GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The URL.
    pub url: String,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// How long all of the answer may take, in milliseconds.
    pub patience: u32,
    /// How many bytes of the body are kept.
    pub most: u32,
}

/// An answer that arrived whole, or whole as far as it was to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names, in lower case, and values of headers.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent.
    pub body: Vec<u8>,
    /// Whether the body went on past what was to be kept.
    pub cut: bool,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The address that answered.
    pub peer: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request was not made.
    Refused(Fault),
    /// The name has no address.
    Unresolved(String),
    /// Nobody accepts the connection.
    Unreachable(String),
    /// The certificate is not trusted, or TLS could not be agreed on.
    Untrusted(String),
    /// No answer began in time.
    Silent(String),
    /// Not all of the answer came in time.
    Slow(String),
    /// The connection ended too early.
    BrokenOff(String),
    /// What came is no HTTP.
    Unreadable(String),
}

/// What each request came to, in their order.
pub type Answers = Vec<Result<Response, Trouble>>;

/// Web servers.
pub trait Web {
    /// Makes at most [`MOST_REQUESTS`] requests at once, each over a connection of its own, and waits for all of them.
    ///
    /// # Errors
    /// None of them was made.
    fn send(&mut self, requests: &[Request]) -> Result<Answers, Fault>;
}

impl Response {
    /// The values of a header; `name` is in lower case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The address that a redirect names, if this is one.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        let moved = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        moved.then(|| self.values("location").next()).flatten()
    }
}

impl Trouble {
    /// The word for scripts.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unresolved(_) => "unresolved",
            Self::Unreachable(_) => "unreachable",
            Self::Untrusted(_) => "untrusted",
            Self::Silent(_) => "silent",
            Self::Slow(_) => "slow",
            Self::BrokenOff(_) => "broken-off",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Refused(fault) => fault.message(),
            Self::Unresolved(text)
            | Self::Unreachable(text)
            | Self::Untrusted(text)
            | Self::Silent(text)
            | Self::Slow(text)
            | Self::BrokenOff(text)
            | Self::Unreadable(text) => text,
        }
    }

    /// Whether asking again cannot help: the run may not ask this, or has asked too much. Everything else may pass,
    /// even a certificate that is not trusted: some are issued only after a deployment.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(fault) if !matches!(fault, Fault::Unavailable(_) | Fault::Upstream(..)))
    }
}
