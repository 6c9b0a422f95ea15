//! Requests and responses, as `wit/http.wit` has them. Only a permit says where a request goes.

/// The method of a request. Both only read.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Returns the content.
    Get,
    /// Returns everything except the content.
    Head,
}

/// A header of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name; in a response, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request. The permit has its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Headers in addition to those of the connection.
    pub headers: Vec<Header>,
    /// The time until the whole response has arrived, in milliseconds.
    pub timeout_ms: u32,
    /// The most bytes of the body that the host keeps.
    pub max_body_bytes: u32,
}

impl Request {
    /// The longest timeout, in milliseconds.
    pub const MAX_TIMEOUT_MS: u32 = 300_000;
    /// The highest `max_body_bytes`.
    pub const MAX_BODY_BYTES: u32 = 16 * 1024 * 1024;
}

/// A response that arrived completely, or up to `max_body_bytes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, from 100 to 599.
    pub status: u16,
    /// The headers in the order of arrival. Several headers with one name are separate.
    pub headers: Vec<Header>,
    /// The body as the server sent it, not decompressed, without the credentials of the run.
    pub body: Vec<u8>,
    /// Whether the body was longer than `max_body_bytes`.
    pub truncated: bool,
    /// The duration in milliseconds.
    pub elapsed_ms: u32,
    /// The address that answered, `ADDRESS:PORT`; the address of the proxy if there is one.
    pub remote_address: Option<String>,
}

/// Why a request has no response. The text is a lower-case fragment, without a query and without a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// The name has no address.
    DnsError(String),
    /// Nobody accepts the connection.
    ConnectionRefused(String),
    /// The TLS handshake failed, or the certificate is not trusted.
    TlsError(String),
    /// The connection stands, but no response began in time.
    ResponseTimeout(String),
    /// The response began, but the body was not complete in time.
    BodyTimeout(String),
    /// The connection ended before the response was complete.
    ConnectionClosed(String),
    /// The response is not HTTP, or could hide a credential.
    ProtocolError(String),
}

impl ErrorCode {
    /// The same error with another text.
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
