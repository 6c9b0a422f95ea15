//! What is asked of a web server and what it answers, as the contract in `wit/http.wit` says it. Nothing here is about
//! where a request goes: only a permit says that.

/// What is asked for. Neither changes anything.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The content.
    Get,
    /// All but the content.
    Head,
}

/// A header, of a request or of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, of an answer in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request. Its URL is the one of the permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Headers besides those of the connection.
    pub headers: Vec<Header>,
    /// How long it may take until all of the answer has arrived, in milliseconds.
    pub timeout_ms: u32,
    /// How many bytes of the body are kept.
    pub max_body_bytes: u32,
}

impl Request {
    /// The longest timeout_ms, in milliseconds.
    pub const MAX_TIMEOUT_MS: u32 = 300_000;
    /// The most bytes of a body that are kept.
    pub const MAX_BODY_BYTES: u32 = 16 * 1024 * 1024;
}

/// An answer that arrived whole, or whole as far as it was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, from 100 to 599.
    pub status: u16,
    /// The headers, in the order they came. Of several with one name each has a place of its own.
    pub headers: Vec<Header>,
    /// The body as it was sent, not decompressed, without the credentials of the run.
    pub body: Vec<u8>,
    /// Whether the body went on past what was to be kept.
    pub truncated: bool,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u32,
    /// The address that answered, `ADDRESS:PORT`; a proxy's where there is one.
    pub remote_address: Option<String>,
}

/// Why there is no answer to a request that was made. The text is a lower-case fragment, without a query and without a
/// credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// The name has no address.
    DnsError(String),
    /// Nobody accepts the connection.
    ConnectionRefused(String),
    /// No TLS connection could be agreed on, or the certificate is not trusted.
    TlsError(String),
    /// The connection stands, but no answer began in time.
    ResponseTimeout(String),
    /// The answer began, but not all of it came in time.
    BodyTimeout(String),
    /// The connection ended before the answer was whole.
    ConnectionClosed(String),
    /// What came is no HTTP, or could hide a credential.
    ProtocolError(String),
}

impl ErrorCode {
    /// The same trouble, with its text changed.
    #[must_use]
    pub(crate) fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::DnsError(text) => Self::DnsError(change(text)),
            Self::ConnectionRefused(text) => Self::ConnectionRefused(change(text)),
            Self::TlsError(text) => Self::TlsError(change(text)),
            Self::ResponseTimeout(text) => Self::ResponseTimeout(change(text)),
            Self::BodyTimeout(text) => Self::BodyTimeout(change(text)),
            Self::ConnectionClosed(text) => Self::ConnectionClosed(change(text)),
            Self::ProtocolError(text) => Self::ProtocolError(change(text)),
        }
    }
}
