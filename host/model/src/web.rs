//! The URL of a web server in canonical form, so that the grant and the client read the same host from it. This module
//! resolves no name.

use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// The error of an invalid URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// It is not a URL with `http` or `https`.
    #[error("invalid URL `{0}`: expected `https://` or `http://` and a host")]
    Syntax(String),
    /// It contains a user or a password.
    #[error("`{0}` contains a user or a password; use `credentials` instead")]
    User(String),
    /// The host is not in canonical form: upper case, a final dot, a number in another notation.
    #[error("the host of `{0}` is not in canonical form{canonical}", canonical = canonical(.1))]
    Host(String, String),
    /// It has a fragment.
    #[error("`{0}` has a `#`: no client sends that part to a server")]
    Fragment(String),
    /// It has a character that parsers treat differently.
    #[error("`{}` has a blank, a backslash, a control or a non-ASCII character; write it as `%` and digits", .0.escape_debug())]
    Character(String),
    /// It is longer than [`WebAddress::MAX_BYTES`].
    #[error("a URL of {0} bytes is too long: the limit is {max}", max = WebAddress::MAX_BYTES)]
    TooLong(usize),
}

fn canonical(host: &str) -> String {
    if host.is_empty() { String::new() } else { format!(", which is `{host}`") }
}

/// The URL of a web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress {
    url: Url,
    /// The URL as its author spelled it, for messages about scopes.
    text: String,
}

impl WebAddress {
    /// The longest URL in bytes. Common servers accept at least this length.
    pub const MAX_BYTES: usize = 8000;

    /// Parses a URL. It rejects a text that parsers could read in two ways, and corrects nothing.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, WebError> {
        if text.len() > Self::MAX_BYTES {
            return Err(WebError::TooLong(text.len()));
        }
        // The library drops tabs and line ends, and reads a backslash as a slash.
        if !text.chars().all(|c| c.is_ascii_graphic() && c != '\\') {
            return Err(WebError::Character(text.to_owned()));
        }
        let url = Url::parse(text).map_err(|_| WebError::Syntax(text.to_owned()))?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or_else(|| WebError::Syntax(text.to_owned()))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(WebError::User(text.to_owned()));
        }
        if url.fragment().is_some() {
            return Err(WebError::Fragment(text.to_owned()));
        }
        let host = url.host_str().unwrap_or_default();
        let spelled = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        let spelled = spelled.map_or(authority, |(host, _)| host);
        if host.is_empty() || spelled != host || host.ends_with('.') || host.contains('%') {
            let canonical = host.trim_end_matches('.').to_owned();
            return Err(WebError::Host(text.to_owned(), canonical));
        }
        Ok(Self { url, text: text.to_owned() })
    }

    /// The whole URL as the client sends it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The URL as its author spelled it.
    #[must_use]
    pub fn spelled(&self) -> &str {
        &self.text
    }

    /// The host in lower case, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether the host is an address and not a name.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self.url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
    }

    /// Whether the host is a loopback address. `localhost` is a name, and can resolve to any address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host().parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// The port; the default of the scheme if the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Whether the client uses TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Scheme, host, and port if it is not the default: `https://example.com`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether `other` has the same origin and, if this has a path, the same path or one below it. Only a path that
    /// ends with `/` covers those below it. A URL with a query covers only itself.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.origin() != other.origin() {
            return false;
        }
        if self.url.query().is_some() {
            return self.url == other.url;
        }
        let (own, path) = (self.url.path(), other.url.path());
        own == path || own.ends_with('/') && path.starts_with(own) && !hides_dots(path)
    }
}

/// Whether a server could read a part of the path as `..`, because some servers decode a path twice.
fn hides_dots(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["%2e", "%2f", "%5c", "%252"].iter().any(|hidden| path.contains(hidden))
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> WebAddress {
        WebAddress::parse(text).unwrap()
    }

    #[test]
    fn an_address_has_an_origin() {
        for (text, origin, host, port) in [
            ("https://example.com", "https://example.com", "example.com", 443),
            ("https://example.com:443/a?b=c", "https://example.com", "example.com", 443),
            ("http://example.com:8080/", "http://example.com:8080", "example.com", 8080),
            ("http://[::1]:8080/x", "http://[::1]:8080", "::1", 8080),
            ("http://127.0.0.1/x", "http://127.0.0.1", "127.0.0.1", 80),
            ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example", "xn--bcher-kva.example", 80),
        ] {
            let address = address(text);
            assert_eq!(
                (address.origin().as_str(), address.host(), address.port()),
                (origin, host, port),
                "{text}"
            );
        }
    }

    #[test]
    fn only_a_loopback_address_is_this_machine() {
        for own in ["http://127.0.0.1/", "http://127.8.8.8:80/x", "https://[::1]:9090"] {
            assert!(address(own).is_loopback(), "{own}");
        }
        for other in
            ["http://localhost/", "http://10.0.0.1/", "http://127.0.0.1.example.com/", "http://[::2]/"]
        {
            assert!(!address(other).is_loopback(), "{other}");
        }
    }

    #[test]
    fn hosts_that_resemble_another_are_refused() {
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "HTTPS://example.com",
            "https:example.com",
            "https:/example.com",
            "https:///example.com",
            "https://",
            "https://Example.com",
            "https://example.com.",
            "https://example.com.:443/",
            "https://user@example.com",
            "https://example.com@evil.example",
            "https://example.com:80@evil.example",
            "https://example.com\\@evil.example",
            "https://exa\tmple.com",
            "https://example.com/a b",
            "https://example.com/#x",
            "https://bücher.example",
            "https://ｅxample.com",
            "https://exam%70le.com",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://[::ffff:127.0.0.1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::1%25eth0]/",
            "http://example.com:99999/",
        ] {
            assert!(WebAddress::parse(bad).is_err(), "{bad:?} passed");
        }
        assert!(WebAddress::parse(&format!("https://example.com/{}", "a".repeat(8000))).is_err());
    }

    #[test]
    fn an_origin_covers_only_urls_below_it() {
        let origin = address("https://example.com");
        for inside in [
            "https://example.com/",
            "https://example.com/a/b?c",
            "https://example.com:443/",
            "https://example.com?q",
        ] {
            assert!(origin.covers(&address(inside)), "{inside}");
        }
        for outside in [
            "http://example.com/",
            "https://example.com:8443/",
            "https://example.com.evil.example/",
            "https://evil-example.com/",
            "https://www.example.com/",
        ] {
            assert!(!origin.covers(&address(outside)), "{outside}");
        }
        let folder = address("https://example.com/api/");
        assert!(folder.covers(&address("https://example.com/api/v1?x")));
        for outside in [
            "https://example.com/api",
            "https://example.com/apis",
            "https://example.com/api/../admin",
            "https://example.com/api/%2e%2e/admin",
            "https://example.com/api/..%2fadmin",
            "https://example.com/api/%252e%252e/admin",
            "https://example.com/",
        ] {
            assert!(!folder.covers(&address(outside)), "{outside}");
        }
        let page = address("https://example.com/health");
        assert!(page.covers(&address("https://example.com/health?probe=1")));
        assert!(!page.covers(&address("https://example.com/health/x")));
    }

    proptest! {
        #[test]
        fn a_covered_url_has_the_host_of_the_scope(text in "https?://[a-c.@:1\\[\\]%2e]{1,8}(/[a-c.%2e/]{0,6})?") {
            let scope = address("https://a.b/");
            if let Ok(address) = WebAddress::parse(&text) {
                prop_assert!(!scope.covers(&address) || address.host() == "a.b" && address.is_secure());
            }
        }
    }
}
