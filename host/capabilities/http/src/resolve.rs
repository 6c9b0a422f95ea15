//! Looks up the name of a host, once for each connection, and returns only addresses that the run may connect to. The
//! client connects to these very addresses. This module does not connect.

use super::address::{AddressKind, AddressRule};
use super::stage::ConnectionStage;
use lockstep_model::web::WebAddress;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// The most addresses of a name that the client tries.
const MAX_ADDRESSES: usize = 16;

/// Looks up names.
pub(super) trait NameLookup: Send + Sync {
    /// The addresses of a name. It may block.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
pub(super) struct SystemLookup;

impl NameLookup for SystemLookup {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// The rule for the host of a URL.
pub(super) fn rule_for(address: &WebAddress, allows_private: bool) -> AddressRule {
    match address.host() {
        host if host.parse::<IpAddr>().is_ok() => AddressRule::Literal,
        "localhost" => AddressRule::Localhost,
        _ if allows_private => AddressRule::AllowPrivate,
        _ => AddressRule::PublicOnly,
    }
}

/// Why a name has no address for a connection.
#[derive(Debug)]
pub(super) enum ResolveError {
    /// It has no address; the text of the system.
    Unresolved(String),
    /// It has an address of a kind that the run may not connect to.
    Blocked(IpAddr, AddressKind),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(text) => f.write_str(text),
            Self::Blocked(address, kind) => write!(f, "{address} is {}", kind.description()),
        }
    }
}

impl std::error::Error for ResolveError {}

/// The resolver of one request.
pub(super) struct CheckedResolver {
    pub(super) lookup: Arc<dyn NameLookup>,
    /// The host of the request.
    pub(super) host: String,
    pub(super) rule: AddressRule,
    pub(super) stage: Arc<ConnectionStage>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, stage) = (Arc::clone(&self.lookup), Arc::clone(&self.stage));
        // Any other name is that of the proxy in the environment, whose owner answers for it. The proxy looks up the
        // name of the request itself. A request without a proxy asks for no other name.
        let rule = (name.as_str() == self.host).then_some(self.rule);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let addresses = tokio::task::spawn_blocking(move || lookup.addresses(&name)).await;
            let addresses = addresses.map_err(io::Error::other).and_then(|addresses| addresses);
            let addresses = addresses.map_err(|error| ResolveError::Unresolved(error.to_string()))?;
            let allowed = allowed(addresses, rule)?;
            stage.resolved();
            Ok(Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The addresses, if the rule allows each of them. A name with allowed and other addresses is an attack on this check.
fn allowed(mut addresses: Vec<IpAddr>, rule: Option<AddressRule>) -> Result<Vec<IpAddr>, ResolveError> {
    if let Some(rule) = rule {
        check(&addresses, rule)?;
    }
    addresses.truncate(MAX_ADDRESSES);
    if addresses.is_empty() {
        return Err(ResolveError::Unresolved("it has no address".to_owned()));
    }
    Ok(addresses)
}

/// Checks that the rule allows all addresses.
pub(super) fn check(addresses: &[IpAddr], rule: AddressRule) -> Result<(), ResolveError> {
    let blocked = addresses.iter().find(|address| !AddressKind::of(**address).is_allowed_by(rule));
    blocked.map_or(Ok(()), |address| Err(ResolveError::Blocked(*address, AddressKind::of(*address))))
}
