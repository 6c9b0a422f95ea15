//! Why a request has no answer: which of the contract's troubles it is, told by the kinds of errors and not by their
//! texts. No text holds a URL's path or query.

use super::resolve::NoWay;
use super::stage::Stage;
use super::types::ErrorCode;
use lockstep_model::call::CallError;
use lockstep_model::causes::causes;
use lockstep_model::text;
use lockstep_model::web::WebAddress;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::net::IpAddr;

use super::address::Kind;

/// The longest text of an error that is passed on, in bytes.
const LONGEST: usize = 300;

/// How a request ended that has no answer.
#[derive(Debug)]
pub(super) enum End {
    /// The host does not carry it out.
    Refused(CallError),
    /// It failed on the way.
    ErrorCode(ErrorCode),
}

/// Why no answer began.
pub(super) fn unanswered(address: &WebAddress, stage: &Stage, error: reqwest::Error) -> End {
    let error = error.without_url();
    let origin = address.origin();
    if let Some(way) = causes(&error).find_map(|error| error.downcast_ref::<NoWay>()) {
        return no_way(address, way);
    }
    if !error.is_connect() {
        return End::ErrorCode(broken(address, &error));
    }
    if let Some(error) = tls(&error) {
        return End::ErrorCode(untrusted(&origin, error));
    }
    let said = last(&error);
    End::ErrorCode(match (error.is_timeout(), stage.is_greeted()) {
        (true, false) if !stage.is_resolved() => {
            ErrorCode::DnsError(format!("`{}` was not found out in time", address.host()))
        }
        (true, false) => ErrorCode::ConnectionRefused(format!("{origin} accepted no connection in time")),
        (true, true) => ErrorCode::ResponseTimeout(format!(
            "{origin} accepted the connection and did not agree on TLS in time"
        )),
        (false, false) => ErrorCode::ConnectionRefused(format!("{origin} accepts no connection: {said}")),
        (false, true) => {
            ErrorCode::TlsError(format!("{origin} ended the connection before TLS was agreed on: {said}"))
        }
    })
}

/// Why an answer that was asked for over a connection did not begin, or did not go on.
pub(super) fn broken(address: &WebAddress, error: &(dyn Error + 'static)) -> ErrorCode {
    let origin = address.origin();
    if let Some(error) = tls(error) {
        return untrusted(&origin, error);
    }
    let said = last(error);
    let http = causes(error).find_map(|error| error.downcast_ref::<hyper::Error>());
    let malformed = |kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    let unreadable = http.is_some_and(hyper::Error::is_parse)
        || causes(error)
            .filter_map(|error| error.downcast_ref())
            .any(|error: &io::Error| malformed(error.kind()));
    if unreadable {
        return ErrorCode::ProtocolError(format!("what {origin} sent is no HTTP: {said}"));
    }
    ErrorCode::ConnectionClosed(format!("{origin} ended the connection before the answer was whole: {said}"))
}

/// What to say of a way that is none.
pub(super) fn no_way(address: &WebAddress, way: &NoWay) -> End {
    match way {
        NoWay::Unresolved(said) => End::ErrorCode(ErrorCode::DnsError(format!(
            "`{}` has no address: {}",
            address.host(),
            short(said)
        ))),
        NoWay::Blocked(found, kind) => End::Refused(CallError::Denied(blocked(address, *found, *kind))),
    }
}

/// Why an address is not connected to, and what to do.
fn blocked(address: &WebAddress, found: IpAddr, kind: Kind) -> String {
    let (host, origin) = (address.host(), address.origin());
    let what = if host.parse::<IpAddr>().is_ok() {
        format!("the address {found} is {}", kind.words())
    } else {
        format!("`{host}` has the address {found}, which is {}", kind.words())
    };
    let next = match kind {
        Kind::Private | Kind::Loopback if host == "localhost" => {
            "`localhost` is this machine only; name the address itself".to_owned()
        }
        Kind::Private | Kind::Loopback => format!(
            "where that is meant, grant `private {origin}/` (the input `allow-private` of deploy-verify), or name the \
             address itself"
        ),
        Kind::Reserved if host.parse::<IpAddr>().is_err() => {
            "where that is meant, name the address itself".to_owned()
        }
        _ => "no run connects to such an address; check the URL and what the name stands for".to_owned(),
    };
    format!("{what}; {next}")
}

/// Why TLS was not agreed on.
fn untrusted(origin: &str, error: &rustls::Error) -> ErrorCode {
    let next = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "; name the file of the authority that vouches for it in SSL_CERT_FILE, or add it to those of the system"
        }
        rustls::Error::InvalidMessage(_) => "; check that the port is one of https",
        _ => "",
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => ErrorCode::TlsError(format!(
            "the certificate of {origin} is not trusted ({}){next}",
            short(&reason.to_string())
        )),
        other => ErrorCode::TlsError(format!(
            "no TLS connection to {origin} could be agreed on ({}){next}",
            short(&other.to_string())
        )),
    }
}

/// What TLS has to say about it, if it has.
fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// What the first cause says: the others only say what was being done.
fn last(error: &(dyn Error + 'static)) -> String {
    short(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Cut with an ellipsis, by which a piece of a credential is known when they are taken out.
fn short(text: &str) -> String {
    text::short(text, LONGEST)
}
