//! Tests of every kind of address.

use super::super::address::{AddressKind, AddressRule};

fn kind(address: &str) -> AddressKind {
    AddressKind::of(address.parse().unwrap())
}

#[test]
fn each_address_has_its_kind() {
    for (expected, addresses) in [
        (
            AddressKind::Public,
            "1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 169.253.1.1 \
             198.17.0.1 198.20.0.1 192.0.1.1 223.255.255.255 2606:4700::1111 2001:200::1 2400:cb00::1 3ffe::1 \
             ::ffff:8.8.8.8 64:ff9b::808:808"
                .to_owned(),
        ),
        (AddressKind::Loopback, "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::1".to_owned()),
        (
            AddressKind::Private,
            "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 100.127.255.255 fc00::1 \
             fd12:3456::1 ::ffff:10.1.2.3 ::10.1.2.3 64:ff9b::a01:203 2002:c0a8:1::1 ::ffff:0:10.1.2.3"
                .to_owned(),
        ),
        (
            AddressKind::Metadata,
            "169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.1 168.63.129.16 100.100.100.200 192.0.0.192 \
             fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:42::42 fe80::1 febf::1 fe80::a9fe:a9fe \
             ::ffff:169.254.169.254 ::169.254.169.254 ::ffff:0:169.254.169.254 64:ff9b::a9fe:a9fe \
             64:ff9b::6464:64c8 2002:a9fe:a9fe::1 2001:0:a9fe:a9fe:0:0:f7f7:f7f7 2001:0:808:808::5601:5601"
                .to_owned(),
        ),
        (AddressKind::Multicast, "224.0.0.1 239.255.255.255 255.255.255.255 ff02::1 ff0e::1 ::ffff:224.0.0.1".to_owned()),
        (AddressKind::Unspecified, "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0 ::2".to_owned()),
        (
            AddressKind::Reserved,
            "192.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 198.19.255.255 240.0.0.1 255.255.255.254 \
             192.88.99.1 2001:db8::1 2001:2::1 2001:10::1 2001:20::1 3fff::1 100::1 5f00::1 fec0::1 4000::1 \
             2002:808:808::1 2001:0:808:808::f7f7:f7f7"
                .to_owned(),
        ),
        (AddressKind::Translated, "64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00::".to_owned()),
    ] {
        for address in addresses.split(' ') {
            assert_eq!(kind(address), expected, "{address}");
        }
    }
}

#[test]
fn each_rule_allows_its_kinds() {
    let all = [
        AddressKind::Public,
        AddressKind::Loopback,
        AddressKind::Private,
        AddressKind::Reserved,
        AddressKind::Metadata,
        AddressKind::Multicast,
        AddressKind::Unspecified,
        AddressKind::Translated,
    ];
    let open = |rule| all.into_iter().filter(|kind| kind.is_allowed_by(rule)).collect::<Vec<_>>();
    assert_eq!(open(AddressRule::PublicOnly), [AddressKind::Public]);
    assert_eq!(
        open(AddressRule::AllowPrivate),
        [AddressKind::Public, AddressKind::Loopback, AddressKind::Private]
    );
    assert_eq!(open(AddressRule::Localhost), [AddressKind::Loopback]);
    assert_eq!(
        open(AddressRule::Literal),
        [AddressKind::Public, AddressKind::Loopback, AddressKind::Private, AddressKind::Reserved]
    );
}
