//! Why a request has no answer: which of the contract's troubles it is, told by the kinds of errors and not by their
//! texts. No text holds a URL's path or query.

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

/// The longest text of an error that is passed on, in bytes.
const MAX_TEXT_BYTES: usize = 300;

/// How a request ended that has no answer.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The host does not carry it out.
    Refused(CallError),
    /// It failed on the way.
    ErrorCode(ErrorCode),
}

/// Why no answer began.
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
        (true, false) if !stage.is_resolved() => {
            ErrorCode::DnsError(format!("`{}` was not found out in time", address.host()))
        }
        (true, false) => ErrorCode::ConnectionRefused(format!("{origin} accepted no connection in time")),
        (true, true) => ErrorCode::ResponseTimeout(format!(
            "{origin} accepted the connection and did not agree on TLS in time"
        )),
        (false, false) => ErrorCode::ConnectionRefused(format!("{origin} accepts no connection: {cause}")),
        (false, true) => {
            ErrorCode::TlsError(format!("{origin} ended the connection before TLS was agreed on: {cause}"))
        }
    })
}

/// Why an answer that was asked for over a connection did not begin, or did not go on.
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
        return ErrorCode::ProtocolError(format!("what {origin} sent is no HTTP: {cause}"));
    }
    ErrorCode::ConnectionClosed(format!("{origin} ended the connection before the answer was whole: {cause}"))
}

/// What to say of a way that is none.
pub(super) fn resolve_failure(address: &WebAddress, resolve_error: &ResolveError) -> RequestFailure {
    match resolve_error {
        ResolveError::Unresolved(cause) => RequestFailure::ErrorCode(ErrorCode::DnsError(format!(
            "`{}` has no address: {}",
            address.host(),
            short(cause)
        ))),
        ResolveError::Blocked(resolved, kind) => {
            RequestFailure::Refused(CallError::Denied(blocked(address, *resolved, *kind)))
        }
    }
}

/// Why an address is not connected to, and what to do.
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
            "where that is meant, grant `private {origin}/` (the input `allow-private` of deploy-verify), or name the \
             address itself"
        ),
        AddressKind::Reserved if host.parse::<IpAddr>().is_err() => {
            "where that is meant, name the address itself".to_owned()
        }
        _ => "no run connects to such an address; check the URL and what the name stands for".to_owned(),
    };
    format!("{reason}; {advice}")
}

/// Why TLS was not agreed on.
fn tls_failure(origin: &str, error: &rustls::Error) -> ErrorCode {
    let advice = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "; name the file of the authority that vouches for it in SSL_CERT_FILE, or add it to those of the system"
        }
        rustls::Error::InvalidMessage(_) => "; check that the port is one of https",
        _ => "",
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => ErrorCode::TlsError(format!(
            "the certificate of {origin} is not trusted ({}){advice}",
            short(&reason.to_string())
        )),
        other => ErrorCode::TlsError(format!(
            "no TLS connection to {origin} could be agreed on ({}){advice}",
            short(&other.to_string())
        )),
    }
}

/// What TLS has to say about it, if it has.
fn tls_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// What the first cause says: the others only say what was being done.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    short(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Cut with an ellipsis, by which a piece of a credential is known when they are taken out.
fn short(text: &str) -> String {
    text::short(text, MAX_TEXT_BYTES)
}
