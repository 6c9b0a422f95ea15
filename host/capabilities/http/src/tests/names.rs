//! Tests of names with addresses that a run may not connect to: the host looks up a name once, and connects to checked
//! addresses only.

use super::server::{ScriptedServer, answer};
use super::*;

/// The error of a run without the right `private` for a name with these addresses. Nobody listens on the port, in case
/// the guard is missing.
fn denied(addresses: &[&str]) -> String {
    let names = FakeLookup::of(&[("app.test", addresses)]);
    let mut web = run(Arc::clone(&names), &[]);
    let url = "http://app.test:1/";
    let ended = send_granted(&mut web, &[("get", url)], vec![(url, get(2000, 10, &[]))]).unwrap().remove(0);
    assert_eq!(names.requested(), ["app.test"], "{addresses:?}");
    match ended {
        Err(CallError::Denied(text)) => text,
        other => panic!("{addresses:?}: {other:?}"),
    }
}

#[test]
fn a_name_with_an_address_that_is_not_public_is_denied() {
    for address in [
        "127.0.0.1",
        "::1",
        "10.0.0.5",
        "192.168.1.1",
        "172.20.0.1",
        "100.64.0.1",
        "fd12::1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "fd00:ec2::254",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "192.0.2.1",
        "198.18.0.1",
    ] {
        let text = denied(&[address]);
        assert!(text.contains("app.test") && text.contains(address), "{text}");
    }
    let text = denied(&["10.0.0.5"]);
    assert!(text.contains("private network") && text.contains("`private http://app.test:1/`"), "{text}");
    assert!(text.contains("allow-private"), "{text}");
    assert!(!denied(&["169.254.169.254"]).contains("allow-private"));
}

#[test]
fn a_name_with_both_kinds_of_addresses_is_denied() {
    assert!(denied(&["93.184.216.34", "127.0.0.1"]).contains("127.0.0.1"));
    assert!(denied(&["93.184.216.34", "2606:4700::1", "169.254.169.254"]).contains("169.254.169.254"));
}

#[test]
fn the_host_connects_to_the_address_that_it_checked() {
    let server = ScriptedServer::doing(answer(b"yes"));
    let names = FakeLookup::of(&[("web.test", &["127.0.0.1"]), ("web.test", &["169.254.169.254"])]);
    let mut web = run(Arc::clone(&names), &[]);
    let url = format!("http://web.test:{}/", server.port());
    let response = answered(&mut web, &url, get(2000, 10, &[]));
    assert_eq!(response.body, b"yes");
    assert_eq!(response.remote_address, Some(server.address.to_string()));
    assert_eq!(names.requested(), ["web.test"]);
    // The next request uses another connection and another lookup.
    assert!(matches!(send_one(&mut web, &url, get(2000, 10, &[])), Err(CallError::Denied(_))));
    assert_eq!((names.requested().len(), server.heads().len()), (2, 1));
}

#[test]
fn the_right_to_private_addresses_opens_no_metadata() {
    for address in [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "100.100.100.200",
        "::ffff:a9fe:a9fe",
        "0.0.0.0",
    ] {
        let names = FakeLookup::of(&[("app.test", &[address])]);
        let ended = send_one(&mut run(names, &[]), "http://app.test:1/", get(2000, 10, &[]));
        assert!(
            matches!(&ended, Err(CallError::Denied(text)) if !text.contains("allow-private")),
            "{ended:?}"
        );
    }
}

#[test]
fn the_right_to_private_addresses_is_one_for_each_origin() {
    let server = ScriptedServer::doing(answer(b"yes"));
    let url = format!("http://web.test:{}/", server.port());
    let grants = [("get", url.as_str()), ("get,private", "http://web.test:1/")];
    let ended =
        send_granted(&mut run(local(), &[]), &grants, vec![(&url, get(2000, 10, &[]))]).unwrap().remove(0);
    assert!(matches!(ended, Err(CallError::Denied(_))), "{ended:?}");
    assert!(server.heads().is_empty());
}

#[test]
fn a_literal_address_needs_no_other_right() {
    let server = ScriptedServer::doing(answer(b"yes"));
    let url = format!("http://127.0.0.1:{}/", server.port());
    let names = FakeLookup::of(&[]);
    let mut web = run(Arc::clone(&names), &[]);
    let ended = send_granted(&mut web, &[("get", &url)], vec![(&url, get(2000, 10, &[]))]).unwrap().remove(0);
    assert_eq!(ended.unwrap().unwrap().body, b"yes");
    for host in [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "[::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[ff02::1]",
        "[64:ff9b:1::1]",
    ] {
        let ended = send_one(&mut web, &format!("http://{host}:1/"), get(2000, 10, &[]));
        assert!(matches!(ended, Err(CallError::Denied(_))), "{host}: {ended:?}");
    }
    assert!(names.requested().is_empty());
}

#[test]
fn localhost_is_this_machine_and_nothing_else() {
    let server = ScriptedServer::doing(answer(b"yes"));
    let url = format!("http://localhost:{}/", server.port());
    let mut web = run(FakeLookup::of(&[("localhost", &["127.0.0.1"])]), &[]);
    let ended = send_granted(&mut web, &[("get", &url)], vec![(&url, get(2000, 10, &[]))]).unwrap().remove(0);
    assert_eq!(ended.unwrap().unwrap().body, b"yes");
    for address in ["93.184.216.34", "10.0.0.5", "169.254.169.254"] {
        let mut web = run(FakeLookup::of(&[("localhost", &[address])]), &[]);
        let ended = send_one(&mut web, &url, get(2000, 10, &[]));
        assert!(matches!(ended, Err(CallError::Denied(_))), "{address}: {ended:?}");
    }
}

#[test]
fn the_host_does_not_look_up_a_name_that_resembles_a_granted_one() {
    let names = FakeLookup::of(&[]);
    let mut web = run(Arc::clone(&names), &[]);
    let grants = [("get,private", "https://web.test/"), ("get,private", "http://127.0.0.1:8080/")];
    for url in [
        "https://web.test.evil.test/",
        "https://evil-web.test/",
        "https://web.test@evil.test/",
        "https://web.test:443@evil.test/",
        "https://evil.test#@web.test/",
        "https://evil.test\\@web.test/",
        "https://web.test./",
        "https://WEB.TEST/",
        "https://w\u{435}b.test/",
        "https://xn--wb-mlc.test/",
        "https://web.test:8443/",
        "http://web.test/",
        "https://web%2etest/",
        "https://web.test\t/",
        "https://web\u{3002}test/",
        "//web.test/",
        "http://2130706433:8080/",
        "http://0x7f.1:8080/",
        "http://0177.0.0.1:8080/",
        "http://127.1:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://127.0.0.1:8081/",
        "file:///etc/passwd",
        "ftp://web.test/",
    ] {
        let ended = send_granted(&mut web, &grants, vec![(url, get(2000, 10, &[]))]);
        assert!(matches!(ended, Err(CallError::Denied(_) | CallError::Invalid(_))), "{url}: {ended:?}");
    }
    assert!(names.requested().is_empty(), "{:?}", names.requested());
}
