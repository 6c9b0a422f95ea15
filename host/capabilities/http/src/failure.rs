//! Maps failed requests to the error codes of the contract, by the types of errors and not by their texts. No text
//! holds the path or the query of a URL.

use super::address::AddressKind;
use super::resolve::ResolveError;
use super::stage::ConnectionStage;
use super::types::ErrorCode;
use lockstep_model::call::CallError;
use lockstep_model::causes::causes;
use lockstep_model::text;
use lockstep_model::web::WebAddress;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::net::IpAddr;

/// The most bytes of a text of another library or a server.
const MAX_TEXT_BYTES: usize = 300;

/// Why a request has no response.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The host did not send it.
    NotSent(CallError),
    /// The request failed.
    ErrorCode(ErrorCode),
}

/// Why no response began.
pub(super) fn connection_failure(
    address: &WebAddress,
    stage: &ConnectionStage,
    error: reqwest::Error,
) -> RequestFailure {
    let error = error.without_url();
    let origin = address.origin();
    if let Some(resolve_error) = causes(&error).find_map(|error| error.downcast_ref::<ResolveError>()) {
        return resolve_failure(address, resolve_error);
    }
    if !error.is_connect() {
        return RequestFailure::ErrorCode(transfer_error(address, &error));
    }
    if let Some(error) = tls_cause(&error) {
        return RequestFailure::ErrorCode(tls_failure(&origin, error));
    }
    let cause = root_cause(&error);
    RequestFailure::ErrorCode(match (error.is_timeout(), stage.has_started_tls()) {
        (true, false) if !stage.is_resolved() => ErrorCode::DnsError(format!(
            "the lookup of `{}` took too long: no address in time",
            address.host()
        )),
        (true, false) => ErrorCode::ConnectionRefused(format!("{origin} accepted no connection in time")),
        (true, true) => ErrorCode::ResponseTimeout(format!(
            "{origin} accepted the connection and did not complete the TLS handshake in time"
        )),
        (false, false) => ErrorCode::ConnectionRefused(format!("{origin} accepts no connection: {cause}")),
        (false, true) => {
            ErrorCode::TlsError(format!("{origin} ended the connection during the TLS handshake: {cause}"))
        }
    })
}

/// Why a response did not begin, or did not go on, after the request.
pub(super) fn transfer_error(address: &WebAddress, error: &(dyn Error + 'static)) -> ErrorCode {
    let origin = address.origin();
    if let Some(error) = tls_cause(error) {
        return tls_failure(&origin, error);
    }
    let cause = root_cause(error);
    let http = causes(error).find_map(|error| error.downcast_ref::<hyper::Error>());
    let malformed = |kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    let unreadable = http.is_some_and(hyper::Error::is_parse)
        || causes(error)
            .filter_map(|error| error.downcast_ref())
            .any(|error: &io::Error| malformed(error.kind()));
    if unreadable {
        return ErrorCode::ProtocolError(format!("the response of {origin} is not HTTP: {cause}"));
    }
    ErrorCode::ConnectionClosed(format!(
        "{origin} ended the connection before the response was complete: {cause}"
    ))
}

/// The failure of a name lookup.
pub(super) fn resolve_failure(address: &WebAddress, resolve_error: &ResolveError) -> RequestFailure {
    match resolve_error {
        ResolveError::Unresolved(cause) => RequestFailure::ErrorCode(ErrorCode::DnsError(format!(
            "`{}` has no address: {}",
            address.host(),
            short(cause)
        ))),
        ResolveError::Blocked(resolved, kind) => {
            RequestFailure::NotSent(CallError::Denied(blocked(address, *resolved, *kind)))
        }
    }
}

/// Why the host does not connect to an address, and what the reader can do.
fn blocked(address: &WebAddress, resolved: IpAddr, kind: AddressKind) -> String {
    let (host, origin) = (address.host(), address.origin());
    let reason = if host.parse::<IpAddr>().is_ok() {
        format!("the address {resolved} is {}", kind.description())
    } else {
        format!("`{host}` has the address {resolved}, which is {}", kind.description())
    };
    let advice = match kind {
        AddressKind::Private | AddressKind::Loopback if host == "localhost" => {
            "`localhost` is this machine only; name the address itself".to_owned()
        }
        AddressKind::Private | AddressKind::Loopback => format!(
            "to allow it, grant `private {origin}/` (the input `allow-private` of deploy-verify), or name the \
             address itself"
        ),
        AddressKind::Reserved if host.parse::<IpAddr>().is_err() => {
            "to allow it, name the address itself".to_owned()
        }
        _ => "Lockstep never connects to such an address; check the URL and the addresses of the name"
            .to_owned(),
    };
    format!("{reason}; {advice}")
}

/// The failure of a TLS handshake.
fn tls_failure(origin: &str, error: &rustls::Error) -> ErrorCode {
    let advice = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "; set SSL_CERT_FILE to the file of the authority that issued it, or add that authority to those of the system"
        }
        rustls::Error::InvalidMessage(_) => "; check that the server speaks TLS on this port",
        _ => "",
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => ErrorCode::TlsError(format!(
            "the certificate of {origin} is not trusted ({}){advice}",
            short(&reason.to_string())
        )),
        other => ErrorCode::TlsError(format!(
            "the TLS handshake with {origin} failed ({}){advice}",
            short(&other.to_string())
        )),
    }
}

/// The error of the TLS library, if that is the cause.
fn tls_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The text of the first cause: the other causes only name what the library was doing.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    short(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

/// The text with at most this length. The ellipsis tells the redactor where a credential may be cut.
fn short(text: &str) -> String {
    text::short(text, MAX_TEXT_BYTES)
}
