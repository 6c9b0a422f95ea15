//! Looks a host's name up, once for each connection, and hands on addresses that the run may connect to: what was
//! checked is what is connected to. It never connects.

use super::address::{AddressKind, AddressRule};
use super::stage::ConnectionStage;
use lockstep_model::web::WebAddress;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 16;

/// Something that knows the addresses of names.
pub(super) trait NameLookup: Send + Sync {
    /// The addresses of a name. It may block.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// What the system knows: its files, its name servers.
pub(super) struct SystemLookup;

impl NameLookup for SystemLookup {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// How the host of this address is reached for.
pub(super) fn rule_for(address: &WebAddress, allows_private: bool) -> AddressRule {
    match address.host() {
        host if host.parse::<IpAddr>().is_ok() => AddressRule::Literal,
        "localhost" => AddressRule::Localhost,
        _ if allows_private => AddressRule::AllowPrivate,
        _ => AddressRule::PublicOnly,
    }
}

/// Why a name leads nowhere.
#[derive(Debug)]
pub(super) enum ResolveError {
    /// It has no address; what the system says.
    Unresolved(String),
    /// It has an address that the run may not connect to.
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
        // Another name than the request's is that of the proxy which the environment says: its owner vouches for it,
        // and it looks the request's own name up, so that no address of that is seen here. A request straight to a
        // server never asks for another name.
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

/// The addresses, if each of them may be connected to: a name that has both kinds is how a check is led astray.
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

/// Whether all of these addresses may be connected to.
pub(super) fn check(addresses: &[IpAddr], rule: AddressRule) -> Result<(), ResolveError> {
    let blocked = addresses.iter().find(|address| !AddressKind::of(**address).is_allowed_by(rule));
    blocked.map_or(Ok(()), |address| Err(ResolveError::Blocked(*address, AddressKind::of(*address))))
}
