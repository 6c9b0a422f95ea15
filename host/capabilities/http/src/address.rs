//! The ranges are those of IANA: <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>. The addresses of metadata services are from the
//! documentation of the clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressKind {
    /// On the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, RFC 6598, RFC 4193.
    Private,
    /// A metadata service, which gives a machine its credentials, or another link-local address.
    Metadata,
    /// Multicast or broadcast: RFC 5771, RFC 4291 section 2.7, RFC 919.
    Multicast,
    /// Unspecified: RFC 1122 section 3.2.1.3.
    Unspecified,
    /// Reserved for documentation, benchmarks, protocols, or tunnels that are out of use.
    Reserved,
    /// An address that only its own network can translate: RFC 8215.
    Translated,
}

/// The addresses that the host of a URL may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressRule {
    /// The inputs spell the address.
    Literal,
    /// The host is `localhost`, which is this machine only: RFC 6761 section 6.3.
    Localhost,
    /// The host is a name, and the grant has the right `private` for it.
    AllowPrivate,
    /// The host is a name, and the grant has no such right.
    PublicOnly,
}

impl AddressKind {
    /// The kind of an address. An IPv6 address with an IPv4 address in it has the kind of the latter.
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether this rule allows an address of this kind.
    pub(super) fn is_allowed_by(self, rule: AddressRule) -> bool {
        match rule {
            AddressRule::Literal => {
                matches!(self, Self::Public | Self::Loopback | Self::Private | Self::Reserved)
            }
            AddressRule::Localhost => self == Self::Loopback,
            AddressRule::AllowPrivate => matches!(self, Self::Public | Self::Loopback | Self::Private),
            AddressRule::PublicOnly => self == Self::Public,
        }
    }

    /// The kind in words, as in `ADDRESS, which is …`.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "on this machine itself (loopback)",
            Self::Private => "on a private network",
            Self::Metadata => {
                "link-local or a cloud's metadata service, where machines get their credentials"
            }
            Self::Multicast => "for many machines at once (multicast or broadcast)",
            Self::Unspecified => "that of no machine (unspecified)",
            Self::Reserved => "reserved",
            Self::Translated => "one that only its own network can translate (NAT64)",
        }
    }
}

/// Azure's wire server, which gives out certificates, has a public address:
/// <https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16>. Alibaba's metadata
/// service is at 100.100.100.200, Oracle's older one at 192.0.0.192.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];

/// The metadata services in private networks: Amazon has several in `fd00:ec2::/32`, Google one in `fd20:ce::/32`.
/// Oracle and Scaleway have one address each, in networks that others use as well.
fn is_metadata_v6(groups: [u16; 8]) -> bool {
    matches!(
        groups,
        [0xfd00, 0xec2, ..]
            | [0xfd20, 0xce, ..]
            | [0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
            | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]
    )
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&address) {
        return AddressKind::Metadata;
    }
    match address.octets() {
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [169, 254, ..] => AddressKind::Metadata,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => AddressKind::Private,
        [224..=239, ..] | [255, 255, 255, 255] => AddressKind::Multicast,
        // Protocols, documentation (three), relays of 6to4, benchmarks, the future.
        [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let groups = address.segments();
    let v4 = |high: u16, low: u16| of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match groups {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // IPv4 in the last half: compatible, mapped, translated (RFC 4291, RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 1, ..] => AddressKind::Translated,
        // 6to4 (RFC 3056) and Teredo (RFC 4380): tunnels to an IPv4 address, which are out of use.
        [0x2002, high, low, ..] => tunnel(v4(high, low)),
        [0x2001, 0, high, low, _, _, own_high, own_low] => match tunnel(v4(!own_high, !own_low)) {
            AddressKind::Reserved => tunnel(v4(high, low)),
            other => other,
        },
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0xfe80..=0xfebf, ..] => AddressKind::Metadata,
        _ if is_metadata_v6(groups) => AddressKind::Metadata,
        [0xfc00..=0xfdff, ..] => AddressKind::Private,
        // Protocols (RFC 2928), documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Reserved,
        // All of global unicast: RFC 4291 section 2.4.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

/// The kind of a tunnel to an address of this kind.
fn tunnel(kind: AddressKind) -> AddressKind {
    if kind == AddressKind::Public { AddressKind::Reserved } else { kind }
}
